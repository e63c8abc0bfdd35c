"""Why a transaction or a query fails; the code becomes its result."""


class Failure(Exception):
    REQUEST = 1000
    PARAMETER = 1001
    EXISTS = 1002
    UNKNOWN = 1003
    NOT_A_PARTY = 1004
    TWICE = 1005
    COMPLETE = 1006

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message
