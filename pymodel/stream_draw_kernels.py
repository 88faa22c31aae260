"""Bits of streams in numba: what `stream_source` defines, 32 streams side by side."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import part, threefry
from nvmcosim.pymodel.stream_source import LANES, MOST_BITS, WARM_UP

__all__ = ["draw_word"]

_ONE, _U3, _U8, _U11, _U24, _U40 = (np.uint64(n) for n in (1, 3, 8, 11, 24, 40))
_BITS = np.uint64(MOST_BITS)


@part
def _step(a, b, c, n):
    output = a + b + n
    return b ^ (b >> _U11), c + (c << _U3), ((c << _U24) | (c >> _U40)) + output, output


@part
def _add(u, carry, digit):
    """The carry out of a digit of u, a digit of the threshold (the sign of `digit`), a carry."""
    return (u | carry) if np.int64(digit) < 0 else (u & carry)


@part
def _start(state, word, seed, bank, sample):
    a, b, c = state[0], state[1], state[2]
    for i in range(LANES):
        a[i], b[i] = threefry(sample, np.uint64(word) << _U8 | np.uint64(i), seed, bank)
        c[i] = _ONE
    for n in range(WARM_UP):
        for i in range(LANES):
            a[i], b[i], c[i], _ = _step(a[i], b[i], c[i], np.uint64(n + 1))


@part
def _eight_digits(state, carries, row, low, n):
    """Carry on over the 8 digits of u and thresholds from digit `low` (of most weight) down."""
    a, b, c = state[0], state[1], state[2]
    shift = _BITS + np.uint64(low)
    for i in range(LANES):
        carry, t = carries[i], row[i] << shift
        p, q, r = a[i], b[i], c[i]
        p, q, r, u = _step(p, q, r, n)
        carry = _add(u, carry, t << np.uint64(7))
        p, q, r, u = _step(p, q, r, n + np.uint64(1))
        carry = _add(u, carry, t << np.uint64(6))
        p, q, r, u = _step(p, q, r, n + np.uint64(2))
        carry = _add(u, carry, t << np.uint64(5))
        p, q, r, u = _step(p, q, r, n + np.uint64(3))
        carry = _add(u, carry, t << np.uint64(4))
        p, q, r, u = _step(p, q, r, n + np.uint64(4))
        carry = _add(u, carry, t << np.uint64(3))
        p, q, r, u = _step(p, q, r, n + np.uint64(5))
        carry = _add(u, carry, t << np.uint64(2))
        p, q, r, u = _step(p, q, r, n + np.uint64(6))
        carry = _add(u, carry, t << np.uint64(1))
        p, q, r, u = _step(p, q, r, n + np.uint64(7))
        carry = _add(u, carry, t)
        a[i], b[i], c[i] = p, q, r
        carries[i] = carry


@part
def draw_word(out, thresholds, word, digits, seed, bank, sample, state):
    """Word `word` of every stream of a bank, in `out`; past the last cycle as well.

    `out` and `thresholds` have whole rows of `LANES` streams; `state` [3, LANES] is room for the
    generators.
    """
    _start(state, word, seed, bank, sample)
    n = np.uint64(WARM_UP + 1)
    for first in range(0, thresholds.size, LANES):
        row, carries = thresholds[first : first + LANES], out[first : first + LANES]
        for i in range(LANES):
            carries[i] = np.uint64(0)
        for low in range(digits - 8, -1, -8):
            _eight_digits(state, carries, row, low, n)
            n += _U8
        for i in range(LANES):
            # A threshold of 1, where it is set, is all carries.
            carries[i] |= np.uint64(0) - (row[i] >> _BITS)
