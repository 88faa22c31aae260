"""Addresses of a program's rows, shared by those that are never needed at the same time."""

from collections.abc import Sequence
from heapq import heappop, heappush

from nvmcosim.pymodel.pim_step import ONE, Step

__all__ = ["assign_rows"]


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
