from . import const
from .const import Result

__all__ = ['const', 'Result']
