"""Flips of every cell, counted by bit planes: two bytes a cell and six bits of what is to come.

A step flips cells as masks say, many cells a mask. They are added to *planes*: bit k of each cell's
count since the last flush stands in plane k, so that a step is a few operations on whole masks. A
flush adds the planes to a counter of two bytes for each cell.

Shapes: a block has `words` words; its planes are `[PLANES, vectors, lanes]` of 64-bit lanes, a
vector having 16 or 32 bits (its `element`) of each word. Its counters are `[rows, words]`; row r
counts bit `bits[r]` of vector `vectors[r]`.
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import fill, jit, part

__all__ = ["CAPACITY", "PLANES", "add_flips", "flush_range"]

#: Bits of a cell's count between two flushes, and the most that they hold.
PLANES = 6
CAPACITY = (1 << PLANES) - 1


@part
def add_flips(planes, vector, lane, once, again):
    """Add two masks of flips of one lane to the planes of its block."""
    one = once ^ again
    # A cell flips twice or carries a single flip, never both.
    carry = planes[0, vector, lane] & one | once & again
    planes[0, vector, lane] ^= one
    for k in range(1, PLANES):
        held = planes[k, vector, lane]
        planes[k, vector, lane] = held ^ carry
        carry &= held


@part
def _flush_rows(planes, counts, vectors, bits):
    """Add the planes, viewed as elements, to the counters; returns the largest of those."""
    most = np.uint16(0)
    for row in range(counts.shape[0]):
        vector, bit = vectors[row], np.uint32(bits[row])
        counter = counts[row]
        for k in range(PLANES):
            plane = planes[k, vector]
            for i in range(counter.size):
                counter[i] += np.uint16(
                    np.uint32(np.uint32(plane[i] >> bit) & np.uint32(1)) << np.uint32(k)
                )
        for i in range(counter.size):
            most = max(most, counter[i])
    return most


@jit
def flush_range(planes, counts, vectors, bits, element, low, high, most):
    """Flush blocks `low` to `high`; `most`, `[blocks]`, becomes the largest counter of each."""
    for block in range(low, high):
        if element == 16:
            halves = planes[block].view(np.uint16)
            most[block] = _flush_rows(halves, counts[block], vectors, bits)
        else:
            singles = planes[block].view(np.uint32)
            most[block] = _flush_rows(singles, counts[block], vectors, bits)
        fill(planes[block].ravel(), np.uint64(0))
