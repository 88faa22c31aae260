"""Random bits of stochastic streams, each a function of what it is alone: the definition, in numpy.

A stream is named by (seed, bank, sample, stream): a *bank* is a set of generators, such as a
layer's weights; a *sample* is one decision of the network. Its bit at cycle t is the carry out of
u + threshold, where u is a uniform number drawn for this bit alone and the threshold is p in the
same units, up to p = 1: the bit is 1 with probability p, exactly.

A bank draws numbers of `digits` binary digits, 8, 16, 24 or 32. Of cycle t, word w = t // 64 of a
stream in row r = stream // 32 and lane l = stream % 32 takes them from an SFC64 generator of
(w, l): its outputs r * digits to (r + 1) * digits - 1 are digits of u, the least significant
first, for 64 cycles each. It is as numpy's SFC64 (with its 12 steps of warming up) started from a
and b, which are Threefry-2x64-13 (Salmon et al., SC 2011) of the counter (sample, w << 8 | l) with
the key (seed, bank), and a counter of 1.

So bits do not depend on how many cycles, streams or threads there are.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.streams import tail_mask, words_of
from nvmcosim.pymodel.units import check_whole, real_array

__all__ = [
    "LANES",
    "MOST_BITS",
    "ONE",
    "WARM_UP",
    "bank_of",
    "check_digits",
    "codes_of",
    "digits_of",
    "drawn",
    "thresholds_of",
]

#: Digits of a threshold, and the threshold of p = 1.
MOST_BITS = 32
ONE = 2**MOST_BITS
#: Streams that are drawn side by side; steps that a generator is warmed up with.
LANES, WARM_UP = 32, 12
_DIGITS = (8, 16, 24, 32)
#: Kinds of streams that a layer has, each a bank.
_KINDS = ("inputs", "weights", "separate")

_PARITY = 0x1BD11BDAA9FC1A22
_TURNS = (16, 42, 12, 31, 16, 32, 24, 21, 16, 42, 12, 31, 16)

Words = NDArray[np.uint64]


def bank_of(layer: int, kind: str) -> int:
    """The bank of layer `layer`'s (from 0) `inputs`, `weights` or `separate` weight streams."""
    if kind not in _KINDS:
        raise InputError(f"the kind of bank is {kind!r}; it must be one of {', '.join(_KINDS)}")
    check_whole(layer, "layer", 0, 2**32)
    return 4 * layer + _KINDS.index(kind)


def codes_of(probabilities: ArrayLike, p_bits: int) -> NDArray[np.int64]:
    """Codes n, 0 to 2**p_bits, whose n / 2**p_bits are nearest to `probabilities` (half to even).

    Raises `InputError` for a probability outside [0, 1], or bits outside 1 to 32.
    """
    check_whole(p_bits, "p_bits", 1, MOST_BITS)
    array = real_array(probabilities, "probabilities")
    wrong = array[~((array >= 0) & (array <= 1))]
    if wrong.size:
        raise InputError(f"p is {wrong.flat[0]:g}; it must be from 0 to 1")
    return np.rint(array * 2.0**p_bits).astype(np.int64)


def thresholds_of(codes: ArrayLike, p_bits: int) -> Words:
    """Thresholds of codes of `p_bits` bits. Raises `InputError` for a code outside the grid."""
    check_whole(p_bits, "p_bits", 1, MOST_BITS)
    array = np.asarray(codes, np.int64)
    if array.size and not 0 <= array.min() <= array.max() <= 2**p_bits:
        raise InputError(f"codes are {array.min()} to {array.max()}, not 0 to {2**p_bits}")
    return array.astype(np.uint64) << np.uint64(MOST_BITS - p_bits)


def digits_of(thresholds: Words) -> int:
    """The least number of digits, 8 to 32, that all of `thresholds` can be drawn with."""
    bits = int(np.bitwise_or.reduce(np.asarray(thresholds, np.uint64), axis=None))
    return next(digits for digits in _DIGITS if bits % (1 << (MOST_BITS - digits)) == 0)


def check_digits(thresholds: Words, digits: int) -> None:
    """Raise `InputError` unless `thresholds` can be drawn with `digits` digits."""
    if digits not in _DIGITS:
        raise InputError(f"digits are {digits}; they must be one of {_DIGITS}")
    if thresholds.size and thresholds.max() > ONE:
        raise InputError(f"a threshold is {thresholds.max()}; it must be at most {ONE}")
    if digits_of(thresholds) > digits:
        raise InputError(f"a threshold takes {digits_of(thresholds)} digits, not {digits}")


def drawn(
    thresholds: Words, cycles: int, seed: int, bank: int, sample: int = 0, digits: int = 8
) -> Words:
    """Packed streams (*thresholds.shape, words) of the definition above.

    Streams are numbered from 0 in the order of `thresholds`. Raises `InputError` for thresholds
    that `digits` digits do not hold, or a seed, bank or sample that is no number of 64 bits.
    """
    array = np.asarray(thresholds, np.uint64)
    check_digits(array, digits)
    for value, name in ((seed, "seed"), (bank, "bank"), (sample, "sample")):
        check_whole(value, name, 0, 2**64 - 1)
    rows = np.zeros((-(-array.size // LANES), LANES), np.uint64)
    rows.ravel()[: array.size] = array.ravel()
    words = np.zeros((*rows.shape, words_of(cycles)), np.uint64)
    random = _outputs(words.shape[-1], seed, bank, sample)
    for n, row in enumerate(rows):
        carry = words[n]
        for digit in reversed(range(digits)):
            u = next(random)
            one = row[:, None] >> np.uint64(MOST_BITS - 1 - digit) & np.uint64(1)
            carry = np.where(one == 1, u | carry, u & carry)
        words[n] = np.where(row[:, None] == ONE, np.uint64(2**64 - 1), carry)
    streams = words.reshape(-1, words.shape[-1])[: array.size] & tail_mask(cycles)
    return streams.reshape(*array.shape, -1)


def _outputs(words: int, seed: int, bank: int, sample: int) -> Iterator[Words]:
    """Successive outputs (LANES, words) of all generators."""
    lanes = np.arange(LANES, dtype=np.uint64)[:, None]
    a, b = _threefry(sample, np.arange(words, dtype=np.uint64) << np.uint64(8) | lanes, seed, bank)
    c = np.ones_like(a)
    for n in count(1):
        output = a + b + np.uint64(n)
        a = b ^ b >> np.uint64(11)
        b = c + (c << np.uint64(3))
        c = (c << np.uint64(24) | c >> np.uint64(40)) + output
        if n > WARM_UP:
            yield output


def _threefry(x0: int, x1: Words, key0: int, key1: int) -> tuple[Words, Words]:
    keys = [np.uint64(key) for key in (key0, key1, _PARITY ^ key0 ^ key1)]
    a, b = np.full(x1.shape, x0, np.uint64) + keys[0], x1 + keys[1]
    for n, turn in enumerate(_TURNS):
        a = a + b
        b = (b << np.uint64(turn) | b >> np.uint64(64 - turn)) ^ a
        if n % 4 == 3:
            step = n // 4 + 1
            a, b = a + keys[step % 3], b + keys[(step + 1) % 3] + np.uint64(step)
    return a, b
