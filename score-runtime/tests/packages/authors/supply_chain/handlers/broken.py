import no_such_module_2017


def handle(store, params, tx):
    pass
