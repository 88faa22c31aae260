"""Formats against independent oracles: numpy's float16 and ml_dtypes' bfloat16."""

import ml_dtypes
import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import BF16, FP16, FP32, float_format

SPECIALS = np.array(
    [
        *(0x00000000, 0x80000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x33000000, 0x33000001),
        *(0x387FC000, 0x387FE000, 0x477FE000, 0x477FEFFF, 0x477FF000, 0x7F7FFFFF, 0x7F7F8000),
        *(0x7F800000, 0xFF800000, 0x3F808000, 0x3F818000, 0x3F808001, 0x33800000, 0x38800000),
    ],
    dtype=np.uint32,
)


def some_values() -> np.ndarray:
    random = np.random.default_rng(1).integers(0, 2**32, 300_000, dtype=np.uint32)
    values = np.concatenate([SPECIALS, random]).view(np.float32)
    return values[~np.isnan(values)]


def test_bf16_rounds_as_ml_dtypes() -> None:
    values = some_values()
    expected = values.astype(ml_dtypes.bfloat16).view(np.uint16)
    np.testing.assert_array_equal(BF16.encode(values), expected)


def test_fp16_rounds_as_numpy() -> None:
    values = some_values()
    with np.errstate(over="ignore"):
        expected = values.astype(np.float16).view(np.uint16)
    np.testing.assert_array_equal(FP16.encode(values), expected)


@pytest.mark.parametrize("number_format", [BF16, FP16])
def test_truncation_is_the_largest_magnitude_not_above(number_format) -> None:
    values = some_values()
    words = number_format.encode(values, "truncate")
    magnitude = np.abs(number_format.decode(words).astype(np.float64))
    exact = np.abs(values.astype(np.float64))
    finite = np.isfinite(values)
    assert (magnitude[finite] <= exact[finite]).all()
    largest = number_format.decode(np.array([(1 << number_format.width - 1) - 1], np.uint64))
    with np.errstate(invalid="ignore"):
        above = number_format.decode((words + 1).astype(number_format.dtype)).astype(np.float64)
    above = np.where(np.isnan(above), np.inf, np.abs(above))
    assert np.isnan(largest[0])
    assert (above[finite] > exact[finite]).all()
    assert (np.signbit(values) == np.signbit(number_format.decode(words))).all()


def test_bf16_truncation_is_masking() -> None:
    values = some_values()
    np.testing.assert_array_equal(BF16.encode(values, "truncate"), values.view(np.uint32) >> 16)


@pytest.mark.parametrize(
    ("number_format", "oracle"), [(BF16, ml_dtypes.bfloat16), (FP16, np.float16)]
)
def test_every_word_decodes_as_the_oracle(number_format, oracle) -> None:
    words = np.arange(1 << 16, dtype=np.uint16)
    decoded = number_format.decode(words)
    expected = words.view(oracle).astype(np.float32)
    np.testing.assert_array_equal(decoded, expected)
    same = ~np.isnan(decoded)
    np.testing.assert_array_equal(number_format.encode(decoded)[same], words[same])


@pytest.mark.parametrize("number_format", [BF16, FP16, FP32])
@pytest.mark.parametrize("rounding", ["rne", "truncate"])
def test_nan_stays_nan(number_format, rounding) -> None:
    nans = np.array([0x7F800001, 0x7FFFFFFF, 0xFFC00000], np.uint32).view(np.float32)
    assert np.isnan(number_format.decode(number_format.encode(nans, rounding))).all()


def test_fp32_is_kept_bit_for_bit_and_copied() -> None:
    values = some_values()
    words = FP32.encode(values)
    np.testing.assert_array_equal(words, values.view(np.uint32))
    words[0] ^= 1
    assert words[0] != values.view(np.uint32)[0]


def test_wrong_names_say_what_is_allowed() -> None:
    with pytest.raises(InputError, match="format is 'bf15'; it must be one of fp32, fp16, bf16"):
        float_format("bf15")
    with pytest.raises(InputError, match="rounding is 'up'"):
        BF16.encode(np.zeros(1, np.float32), "up")
