from enum import IntEnum


class Code(IntEnum):
    OK = 0
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    OUT_OF_BALANCE = 3000
    NOT_FOUND = 3001
    DUPLICATED = 3002


class IcxError(Exception):
    def __init__(self, code, message=''):
        super().__init__(message)
        self.code = code
        self.message = message

    def to_result(self):
        return {'code': self.code, 'message': self.message}

    def __str__(self):
        return '{0.name}({0.value}): {1}'.format(self.code, self.message)
