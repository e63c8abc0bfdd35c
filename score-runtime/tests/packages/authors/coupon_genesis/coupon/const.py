from enum import IntEnum

DB_CONF = 'coupon_conf'
DB_COUPON = 'coupon_data'
ALL_DB = (DB_CONF, DB_COUPON)


class Result(IntEnum):
    OK = 0
    NO_METHOD = 300
    BAD_GENESIS = 301
    OVER_LIMIT = 302
    NOT_ADMIN = 303
    USED = 304
