from functools import wraps

COMMANDS = {}


def command(name):
    def deco(f):
        @wraps(f)
        def inner(self, params, *args):
            if not isinstance(params, dict):
                return {'code': 3, 'message': 'params must be an object'}
            return f(self, params, *args)
        COMMANDS[name] = inner
        return inner
    return deco
