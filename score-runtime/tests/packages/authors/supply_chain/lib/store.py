import pickle

from .tracking.model import Lot


class Store:
    def __init__(self, db):
        self.db = db

    def get_lot(self, no):
        try:
            return pickle.loads(self.db.Get(('lot/' + no).encode('utf-8')))
        except KeyError:
            return None

    def put_lot(self, lot):
        assert isinstance(lot, Lot)
        self.db.Put(('lot/' + lot.no).encode('utf-8'), pickle.dumps(lot, 2))

    def lots(self):
        for k in self.db.RangeIter(b'lot/', b'lot0', include_value=False):
            yield bytes(k)[4:].decode('utf-8')
