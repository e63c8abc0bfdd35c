import no_such_module_anywhere


class UserScore:
    pass
