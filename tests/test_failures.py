"""Recipes for failure masks: that what they draw has exactly the rates asked for."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.failures import BLOCK_LANES, failure_recipe, full_recipe

#: Every cell's rate is this exact, or better: a 64-bit comparison's resolution and a table's
#: rounding, with room for a hundred table entries.
EXACT = Fraction(1, 2**57)


def drawn_rates(recipe):
    """The failure rate of each bit position that a recipe's fields imply, as exact fractions."""
    rates = []
    for bit in range(recipe.width):
        rate = Fraction(int(recipe.base) >> bit & 1)
        for digit in recipe.digits.tolist():
            rate = (rate + (digit >> bit & 1)) / 2
        rates.append(rate)
    for group, size in enumerate(recipe.group_sizes.tolist()):
        # The mean of a count is the sum of its tail probabilities.
        mean = Fraction(sum(recipe.tables[group].tolist()), 2**64)
        share = mean / (size * recipe.block_words)
        for bit in recipe.group_bits[group, :size].tolist():
            clears = recipe.group_clears[group]
            rates[bit] = (
                rates[bit] * (1 - share) if clears else rates[bit] + (1 - rates[bit]) * share
            )
    return rates


def rates_of(width):
    tiny = st.sampled_from([0.0, 1.0, 0.5, 1e-10, 3.2e-5, 1 - 1e-10, 2.0**-34, 2.0**-50, 0.841])
    return st.lists(st.one_of(tiny, st.floats(0, 1)), min_size=width, max_size=width)


@settings(max_examples=40, deadline=None)
@given(st.one_of(rates_of(16), rates_of(32)))
def test_drawn_rates_are_exact(rates):
    for rate, drawn in zip(rates, drawn_rates(failure_recipe(rates)), strict=True):
        assert abs(Fraction(rate) - drawn) <= EXACT


@settings(max_examples=40, deadline=None)
@given(rates_of(16))
def test_full_comparison_is_exact_to_its_64_digits(rates):
    recipe = full_recipe(rates)
    assert len(recipe.digits) == 64
    assert not len(recipe.group_sizes)
    for rate, drawn in zip(rates, drawn_rates(recipe), strict=True):
        assert abs(Fraction(rate) - drawn) <= Fraction(1, 2**64)


def test_a_rate_of_1e_10_is_a_rate():
    recipe = failure_recipe([1e-10] * 16)
    cells = 16 * recipe.block_words
    assert recipe.tables[0, 0] == pytest.approx(2**64 * binom.sf(0, cells, 1e-10), rel=1e-12)
    assert abs(drawn_rates(recipe)[0] / Fraction(1e-10) - 1) < Fraction(1, 10**12)


@pytest.mark.parametrize("rate", [1e-10, 1e-6, 1e-3, 0.01])
def test_tables_are_binomial_tails(rate):
    recipe = failure_recipe([rate] * 8 + [0.0] * 8)
    table = recipe.tables[0].astype(float) / 2**64
    tails = binom.sf(np.arange(table.size), 8 * recipe.block_words, rate)
    np.testing.assert_allclose(table, tails, rtol=1e-9, atol=2.0**-63)
    assert (np.diff(recipe.tables[0].astype(object)) <= 0).all()
    assert recipe.tables[0, -1] == 0


def test_half_takes_exactly_one_random_bit():
    recipe = failure_recipe([0.5] * 16)
    assert recipe.digits.tolist() == [2**64 - 1]
    assert recipe.base == 0
    assert not len(recipe.group_sizes)


def test_certain_bits_draw_nothing():
    recipe = failure_recipe([1.0] * 6 + [0.0] * 10)
    assert not len(recipe.digits)
    assert not len(recipe.group_sizes)
    assert recipe.base == 0x003F_003F_003F_003F


def test_equal_rates_share_a_group():
    recipe = failure_recipe([0.841] * 6 + [3.2e-5] * 10)
    members = [
        sorted(bits[:size].tolist())
        for bits, size in zip(recipe.group_bits, recipe.group_sizes, strict=True)
    ]
    assert members == [list(range(6)), list(range(6, 16))]


def test_a_block_has_the_same_lanes_for_both_widths():
    assert failure_recipe([0.1] * 16).block_words == BLOCK_LANES * 4
    assert failure_recipe([0.1] * 32).block_words == BLOCK_LANES * 2


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([0.1] * 15, "rates has shape"),
        ([0.1] * 15 + [1.1], "not between 0 and 1"),
        ([0.1] * 15 + [float("nan")], "not between 0 and 1"),
    ],
)
def test_wrong_rates_are_refused(rates, message):
    for make in (failure_recipe, full_recipe):
        with pytest.raises(InputError, match=message):
            make(rates)
