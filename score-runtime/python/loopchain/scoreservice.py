"""What a SCORE's results mean, and what it may ask about the chain (`_score_service`)."""

import json
from collections import namedtuple
from enum import IntEnum

from loopchain.runner import current

BLOCK_FILTER = "prev_block_hash, height, block_hash"
TRANSACTION_FILTER = "tx_hash"

BlockReply = namedtuple(
    "BlockReply", ["response_code", "block_hash", "block_data_json", "tx_data_json"])


class ScoreResponse(IntEnum):
    SUCCESS = 0
    NOT_INVOKED = 2
    EXCEPTION = 9000
    SCORE_CONTAINER_EXCEPTION = 9100


class ScoreService:
    """Questions to the peer. While a block is executed, answers do not reach beyond it."""

    def get_last_block_hash(self):
        return current.host.last_block_hash()

    def get_block(self, block_hash="", block_height=-1,
                  block_data_filter=BLOCK_FILTER, tx_data_filter=TRANSACTION_FILTER):
        return BlockReply(*current.host.get_block(
            block_hash, block_height, block_data_filter, tx_data_filter))

    def get_block_by_hash(self, block_hash="", block_data_filter=BLOCK_FILTER,
                          tx_data_filter=TRANSACTION_FILTER):
        return self.get_block(block_hash, -1, block_data_filter, tx_data_filter)

    def get_block_by_height(self, block_height=-1, block_data_filter=BLOCK_FILTER,
                            tx_data_filter=TRANSACTION_FILTER):
        return self.get_block("", block_height, block_data_filter, tx_data_filter)

    def get_peer_id(self):
        return current.host.peer_id()

    def get_peer_status(self):
        return json.loads(current.host.peer_status())
