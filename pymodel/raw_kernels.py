"""Lines without a code as a hot path: `RawLines`' rules, a cell a bit, 64 cells at a time."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import jit, part
from nvmcosim.pymodel.flip_kernels import add_flips
from nvmcosim.pymodel.line_kernels import (
    COUNTS,
    FLIPS,
    PLACE,
    PLACE_RESETS,
    PLACE_SETS,
    TURN,
    TURN_RESETS,
    TURN_SETS,
    count_lines,
    ones,
)
from nvmcosim.pymodel.word_kernels import NATIVE, keep_words, load_words

__all__ = ["RULES", "write_raw"]

#: Numbers of the schemes.
RULES = {"basic": 0, "dcw": 1, "preset": 2, "prereset": 3, "flip-n-write": 4}
_BASIC, _PRESET, _PRERESET, _FLIP = 0, 2, 3, 4
_NONE, _EVERY = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)


@part
def _invert(cells, words, coded, width):
    """What flip-n-write holds of `words`, in `coded`, `[2, lanes]`: cells, then the flag's."""
    whole = np.uint64((1 << width) - 1)
    for i in range(words.size):
        plain, inverted, flags = words[i], np.uint64(0), np.uint64(0)
        differing = plain ^ cells[0, i]
        for n in range(64 // width):
            shift = np.uint64(n * width)
            flag = (cells[1, i] >> shift) & np.uint64(1)
            fewer = 2 * (ones((differing >> shift) & whole) + np.int64(flag)) > width + 1
            inverted |= (whole << shift) if fewer else np.uint64(0)
            flags |= (np.uint64(1) << shift) if fewer else np.uint64(0)
        coded[0, i], coded[1, i] = plain ^ inverted, flags


@part
def _count_ones(words, width, totals):
    """Add the set bits of `words` by bit position to `totals`, `[width]`."""
    pattern = np.uint64(0x0001000100010001) if width == 16 else np.uint64(0x0000000100000001)
    for bit in range(width):
        total = 0
        for i in range(words.size):
            total += ones((words[i] >> np.uint64(bit)) & pattern)
        totals[bit] += total


@part
def _pulse(cells, coded, planes, vector, valid, rule, steps, counts):
    """Turn and place one vector of a block: `steps` is [4, lanes], as in `coded_kernels`."""
    lanes = coded.size
    for i in range(lanes):
        inside = valid if i == lanes - 1 else _EVERY
        old, new = cells[i], coded[i]
        turn, start = _NONE, old
        if rule == _PRESET:
            turn, start = ~old & inside, inside
            counts[TURN_SETS] += ones(turn)
            steps[0, i] |= turn
        elif rule == _PRERESET:
            turn, start = old, _NONE
            counts[TURN_RESETS] += ones(turn)
            steps[1, i] |= turn
        move = start ^ new
        if rule == _BASIC:
            sets, resets = new, ~new & inside
        else:
            sets, resets = move & new, move & ~new
        counts[FLIPS] += ones(turn) + ones(move)
        counts[PLACE_SETS] += ones(sets)
        counts[PLACE_RESETS] += ones(resets)
        steps[2, i] |= sets
        steps[3, i] |= resets
        cells[i] = new
        add_flips(planes, vector, i, turn, move)


@jit
def write_raw(segments, starts, low, high, mode, memory, plan, write_back):
    """Write blocks `low` to `high` of `segments`; returns counts, `[COUNTS]`.

    `segments` and `memory` are as in `coded_kernels.write_coded`, without a polarity; `plan` is
    width, line words and a number of `RULES`. Of `basic` the ones by bit position follow the
    counts, `[COUNTS + width]`.
    """
    all_cells, all_planes = memory
    width, line_words, rule = plan
    vectors, lanes = all_cells.shape[1], all_cells.shape[2]
    block_words = lanes * 64 // width
    words = np.empty(lanes, np.uint64)
    coded = np.empty((2, lanes), np.uint64)
    steps = np.empty((4, lanes), np.uint64)
    counts = np.zeros(COUNTS + width, np.int64)
    segment = 0
    for block in range(low, high):
        while starts[segment + 1] <= block:
            segment += 1
        values, total, first_block = segments[segment]
        first = (block - starts[segment]) * block_words
        count = min(block_words, total - first)
        place = first_block + block - starts[segment]
        used = (count * width + 63) // 64
        left = count * width % 64
        valid = _EVERY if left == 0 else np.uint64((np.uint64(1) << np.uint64(left)) - np.uint64(1))
        load_words(words, values, first, count, mode, width)
        steps[:, :used] = _NONE
        if rule == _FLIP:
            _invert(all_cells[place][:, :used], words[:used], coded[:, :used], width)
        else:
            coded[0, :used] = words[:used]
        for vector in range(vectors):
            _pulse(
                all_cells[place, vector],
                coded[vector, :used],
                all_planes[place],
                vector,
                valid,
                rule,
                steps,
                counts,
            )
        count_lines(steps[0], steps[1], width, count, line_words, counts, TURN)
        count_lines(steps[2], steps[3], width, count, line_words, counts, PLACE)
        if rule == _BASIC:
            _count_ones(words[:used], width, counts[COUNTS:])
        if write_back and mode != NATIVE:
            keep_words(words, values, first, count, mode, width)
    return counts
