"""Steps that no order of a program's writes and searches can go below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.pim_schedule import Bundle, waits_of

__all__ = ["StepBounds", "step_bounds"]


@dataclass(frozen=True)
class StepBounds:
    """Bounds on the steps of a program, if it makes just these writes and searches.

    Fields:
        writes: all cells written, by k.
        searches: steps that search, which read nothing, and by k the larger of what has to be read
            in other steps and what is written of it. A value is read once at least.
        chain: the longest chain of which each waits for the one before.
        least: the largest of these for what has to be so many steps after the beginning and so
            many before the end, with those steps.
    """

    writes: int
    searches: int
    chain: int
    least: int


def step_bounds(bundles: Sequence[Bundle], k: int) -> StepBounds:
    """The bounds of a straight program of `bundles` at `k` rows a step.

    They hold for any order that computes the same from these bundles, and say nothing about other
    programs for the same function.
    """
    waits = waits_of(bundles)
    before, after = [0] * len(bundles), [0] * len(bundles)
    for number, on in enumerate(waits):
        for earlier, delay in on.items():
            before[number] = max(before[number], before[earlier] + delay)
    for number in range(len(bundles) - 1, -1, -1):
        for earlier, delay in waits[number].items():
            after[earlier] = max(after[earlier], after[number] + delay)
    shape = (max(before) + 1, max(after) + 1)
    written, reading, searched, read = (np.zeros(shape, np.int64) for _ in range(4))
    values = _values_read(bundles)
    for number, bundle in enumerate(bundles):
        place = before[number], after[number]
        written[place] += len(bundle.writes)
        reading[place] += len(bundle.writes) if bundle.step.reads else 0
        searched[place] += bool(bundle.search)
        read[place] += values[number]
    written, reading, searched, read = map(_from_there_on, (written, reading, searched, read))
    by_writes = -(-written // k)
    by_searches = searched + np.maximum(-(-reading // k), -(-read // k))
    steps = np.add.outer(np.arange(shape[0]), np.arange(shape[1]))
    least = np.where(written + searched > 0, steps + np.maximum(by_writes, by_searches), 0)
    chain = max(b + a for b, a in zip(before, after, strict=True)) + 1
    return StepBounds(
        writes=int(by_writes[0, 0]),
        searches=int(by_searches[0, 0]),
        chain=chain,
        least=max(int(least.max()), chain),
    )


def _values_read(bundles: Sequence[Bundle]) -> list[int]:
    """By bundle, how many values it reads that none before it has read."""
    version: dict[int, int] = {}
    seen: set[tuple[int, int]] = set()
    values = []
    for number, bundle in enumerate(bundles):
        new = {(row, version.get(row, -1)) for row in bundle.step.reads} - seen
        seen |= new
        values.append(len(new))
        for write in bundle.writes:
            version[write.row] = number
    return values


def _from_there_on(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of `counts` over all that is at a place, or further along both axes."""
    return counts[::-1, ::-1].cumsum(0).cumsum(1)[::-1, ::-1]
