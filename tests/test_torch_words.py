"""torch's words are the golden formats' words."""

import numpy as np
import pytest
import torch

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.formats import number_format as format_named
from nvmcosim.pymodel.torch_words import decode, encode, native_dtype, word_dtype

SPECIAL = [0, 1 << 31, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFC12345, 0x7F7FFFFF, 1, 0x477FF000]


@pytest.fixture
def values():
    bits = np.random.default_rng(0).integers(0, 2**32, 100_000).astype(np.uint32)
    # Half of them near 1, where fp16 neither overflows nor underflows.
    bits[::2] = bits[::2] & 0x83FFFFFF | 0x3C000000
    bits[: len(SPECIAL)] = SPECIAL
    return bits.view(np.float32)


@pytest.mark.parametrize("rounding", ["rne", "truncate"])
@pytest.mark.parametrize("name", [*FORMATS, "q0.15", "sm0.15", "q15.0", "sm11.4"])
def test_words_are_the_formats(values, name, rounding):
    number_format = format_named(name)
    words = encode(torch.from_numpy(values), number_format, rounding)
    assert words.dtype == word_dtype(number_format)
    expected = number_format.encode(values, rounding)
    np.testing.assert_array_equal(words.numpy().view(number_format.dtype), expected)
    decoded = decode(words, number_format).float().numpy()
    np.testing.assert_array_equal(decoded, number_format.decode(expected))


@pytest.mark.parametrize("name", FORMATS)
def test_values_of_the_formats_own_dtype_keep_their_bits(name):
    number_format = FORMATS[name]
    words = torch.from_numpy(np.random.default_rng(1).integers(0, 2**15, (7, 9)))
    words = words.to(word_dtype(number_format))
    values = words.view(native_dtype(number_format))
    encoded = encode(values.t(), number_format, "rne")
    assert torch.equal(encoded, words.t())
    encoded.zero_()
    assert values.view(word_dtype(number_format)).any()
