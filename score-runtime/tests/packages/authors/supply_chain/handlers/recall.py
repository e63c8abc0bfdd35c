def handle(store, params, tx):
    import fnmatch
    hit = []
    for no in store.lots():
        if fnmatch.fnmatchcase(no, params['pattern']):
            store.db.Delete(('lot/' + no).encode())
            hit.append(no)
    return {'code': 0, 'message': ','.join(hit)}
