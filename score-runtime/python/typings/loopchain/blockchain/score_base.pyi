from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import Any

from loopchain.scoreservice import ScoreService

from .block import Block
from .transaction import Transaction

class ScoreBase(metaclass=ABCMeta):
    PACKAGE_FILE: str
    _score_info: dict[str, Any] | None
    _score_service: ScoreService
    def __init__(self, info: dict[str, Any] | None = ...) -> None: ...
    @abstractmethod
    def invoke(self, transaction: Transaction, block: Block) -> Mapping[str, Any] | None:
        """Executes one transaction: None for success, or a dict with `code` and `message`."""
    @abstractmethod
    def query(self, params: str) -> str | bytes:
        """Answers a question from committed state, JSON in and out."""
    def info(self) -> dict[str, Any]: ...
    def get_info_value(self, key: str) -> Any: ...
