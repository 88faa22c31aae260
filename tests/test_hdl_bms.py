"""Generators and banks against the golden model in every clock, in Amaranth's simulator."""

import pytest
from sng_bench import core_lockstep, lockstep

from nvmcosim.hdl.bms_bank import BmsBank
from nvmcosim.hdl.bms_sng import BmsSng
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan

PLAN = StreamPlan(cycles=5)
NUMBERS = [0, 256, 100, 200, 300, 511, 128, 127, 1, 255]


@pytest.mark.parametrize("lengths", [(2, 4, 2), (1, 4, 1), (3, 5, 1)])
def test_cores_with_frames_of_every_pulse(lengths: tuple[int, int, int]) -> None:
    """Also those that no plan here asks for, such as whole clocks and one step of the line."""
    shape = SngShape(
        (0, 1, 4), (0, 3, 0), (True, False, False), *lengths, skips_reset=lengths[0] > 1
    )
    accepted = core_lockstep(shape, 600, seed=sum(lengths), offer=0.2, take=0.2)
    fitting = {(c, f) for c in range(8) for f in range(4) if c + (f > 0) <= lengths[1]}
    assert accepted == fitting


def test_every_number_has_its_codes() -> None:
    for generator in ("bms", "normal"):
        plan = StreamPlan(cycles=1, p_bits=4, generator=generator, phases=11)
        record = lockstep(BmsBank(plan), list(range(32)), 60, seed=3)
        assert sum(r["bit"] is not None for r in record) == 32


@pytest.mark.parametrize("generator", ["bms", "normal"])
@pytest.mark.parametrize("rule", ["changed", "always"])
def test_generators_with_and_without_waiting(generator: str, rule: str) -> None:
    plan = PLAN.replace(generator=generator, reset_rule=rule, phases=None)
    sng = BmsSng(plan)
    record = lockstep(sng, NUMBERS, 300, seed=1)
    first = next(n for n, r in enumerate(record) if r["bit"])
    assert first == sng.delay
    # A bit a frame: all junctions' time is used.
    assert sum(r["bit"] is not None for r in record) == 1 + (299 - first) // sng.shape.frame_cycles
    record = lockstep(BmsSng(plan), NUMBERS, 600, seed=2, offer=0.1, take=0.08)
    assert sum(r["bit"] is not None for r in record) > 20


@pytest.mark.parametrize("phases", [1, 2, 3, 9, 11])
def test_banks_with_and_without_waiting(phases: int) -> None:
    plan = PLAN.replace(phases=phases)
    record = lockstep(BmsBank(plan), NUMBERS * 10, 250, seed=phases)
    bits = sum(r["bit"] is not None for r in record)
    # One a clock where the junctions are as many as a frame has clocks.
    assert bits == (250 - 11 if phases >= 9 else pytest.approx(phases * 239 / 9, abs=phases))
    lockstep(BmsBank(plan), NUMBERS * 10, 400, seed=phases, offer=0.6, take=0.5)


def test_other_lengths_and_formats() -> None:
    slow = StreamPlan(cycles=1, p_bits=1, tick_ps=5000, phases=2)
    bank = BmsBank(slow)
    assert bank.shape.frame_cycles == 3
    lockstep(bank, [0, 1, 2, 3] * 20, 100, seed=0, take=0.8)
    fast = StreamPlan(cycles=3, p_bits=6, tick_ps=250, fine_ps=10.0, phases=4)
    assert max(fast.codes.coarse) > 4
    lockstep(BmsBank(fast), list(range(65)), 300, seed=0, take=0.9)


def test_counters_wrap() -> None:
    record = lockstep(BmsBank(PLAN, counter_bits=10), NUMBERS * 10, 200, seed=4)
    assert record[-1]["counters"]["bits"] > 100
    with pytest.raises(InputError, match="counter_bits is 0; it must be a whole number from 1"):
        BmsBank(PLAN, counter_bits=0)
    with pytest.raises(InputError, match="counter_bits is 65; it must be a whole number from 1"):
        BmsSng(PLAN, counter_bits=65)


def test_the_facts_that_components_state() -> None:
    bank, sng = BmsBank(PLAN), BmsSng(PLAN)
    assert (bank.block, sng.block, bank.delay, sng.delay) == ("bms-bank", "bms-sng", 11, 11)
    assert bank.summary == ["9 junctions in turn", *sng.summary]
    assert sng.summary[-1] == "reset 5, write 2, read 2 clocks"
    for dut in (bank, sng):
        lockstep(dut, [1], 1, seed=0)
