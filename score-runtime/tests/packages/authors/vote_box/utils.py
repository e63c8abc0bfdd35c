import hashlib


def to_key(kind, name):
    return '{}/{}'.format(kind, name).encode('utf-8')


def digest(s):
    return hashlib.sha3_256(s.encode('utf-8')).hexdigest()
