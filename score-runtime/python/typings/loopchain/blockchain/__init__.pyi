from .block import Block as Block
from .score_base import ScoreBase as ScoreBase
from .transaction import (
    Transaction as Transaction,
    TransactionStatus as TransactionStatus,
    TransactionType as TransactionType,
)

__all__ = ["Block", "ScoreBase", "Transaction", "TransactionStatus", "TransactionType"]
