"""Packing writes into steps of at most k rows.

List scheduling: of what may go into a step, first what most else waits for. What a step reads is
what was there before it, so a write may share its step with the reads of the row that it
overwrites, and no others.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

from nvmcosim.pymodel.pim_justify import justified
from nvmcosim.pymodel.pim_step import MATCH, Step, Write

__all__ = ["Bundle", "pack", "waits_of"]

#: How many writes that do not fit into a step are looked at before the step is closed.
_LOOKED_AT = 200
#: Rules of preference, found by trying: whether the steps that have to follow are counted with
#: searches in the order in which they are written; in steps, what being written early counts, what
#: a search does, and what a write that reads two rows does, which fits in fewer steps; how much
#: that takes a search's latch may still wait for.
_RULES = ((True, 0.25, 4.0, 0.0, 2), (False, 2.25, 4.0, 1.0, 8), (True, 0.5, 4.0, 3.0, 0))
#: How often what each rule finds is justified.
_PASSES = 4


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


@dataclass(frozen=True)
class _Order:
    """What has to come before what, by bundle.

    Fields:
        waits: on which earlier bundles one waits, and whether a step (1) or not (0).
        latch: the search whose match latch a bundle takes: -1 for one before the first, None for
            no use of it.
        before: by search, the bundles that those which take its latch wait for, as bits.
    """

    waits: list[dict[int, int]]
    latch: list[int | None]
    before: dict[int, int]


def _order(bundles: Sequence[Bundle]) -> _Order:
    written: dict[int, int] = {}
    readers: dict[int, list[int]] = defaultdict(list)
    searched = -1
    waits: list[dict[int, int]] = []
    latch: list[int | None] = []
    # Bundles that one waits for, at any distance, and itself.
    all_of: list[int] = []
    before: dict[int, int] = {}
    for number, bundle in enumerate(bundles):
        on: dict[int, int] = {}
        for row in bundle.looked_at:
            if row in written:
                on[written[row]] = 1
        for write in bundle.writes:
            for reader in readers[write.row]:
                on.setdefault(reader, 0)
            # A write that leaves cells alone needs what was written before it.
            if write.row in written:
                on[written[write.row]] = 1
        on.pop(number, None)
        closed = 1 << number
        for earlier in on:
            closed |= all_of[earlier]
        latch.append(None)
        if bundle.search:
            searched, before[number] = number, 0
        elif bundle.uses_match:
            latch[number] = searched
            if searched >= 0:
                on.setdefault(searched, 0)
                before[searched] |= closed
                closed |= all_of[searched]
        for row in bundle.looked_at:
            readers[row].append(number)
        for write in bundle.writes:
            written[write.row] = number
            readers[write.row] = []
        waits.append(on)
        all_of.append(closed)
    for number, bits in before.items():
        users = sum(1 << n for n, of in enumerate(latch) if of == number)
        within = sum(1 << n for n in range(number, len(bundles)) if all_of[n] >> number & 1)
        before[number] = bits & ~users & ~within
    return _Order(waits, latch, before)


def waits_of(bundles: Sequence[Bundle]) -> list[dict[int, int]]:
    """By bundle: on which earlier ones it waits, and whether a step (1) or not (0)."""
    return _order(bundles).waits


def _heights(order: _Order, as_written: bool) -> list[int]:
    """By bundle, how many steps have to follow it; with `as_written` searches keep their order."""
    heights = [0] * len(order.waits)
    # The step of the next search, counted from the end.
    free = -1
    for number in range(len(heights) - 1, -1, -1):
        if as_written and number in order.before:
            heights[number] = max(heights[number], free + 1)
            free = heights[number]
        elif as_written and order.latch[number] is not None:
            heights[number] = max(heights[number], free + 1)
        for earlier, delay in order.waits[number].items():
            heights[earlier] = max(heights[earlier], heights[number] + delay)
    return heights


class _Packing:
    """Steps by list scheduling; of what is ready the lowest `rank` goes first.

    A search goes when the latch of the one before is no longer needed, and all but `slack` of what
    those wait for that take its own is done.
    """

    def __init__(
        self,
        bundles: Sequence[Bundle],
        order: _Order,
        rank: Sequence[float],
        slack: int,
        k: int,
    ) -> None:
        self._bundles, self._order, self._rank = bundles, order, rank
        self._slack, self._k = slack, k
        self._followers: list[list[tuple[int, int]]] = [[] for _ in bundles]
        for number, on in enumerate(order.waits):
            for earlier, delay in on.items():
                self._followers[earlier].append((number, delay))
        self._left = [len(on) for on in order.waits]
        self._earliest = [0] * len(bundles)
        self._later: dict[int, list[int]] = defaultdict(list)
        self._ready = [(rank[n], n) for n, count in enumerate(self._left) if not count]
        self._ready.sort()
        self._searches = sum(1 << n for n in order.before)
        self._takers: dict[int | None, int] = defaultdict(int)
        for search in order.latch:
            self._takers[search] += 1
        #: How many have still to take the latch, and whether one does in this step.
        self._taking, self._taken = self._takers[-1], False
        self._done, self._count = 0, 0
        #: By bundle, its step.
        self._at = [0] * len(bundles)

    def _may_search(self, number: int) -> bool:
        missing = self._order.before[number] & ~self._done
        return (
            not self._taking
            and not self._taken
            and not missing & self._searches
            and missing.bit_count() <= self._slack
        )

    def _place(self, number: int, now: int) -> None:
        self._done |= 1 << number
        self._count += 1
        self._at[number] = now
        if number in self._order.before:
            self._taking = self._takers[number]
        elif self._order.latch[number] is not None:
            self._taking -= 1
            self._taken = True
        for follower, delay in self._followers[number]:
            self._left[follower] -= 1
            self._earliest[follower] = max(self._earliest[follower], now + delay)
            if not self._left[follower]:
                if self._earliest[follower] > now:
                    self._later[self._earliest[follower]].append(follower)
                else:
                    heappush(self._ready, (self._rank[follower], follower))

    def _step(self, now: int) -> None:
        for number in self._later.pop(now, []):
            heappush(self._ready, (self._rank[number], number))
        reads: set[int] = set()
        writes, searches = 0, False
        postponed: list[tuple[float, int]] = []
        self._taken = False
        while self._ready and writes < self._k and len(postponed) < _LOOKED_AT:
            item = heappop(self._ready)
            bundle = self._bundles[item[1]]
            wanted = reads.union(bundle.step.reads)
            fits = (
                len(wanted) <= self._k
                and writes + len(bundle.writes) <= self._k
                and not (wanted and (searches or bundle.search))
                and not (bundle.search and (searches or not self._may_search(item[1])))
            )
            if not fits:
                postponed.append(item)
                continue
            reads = wanted
            writes += len(bundle.writes)
            searches = searches or bool(bundle.search)
            self._place(item[1], now)
        for item in postponed:
            heappush(self._ready, item)

    def steps(self) -> list[int]:
        """By bundle, its step."""
        now = 0
        while self._count < len(self._bundles):
            self._step(now)
            now += 1
        return self._at


def pack(bundles: Sequence[Bundle], k: int) -> list[Step]:
    """The fewest steps that a few rules of preference, and justification, find for `bundles`."""
    if not bundles:
        return []
    order = _order(bundles)
    loads = [(len(b.writes), frozenset(b.step.reads), bool(b.search)) for b in bundles]
    found: list[list[int]] = []
    for as_written, weight, search, pair, slack in _RULES:
        heights = _heights(order, as_written)
        scale = weight * max(heights) / len(bundles)
        rank = [
            number * scale
            - height
            - (search if number in order.before else 0)
            - (pair if len(bundles[number].step.reads) > 1 else 0)
            for number, height in enumerate(heights)
        ]
        at = _Packing(bundles, order, rank, slack, k).steps()
        for _ in range(_PASSES):
            at = justified(loads, order.waits, order.latch, at, k)
        found.append(at)
    return _steps(bundles, min(found, key=max))


def _steps(bundles: Sequence[Bundle], at: Sequence[int]) -> list[Step]:
    """The steps, with `at` the step of each bundle."""
    writes: list[list[Write]] = [[] for _ in range(max(at) + 1)]
    searches: list[tuple[tuple[int, int], ...]] = [()] * len(writes)
    for bundle, number in zip(bundles, at, strict=True):
        writes[number] += bundle.writes
        searches[number] = searches[number] or bundle.search
    return [Step(tuple(w), search) for w, search in zip(writes, searches, strict=True)]
