"""Threads that share out the blocks of a kernel: a pool of our own, or somebody's OpenMP team."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

__all__ = ["OpenMPTeam", "parts_of", "pool", "shared_out"]

#: Fewer blocks than this a thread of a pool are not worth a thread.
_POOL_BLOCKS = 48


class OpenMPTeam:
    """The threads of a loaded GNU OpenMP library (or one that speaks its interface).

    They wait for work in a loop that costs microseconds to wake from, and hold in their caches
    what they last worked on.

    Attributes:
        rank, size: addresses of `int f(void)`: a thread's number in a region, and their number.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises `AttributeError` if the library does not have the interface."""
        self._parallel = library.GOMP_parallel
        self._parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        self._parallel.restype = None
        self.rank = ctypes.cast(library.omp_get_thread_num, ctypes.c_void_p).value or 0
        self.size = ctypes.cast(library.omp_get_num_threads, ctypes.c_void_p).value or 0

    def run(self, function: int, argument: int, threads: int) -> None:
        """Call the C function `void f(void *)` at `function` in every thread of the team.

        `threads` are asked for; where the library gives fewer, `size` says so in the region.
        """
        self._parallel(function, argument, threads, 0)


def parts_of(blocks: int, threads: int, least: int = _POOL_BLOCKS) -> int:
    """Parts to cut `blocks` blocks into: at most one a thread, of at least `least` blocks."""
    return max(1, min(threads, blocks // least))


def shared_out(work: Callable[[int, int], Any], blocks: int, threads: int) -> list[Any]:
    """The results of `work` on `blocks` blocks, cut into a range for each of `threads`.

    `work` runs in a pool, so it has to release the interpreter lock.
    """
    parts = parts_of(blocks, threads)
    if parts == 1:
        return [work(0, blocks)]
    bounds = [blocks * n // parts for n in range(parts + 1)]
    ranges = list(pairwise(bounds))
    others = [pool(parts - 1).submit(work, *part) for part in ranges[1:]]
    return [work(*ranges[0]), *(other.result() for other in others)]


@lru_cache(maxsize=8)
def pool(threads: int) -> ThreadPoolExecutor:
    """A pool of `threads` threads, the same one for each number."""
    return ThreadPoolExecutor(threads, thread_name_prefix="nvmcosim-store")


# A forked child has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)
