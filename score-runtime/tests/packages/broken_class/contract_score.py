class OtherScore:
    pass
