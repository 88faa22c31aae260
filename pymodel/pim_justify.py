"""Shorter orders of steps by justification: all as late as it may be, then as early again.

What waits on little drifts to where steps have room, and what much waits for moves up. Searches
keep their order, so that the one match latch is a matter of waiting too.
"""

from collections.abc import Sequence

__all__ = ["Load", "justified"]

#: What a bundle takes of a step: how many writes, which rows are read, whether it searches.
Load = tuple[int, frozenset[int], bool]


class _Slots:
    """What steps hold so far."""

    def __init__(self, loads: Sequence[Load], count: int, k: int) -> None:
        self._loads, self._k = loads, k
        self._writes = [0] * count
        self._reads: list[frozenset[int]] = [frozenset()] * count
        self._search = [False] * count

    def take(self, number: int, at: int, by: int) -> int:
        """Put a bundle into the first step from `at` on, going `by`, that has room; which."""
        writes, reads, search = self._loads[number]
        while True:
            union = self._reads[at] | reads
            if (
                self._writes[at] + writes <= self._k
                and len(union) <= self._k
                and not (union and (search or self._search[at]))
                and not (search and self._search[at])
            ):
                break
            at += by
        self._writes[at] += writes
        self._reads[at] = union
        self._search[at] |= search
        return at


def justified(
    loads: Sequence[Load],
    waits: Sequence[dict[int, int]],
    latch: Sequence[int | None],
    at: Sequence[int],
    k: int,
) -> list[int]:
    """By bundle its step, none of them after the last one of `at`.

    `loads` are what each bundle takes, `at` the steps of a valid order at `k` rows a step; `waits`
    and `latch` are those of `pim_schedule`. A taker of the latch waits for its search as for
    others, and the next search for the taker.
    """
    arcs = [dict(on) for on in waits]
    searches = sorted((n for n, load in enumerate(loads) if load[2]), key=lambda n: at[n])
    for earlier, later in zip([-1, *searches], searches, strict=False):
        for number, taken in enumerate(latch):
            if taken == earlier:
                arcs[later][number] = 1
        if earlier >= 0:
            arcs[later][earlier] = 1
    followers: list[list[tuple[int, int]]] = [[] for _ in loads]
    for number, on in enumerate(arcs):
        for earlier, delay in on.items():
            followers[earlier].append((number, delay))
    count = max(at) + 1
    slots = _Slots(loads, count, k)
    late = [0] * len(loads)
    for number in sorted(range(len(loads)), key=lambda n: (at[n], n), reverse=True):
        last = min((late[n] - delay for n, delay in followers[number]), default=count - 1)
        late[number] = slots.take(number, last, -1)
    slots = _Slots(loads, count, k)
    early = [0] * len(loads)
    for number in sorted(range(len(loads)), key=lambda n: (late[n], n)):
        first = max((early[n] + delay for n, delay in arcs[number].items()), default=0)
        early[number] = slots.take(number, first, 1)
    return early
