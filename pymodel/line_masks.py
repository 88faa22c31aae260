"""Where the words of a line plan keep their bits, for kernels that take whole masks of cells.

A vector has one bit for each group of a word, 16 bits a word, its cells being three vectors; of a
scheme without a code, one for each bit, as many as the word is wide. Bit n of a vector is group
n from the least significant.
"""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.wom import CELLS

__all__ = ["REPEAT", "bit_moves", "cell_rows", "exact_groups", "first_cells", "near_groups"]

#: A word with its lowest bit set, as often as a lane of 64 bits has words of 16 or 32.
REPEAT = {16: 0x0001000100010001, 32: 0x0000000100000001}


def near_groups(plan: LinePlan) -> int:
    """The groups of a word whose code is AppWOM, as a mask."""
    return sum(1 << n for n, group in enumerate(plan.groups[::-1]) if group.approximate)


def exact_groups(plan: LinePlan) -> int:
    """The groups of a word whose code is the conventional one, as a mask."""
    return (1 << len(plan.groups)) - 1 - near_groups(plan)


def first_cells(plan: LinePlan) -> np.uint64:
    """What all cells are at first."""
    fresh = plan.initial if plan.coded else plan.scheme
    return np.uint64(0xFFFFFFFFFFFFFFFF if fresh == "preset" else 0)


def cell_rows(plan: LinePlan) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Vector and bit of each cell of a word, in `GoldenLine.flips`' order."""
    if plan.coded:
        groups = len(plan.groups)
        cells = np.arange(CELLS * groups)
        return cells % CELLS, groups - 1 - cells // CELLS
    cells = np.arange(plan.word_cells)
    return cells // plan.width, cells % plan.width


def bit_moves(plan: LinePlan) -> tuple[NDArray[np.uint64], ...]:
    """Shifts and masks that gather important bits, then those of other bits, for 64-bit lanes."""
    found: list[NDArray[np.uint64]] = []
    for name in ("important", "other"):
        masks: dict[int, int] = {}
        for n, group in enumerate(plan.groups):
            place = len(plan.groups) - 1 - n
            shift = getattr(group, name) - place
            masks[shift] = masks.get(shift, 0) | 1 << place
        found.append(np.array(list(masks), np.uint64))
        found.append(np.array([m * REPEAT[plan.width] for m in masks.values()], np.uint64))
    return tuple(found)
