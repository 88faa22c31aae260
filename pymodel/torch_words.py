"""Words of a float format as torch tensors, on any device; the numbers of `formats` in torch.

torch has no arithmetic on unsigned 16- and 32-bit integers: words are int16 or int32 tensors of
the same bits.
"""

import torch

from nvmcosim.pymodel.formats import FloatFormat

__all__ = ["decode", "encode", "native_dtype", "word_dtype"]

_NATIVE = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def native_dtype(number_format: FloatFormat) -> torch.dtype:
    """The torch dtype whose bits are words of `number_format`."""
    return _NATIVE[number_format.name]


def word_dtype(number_format: FloatFormat) -> torch.dtype:
    """The signed integer dtype that holds words of `number_format`."""
    return torch.int16 if number_format.width == 16 else torch.int32


def encode(values: torch.Tensor, number_format: FloatFormat, rounding: str) -> torch.Tensor:
    """Words, contiguous in `values`' shape, of a tensor of fp32 or of the format's own dtype.

    The bits of `FloatFormat.encode`; a value of the format's own dtype keeps its bits.
    """
    values = values.contiguous()
    if values.dtype == native_dtype(number_format):
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


def decode(words: torch.Tensor, number_format: FloatFormat) -> torch.Tensor:
    """The values of `words`, in the format's own dtype and `words`' shape; shares its storage."""
    return words.view(native_dtype(number_format))
