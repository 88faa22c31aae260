"""Stochastic numbers: formats, and bit streams packed 64 cycles a word.

A *stream* is a bit a cycle; `p`, the probability that a bit is 1, is the number it stands for. Its
*format* says which number: unipolar v = p in [0, 1]; bipolar v = 2p - 1 in [-1, 1]; integral, the
sum of m streams of either format, in [0, m] or [-m, m] (mondal2018, Section II-B; Ardakani et al.,
ISTC 2016).

Packed, cycle t of a stream is bit t % 64, counted from the least, of word t // 64; bits past the
last cycle are 0. Arrays have the words (or the cycles) last.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import check_whole, real_array

__all__ = [
    "FORMATS",
    "MOST_CYCLES",
    "check_cycles",
    "decoded",
    "encoded",
    "integral",
    "multiplied",
    "ones",
    "packed",
    "tail_mask",
    "unpacked",
    "words_of",
]

FORMATS = ("unipolar", "bipolar")
#: Cycles that a stream may have.
MOST_CYCLES = 2**30

Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]
Reals = NDArray[np.float64]


def check_cycles(cycles: Any) -> int:
    """`cycles` if a stream may be so long; raises `InputError`."""
    check_whole(cycles, "cycles", 1, MOST_CYCLES)
    return int(cycles)


def words_of(cycles: int) -> int:
    """Words that `cycles` cycles take."""
    return (check_cycles(cycles) + 63) // 64


def tail_mask(cycles: int) -> Words:
    """A word for each of a stream's words, 1 where a bit is a cycle."""
    mask = np.full(words_of(cycles), 2**64 - 1, np.uint64)
    if cycles % 64:
        mask[-1] = 2 ** (cycles % 64) - 1
    return mask


def packed(bits: ArrayLike) -> Words:
    """Words of `bits` (..., cycles), each 0 or 1. Raises `InputError`."""
    array = np.asarray(bits)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InputError(f"bits have the shape {array.shape}; there must be a cycle at least")
    if not np.isin(array, (0, 1)).all():
        raise InputError("a stream has a bit that is neither 0 nor 1")
    cycles = array.shape[-1]
    octets = np.zeros((*array.shape[:-1], 8 * words_of(cycles)), np.uint8)
    filled = np.packbits(array.astype(np.uint8), axis=-1, bitorder="little")
    octets[..., : filled.shape[-1]] = filled
    return octets.view("<u8").astype(np.uint64)


def unpacked(words: Words, cycles: int) -> Bits:
    """Bits (..., cycles) of `words` (..., words). Raises `InputError` if those are not as many."""
    array = np.ascontiguousarray(words, "<u8")
    if array.shape[-1] != words_of(cycles):
        raise InputError(
            f"streams have {array.shape[-1]} words; {cycles} cycles take {words_of(cycles)}"
        )
    return np.unpackbits(array.view(np.uint8), axis=-1, bitorder="little")[..., :cycles]


def ones(words: Words) -> NDArray[np.int64]:
    """How many bits of each stream (..., words) are 1."""
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)


def encoded(values: ArrayLike, format: str, most: int = 1) -> Reals:
    """The probability of each of `most` equal streams that together stand for `values`.

    Unipolar: v / most; bipolar: (1 + v / most) / 2. Raises `InputError` for a value outside the
    format's range, [0, most] or [-most, most].
    """
    _check_format(format)
    check_whole(most, "most", 1, 2**20)
    array = real_array(values, "values")
    least = 0 if format == "unipolar" else -most
    wrong = array[~((array >= least) & (array <= most))]
    if wrong.size:
        raise InputError(
            f"the value {wrong.flat[0]:g} is no {format} number of {most} stream(s); it must be "
            f"from {least} to {most}"
        )
    share = array / most
    return share if format == "unipolar" else (1 + share) / 2


def decoded(words: Words, cycles: int, format: str) -> Reals:
    """What each stream (..., words) of `cycles` cycles stands for: k/n, or (2k - n)/n."""
    _check_format(format)
    share = ones(words) / check_cycles(cycles)
    return share if format == "unipolar" else 2 * share - 1


def integral(bits: Bits, format: str) -> NDArray[np.int64]:
    """Integral stream (..., cycles) that is the sum of streams `bits` (m, ..., cycles).

    Unipolar bits count 0 or 1, bipolar ones -1 or 1; the mean over cycles is what it stands for.
    """
    _check_format(format)
    total: Any = np.asarray(bits).sum(axis=0, dtype=np.int64)
    return total if format == "unipolar" else 2 * total - len(bits)


def multiplied(a: Words, b: Words, cycles: int, format: str) -> Words:
    """Products of independent streams: AND of unipolar ones, XNOR of bipolar ones."""
    _check_format(format)
    both = a & b if format == "unipolar" else ~(a ^ b)
    return both & tail_mask(cycles)


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise InputError(f"the format is {format!r}; it must be {' or '.join(FORMATS)}")
