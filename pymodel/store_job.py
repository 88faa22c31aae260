"""One store of many parameters, prepared once and run at each step: a record that threads share."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import ctypes
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numba.core import types
from numpy.typing import NDArray

from nvmcosim.pymodel.draw_kernels import compiled_callback
from nvmcosim.pymodel.failures import FailureRecipe, Key
from nvmcosim.pymodel.kernels import starts_of, store_range
from nvmcosim.pymodel.lane_code import address_as_pointer, call_address
from nvmcosim.pymodel.teams import OpenMPTeam, parts_of, pool

__all__ = ["StoreJob"]

#: Fewer blocks than this a thread of an OpenMP team are not worth waking it.
_TEAM_BLOCKS = 4

#: Addresses are of contiguous arrays that live as long as the job; `rank` and `size` are an OpenMP
#: team's, or 0 where `part` says which of `parts` a call does.
_JOB = np.dtype(
    [
        *((name, np.uint64) for name in ("seed", "store", "base")),
        *((name, np.int64) for name in ("rank", "size", "part", "parts", "blocks", "mode")),
        *((name, np.int64) for name in ("attempt", "parameters", "width", "steps")),
        *((name, np.int64) for name in ("groups", "most", "segments", "starts", "gradients")),
        *((name, np.int64) for name in ("rates", "digits", "group_bits", "group_sizes")),
        *((name, np.int64) for name in ("index_bits", "group_clears", "tables", "totals")),
    ]
)


def _run_job(data):
    """Do the parts of the job at `data` that fall to this call, and write their totals."""
    job = numba.carray(data, 1)[0]
    first, step = job.part, job.parts
    if job.rank:
        first, step = call_address(job.rank), call_address(job.size)
    width, count, groups = job.width, job.parameters, job.groups
    segments = numba.carray(address_as_pointer(job.segments), (count, 5), np.int64)
    starts = numba.carray(address_as_pointer(job.starts), count + 1, np.int64)
    gradients = numba.carray(address_as_pointer(job.gradients), count, np.int64)
    rates = numba.carray(address_as_pointer(job.rates), count, np.float32)
    recipe = (
        width,
        job.base,
        numba.carray(address_as_pointer(job.digits), job.steps, np.uint64),
        numba.carray(address_as_pointer(job.group_bits), (groups, width), np.int64),
        numba.carray(address_as_pointer(job.group_sizes), groups, np.int64),
        numba.carray(address_as_pointer(job.index_bits), groups, np.int64),
        numba.carray(address_as_pointer(job.group_clears), groups, np.bool_),
        numba.carray(address_as_pointer(job.tables), (groups, job.most), np.uint64),
    )
    totals = numba.carray(address_as_pointer(job.totals), (job.parts, 2, width), np.int64)
    keys = (job.seed, job.store)
    descents = (gradients, rates)
    for part in range(first, job.parts, step):
        low, high = job.blocks * part // job.parts, job.blocks * (part + 1) // job.parts
        totals[part] = store_range(
            segments, starts, descents, low, high, job.mode, recipe, job.attempt, keys
        )


@lru_cache(maxsize=1)
def _callback() -> Any:
    signature = types.void(types.CPointer(numba.from_dtype(_JOB)))
    return compiled_callback(signature, _run_job)


@lru_cache(maxsize=1)
def _call() -> Any:
    """`_run_job` as a function of an address, which runs without the interpreter lock."""
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_callback().address)


class StoreJob:
    """Parameters to be stored to their memory and read back, in place.

    Args:
        segments: `[parameters, 5]`: the address of the values, of the memory's words, of failure
            masks (0: draw them), the number of words, and of the first block, which the draws
            depend on. All addresses must be of contiguous arrays that outlive the job.
        mode: what values are (`word_kernels`).
        recipe: how failures are drawn.

    Attributes:
        gradients: addresses of the parameters' fp32 gradients, `[parameters]`; where one is not 0
            its values are fp32, and `rates` times the gradient is taken from them first.
        rates: `[parameters]`, fp32.
    """

    def __init__(self, segments: NDArray[np.int64], mode: int, recipe: FailureRecipe) -> None:
        arrays = recipe.arrays
        self._kept = (segments, starts_of(segments, recipe), *arrays[2:])
        self.gradients = np.zeros(len(segments), np.int64)
        self.rates = np.zeros(len(segments), np.float32)
        self._totals = np.zeros((1, 2, recipe.width), np.int64)
        self._jobs = job = np.zeros(1, _JOB)
        _, starts, digits, group_bits, sizes, index_bits, clears, tables = self._kept
        for name, value in (
            ("mode", mode),
            ("parameters", len(segments)),
            ("blocks", starts[-1]),
            ("width", recipe.width),
            ("base", recipe.base),
            ("steps", digits.size),
            ("groups", tables.shape[0]),
            ("most", tables.shape[1]),
            ("segments", segments.ctypes.data),
            ("starts", starts.ctypes.data),
            ("gradients", self.gradients.ctypes.data),
            ("rates", self.rates.ctypes.data),
            ("digits", digits.ctypes.data),
            ("group_bits", group_bits.ctypes.data),
            ("group_sizes", sizes.ctypes.data),
            ("index_bits", index_bits.ctypes.data),
            ("group_clears", clears.ctypes.data),
            ("tables", tables.ctypes.data),
        ):
            job[name] = value
        self._shared: tuple[int, OpenMPTeam | None] = (0, None)
        self._share(1, None)

    def _share(self, threads: int, team: OpenMPTeam | None) -> None:
        """Cut the job into parts, for `team` or with a record for each."""
        self._shared = threads, team
        least = (_TEAM_BLOCKS,) if team else ()
        parts = parts_of(int(self._jobs[0]["blocks"]), threads, *least)
        self._team = team = team if parts > 1 else None
        self._totals = np.zeros((parts, *self._totals.shape[1:]), np.int64)
        job = self._jobs[:1]
        job["totals"], job["parts"] = self._totals.ctypes.data, parts
        job["rank"], job["size"] = (team.rank, team.size) if team else (0, 0)
        self._jobs = jobs = np.repeat(job, 1 if team else parts)
        jobs["part"] = np.arange(len(jobs))
        self._addresses = [jobs.ctypes.data + n * _JOB.itemsize for n in range(len(jobs))]
        self._seed, self._store, self._attempt = (jobs[n] for n in ("seed", "store", "attempt"))

    def run(self, key: Key, threads: int, team: OpenMPTeam | None = None) -> NDArray[np.int64]:
        """Store; returns `[2, width]` by bit position: failed and changed bits.

        Failed bits keep an old value that differs from the one to be written; changed ones differed
        before. `threads` and `team` (None is a pool of our own) change the time alone.
        """
        if (threads, team) != self._shared:
            self._share(threads, team)
        self._seed.fill(key.seed)
        self._store.fill(key.store)
        self._attempt.fill(key.attempt)
        addresses = self._addresses
        if self._team is not None:
            self._team.run(_callback().address, addresses[0], len(self._totals))
        else:
            waiting = [pool(len(addresses) - 1).submit(_call(), place) for place in addresses[1:]]
            _call()(addresses[0])
            for other in waiting:
                other.result()
        totals = self._totals
        return totals[0].copy() if len(totals) == 1 else totals.sum(axis=0)
