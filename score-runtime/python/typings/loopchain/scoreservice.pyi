from enum import IntEnum
from typing import Any, NamedTuple

BLOCK_FILTER: str
TRANSACTION_FILTER: str

class BlockReply(NamedTuple):
    response_code: int
    block_hash: str
    block_data_json: str
    tx_data_json: list[str]

class ScoreResponse(IntEnum):
    SUCCESS = 0
    NOT_INVOKED = 2
    EXCEPTION = 9000
    SCORE_CONTAINER_EXCEPTION = 9100

class ScoreService:
    """Questions to the peer. While a block is executed, answers do not reach beyond it."""

    def get_last_block_hash(self) -> str: ...
    def get_block(
        self,
        block_hash: str = ...,
        block_height: int = ...,
        block_data_filter: str = ...,
        tx_data_filter: str = ...,
    ) -> BlockReply: ...
    def get_block_by_hash(
        self, block_hash: str = ..., block_data_filter: str = ..., tx_data_filter: str = ...
    ) -> BlockReply: ...
    def get_block_by_height(
        self, block_height: int = ..., block_data_filter: str = ..., tx_data_filter: str = ...
    ) -> BlockReply: ...
    def get_peer_id(self) -> str: ...
    def get_peer_status(self) -> dict[str, Any]: ...
