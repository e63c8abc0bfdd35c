"""`ScoreBase`, and the blocks and transactions that a SCORE is given."""

from .block import Block
from .score_base import ScoreBase
from .transaction import Transaction, TransactionStatus, TransactionType

__all__ = ["Block", "ScoreBase", "Transaction", "TransactionStatus", "TransactionType"]
