"""A committed block as a SCORE sees it."""

from .transaction import Transaction


class Block:
    def __init__(self, record, channel_name, score_meta):
        self._record = record
        self._score_meta = score_meta
        self._transactions = None
        self._block_hash = None
        self.channel_name = channel_name
        self.height = record.height
        self.time_stamp = record.timestamp_us

    @property
    def block_hash(self):
        if self._block_hash is None:
            self._block_hash = self._record.hash
        return self._block_hash

    @property
    def prev_block_hash(self):
        return self._record.previous_hash

    @property
    def merkle_tree_root_hash(self):
        return self._record.merkle_root

    @property
    def peer_id(self):
        """The peer that made the block."""
        return self._record.peer_id

    @property
    def confirmed_transaction_list(self):
        if self._transactions is None:
            self._transactions = [
                Transaction(self._record.transaction(index), self._score_meta)
                for index in range(self._record.count)]
        return self._transactions

    @property
    def confirmed_tx_len(self):
        return self._record.count

    def transaction(self, index):
        if self._transactions is not None:
            return self._transactions[index]
        return Transaction(self._record.transaction(index), self._score_meta)

    def find_transaction_index(self, transaction_hash):
        """The place of a transaction in the block, or -1."""
        for index, transaction in enumerate(self.confirmed_transaction_list):
            if transaction.tx_hash == transaction_hash:
                return index
        return -1
