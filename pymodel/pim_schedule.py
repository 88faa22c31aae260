"""Packing writes into steps of at most k rows, and rows into addresses.

List scheduling: of what may go into a step, first what most else waits for. What a step reads is
what was there before it, so a write may share its step with the reads of the row that it
overwrites, and no others.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

from nvmcosim.pymodel.pim_step import MATCH, ONE, Step, Write

__all__ = ["Bundle", "assign_rows", "pack"]

#: How many writes that do not fit into a step are looked at before the step is closed.
_LOOKED_AT = 200


@dataclass(frozen=True)
class Bundle:
    """Writes that belong into one step, or a search."""

    writes: tuple[Write, ...]
    search: tuple[tuple[int, int], ...] = ()

    @cached_property
    def step(self) -> Step:
        """The bundle as a step of its own."""
        return Step(self.writes, self.search)

    @cached_property
    def uses_match(self) -> bool:
        """Whether a write takes the match latch."""
        return any(s.row == MATCH.row for w in self.writes for s in w.signals)

    @cached_property
    def looked_at(self) -> tuple[int, ...]:
        """Rows read or compared."""
        return (*self.step.reads, *(row for row, _ in self.search))


def _waits(bundles: Sequence[Bundle]) -> list[dict[int, int]]:
    """By bundle: on which earlier ones it waits, and whether a step (1) or not (0)."""
    written: dict[int, int] = {}
    readers: dict[int, list[int]] = defaultdict(list)
    searched, matched = -1, list[int]()
    waits: list[dict[int, int]] = []
    for number, bundle in enumerate(bundles):
        on: dict[int, int] = {}
        for row in bundle.looked_at:
            if row in written:
                on[written[row]] = 1
        if bundle.uses_match and searched >= 0:
            on.setdefault(searched, 0)
        if bundle.search:
            on.update(dict.fromkeys(matched, 1))
            if searched >= 0:
                on[searched] = 1
            searched, matched = number, []
        elif bundle.uses_match:
            matched.append(number)
        for write in bundle.writes:
            for reader in readers[write.row]:
                on.setdefault(reader, 0)
            # A write that leaves cells alone needs what was written before it.
            if write.row in written:
                on[written[write.row]] = 1
        on.pop(number, None)
        for row in bundle.looked_at:
            readers[row].append(number)
        for write in bundle.writes:
            written[write.row] = number
            readers[write.row] = []
        waits.append(on)
    return waits


def _pack(
    bundles: Sequence[Bundle],
    waits: Sequence[dict[int, int]],
    rank: Sequence[float],
    k: int,
) -> list[Step]:
    """Steps by list scheduling; of what is ready the lowest `rank` goes first."""
    followers: list[list[tuple[int, int]]] = [[] for _ in bundles]
    for number, on in enumerate(waits):
        for earlier, delay in on.items():
            followers[earlier].append((number, delay))
    left = [len(on) for on in waits]
    earliest = [0] * len(bundles)
    later: dict[int, list[int]] = defaultdict(list)
    ready: list[tuple[float, int]] = []
    for number, count in enumerate(left):
        if not count:
            heappush(ready, (rank[number], number))
    steps: list[Step] = []
    done = 0
    while done < len(bundles):
        now = len(steps)
        for number in later.pop(now, []):
            heappush(ready, (rank[number], number))
        reads: set[int] = set()
        writes: list[Write] = []
        search: tuple[tuple[int, int], ...] = ()
        postponed: list[tuple[float, int]] = []
        while ready and len(writes) < k and len(postponed) < _LOOKED_AT:
            item = heappop(ready)
            bundle = bundles[item[1]]
            wanted = reads.union(bundle.step.reads)
            fits = (
                len(wanted) <= k
                and len(writes) + len(bundle.writes) <= k
                and not (wanted and (search or bundle.search))
                and not (search and bundle.search)
            )
            if not fits:
                postponed.append(item)
                continue
            reads = wanted
            writes += bundle.writes
            search = search or bundle.search
            done += 1
            for number, delay in followers[item[1]]:
                left[number] -= 1
                earliest[number] = max(earliest[number], now + delay)
                if not left[number]:
                    if earliest[number] > now:
                        later[earliest[number]].append(number)
                    else:
                        heappush(ready, (rank[number], number))
        for item in postponed:
            heappush(ready, item)
        steps.append(Step(tuple(writes), search))
    return steps


def pack(bundles: Sequence[Bundle], k: int) -> list[Step]:
    """The fewest steps that a few orders of preference find for `bundles`."""
    if not bundles:
        return []
    waits = _waits(bundles)
    height = [0] * len(bundles)
    for number in range(len(bundles) - 1, -1, -1):
        for earlier, delay in waits[number].items():
            height[earlier] = max(height[earlier], height[number] + delay)
    ranks = [
        [float(number) for number in range(len(bundles))],
        [-float(h) for h in height],
        [number / len(bundles) * max(height) * 2 - h for number, h in enumerate(height)],
        [number / len(bundles) * max(height) / 2 - h for number, h in enumerate(height)],
    ]
    return min((_pack(bundles, waits, rank, k) for rank in ranks), key=len)


def assign_rows(
    steps: Sequence[Step], inputs: Sequence[int], outputs: Sequence[int]
) -> dict[int, int]:
    """An address for each row, shared by rows that are never needed at the same time.

    Inputs come first and keep theirs; outputs keep theirs from their first write on.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        looked_at = (*step.reads, *(row for row, _ in step.search))
        for row in looked_at:
            last[row] = max(last.get(row, 0), 2 * number)
        for write in step.writes:
            first.setdefault(write.row, 2 * number + 1)
            last[write.row] = max(last.get(write.row, 0), 2 * number + 1)
            if write.gate != ONE:
                last[write.row] = 2 * number + 1
    end = 2 * len(steps) + 2
    places = {row: place for place, row in enumerate(inputs)}
    for row in outputs:
        last[row] = end
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    count = len(inputs)
    for row in sorted((r for r in first if r not in places), key=lambda r: (first[r], r)):
        while busy and busy[0][0] < first[row]:
            heappush(free, heappop(busy)[1])
        if free:
            place = heappop(free)
        else:
            place, count = count, count + 1
        places[row] = place
        heappush(busy, (last[row], place))
    return places
