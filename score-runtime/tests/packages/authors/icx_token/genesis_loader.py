from icx_consts import DB_META, DB_WALLET
from icx_error import Code, IcxError


def load(helper, data, log_func):
    accounts = data['accounts']
    total = 0
    for account in accounts:
        address = account['address']
        balance = int(account['balance'], 16)
        try:
            helper.Get(DB_WALLET, address.encode())
            raise IcxError(Code.DUPLICATED, 'duplicated address: ' + address)
        except KeyError:
            helper.Put(DB_WALLET, address.encode(), hex(balance).encode())
        total += balance
        log_func('genesis account ' + account.get('name', '?') + ' ' + address)
    helper.Put(DB_META, b'total', str(total).encode())
    if 'message' in data:
        helper.Put(DB_META, b'message', data['message'].encode('utf-8'))
