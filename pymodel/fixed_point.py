"""Fixed-point formats of 16 bits as bit fields, and conversion from fp32 (locatelli2018, IV)."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["CODINGS", "FIXED_NAMES", "FixedFormat", "fixed_format"]

#: Codings of negative numbers, by the letters that begin a format's name.
CODINGS = {"q": "two's complement", "sm": "sign and magnitude"}
#: What a format may be called, in words.
FIXED_NAMES = "qM.N or smM.N with M + N = 15 and M from -9 to 15"

_NAME = re.compile(r"(q|sm)(-?\d{1,2})\.(\d{1,2})")


@dataclass(frozen=True)
class FixedFormat:
    """A sign bit, `integer_bits` and `fraction_bits`, 16 bits in all; any binary point.

    Left of the word as well: `sm-2.17` has the range of a quarter, so `integer_bits` is -2.
    `coding` is `q`, two's complement (ARM's Q notation), or `sm`, sign and magnitude, where a
    number that crosses zero changes its sign bit and few others. Bit 0 is the least significant.
    """

    coding: str
    fraction_bits: int

    @property
    def name(self) -> str:
        """As a plan names it: `q0.15`, `sm2.13`."""
        return f"{self.coding}{self.integer_bits}.{self.fraction_bits}"

    @property
    def width(self) -> int:
        """Bits in a word."""
        return 16

    @property
    def integer_bits(self) -> int:
        """Bits before the binary point, the sign not counted; negative where it is left of them."""
        return 15 - self.fraction_bits

    @property
    def low_bits(self) -> int:
        """Bits that a split may set apart from the sign."""
        return 15

    @property
    def dtype(self) -> np.dtype:
        """The unsigned integer type that holds one word."""
        return np.dtype(np.uint16)

    @property
    def mask(self) -> int:
        """A word with all bits set."""
        return 0xFFFF

    @property
    def largest(self) -> float:
        """The largest number."""
        return 32767 / (1 << self.fraction_bits)

    @property
    def smallest(self) -> float:
        """The most negative number."""
        return -self.largest if self.coding == "sm" else -32768 / (1 << self.fraction_bits)

    def encode(self, values: NDArray[np.float32], rounding: str = "rne") -> NDArray:
        """Words of `dtype` for fp32 `values` of any shape; what is out of range saturates.

        `rounding` is `rne` (to nearest, ties to even) or `truncate` (drop the bits below the last:
        towards minus infinity in two's complement, towards zero in sign and magnitude). Zero has
        one word, 0; a NaN, which fixed point has not, becomes 0.
        """
        if rounding not in ("rne", "truncate"):
            raise InputError(f"rounding is {rounding!r}; it must be 'rne' or 'truncate'")
        # A product with a power of 2 is exact; numpy's rint rounds ties to even.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.asarray(values, dtype=np.float32) * np.float32(1 << self.fraction_bits)
        if rounding == "rne":
            whole = np.rint(scaled)
        else:
            whole = np.trunc(scaled) if self.coding == "sm" else np.floor(scaled)
        lowest = -32767 if self.coding == "sm" else -32768
        number = np.nan_to_num(np.clip(whole, lowest, 32767)).astype(np.int32)
        if self.coding == "sm":
            number = np.where(number < 0, 0x8000 - number, number)
        return (number & 0xFFFF).astype(np.uint16)

    def decode(self, words: NDArray) -> NDArray[np.float32]:
        """The fp32 values of `words`, exactly; the word of a negative zero is 0."""
        words = np.asarray(words, dtype=self.dtype)
        if self.coding == "sm":
            magnitude = (words & 0x7FFF).astype(np.int32)
            number = np.where(words & 0x8000, -magnitude, magnitude)
        else:
            number = words.view(np.int16).astype(np.int32)
        return number.astype(np.float32) / np.float32(1 << self.fraction_bits)


@lru_cache(maxsize=64)
def fixed_format(name: str) -> FixedFormat | None:
    """The format called `name`, such as `q0.15` or `sm2.13`; None if it is no such name.

    Raises `InputError` if the bits do not add up to 16.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    integer, fraction = int(found[2]), int(found[3])
    if integer + fraction != 15 or fraction > 24 or name != f"{found[1]}{integer}.{fraction}":
        raise InputError(f"format is {name!r}; a fixed-point format is {FIXED_NAMES}")
    return FixedFormat(found[1], fraction)
