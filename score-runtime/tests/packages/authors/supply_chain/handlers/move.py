import csv
import io

from lib import codes
from lib.tracking import Event
from .places import check


def handle(store, params, tx):
    """params['csv'] : lot,place lines"""
    n = 0
    for row in csv.reader(io.StringIO(params['csv'])):
        lot = store.get_lot(row[0])
        if lot is None:
            return {'code': codes.NO_LOT, 'message': 'no lot ' + row[0]}
        try:
            lot.events.append(Event('move', check(row[1]), ''))
        except KeyError:
            return {'code': codes.BAD_PLACE, 'message': 'bad place ' + row[1]}
        store.put_lot(lot)
        n += 1
    return {'code': codes.OK, 'message': 'moved %d' % n}
