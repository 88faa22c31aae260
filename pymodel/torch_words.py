"""Words of a number format as torch tensors, on any device; the numbers of `formats` in torch.

torch has no arithmetic on unsigned 16- and 32-bit integers: words are int16 or int32 tensors of
the same bits.
"""

import torch

from nvmcosim.pymodel.fixed_point import FixedFormat
from nvmcosim.pymodel.formats import FloatFormat, NumberFormat

__all__ = ["decode", "encode", "native_dtype", "word_dtype"]

_NATIVE = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def native_dtype(number_format: NumberFormat) -> torch.dtype | None:
    """The torch dtype whose bits are words of `number_format`; None for fixed point."""
    return _NATIVE.get(number_format.name)


def word_dtype(number_format: NumberFormat) -> torch.dtype:
    """The signed integer dtype that holds words of `number_format`."""
    return torch.int16 if number_format.width == 16 else torch.int32


def encode(values: torch.Tensor, number_format: NumberFormat, rounding: str) -> torch.Tensor:
    """Words, contiguous in `values`' shape, of a tensor of fp32 or of the format's own dtype.

    The bits of the format's own `encode`; a value of its own dtype keeps its bits.
    """
    values = values.contiguous()
    if isinstance(number_format, FixedFormat):
        return _encode_fixed(values, number_format, rounding)
    return _encode_float(values, number_format, rounding)


def decode(words: torch.Tensor, number_format: NumberFormat) -> torch.Tensor:
    """The values of `words` in their shape: in the format's own dtype, or fp32 of fixed point.

    Where there is an own dtype the result shares `words`' storage.
    """
    if not isinstance(number_format, FixedFormat):
        return words.view(_NATIVE[number_format.name])
    number = words.to(torch.int32)
    if number_format.coding == "sm":
        number = torch.where(words < 0, -(number & 0x7FFF), number)
    return number.float() / (1 << number_format.fraction_bits)


def _encode_fixed(values: torch.Tensor, number_format: FixedFormat, rounding: str) -> torch.Tensor:
    signed_magnitude = number_format.coding == "sm"
    scaled = values * (1 << number_format.fraction_bits)
    if rounding == "rne":
        whole = scaled.round()
    else:
        whole = scaled.trunc() if signed_magnitude else scaled.floor()
    lowest = -32767 if signed_magnitude else -32768
    number = whole.nan_to_num(0.0).clamp(lowest, 32767).to(torch.int32)
    if signed_magnitude:
        number = torch.where(number < 0, -0x8000 - number, number)
    return number.to(torch.int16)


def _encode_float(values: torch.Tensor, number_format: FloatFormat, rounding: str) -> torch.Tensor:
    if values.dtype == _NATIVE[number_format.name]:
        return values.view(word_dtype(number_format)).clone()
    bits = values.view(torch.int32)
    nan = values.isnan()
    if number_format.name == "fp16":
        half = values.half()
        words = half.view(torch.int16)
        if rounding == "truncate":
            words = words - (half.float().abs() > values.abs()).to(torch.int16)
        quiet = (bits >> 16 & -0x8000) | 0x7E00 | (bits >> 13 & 0x3FF)
        return torch.where(nan, quiet.to(torch.int16), words)
    rounded = bits if rounding == "truncate" else bits + (0x7FFF + (bits >> 16 & 1))
    return torch.where(nan, bits >> 16 | 0x40, rounded >> 16).to(torch.int16)
