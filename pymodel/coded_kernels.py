"""Lines in WOM codes as a hot path: `CodedLines`' rules on whole masks of groups.

Bit g of a mask stands for a group of a word, 16 bits a word, four words a lane. The three cells of
all groups are three masks; a group's data are their exclusive ors, whichever polarity and stage:
important = left ^ middle, other = left ^ right. All is worked out as if cells moved from 1 to 0: in
the other polarity cells are inverted first (`pymodel.wom`).
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import fill, jit, part
from nvmcosim.pymodel.flip_kernels import add_flips
from nvmcosim.pymodel.line_kernels import (
    CLEARED,
    COUNTS,
    IGNORED,
    PLACE,
    PLACE_RESETS,
    PLACE_SETS,
    TURN,
    TURN_RESETS,
    TURN_SETS,
    TURNED_RESET,
    TURNED_SET,
    count_lines,
    ones,
)
from nvmcosim.pymodel.word_kernels import keep_words, load_words

__all__ = ["IDLE", "write_coded"]

#: Numbers of a plan's `idle`.
IDLE = {"none": 0, "any": 1, "all": 2}
_ALL = 2


@part
def _gather(words, halves, shifts, masks, width, room):
    """Bits of `words` as a mask of groups, in `halves`; `room` is as large as `words`."""
    fill(room, np.uint64(0))
    for move in range(shifts.size):
        shift, mask = shifts[move], masks[move]
        for i in range(words.size):
            room[i] |= (words[i] >> shift) & mask
    if width == 16:
        for i in range(halves.size):
            halves[i] = room[i]
        return
    source, target = room.view(np.uint32), halves.view(np.uint16)
    for i in range(target.size):
        target[i] = np.uint16(source[i])


@part
def _scatter(words, halves, shifts, masks, width, room):
    """Set the bits of `words` that the mask of groups in `halves` has: `_gather`'s inverse."""
    if width == 16:
        for i in range(halves.size):
            room[i] = halves[i]
    else:
        source, target = halves.view(np.uint16), room.view(np.uint32)
        for i in range(source.size):
            target[i] = source[i]
    for move in range(shifts.size):
        shift, mask = shifts[move], masks[move]
        for i in range(words.size):
            words[i] |= (room[i] & mask) << shift


@part
def _spent(cells, inverted, i):
    """Groups of lane `i` with most of their cells moved."""
    left, middle, right = cells[2, i] ^ inverted, cells[1, i] ^ inverted, cells[0, i] ^ inverted
    return ~((left & middle) | (right & (left | middle)))


@part
def _exhausted(cells, polarity, wanted, exact, turned):
    """Groups that cannot take the wanted data, in `turned`."""
    for i in range(turned.size):
        changed = (cells[2, i] ^ cells[1, i]) ^ wanted[0, i]
        changed |= ((cells[2, i] ^ cells[0, i]) ^ wanted[1, i]) & exact
        turned[i] = changed & _spent(cells, polarity[i], i)


@part
def _turn_lines(turned, words, line_words, groups, every):
    """Spread `turned` over whole lines that have any group of it, or `every` group."""
    for first in range(0, words, line_words):
        last = min(first + line_words, words)
        some, all_of_them = np.uint16(0), groups
        for i in range(first, last):
            some |= turned[i]
            all_of_them &= turned[i]
        chosen = all_of_them == groups if every else some != 0
        for i in range(first, last):
            turned[i] = groups if chosen else np.uint16(0)


@part
def _spent_units(cells, polarity, rule, turned):
    """What idle time turns: units with any spent group, or all of whose groups are."""
    words, line_words, groups, _, by_group, _, idle = rule
    for i in range(turned.size):
        turned[i] = _spent(cells, polarity[i], i)
    halves = turned.view(np.uint16)
    for i in range(halves.size):
        halves[i] = np.uint16(halves[i] & groups) if i < words else np.uint16(0)
    if not by_group:
        _turn_lines(halves, words, line_words, groups, idle == _ALL)


@part
def _place(cells, polarity, planes, wanted, turned, steps, rule, counts):
    """Turn the units in `turned` and place the wanted data (`CodedLines._place`).

    `steps` is room for which groups of a word had a turn to SET or RESET, a SET, or a RESET.
    """
    words, line_words, groups, exact, by_group, ping_pong, _ = rule
    everywhere = np.uint64(groups) * np.uint64(0x0001000100010001)
    for i in range(turned.size):
        before, turn = polarity[i], turned[i]
        after = before ^ turn if ping_pong else before
        # A turn moves on the cells that have not moved, or without ping-pong moves the others back.
        sets = before if ping_pong else ~before
        left, middle, right = cells[2, i] ^ before, cells[1, i] ^ before, cells[0, i] ^ before
        held = left ^ right
        still = turn if ping_pong else np.uint64(0)
        t2 = (left ^ ~still) & turn
        t1 = (middle ^ ~still) & turn
        t0 = (right ^ ~still) & turn
        left, middle, right = left | turn, middle | turn, right | turn
        important, other = wanted[0, i], wanted[1, i]
        moves = (left ^ middle ^ important) | ((left ^ right ^ other) & exact)
        fresh = left & middle & right
        m2 = moves & (left ^ fresh ^ (important & other))
        m1 = moves & (middle ^ fresh ^ (important & ~other))
        m0 = moves & (right ^ fresh ^ (other & ~important))
        left, middle, right = left ^ m2, middle ^ m1, right ^ m0
        lost = (left ^ right ^ other) & everywhere
        cleared = lost & turn & held & other
        counts[TURN_SETS] += ones(t2 & sets) + ones(t1 & sets) + ones(t0 & sets)
        counts[TURN_RESETS] += ones(t2 & ~sets) + ones(t1 & ~sets) + ones(t0 & ~sets)
        counts[PLACE_SETS] += ones(m2 & after) + ones(m1 & after) + ones(m0 & after)
        counts[PLACE_RESETS] += ones(m2 & ~after) + ones(m1 & ~after) + ones(m0 & ~after)
        counts[CLEARED] += ones(cleared)
        counts[IGNORED] += ones(lost ^ cleared)
        steps[0, i], steps[1, i] = turn & sets, turn & ~sets
        moved = m2 | m1 | m0
        steps[2, i], steps[3, i] = moved & after, moved & ~after
        cells[2, i], cells[1, i], cells[0, i] = left ^ after, middle ^ after, right ^ after
        polarity[i] = after
        add_flips(planes, 2, i, t2, m2)
        add_flips(planes, 1, i, t1, m1)
        add_flips(planes, 0, i, t0, m0)
    count_lines(steps[0], steps[1], 16, words, line_words, counts, TURN)
    count_lines(steps[2], steps[3], 16, words, line_words, counts, PLACE)
    if by_group:
        for i in range(turned.size):
            counts[TURNED_SET] += ones(steps[0, i])
            counts[TURNED_RESET] += ones(steps[1, i])


@part
def _held(cells, wanted):
    """The data that cells hold, in `wanted`."""
    for i in range(cells.shape[1]):
        wanted[0, i] = cells[2, i] ^ cells[1, i]
        wanted[1, i] = cells[2, i] ^ cells[0, i]


@jit
def write_coded(segments, starts, low, high, mode, memory, moves, plan, write_back):
    """Write blocks `low` to `high` of `segments`, and do what idle time does; returns counts.

    `segments` is `[parameters, 3]`: the address of the values, how many words, and their first
    block. `memory` is cells, polarity and planes by block; `moves` the shifts and masks that
    gather important and other bits; `plan` is width, line words, groups, exact groups, by group,
    ping-pong and idle. Returns `[2, COUNTS]`: of writes, and of refreshes in idle time.
    """
    all_cells, all_polarity, all_planes = memory
    width, line_words, groups, exact_groups, by_group, ping_pong, idle = plan
    exact = np.uint64(exact_groups) * np.uint64(0x0001000100010001)
    lanes = all_polarity.shape[1]
    block_words = 4 * lanes
    words = np.empty(block_words * width // 64, np.uint64)
    room = np.empty(block_words * width // 64, np.uint64)
    wanted = np.empty((2, lanes), np.uint64)
    turned = np.empty(lanes, np.uint64)
    steps = np.empty((4, lanes), np.uint64)
    counts = np.zeros((2, COUNTS), np.int64)
    segment = 0
    for block in range(low, high):
        while starts[segment + 1] <= block:
            segment += 1
        values, total, first_block = segments[segment]
        first = (block - starts[segment]) * block_words
        count = min(block_words, total - first)
        place = first_block + block - starts[segment]
        cells, polarity, planes = all_cells[place], all_polarity[place], all_planes[place]
        rule = (count, line_words, groups, exact, by_group, ping_pong, idle)
        load_words(words, values, first, count, mode, width)
        _gather(words, wanted[0], moves[0], moves[1], width, room)
        _gather(words, wanted[1], moves[2], moves[3], width, room)
        _exhausted(cells, polarity, wanted, exact, turned)
        if not by_group:
            _turn_lines(turned.view(np.uint16), count, line_words, groups, False)
        _place(cells, polarity, planes, wanted, turned, steps, rule, counts[0])
        if idle:
            _held(cells, wanted)
            _spent_units(cells, polarity, rule, turned)
            _place(cells, polarity, planes, wanted, turned, steps, rule, counts[1])
        if write_back:
            _held(cells, wanted)
            fill(words, np.uint64(0))
            _scatter(words, wanted[0], moves[0], moves[1], width, room)
            _scatter(words, wanted[1], moves[2], moves[3], width, room)
            keep_words(words, values, first, count, mode, width)
    return counts
