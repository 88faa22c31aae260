"""Plans around a plan, against the rule spelled out bit by bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvmcosim.demo.neighbours import neighbour, short_pulses, splits, where
from nvmcosim.pymodel.store_plan import Domain, StorePlan

PAPER = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns")


@st.composite
def plans(draw: st.DrawFn) -> StorePlan:
    number_format = draw(st.sampled_from(["fp16", "bf16", "fp32"]))
    width = 32 if number_format == "fp32" else 16
    cuts = sorted(draw(st.sets(st.integers(1, width - 1), max_size=4)))
    bits = [b - a for a, b in zip([0, *cuts], [*cuts, width], strict=True)]
    domains = tuple(Domain(n, 5000 * draw(st.integers(0, 6))) for n in bits)
    return StorePlan(number_format, domains)


@pytest.mark.parametrize("bsp", range(1, 8))
@pytest.mark.parametrize("short", ["0 ns", "5 ns", "10 ns"])
def test_neighbours_of_the_papers_plan_are_the_papers_plans(bsp: int, short: str) -> None:
    expected = StorePlan.two_domain("bf16", bsp, "20 ns", short)
    assert neighbour(PAPER, bsp, expected.domains[-1].pulse_ps) == expected


@given(plans(), st.data())
def test_neighbour_bit_by_bit(plan: StorePlan, data: st.DataObject) -> None:
    bsp = data.draw(st.integers(0, plan.number_format.fraction_bits))
    last = plan.domains[-1].bits if len(plan.domains) > 1 else 0
    found = neighbour(plan, bsp, 35_000).bit_pulse_ps
    for bit in range(plan.width):
        expected = 35000 if bit < bsp else plan.bit_pulse_ps[max(bit, last)]
        assert found[bit] == expected


@given(plans())
def test_where_a_plan_is_gives_its_own_pulses(plan: StorePlan) -> None:
    bsp, short = where(plan)
    assert (neighbour(plan, bsp, short).bit_pulse_ps == plan.bit_pulse_ps).all()


@given(plans())
def test_full_plan_writes_every_bit_with_the_longest_pulse(plan: StorePlan) -> None:
    assert set(plan.in_full().bit_pulse_ps) == {plan.bit_pulse_ps.max()}


@given(plans())
def test_splits_and_pulses_stay_within_bounds(plan: StorePlan) -> None:
    own, short = where(plan)
    found = splits(plan)
    assert found == sorted(set(found))
    assert all(1 <= bsp <= max(own, plan.number_format.fraction_bits) for bsp in found)
    assert own == 0 or own in found
    longest = int(plan.bit_pulse_ps.max())
    assert max(short_pulses(plan, longest)) <= longest
    assert len(plan.domains) == 1 or short in short_pulses(plan, longest)


def test_splits_of_the_papers_plan() -> None:
    assert splits(PAPER) == [4, 5, 6, 7]
    assert short_pulses(PAPER, 20_000) == [0, 5_000, 10_000]
