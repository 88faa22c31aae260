"""Tables of a pulse gate: from plans and from curves, as config writes, and back to plans."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.pulse_table import ConfigKind, ConfigWrite, PulseTable, pulse_codes
from nvmcosim.pymodel.store_plan import Domain, StorePlan

PLAN = StorePlan("sm0.15", (Domain(1, 20_000, 1.2), Domain(7, 15_000), Domain(8, 0)))
SHAPE = GateShape.of(PLAN)
CURVE = law_curve("ono2021")


def test_a_plan_s_domains_are_the_stages_in_order() -> None:
    table = PulseTable.of(PLAN, SHAPE)
    assert SHAPE.amplitudes == (None, 1.2)
    assert (table.codes, table.selects) == ((4, 3, 0, 0), (1, 0, 0, 0))
    assert table.stage_map == (2,) * 8 + (1,) * 7 + (0,)
    assert table.bit_cycles.tolist() == [0] * 8 + [3] * 7 + [4]
    assert table.bit_selects.tolist() == [0] * 15 + [1]


def test_a_shape_has_room_for_its_plan() -> None:
    assert (SHAPE.stages, SHAPE.code_bits, SHAPE.select_bits) == (4, 8, 1)
    long = StorePlan("fp32", tuple(Domain(4, 1000 * n) for n in range(8)), tick_ps=10)
    shape = GateShape.of(long, amplitudes=(None, 0.9, 1.0))
    assert (shape.width, shape.stages, shape.code_bits, shape.select_bits) == (32, 8, 10, 2)
    assert PulseTable.of(long, shape).codes[7] == 700


@st.composite
def tables(draw: st.DrawFn) -> PulseTable:
    """Any table of a shape with five stages and three amplitudes."""
    shape = GateShape.of(PLAN, stages=5, code_bits=3, amplitudes=(None, 0.9, 1.2))
    lists = ((5, 7), (5, 2), (16, 4))
    drawn = [draw(st.lists(st.integers(0, m), min_size=n, max_size=n)) for n, m in lists]
    return PulseTable(shape, *map(tuple, drawn))


@given(tables())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_plan_of_a_table_gives_each_bit_what_the_table_gives_it(table: PulseTable) -> None:
    plan = table.plan(PLAN)
    amplitudes = [plan.domains[n].amplitude_v for n in plan.bit_domain]
    for bit, stage in enumerate(table.stage_map):
        assert plan.bit_pulse_ps[bit] == table.codes[stage] * 5000
        assert amplitudes[bit] == (None, 0.9, 1.2)[table.selects[stage]]
        assert table.domain_stages[plan.bit_domain[bit]] == stage
    # Stages of several domains: the same table again, but for entries that no bit uses.
    again = PulseTable.of(plan, table.shape, table.domain_stages)
    assert again.stage_map == table.stage_map
    for stage in set(table.stage_map):
        assert (again.codes[stage], again.selects[stage]) == (
            table.codes[stage],
            table.selects[stage],
        )


def test_a_plan_comes_back_from_its_table() -> None:
    assert PulseTable.of(PLAN, SHAPE).plan(PLAN) == PLAN
    # A gate with a faster clock holds the same pulses.
    fast = GateShape.of(PLAN.replace(tick_ps=1000))
    assert PulseTable.of(PLAN, fast).codes == (20, 15, 0, 0)
    assert PulseTable.of(PLAN, fast).plan(PLAN) == PLAN.replace(tick_ps=1000)


@given(tables(), tables())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_writes_turn_one_table_into_another(one: PulseTable, other: PulseTable) -> None:
    assert one.after(other.writes()) == other
    assert len(other.writes()) == 5 + 5 + 16
    needed = other.writes(before=one)
    assert one.after(needed) == other
    for write in needed:
        assert one.after(set(needed) - {write}) != other
    assert other.writes(before=other) == []


def test_writes_name_kind_index_and_value() -> None:
    # What hardware and drivers agree on.
    assert [*ConfigKind] == [0, 1, 2]
    before = PulseTable.of(PLAN, SHAPE)
    after = before.after([ConfigWrite(ConfigKind.CODE, 3, 9), ConfigWrite(ConfigKind.MAP, 15, 3)])
    assert after.codes == (4, 3, 0, 9)
    assert after.stage_map[15] == 3
    assert after.writes(before) == [
        ConfigWrite(ConfigKind.CODE, 3, 9),
        ConfigWrite(ConfigKind.MAP, 15, 3),
    ]


def two(**changes: Any) -> StorePlan:
    return StorePlan.two_domain("sm0.15", 8, "20 ns", "5 ns", **changes)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (StorePlan.two_domain("fp32", 8, "20 ns", "5 ns"), "words of fp32 have 32 bits, not 16"),
        (two(bank_words=2), "bank_words is 2; the gate was made for 1"),
        (two(rewrite="changed"), "rewrite is 'changed'; the gate was made for 'all'"),
        (two(retry_limit=1), "retry_limit is 1; the gate was made for 0"),
        (
            StorePlan("sm0.15", tuple(Domain(2, 5000 * n) for n in range(8))),
            "the plan takes 8 stages; the gate has 4",
        ),
        (
            StorePlan.two_domain("sm0.15", 8, "20 ns", "7 ns", tick_ps=1000),
            "domains[1].pulse_ps is 7000; it must be a multiple of the gate's clock period, 5000",
        ),
        (
            StorePlan.two_domain("sm0.15", 8, "1280 ns", "5 ns"),
            "domains[0].pulse_ps is 1280000, 256 clocks; codes of 8 bits go up to 255",
        ),
        (
            StorePlan("sm0.15", (Domain(16, 5000, 1.1),)),
            "domains[0].amplitude_v is 1.1; the gate selects among: the device's own, 1.2 V",
        ),
    ],
)
def test_a_plan_for_other_hardware_is_one_sentence(plan: StorePlan, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        PulseTable.of(plan, SHAPE)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_longest_code_fits() -> None:
    longest = StorePlan.two_domain("sm0.15", 8, "1275 ns", "5 ns")
    assert PulseTable.of(longest, SHAPE).codes[0] == 255


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"codes": (1, 2)}, "codes has 2 entries; it must have 4"),
        ({"codes": (256, 0, 0, 0)}, r"codes\[0\] is 256; it must be a whole number from 0 to 255"),
        ({"selects": (0, 2, 0, 0)}, r"selects\[1\] is 2; it must be a whole number from 0 to 1"),
        ({"stage_map": (4,) * 16}, r"stage_map\[0\] is 4; it must be a whole number from 0 to 3"),
        ({"codes": (1.0, 0, 0, 0)}, r"codes\[0\] is 1.0; it must be a whole number"),
    ],
)
def test_tables_that_are_none(changes: dict[str, Any], sentence: str) -> None:
    values = {"codes": (1,) * 4, "selects": (0,) * 4, "stage_map": (0,) * 16, **changes}
    with pytest.raises(InputError, match=sentence):
        PulseTable(SHAPE, **values)


def test_wrong_stages_writes_and_shapes() -> None:
    table = PulseTable.of(PLAN, SHAPE)
    with pytest.raises(InputError, match="stages has 2 entries; the plan has 3 domains"):
        PulseTable.of(PLAN, SHAPE, [0, 1])
    with pytest.raises(InputError, match=r"domains\[1\] differs from another domain of stage 0"):
        PulseTable.of(PLAN, SHAPE, [0, 0, 1])
    with pytest.raises(InputError, match="index of a CODE write is 4; it must be a whole number"):
        table.after([ConfigWrite(ConfigKind.CODE, 4, 1)])
    with pytest.raises(InputError, match="before is the table of another gate"):
        table.writes(before=PulseTable.of(PLAN, GateShape.of(PLAN, stages=5)))
    with pytest.raises(InputError, match="bank_words is 2; the gate was made for 1"):
        table.plan(PLAN.replace(bank_words=2))


@pytest.mark.parametrize(("name", "most"), [("stages", 32), ("code_bits", 30)])
def test_a_shape_s_numbers_have_bounds(name: str, most: int) -> None:
    for value in (1, most):
        assert getattr(GateShape.of(PLAN, **{name: value}), name) == value
    for value in (0, most + 1, True):
        sentence = f"{name} is {value}; it must be a whole number from 1 to {most}"
        with pytest.raises(InputError, match=sentence):
            GateShape.of(PLAN, **{name: value})


def test_a_shape_s_amplitudes_are_few_and_different() -> None:
    many = [0.5 + n / 100 for n in range(17)]
    assert GateShape.of(PLAN, amplitudes=many[:1]).select_bits == 1
    assert GateShape.of(PLAN, amplitudes=many[:16]).select_bits == 4
    for amplitudes in ((), (1.2, 1.2), many):
        with pytest.raises(InputError, match="they must be 1 to 16, all different"):
            GateShape.of(PLAN, amplitudes=amplitudes)
    for volts in (0.0, -1.2, 5.5):
        with pytest.raises(InputError, match=f"amplitude is {volts}; it must be a number of volts"):
            GateShape.of(PLAN, amplitudes=(None, volts))


def test_codes_are_the_fewest_clocks_that_reach_a_rate() -> None:
    # Oracle: try one clock after the other.
    shape = GateShape.of(PLAN.replace(tick_ps=500))
    clocks = np.arange(80)
    failures = CURVE.failure_rate(clocks * 500)
    # Of the rates at 28 and 43 clocks the curve's inverse comes out a hair too long.
    on_the_grid = failures[[1, 28, 43, 60]].tolist()
    rates = [1.0, 0.9, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-8, *on_the_grid]
    expected = [int(clocks[failures <= rate][0]) for rate in rates]
    assert pulse_codes(CURVE, rates, shape) == tuple(expected)
    assert expected[0] == 0
    assert expected[-4:] == [1, 28, 43, 60]
    assert all(a <= b for a, b in pairwise(expected[:8]))


def test_rates_that_no_code_reaches() -> None:
    for rate in (0.0, -0.1, 1.5):
        with pytest.raises(InputError, match=rf"rates\[1\] is {rate}; it must be a number above 0"):
            pulse_codes(CURVE, [0.5, rate], SHAPE)
    with pytest.raises(InputError, match="no pulse of the curve of ono2021 reaches"):
        pulse_codes(CURVE, [1e-300], SHAPE)
    few = GateShape.of(two(tick_ps=1000), code_bits=5)
    with pytest.raises(InputError, match=r"for the rate 1e-16 is 3\d000, 3\d clocks; codes of 5"):
        pulse_codes(CURVE, [1e-16], few)
