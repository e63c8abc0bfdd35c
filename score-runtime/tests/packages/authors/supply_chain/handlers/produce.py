from lib import codes
from lib.tracking import Lot, Event
from handlers.places import check


def handle(store, params, tx):
    if store.get_lot(params['lot']):
        return {'code': codes.DUP_LOT, 'message': 'duplicate lot'}
    lot = Lot(params['lot'])
    lot.events.append(Event('produce', check(params['place']), tx.tx_hash[:0]))
    store.put_lot(lot)
