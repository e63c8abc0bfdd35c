class VoteError(Exception):
    code = 500


class NoPoll(VoteError):
    code = 501


class Closed(VoteError):
    code = 502


class AlreadyVoted(VoteError):
    code = 503
