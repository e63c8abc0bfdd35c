from .texts import TEXTS


def text(key, *args):
    return TEXTS[key] % args
