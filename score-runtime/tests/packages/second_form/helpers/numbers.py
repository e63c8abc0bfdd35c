def to_bytes(number):
    return number.to_bytes(16, "big", signed=True)


def from_bytes(data):
    return int.from_bytes(data, "big", signed=True)
