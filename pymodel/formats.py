"""Formats by name, and floating-point formats as bit fields (ono2021, Fig. 1)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.fixed_point import FIXED_NAMES, FixedFormat, fixed_format

__all__ = [
    "BF16",
    "FORMATS",
    "FP16",
    "FP32",
    "FloatFormat",
    "NumberFormat",
    "float_format",
    "number_format",
]


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format: one sign bit, exponent, fraction, from bit `width - 1` down.

    Bit 0 is the least significant fraction bit, as everywhere in this project.
    """

    name: str
    exponent_bits: int
    fraction_bits: int

    @property
    def width(self) -> int:
        """Bits in a word."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def low_bits(self) -> int:
        """Bits that a split may set apart: the fraction (ono2021, III-A)."""
        return self.fraction_bits

    @property
    def dtype(self) -> np.dtype:
        """The unsigned integer type that holds one word."""
        return np.dtype(np.uint16 if self.width == 16 else np.uint32)

    @property
    def mask(self) -> int:
        """A word with all bits set."""
        return (1 << self.width) - 1

    def encode(self, values: NDArray[np.float32], rounding: str = "rne") -> NDArray:
        """Words of `dtype` for fp32 `values` of any shape.

        `rounding` is `rne` (to nearest, ties to even; what trainers do) or `truncate` (drop the low
        fraction bits; the masking that ono2021, Section II-A describes). A NaN stays a quiet NaN.
        """
        if rounding not in ("rne", "truncate"):
            raise InputError(f"rounding is {rounding!r}; it must be 'rne' or 'truncate'")
        values = np.ascontiguousarray(values, dtype=np.float32)
        bits = values.view(np.uint32)
        if self.name == "fp32":
            return bits.copy()
        if self.name == "fp16":
            return _fp16_bits(values, rounding)
        nan = np.isnan(values)
        if rounding == "truncate":
            words = bits >> 16
        else:
            with np.errstate(over="ignore"):
                words = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
        return np.where(nan, (bits >> 16) | 0x40, words).astype(np.uint16)

    def decode(self, words: NDArray) -> NDArray[np.float32]:
        """The fp32 values of `words`; exact for every format here."""
        words = np.ascontiguousarray(words, dtype=self.dtype)
        if self.name == "fp32":
            return words.view(np.float32).copy()
        if self.name == "fp16":
            return words.view(np.float16).astype(np.float32)
        return (words.astype(np.uint32) << 16).view(np.float32)


def _fp16_bits(values: NDArray[np.float32], rounding: str) -> NDArray[np.uint16]:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    words = half.view(np.uint16).copy()
    if rounding == "truncate":
        # Rounded away from zero: one step back truncates (from infinity, the largest number).
        beyond = np.abs(half.astype(np.float32)) > np.abs(values)
        words -= beyond.astype(np.uint16)
    # numpy's own conversion of a NaN depends on the processor.
    bits = values.view(np.uint32)
    quiet = (bits >> 16 & 0x8000) | 0x7E00 | (bits >> 13 & 0x3FF)
    return np.where(np.isnan(values), quiet, words).astype(np.uint16)


FP32 = FloatFormat("fp32", 8, 23)
FP16 = FloatFormat("fp16", 5, 10)
BF16 = FloatFormat("bf16", 8, 7)

#: The formats by name.
FORMATS = {f.name: f for f in (FP32, FP16, BF16)}


def float_format(name: str) -> FloatFormat:
    """The format called `name`; raises `InputError` naming those there are."""
    if isinstance(name, str) and name in FORMATS:
        return FORMATS[name]
    raise InputError(f"format is {name!r}; it must be one of {', '.join(FORMATS)}")


#: What a word may be: both kinds convert with `encode` and `decode` and say their `width`.
NumberFormat = FloatFormat | FixedFormat


def number_format(name: str) -> NumberFormat:
    """The floating- or fixed-point format called `name`; raises `InputError` naming them."""
    if isinstance(name, str):
        if name in FORMATS:
            return FORMATS[name]
        fixed = fixed_format(name)
        if fixed is not None:
            return fixed
    raise InputError(f"format is {name!r}; it must be one of {', '.join(FORMATS)}, {FIXED_NAMES}")
