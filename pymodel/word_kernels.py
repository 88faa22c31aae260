"""Parameters as words and back, block by block: the conversions of the formats, compiled."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numba
import numpy as np

from nvmcosim.pymodel.draw_kernels import fill, part
from nvmcosim.pymodel.fixed_point import FixedFormat
from nvmcosim.pymodel.formats import NumberFormat
from nvmcosim.pymodel.lane_code import address_as_pointer

__all__ = ["MODES", "NATIVE", "keep_words", "load_words", "mode_of"]

#: What values are: words of the format itself.
NATIVE = 0
#: What fp32 values are, by the format that they become words of and how they are rounded.
MODES = {
    ("bf16", "rne"): 1,
    ("bf16", "truncate"): 2,
    ("fp16", "rne"): 3,
    ("fp16", "truncate"): 4,
}
_BF16, _BF16_TRUNCATED, _FP16 = 1, 2, 3
#: Fixed point from here on: bit 0 says truncated, bit 1 sign and magnitude; fraction bits above.
_FIXED = 64


def mode_of(number_format: NumberFormat, rounding: str) -> int:
    """The mode of fp32 values that become words of `number_format`."""
    if isinstance(number_format, FixedFormat):
        coded = number_format.coding == "sm", rounding == "truncate"
        return _FIXED + (number_format.fraction_bits << 2 | coded[0] << 1 | coded[1])
    return MODES.get((number_format.name, rounding), NATIVE)


@part
def load_words(lanes, address, first, words, mode, width):
    """Words `first` to `first + words` of the values at `address`, in `lanes`; zeros after."""
    if words * width < lanes.size * 64:
        fill(lanes, np.uint64(0))
    if mode == NATIVE:
        size = width >> 3
        source = numba.carray(address_as_pointer(address + first * size), words * size, np.uint8)
        target = lanes.view(np.uint8)
        for i in range(words * size):
            target[i] = source[i]
        return
    if mode >= _FIXED:
        _load_fixed(lanes.view(np.uint16), address + first * 4, words, mode)
        return
    bits = numba.carray(address_as_pointer(address + first * 4), words, np.uint32)
    halves = lanes.view(np.uint16)
    if mode >= _FP16:
        for i in range(words):
            halves[i] = _to_fp16(np.int64(bits[i]), mode == _FP16)
        return
    half = np.uint32(0x7FFF if mode == _BF16 else 0)
    tie = np.uint32(mode == _BF16)
    for i in range(words):
        # The casts keep the compiler in 32 bits; numba's own rules widen to 64.
        value = bits[i]
        top = np.uint32(value >> np.uint32(16))
        rounded = np.uint32(value + half + np.uint32(top & tie)) >> np.uint32(16)
        nan = np.uint32(value & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000)
        halves[i] = np.uint16(np.uint32(top | np.uint32(0x40)) if nan else rounded)


@part
def keep_words(lanes, address, first, words, mode, width):
    """The inverse of `load_words`: the first `words` of `lanes` as values at `address`."""
    if mode == NATIVE:
        size = width >> 3
        target = numba.carray(address_as_pointer(address + first * size), words * size, np.uint8)
        source = lanes.view(np.uint8)
        for i in range(words * size):
            target[i] = source[i]
        return
    if mode >= _FIXED:
        _keep_fixed(lanes.view(np.uint16), address + first * 4, words, mode)
        return
    bits = numba.carray(address_as_pointer(address + first * 4), words, np.uint32)
    halves = lanes.view(np.uint16)
    if mode >= _FP16:
        for i in range(words):
            bits[i] = _from_fp16(np.int64(halves[i]))
        return
    for i in range(words):
        bits[i] = np.uint32(halves[i]) << np.uint32(16)


@part
def _load_fixed(halves, address, words, mode):
    """`FixedFormat.encode` of the fp32 values at `address`."""
    values = numba.carray(address_as_pointer(address), words, np.float32)
    scale = np.float32(1 << (mode - _FIXED >> 2))
    lowest = np.float32(-32767.0 if mode & 2 else -32768.0)
    for i in range(words):
        x = values[i] * scale
        x = x if x > lowest else lowest
        x = x if x < np.float32(32767.0) else np.float32(32767.0)
        whole = (np.trunc(x) if mode & 2 else np.floor(x)) if mode & 1 else np.rint(x)
        number = np.int32(whole) if values[i] == values[i] else np.int32(0)
        if mode & 2:
            number = np.int32(-32768) - number if number < 0 else number
        halves[i] = np.uint16(number & np.int32(0xFFFF))


@part
def _keep_fixed(halves, address, words, mode):
    """`FixedFormat.decode` to the fp32 values at `address`."""
    values = numba.carray(address_as_pointer(address), words, np.float32)
    step = np.float32(1.0 / (1 << (mode - _FIXED >> 2)))
    for i in range(words):
        number = np.int16(halves[i])
        if mode & 2:
            magnitude = np.float32(np.int32(number & np.int16(0x7FFF))) * step
            # Adding 0 makes a negative zero positive.
            values[i] = (-magnitude if number < 0 else magnitude) + np.float32(0.0)
        else:
            values[i] = np.float32(np.int32(number)) * step


@part
def _to_fp16(bits, nearest):
    """The fp16 word of a value of fp32 `bits`, rounded to nearest or truncated."""
    sign, magnitude = bits >> 16 & 0x8000, bits & 0x7FFFFFFF
    if magnitude > 0x7F800000:
        return sign | 0x7E00 | (bits >> 13 & 0x3FF)
    if magnitude >= 0x47800000:
        return sign | (0x7C00 if nearest or magnitude == 0x7F800000 else 0x7BFF)
    # Exponents differ by 112; below 2^-14 fp16 has no leading one, and its fraction moves down.
    number, places = magnitude - (112 << 23), 13
    if magnitude < 113 << 23:
        number = magnitude & 0x7FFFFF | 0x800000
        places = min(126 - (magnitude >> 23), 25)
    if nearest:
        number += (1 << (places - 1)) - 1 + (number >> places & 1)
    return sign | number >> places


@part
def _from_fp16(word):
    """The fp32 bits of an fp16 word."""
    sign, exponent, fraction = (word & 0x8000) << 16, word >> 10 & 0x1F, word & 0x3FF
    if exponent == 0x1F:
        return sign | 0x7F800000 | fraction << 13
    if exponent == 0:
        if fraction == 0:
            return sign
        exponent = 1
        while not fraction & 0x400:
            fraction <<= 1
            exponent -= 1
    return sign | (exponent + 112) << 23 | (fraction & 0x3FF) << 13
