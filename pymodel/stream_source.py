"""Random bits of stochastic streams, each a pure function of what it is: the definition, in numpy.

A stream is named by (seed, bank, sample, stream): a *bank* is a set of generators, such as a
layer's weights; a *sample* is one decision of the network. Its bit at cycle t is the carry out of
u + threshold, where u is a uniform number of 32 bits drawn for this bit alone and the threshold
is p in units of 2**-32, from 0 to 2**32: the bit is 1 with probability p, exactly. Digit d of u,
counted from the most significant, is bit t % 64 of output d % 2 of Threefry-2x64-13 (Salmon et
al., SC 2011) with the key (seed, bank) and the counter (sample, stream << 32 | t // 64 << 8 |
d // 2).

So bits do not depend on how many cycles, streams or threads there are; and a p of few digits has
the same bits whether it is drawn to 8 digits or to 32, as a carry starts at p's last 1 at the
least.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.streams import tail_mask, words_of
from nvmcosim.pymodel.units import check_whole

__all__ = [
    "MOST_BITS",
    "MOST_STREAMS",
    "ONE",
    "bank_of",
    "codes_of",
    "digits_of",
    "drawn",
    "thresholds_of",
]

#: Digits of a threshold, and the threshold of p = 1.
MOST_BITS = 32
ONE = 2**MOST_BITS
#: Streams of a bank.
MOST_STREAMS = 2**32
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
    array = np.asarray(probabilities, np.float64)
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
    """Digits that all of `thresholds` can be drawn with: up to the last 1 of any."""
    bits = int(np.bitwise_or.reduce(np.asarray(thresholds, np.uint64), axis=None))
    below = bits & (ONE - 1)
    return MOST_BITS - ((below & -below).bit_length() - 1) if below else 0


def drawn(
    thresholds: Words, cycles: int, seed: int, bank: int, sample: int = 0, first: int = 0
) -> Words:
    """Packed streams (*thresholds.shape, words) of the definition above.

    Streams are numbered from `first` in the order of `thresholds`. Raises `InputError` for a
    threshold above 2**32, or a seed, bank or sample that is no number of 64 bits.
    """
    array = np.asarray(thresholds, np.uint64)
    if array.size and array.max() > ONE:
        raise InputError(f"a threshold is {array.max()}; it must be at most {ONE}")
    for value, name in ((seed, "seed"), (bank, "bank"), (sample, "sample")):
        check_whole(value, name, 0, 2**64 - 1)
    check_whole(first, "first", 0, MOST_STREAMS - array.size)
    streams = np.arange(first, first + array.size, dtype=np.uint64).reshape(*array.shape, 1)
    words = np.arange(words_of(cycles), dtype=np.uint64)
    counters = streams << np.uint64(32) | words << np.uint64(8)
    bits = np.zeros(counters.shape, np.uint64)
    number = array[..., None]
    for digit in reversed(range(digits_of(array))):
        pair = _threefry(sample, counters | np.uint64(digit // 2), seed, bank)
        u = pair[digit % 2]
        one = number >> np.uint64(MOST_BITS - 1 - digit) & np.uint64(1)
        bits = np.where(one == 1, u | bits, u & bits)
    bits = np.where(number == ONE, np.uint64(2**64 - 1), bits)
    return bits & tail_mask(cycles)


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
