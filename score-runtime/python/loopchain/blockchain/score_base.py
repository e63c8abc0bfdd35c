"""The class every Python SCORE derives from."""

import inspect
import json
import os
from abc import ABCMeta, abstractmethod

from loopchain.scoreservice import ScoreService


class ScoreBase(metaclass=ABCMeta):
    """`invoke` returns None (success) or a dict with `code` and optionally `message`; `query`
    takes and returns a JSON string.
    """

    PACKAGE_FILE = 'package.json'

    _score_info = None
    _score_service = ScoreService()

    def __init__(self, info=None):
        if info is None:
            folder = os.path.dirname(os.path.abspath(inspect.getfile(type(self))))
            with open(os.path.join(folder, self.PACKAGE_FILE), encoding="utf-8") as file:
                info = json.load(file)
        self._score_info = info

    @abstractmethod
    def invoke(self, transaction, block):
        """Executes one transaction."""

    @abstractmethod
    def query(self, params):
        """Answers a question from committed state."""

    def info(self):
        """package.json as a dict, `version` being the commit."""
        return self._score_info

    def get_info_value(self, key):
        return (self._score_info or {}).get(key, "")
