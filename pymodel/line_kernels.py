"""What the kernels of lines share: set bits, words as lanes, and what decides a line's time."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from nvmcosim.pymodel.draw_kernels import part

__all__ = [
    "CLEARED",
    "COUNTS",
    "FLIPS",
    "IGNORED",
    "PLACE",
    "PLACE_RESETS",
    "PLACE_SETS",
    "TURN",
    "TURNED_RESET",
    "TURNED_SET",
    "TURN_RESETS",
    "TURN_SETS",
    "count_lines",
    "ones",
]

#: Places of what a command counts: as in `LineWork`, then how many lines had a turning (`TURN`) or
#: placing step (`PLACE`) of SETs alone, of RESETs alone, and of both; flips are the raw schemes'.
TURN_SETS, TURN_RESETS, PLACE_SETS, PLACE_RESETS = 0, 1, 2, 3
TURNED_SET, TURNED_RESET, IGNORED, CLEARED = 4, 5, 6, 7
TURN, PLACE, FLIPS = 8, 11, 14
COUNTS = 15


@intrinsic
def ones(typingctx: Any, value: Any) -> Any:
    """How many bits of a 64-bit `value` are set, as int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@part
def _count_steps(sets, resets, size, counts, place):
    for first in range(0, sets.size, size):
        has_set = np.uint64(0)
        has_reset = np.uint64(0)
        for i in range(first, min(first + size, sets.size)):
            has_set |= np.uint64(sets[i])
            has_reset |= np.uint64(resets[i])
        if has_set and has_reset:
            counts[place + 2] += 1
        elif has_set:
            counts[place] += 1
        elif has_reset:
            counts[place + 1] += 1


@part
def count_lines(sets, resets, element, words, line_words, counts, place):
    """Count the lines of a block whose step has SETs alone, RESETs alone, or both.

    `sets` and `resets` are lanes that are not 0 where a word of `element` bits has such a pulse.
    """
    in_lane = 64 // element
    if line_words % in_lane == 0:
        lanes = (words + in_lane - 1) // in_lane
        _count_steps(sets[:lanes], resets[:lanes], line_words // in_lane, counts, place)
    elif element == 16:
        halves = sets.view(np.uint16)[:words], resets.view(np.uint16)[:words]
        _count_steps(halves[0], halves[1], line_words, counts, place)
    else:
        singles = sets.view(np.uint32)[:words], resets.view(np.uint32)[:words]
        _count_steps(singles[0], singles[1], line_words, counts, place)
