"""A committed transaction as a SCORE sees it. Built from the runner's record when asked."""

from enum import Enum


class TransactionType(Enum):
    general = 1
    peer_list = 2


class TransactionStatus(Enum):
    unconfirmed = 1
    confirmed = 2


class Transaction:
    __slots__ = ("_record", "_meta", "_tx_hash")

    type = TransactionType.general
    status = TransactionStatus.confirmed

    def __init__(self, record, score_meta):
        self._record = record
        self._meta = score_meta
        self._tx_hash = None

    @property
    def tx_hash(self):
        """64 hex digits."""
        if self._tx_hash is None:
            self._tx_hash = self._record.hash
        return self._tx_hash

    def get_tx_hash(self):
        return self.tx_hash

    def get_data(self):
        return self._record.data.encode()

    def get_data_string(self):
        return self._record.data

    @property
    def meta(self):
        return {"peer_id": self._record.peer_id, **self._meta}

    def get_meta(self):
        return self.meta

    def get_timestamp(self):
        """Microseconds since 1970."""
        return self._record.timestamp_us

    @property
    def time_stamp(self):
        return self._record.timestamp_us

    @property
    def peer_id(self):
        return self._record.peer_id

    @property
    def signature(self):
        return self._record.signature

    @property
    def public_key(self):
        return self._record.public_key
