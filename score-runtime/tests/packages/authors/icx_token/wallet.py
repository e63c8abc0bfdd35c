from icx_consts import DB_WALLET, DB_ALLOW


class WalletStore(object):
    def __init__(self, helper, log_func):
        self.helper = helper
        self.log = log_func

    def get(self, address):
        try:
            return int(bytes(self.helper.Get(DB_WALLET, address.encode())).decode(), 16)
        except KeyError:
            return 0

    def add(self, address, value):
        new = self.get(address) + value
        self.helper.Put(DB_WALLET, address.encode(), hex(new).encode())
        self.log('wallet %s => %d' % (address, new))
        return new

    def remove(self, address):
        self.helper.Delete(DB_WALLET, address.encode())

    def approve(self, owner, spender, value):
        # value comes as int from the client
        self.helper.Put(DB_ALLOW, '{}|{}'.format(owner, spender).encode(), str(value).encode())

    def revoke(self, owner, spender):
        self.helper.Delete(DB_ALLOW, '{}|{}'.format(owner, spender).encode())
