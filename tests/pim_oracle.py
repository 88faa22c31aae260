"""Operands and independent results for float programs: numpy, ml_dtypes, and exact float64."""

from collections.abc import Callable

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

DTYPES = {"fp32": np.float32, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}
SHAPES = {"fp32": (8, 23), "fp16": (5, 10), "bf16": (8, 7)}
Operation = Callable[[NDArray, NDArray], NDArray]


def word_type(format: str) -> np.dtype:
    return np.dtype(np.uint32 if format == "fp32" else np.uint16)


def specials(format: str) -> NDArray:
    """Both signs of zeros, subnormals, the smallest and largest numbers, 1 and its neighbours,
    powers of 2 apart by what rounds and what does not, infinities and NaNs."""
    exponents, fraction = SHAPES[format]
    one, top, last = 1 << fraction, (1 << exponents) - 1, (1 << fraction) - 1
    bias = top // 2
    words = [0, 1, 2, 3, last, last - 1, 1 << (fraction - 1)]
    for exponent in (1, 2, bias // 2, bias - fraction - 2, bias - fraction - 1, bias - fraction):
        words += [exponent * one, exponent * one + 1, exponent * one + last]
    for exponent in (bias - 1, bias, bias + 1, bias + fraction, bias + fraction + 1, top - 2):
        words += [exponent * one, exponent * one + 1, exponent * one + last]
    words += [(top - 1) * one + 1, (top - 1) * one + last, (bias + bias // 2) * one + last // 3]
    words += [top * one, top * one + 1, top * one + last, top * one + (1 << (fraction - 1))]
    both = np.array(sorted(set(words)), np.uint64)
    return np.concatenate([both, both | (one << exponents)]).astype(word_type(format))


def operands(format: str, count: int, seed: int) -> NDArray:
    """`count` words: the specials, then random ones, half of them near each other in exponent."""
    random = np.random.default_rng(seed)
    exponents, fraction = SHAPES[format]
    width = 1 + exponents + fraction
    special = specials(format)
    rest = random.integers(0, 1 << width, count - special.size, np.uint64)
    near = random.integers(0, 3, rest.size, np.uint64) + np.uint64((1 << exponents) // 2 - 2)
    cut = rest & np.uint64((1 << fraction) - 1 | 1 << (width - 1))
    rest[::2] = (cut | near << np.uint64(fraction))[::2]
    return np.concatenate([special, rest.astype(special.dtype)])


def pairs(words: NDArray) -> tuple[NDArray, NDArray]:
    """Every pair of `words`."""
    return np.repeat(words, words.size), np.tile(words, words.size)


def expected(format: str, operation: Operation, *words: NDArray) -> NDArray:
    """What `operation` of numpy gives, as words."""
    with np.errstate(all="ignore"):
        values = operation(*(w.view(DTYPES[format]) for w in words))
    return values.astype(DTYPES[format]).view(word_type(format))


def is_nan(format: str, words: NDArray) -> NDArray[np.bool_]:
    exponents, fraction = SHAPES[format]
    magnitude = words & word_type(format).type((1 << (exponents + fraction)) - 1)
    return magnitude > word_type(format).type(((1 << exponents) - 1) << fraction)


def mismatches(format: str, got: NDArray, wanted: NDArray) -> NDArray[np.intp]:
    """Where results differ; a NaN equals a NaN."""
    both = is_nan(format, got) & is_nan(format, wanted)
    return np.nonzero((got != wanted) & ~both)[0]


def check(format: str, got: NDArray, wanted: NDArray, *words: NDArray) -> None:
    """Fail with the first few operands whose results differ."""
    wrong = mismatches(format, got, wanted)
    lines = [
        f"{[hex(int(w[i])) for w in words]}: got {int(got[i]):#x}, expected {int(wanted[i]):#x}"
        for i in wrong[:5]
    ]
    assert not wrong.size, f"{wrong.size} of {got.size} differ; " + "; ".join(lines)


def flushed(format: str, words: NDArray) -> NDArray:
    """Words with zeros of their sign for subnormals."""
    exponents, fraction = SHAPES[format]
    exponent = words >> word_type(format).type(fraction)
    small = (exponent & word_type(format).type((1 << exponents) - 1)) == 0
    sign = word_type(format).type(1 << (exponents + fraction))
    return np.where(small, words & sign, words).astype(words.dtype)


def flushing_sum(format: str, a: NDArray, b: NDArray) -> NDArray:
    """a + b of flushed operands; a sum that is subnormal is exact, so it may be flushed last."""
    return flushed(format, expected(format, np.add, flushed(format, a), flushed(format, b)))


def flushing_product(format: str, a: NDArray, b: NDArray) -> NDArray:
    """a * b of flushed operands, flushed if it is subnormal once rounded with any exponent.

    Products of 24-bit significands are exact in float64, and so is rounding them there.
    """
    exponents, fraction = SHAPES[format]
    with np.errstate(all="ignore"):
        exact = np.ones(a.shape)
        for words in (a, b):
            exact = exact * flushed(format, words).view(DTYPES[format]).astype(np.float64)
        mantissa, exponent = np.frexp(exact)
        rounded = np.ldexp(np.rint(np.ldexp(mantissa, fraction + 1)), exponent - fraction - 1)
        smallest = 2.0 ** (2 - 2 ** (exponents - 1))
        zero = np.copysign(0.0, exact)
        result = np.where(np.abs(rounded) < smallest, zero, rounded)
        return result.astype(np.float32).astype(DTYPES[format]).view(word_type(format))
