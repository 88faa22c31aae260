"""The pulse gate's golden model against `GoldenStore`, and against a count attempt by attempt."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.golden_gate import GoldenGate
from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store import GoldenStore, from_bits, to_bits
from nvmcosim.pymodel.store_plan import Domain, StorePlan

CURVE = law_curve("ono2021")
ROWS = 3
DOMAINS = (Domain(5, 10_000), Domain(4, 5_000), Domain(4, 0), Domain(3, 10_000))
options = st.fixed_dictionaries(
    {
        "rewrite": st.sampled_from(["all", "changed"]),
        "retry_limit": st.integers(0, 3),
        "bank_words": st.integers(1, 3),
    }
)


def commands(plan: StorePlan, seed: int, count: int = 12):  # type: ignore[no-untyped-def]
    random = np.random.default_rng(seed)
    for _ in range(count):
        words = random.integers(0, 1 << 16, plan.bank_words).astype(np.uint16)
        shape = (1 + plan.retry_limit, plan.bank_words, 16)
        yield int(random.integers(ROWS)), words, random.normal(8000, 3000, shape)


@given(options, st.integers(0, 2**32))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_with_a_plan_s_own_table_it_is_the_golden_store(changes: dict, seed: int) -> None:
    plan = StorePlan("bf16", DOMAINS, **changes)
    store = GoldenStore(plan, CURVE, ROWS)
    gate = GoldenGate(plan, PulseTable.of(plan, GateShape.of(plan, stages=6)), CURVE, ROWS)
    for row, words, thresholds in commands(plan, seed):
        before = store.counters.pulses.copy()
        store.write_row(row, words, thresholds)
        pulses = gate.write_row(row, words, thresholds)
        assert (gate.contents == store.contents).all()
        assert pulses.tolist() == [*(store.counters.pulses - before), 0, 0]
        for name in ("commands", "retries", "failed"):
            assert getattr(gate.counters, name) == getattr(store.counters, name)
        for name in ("pulses", "driven_cycles"):
            expected = [*getattr(store.counters, name), 0, 0]
            assert getattr(gate.counters, name).tolist() == expected


def attempts(held, wanted, pulse, thresholds, plan):  # type: ignore[no-untyped-def]
    """The cells that each attempt of a command drives, one attempt after the other."""
    drive = np.broadcast_to(pulse > 0, held.shape) & ((held != wanted) | (plan.rewrite == "all"))
    while drive.any() and len(thresholds):
        yield drive
        held = np.where(drive & (pulse > thresholds[0]), wanted, held)
        thresholds = thresholds[1:]
        drive = (pulse > 0) & (held != wanted)


@given(options, st.integers(0, 2**32))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_stages_of_scattered_bits_are_counted_attempt_by_attempt(changes: dict, seed: int) -> None:
    plan = StorePlan("bf16", DOMAINS, **changes)
    shape = GateShape.of(plan, stages=3)
    random = np.random.default_rng([seed, 1])
    gate = GoldenGate(plan, PulseTable.of(PLAIN.replace(**changes), shape), CURVE, ROWS)
    pulses, driven = np.zeros(3, int), np.zeros(3, int)
    for row, words, thresholds in commands(plan, seed):
        codes = random.integers(0, 4, 3)
        stage_map = random.integers(0, 3, 16)
        held = to_bits(gate.contents[row], 16)
        table = PulseTable(shape, tuple(codes.tolist()), (0,) * 3, tuple(stage_map.tolist()))
        gate.program(table)
        assert (to_bits(gate.contents[row], 16) == held).all()
        wanted, pulse = to_bits(words, 16), codes[stage_map] * 5000
        for drive in attempts(held, wanted, pulse, thresholds, plan):
            for stage in range(3):
                cells = int((drive & (stage_map == stage)).sum())
                pulses[stage] += cells > 0
                driven[stage] += cells * codes[stage]
        gate.write_row(row, words, thresholds)
        assert gate.counters.pulses.tolist() == pulses.tolist()
        assert gate.counters.driven_cycles.tolist() == driven.tolist()


PLAIN = StorePlan("bf16", (Domain(16, 5_000),))


def test_contents_and_counters_go_on_through_another_table() -> None:
    shape = GateShape.of(PLAIN, stages=2)
    first = PulseTable(shape, (2, 0), (0, 0), (0,) * 16)
    gate = GoldenGate(PLAIN, first, CURVE, ROWS)
    never, at_once = np.full((1, 16), 1e9), np.full((1, 16), 1)
    gate.write_row(1, np.array([0xFFFF]), at_once)
    gate.program(PulseTable(shape, (2, 3), (0, 0), (1, 0) * 8))
    assert gate.write_row(1, np.array([0x0000]), never).tolist() == [1, 1]
    assert gate.contents.tolist() == [[0], [0xFFFF], [0]]
    assert from_bits(to_bits(gate.contents, 16), np.dtype(np.uint16)).tolist() == [
        [0],
        [0xFFFF],
        [0],
    ]
    assert gate.counters.pulses.tolist() == [2, 1]
    assert gate.counters.driven_cycles.tolist() == [16 * 2 + 8 * 2, 8 * 3]
    assert gate.counters.commands == 2
