"""Programs as a hot path: a numba kernel that runs one over blocks of columns.

A program is compiled to a flat table of operations on rows. The kernel takes a block of columns
through the whole table while the block's rows stay in the first-level cache; each operation is one
loop over a row's machine words, which the compiler vectorises.
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import jit, part

__all__ = [
    "AND",
    "COPY",
    "OR",
    "SEARCH",
    "SEARCH_MORE",
    "SELECT",
    "SET",
    "SKIP",
    "XOR",
    "run_blocks",
]

#: Operations. Of the others: destination, gate's row, gate inverted, value's row, value inverted.
COPY, SELECT, AND, OR, XOR, SET, SEARCH, SEARCH_MORE, SKIP = range(9)


@part
def _transpose(lanes):
    """Exchange rows and bits of each of the 32-by-32 bit squares in `lanes`, `[32, squares]`."""
    distance = 16
    mask = np.uint32(0x0000FFFF)
    while distance:
        by = np.uint32(distance)
        for low in range(32):
            if low & distance == 0:
                upper, lower = lanes[low + distance], lanes[low]
                for i in range(lanes.shape[1]):
                    moved = ((lower[i] >> by) ^ upper[i]) & mask
                    upper[i] ^= moved
                    lower[i] ^= np.uint32(moved << by)
        distance >>= 1
        mask ^= np.uint32(mask << np.uint32(distance))


@part
def _load(rows, places, words, first, count, lanes):
    """Put words `first` to `first + count` into the rows at `places`, as bits."""
    squares = lanes.shape[1]
    for w in range(32):
        start = w * squares
        part_count = min(max(count - start, 0), squares)
        for i in range(part_count):
            lanes[w, i] = words[first + start + i]
        for i in range(part_count, squares):
            lanes[w, i] = 0
    _transpose(lanes)
    for bit in range(places.size):
        row = rows[places[bit]].view(np.uint32)
        for i in range(squares):
            row[i] = lanes[bit, i]


@part
def _store(rows, places, words, first, count, lanes):
    """Take words `first` to `first + count` from the rows at `places`."""
    squares = lanes.shape[1]
    for bit in range(places.size):
        row = rows[places[bit]].view(np.uint32)
        for i in range(squares):
            lanes[bit, i] = row[i]
    for bit in range(places.size, 32):
        for i in range(squares):
            lanes[bit, i] = 0
    _transpose(lanes)
    for w in range(32):
        start = w * squares
        for i in range(min(max(count - start, 0), squares)):
            words[first + start + i] = lanes[w, i]


@part
def _any_match(match, count, squares):
    """Whether any of the block's first `count` columns matches."""
    row = match.view(np.uint32)
    for i in range(squares):
        # Column w * squares + i is bit w of square i.
        here = min(max((count - i + squares - 1) // squares, 0), 32)
        mask = np.uint32((1 << here) - 1)
        if row[i] & mask:
            return True
    return False


@part
def _run(table, rows, count, squares, passed):
    full = np.uint64(0xFFFFFFFFFFFFFFFF)
    number = 0
    while number < table.shape[0]:
        code = table[number, 0]
        to = rows[table[number, 1]]
        gate, value = rows[table[number, 2]], rows[table[number, 4]]
        gate_mask = full if table[number, 3] else np.uint64(0)
        value_mask = full if table[number, 5] else np.uint64(0)
        if code == 1:
            for i in range(to.size):
                to[i] ^= (to[i] ^ value[i] ^ value_mask) & (gate[i] ^ gate_mask)
        elif code == 4:
            for i in range(to.size):
                to[i] ^= gate[i] ^ gate_mask
        elif code == 0:
            for i in range(to.size):
                to[i] = value[i] ^ value_mask
        elif code == 2:
            for i in range(to.size):
                to[i] &= ~(gate[i] ^ gate_mask)
        elif code == 3:
            for i in range(to.size):
                to[i] |= gate[i] ^ gate_mask
        elif code == 5:
            for i in range(to.size):
                to[i] = value_mask
        elif code == 6:
            for i in range(to.size):
                to[i] = gate[i] ^ gate_mask
        elif code == 7:
            for i in range(to.size):
                to[i] &= gate[i] ^ gate_mask
        elif not _any_match(to, count, squares):
            passed[table[number, 4]] += 1
            number += table[number, 5]
        number += 1


@jit
def run_blocks(table, row_count, lane_count, taken, taken_places, given, given_places, low, high):
    """Run blocks `low` to `high` of columns; returns how often each skip was passed over.

    A block is `64 * lane_count` columns. `taken` and `given` are tuples of the operands' words,
    `[columns]`; their places are rows, `[operands, width]`, as many as are not negative.
    Rows are those of the program, then the match latch.
    """
    rows = np.zeros((row_count + 1, lane_count), np.uint64)
    squares = 2 * lane_count
    lanes = np.empty((32, squares), np.uint32)
    passed = np.zeros(table.shape[0], np.int64)
    columns = 64 * lane_count
    for block in range(low, high):
        first = block * columns
        count = min(columns, taken[0].size - first)
        for operand in range(len(taken)):
            places = taken_places[operand]
            _load(rows, places[places >= 0], taken[operand], first, count, lanes)
        _run(table, rows, count, squares, passed)
        for operand in range(len(given)):
            places = given_places[operand]
            _store(rows, places[places >= 0], given[operand], first, count, lanes)
    return passed
