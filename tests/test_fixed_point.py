"""Fixed-point formats against exact arithmetic on fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.fixed_point import FixedFormat, fixed_format
from nvmcosim.pymodel.formats import number_format

FORMATS = [FixedFormat(coding, bits) for coding in ("q", "sm") for bits in (0, 7, 15, 17)]


def named(value):
    return value.name if isinstance(value, FixedFormat) else str(value)


def some_values(fraction_bits: int) -> np.ndarray:
    random = np.random.default_rng(2)
    whole = random.integers(-40_000, 40_000, 2_000) / 2
    near = whole + random.choice([-1e-3, 0.0, 1e-3], whole.size)
    values = np.concatenate([whole, near, random.normal(0, 3, 2_000)]) / 2.0**fraction_bits
    special = [0.0, -0.0, np.inf, -np.inf, 3e38, -3e38, 1e-40, -1e-40]
    return np.concatenate([special, values]).astype(np.float32)


def expected_word(value: float, fmt: FixedFormat, rounding: str) -> int:
    """By the definition: the number on the grid, saturated, then its code."""
    lowest = -32767 if fmt.coding == "sm" else -32768
    if math.isinf(value):
        number = 32767 if value > 0 else lowest
    else:
        exact = Fraction(float(value)) * 2**fmt.fraction_bits
        if rounding == "rne":
            number = round(exact)
        else:
            number = math.trunc(exact) if fmt.coding == "sm" else math.floor(exact)
        number = min(max(number, lowest), 32767)
    if fmt.coding == "sm":
        return (0x8000 if number < 0 else 0) | abs(number)
    return number & 0xFFFF


@pytest.mark.parametrize("rounding", ["rne", "truncate"])
@pytest.mark.parametrize("fmt", FORMATS, ids=named)
def test_words_are_the_rounded_saturated_numbers(fmt, rounding):
    values = some_values(fmt.fraction_bits)
    words = fmt.encode(values, rounding)
    assert words.dtype == np.uint16
    expected = [expected_word(value, fmt, rounding) for value in values]
    np.testing.assert_array_equal(words, expected)


@pytest.mark.parametrize("fmt", FORMATS, ids=named)
def test_every_word_is_decoded_exactly_and_comes_back(fmt):
    words = np.arange(1 << 16).astype(np.uint16)
    values = fmt.decode(words)
    for word in (*range(0, 1 << 16, 257), 0x7FFF, 0x8000, 0x8001, 0xFFFF):
        magnitude = word & 0x7FFF
        signed = -magnitude if word >> 15 else magnitude
        number = signed if fmt.coding == "sm" else word - (word >> 15 << 16)
        assert Fraction(float(values[word])) == Fraction(number, 2**fmt.fraction_bits)
    back = fmt.encode(values)
    if fmt.coding == "sm":
        words[0x8000] = 0  # zero has one word
    np.testing.assert_array_equal(back, words)
    assert values.max() == np.float32(fmt.largest)
    assert values.min() == np.float32(fmt.smallest)


def test_a_nan_is_zero():
    for fmt in FORMATS:
        np.testing.assert_array_equal(fmt.encode(np.array([np.nan], np.float32)), [0])


def test_names_say_where_the_point_is():
    assert number_format("sm0.15") == FixedFormat("sm", 15)
    assert number_format("q2.13").integer_bits == 2
    assert [fmt.name for fmt in map(number_format, ("q15.0", "sm8.7"))] == ["q15.0", "sm8.7"]
    assert number_format("sm-2.17").largest == 32767 / 2**17
    assert number_format("q-1.16").smallest == -0.5
    assert fixed_format("bf16") is None


@pytest.mark.parametrize(
    "name", ["q1.15", "sm0.14", "q00.15", "Q0.15", "q-2.16", "q-10.25", "sm-0.15", "fix16", 15]
)
def test_wrong_names_are_one_sentence(name):
    with pytest.raises(InputError, match=r"format is .*qM\.N or smM\.N with M \+ N = 15"):
        number_format(name)


def test_unknown_rounding_is_refused():
    with pytest.raises(InputError, match="rounding is 'up'"):
        FORMATS[0].encode(np.zeros(1, np.float32), "up")
