"""How much of the C heap is in use, as glibc counts it."""

import ctypes
from functools import cache

FIELDS = (
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)
"""Of struct mallinfo2 in glibc's malloc.h, in its order."""


class _Mallinfo(ctypes.Structure):
    """What mallinfo2 returns."""

    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS]


@cache
def _library() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return None
    library.mallinfo2.restype = _Mallinfo
    return library


def c_heap_bytes() -> int | None:
    """Bytes that callers of malloc hold, in all arenas and in mappings of their own; None without mallinfo2.

    Free chunks don't count, so fragmentation doesn't. glibc has mallinfo2 from 2.33 on; musl and macOS don't have it.
    """
    library = _library()
    if library is None:
        return None
    info = library.mallinfo2()
    return int(info.uordblks + info.hblkhd)
