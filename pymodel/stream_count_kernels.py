"""Adders of streams in numba: how many of many bits are 1, in all cycles or in each of 64."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import part
from nvmcosim.pymodel.line_kernels import ones

__all__ = ["combine", "count_all", "count_each"]


@part
def combine(code, x, w, negative, out):
    """Words whose bits are counted for the products of inputs `x` and weights `w`, in `out`.

    `code` is the place of the operand in `OPERANDS`; `negative` has all bits set where a weight's
    sign is.
    """
    if code == 0:
        for i in range(x.size):
            out[i] = x[i] & w[i]
    elif code <= 2:
        for i in range(x.size):
            out[i] = ~(x[i] ^ w[i])
    elif code == 3:
        for i in range(x.size):
            out[i] = (x[i] & w[i]) ^ negative[i]
    else:
        for i in range(x.size):
            out[i] = w[i] & (x[i] ^ negative[i])


@part
def count_all(words, mask):
    """How many bits under `mask` are 1 in `words`, all together."""
    total = np.int64(0)
    for i in range(words.size):
        total += ones(words[i] & mask)
    return total


@part
def _add_columns(words, spare, planes):
    """Bits of weight 2**k of each bit's count, in planes[k]; returns how many planes.

    `words` are used up; `spare` is room for half as many. Full adders work on thirds of a column
    until one word of it is left, and their carries are the next column.
    """
    column, carry, size, k = words, spare, words.size, 0
    while size > 0:
        carries = 0
        while size >= 3:
            third = size // 3
            a, b, c = column[:third], column[third : 2 * third], column[2 * third : 3 * third]
            out = carry[carries : carries + third]
            for i in range(third):
                both = a[i] ^ b[i]
                out[i] = (a[i] & b[i]) | (both & c[i])
                a[i] = both ^ c[i]
            carries += third
            left = size - 3 * third
            for i in range(left):
                column[third + i] = column[3 * third + i]
            size = third + left
        if size == 2:
            carry[carries] = column[0] & column[1]
            column[0] ^= column[1]
            carries += 1
        planes[k] = column[0]
        column, carry, size, k = carry, column, carries, k + 1
    return k


@part
def count_each(words, spare, planes, counts):
    """How many of `words` have a 1, at each of 64 cycles, in `counts`; `words` are used up."""
    used = _add_columns(words, spare, planes)
    for t in range(64):
        counts[t] = 0
    for k in range(used):
        plane = planes[k]
        for t in range(64):
            counts[t] += np.int64((plane >> np.uint64(t)) & np.uint64(1)) << k
