"""The pulse gate against its golden model, clock by clock, in Amaranth's simulator."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Fragment, ResetInserter, Signal
from amaranth.sim import Simulator, SimulatorContext
from hdl_bench import Command, Run, simulate
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hdl_store_controller import make_commands

from nvmcosim.hdl.gate_table import ConfigLayout, config_writes_told
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_ports import port_meanings
from nvmcosim.pymodel.bit_curves import CurveSet
from nvmcosim.pymodel.device.threshold import normal_threshold_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.golden_gate import GoldenGate
from nvmcosim.pymodel.pulse_table import ConfigKind, ConfigWrite, PulseTable
from nvmcosim.pymodel.store_plan import Domain, StorePlan

#: Every threshold is given, so nothing is drawn from the curves; there must be one an amplitude.
_AT = [replace(normal_threshold_curve("bench", 8000, 3000), amplitude_v=v) for v in (1.0, 0.9, 1.2)]
CURVE = CurveSet(_AT[0], tuple(_AT[1:]))
AMPLITUDES = (None, 0.9, 1.2)
THREE = (Domain(9, 20_000), Domain(4, 10_000), Domain(3, 0))

#: Plans at reset, and what the gate is made for beside them.
GATES: dict[str, tuple[StorePlan, dict[str, Any]]] = {
    "plain": (StorePlan.two_domain("bf16", 5, "20 ns", "5 ns"), {}),
    "one-stage": (StorePlan.two_domain("sm0.15", 0, "15 ns", "0 ns"), {"stages": 1}),
    "two": (
        StorePlan("sm0.15", (Domain(8, 20_000, 1.2), Domain(8, 5_000))),
        {"stages": 2, "code_bits": 3, "amplitudes": AMPLITUDES},
    ),
    "nothing": (StorePlan.two_domain("bf16", 3, "0 ns", "0 ns"), {"stages": 3}),
    "changed": (StorePlan("fp16", THREE, rewrite="changed"), {"amplitudes": (0.9, None)}),
    "retry": (StorePlan("fp16", THREE, retry_limit=3), {"stages": 5}),
    "bank": (
        StorePlan.two_domain("sm0.15", 4, "20 ns", "10 ns", bank_words=3, retry_limit=1),
        {"amplitudes": AMPLITUDES},
    ),
    "all-options": (
        StorePlan.two_domain(
            "fp32", 10, "20 ns", "10 ns", rewrite="changed", retry_limit=1, bank_words=2
        ),
        {"stages": 6, "code_bits": 3, "amplitudes": AMPLITUDES},
    ),
}


def gate(name: str, rows: int = 3, **others: Any) -> PulseGate:
    plan, options = GATES[name]
    return PulseGate(plan, rows, **{**options, **others})


def random_table(shape: GateShape, random: np.random.Generator) -> PulseTable:
    """Any table with pulses that are short enough to wait for; 0 among them."""
    longest = min(5, (1 << shape.code_bits) - 1)
    return PulseTable(
        shape,
        tuple(random.integers(0, longest + 1, shape.stages).tolist()),
        tuple(random.integers(0, len(shape.amplitudes), shape.stages).tolist()),
        tuple(random.integers(0, shape.stages, shape.width).tolist()),
    )


def make_programmed(dut: PulseGate, count: int, seed: int, stalls: bool) -> list[Command]:
    """Random commands, and now and then config writes: whole tables, or a few entries in a race."""
    commands = make_commands(dut.plan, dut.rows, count, seed, stalls)
    random = np.random.default_rng([seed, 1])
    table = dut.table
    for command in commands:
        if random.random() < 0.3:
            following = random_table(dut.shape, random)
            writes = following.writes(table)
            if random.random() < 0.5:
                writes = random.permutation(np.array(writes, object))[:3].tolist()
                command.race = bool(random.random() < 0.7)
            command.writes = writes
            table = table.after(writes)
    return commands


def expected_counters(golden: GoldenGate) -> dict[str, int]:
    counters = golden.counters
    expected = {"commands": counters.commands, "retries": counters.retries}
    for stage in range(golden.table.shape.stages):
        expected[f"pulses_{stage}"] = int(counters.pulses[stage])
        expected[f"driven_cycles_{stage}"] = int(counters.driven_cycles[stage])
    if golden.plan.retry_limit:
        expected["failed"] = counters.failed
    return expected


def check_against_golden(dut: PulseGate, commands: list[Command], where: str) -> Run:
    """Hold contents, counters, clocks and amplitudes of every command to the golden model's."""
    golden = GoldenGate(dut.plan, dut.table, CURVE, dut.rows)
    run = simulate(dut, commands)
    assert len(run.accepted) == len(run.observations) == len(commands)
    finished = -1
    written = list(run.written)
    for n, (command, seen) in enumerate(zip(commands, run.observations, strict=True)):
        at = run.accepted[n]
        table, follows = golden.table, at == finished and command.row == commands[n - 1].row
        while written and written[0][0] < at:
            clock, write = written.pop(0)
            # Between commands, and not in the last clock of one.
            assert finished < clock, f"command {n}, {where}"
            golden.program(table := table.after([write]))
        pulses = golden.write_row(command.row, command.data, command.thresholds_ps)
        assert seen.contents.tolist() == golden.contents.tolist(), f"command {n}, {where}"
        assert seen.counters == expected_counters(golden), f"command {n}, {where}"
        finished = at + dut.word_cycles(pulses.tolist(), table=table, same_row=follows)
        assert seen.clock == finished + 1, f"command {n}, {where}"
        check_amplitudes(run, table, range(at + 1, finished + 1))
        if n + 1 < len(commands) and not commands[n + 1].stall and not between(run, n):
            assert run.accepted[n + 1] == finished, f"command {n}, {where}"
    # In their order; of a race, some may be left when the last command is done.
    offered = [write for command in commands for write in command.writes]
    assert [write for _, write in run.written] == offered[: len(run.written)]
    return run


def between(run: Run, n: int) -> bool:
    """Whether a config write came between command n and the next."""
    return any(run.accepted[n] < clock < run.accepted[n + 1] for clock, _ in run.written)


def check_amplitudes(run: Run, table: PulseTable, clocks: range) -> None:
    bits = table.shape.select_bits
    for clock in clocks:
        drive = run.trace[clock][1]
        for bit, select in enumerate(table.bit_selects.tolist()):
            words = range(table.shape.bank_words)
            if any(drive >> (word * table.shape.width + bit) & 1 for word in words):
                assert run.amplitudes[clock] >> (bit * bits) & ((1 << bits) - 1) == select


@pytest.mark.parametrize("stalls", [False, True], ids=["stream", "stalls"])
@pytest.mark.parametrize("name", GATES)
def test_contents_counters_and_timing_through_many_tables(name: str, stalls: bool) -> None:
    dut = gate(name, 5)
    run = check_against_golden(dut, make_programmed(dut, 30, 7, stalls), "seed 7")
    assert len({write.kind for _, write in run.written}) == 1 + (
        (dut.shape.stages > 1) + (len(dut.shape.amplitudes) > 1)
    )


@st.composite
def gates(draw: st.DrawFn) -> PulseGate:
    """Gates of any shape with any plan that fits."""
    number_format = draw(st.sampled_from(["bf16", "sm0.15", "fp32"]))
    width = 32 if number_format == "fp32" else 16
    split = draw(st.integers(1, width - 1))
    plan = StorePlan(
        number_format,
        (Domain(split, 2000 * draw(st.integers(0, 3))), Domain(width - split, 4000)),
        tick_ps=2000,
        rewrite=draw(st.sampled_from(["all", "changed"])),
        bank_words=draw(st.integers(1, 3)),
        retry_limit=draw(st.integers(0, 3)),
    )
    return PulseGate(
        plan,
        draw(st.integers(1, 4)),
        stages=draw(st.integers(2, 7)),
        code_bits=draw(st.integers(2, 4)),
        amplitudes=draw(st.sampled_from([(None,), (None, 0.9), (1.2, 0.9, None)])),
    )


@given(gates(), st.integers(0, 2**32), st.booleans())
@settings(max_examples=12, deadline=None, derandomize=True)
def test_any_gate(dut: PulseGate, seed: int, stalls: bool) -> None:
    commands = make_programmed(dut, 8, seed, stalls)
    check_against_golden(dut, commands, f"seed {seed}, {dut.shape}, {dut.plan.to_json()}")


@pytest.mark.full
@given(gates(), st.integers(0, 2**32), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_gate_at_length(dut: PulseGate, seed: int, stalls: bool) -> None:
    commands = make_programmed(dut, 20, seed, stalls)
    check_against_golden(dut, commands, f"seed {seed}, {dut.shape}, {dut.plan.to_json()}")


ALL, EASY = np.array([0xFFFF]), np.full((1, 1, 16), 1)


def pulses_of(dut: PulseGate, *writes: tuple[int, int, int]) -> dict[int, list[int]]:
    """The pulses by cell of one command after raw config writes of kind, index and value."""
    raw = [ConfigWrite(kind, index, value) for kind, index, value in writes]  # type: ignore[arg-type]
    run = simulate(dut, [Command(0, ALL, EASY, writes=raw)])
    assert len(run.written) == len(raw)
    return run.pulses


CODE, AMPLITUDE, MAP = ConfigKind


def test_the_table_at_reset_is_the_plan_s() -> None:
    assert pulses_of(gate("two")) == {bit: [4 if bit >= 8 else 1] for bit in range(16)}


def test_a_bit_of_which_the_map_names_no_stage_is_not_driven() -> None:
    dut = gate("plain", stages=3)  # an entry has two bits
    assert set(pulses_of(dut, (MAP, 0, 3), (MAP, 15, 3))) == set(range(1, 15))


def test_a_write_to_no_entry_or_of_no_kind_changes_nothing() -> None:
    dut = gate("plain", stages=3)
    # Stage 3 of 3, bits past the last stage, and the kind that is none.
    writes = [(CODE, n, 7) for n in range(3, 16)] + [(3, 0, 7), (3, 1, 7), (AMPLITUDE, 0, 1)]
    assert pulses_of(dut, *writes) == pulses_of(gate("plain", stages=3))


def test_an_entry_takes_the_low_bits_of_a_value() -> None:
    # Codes of 3 bits, stages of 1: values have 3.
    assert pulses_of(gate("two"), (MAP, 0, 6), (MAP, 1, 7)) == {
        bit: [4 if bit >= 8 or bit == 0 else 1] for bit in range(16)
    }


def test_a_code_of_the_most_clocks() -> None:
    pulses = pulses_of(gate("two"), (CODE, 0, 7))
    assert pulses[15] == [7]


def test_codes_of_one_bit() -> None:
    dut = PulseGate(StorePlan("sm0.15", (Domain(8, 5_000), Domain(8, 0))), 2, code_bits=1)
    assert pulses_of(dut) == {bit: [1] for bit in range(8, 16)}


def test_commands_wait_while_config_is_offered_and_config_waits_for_the_command() -> None:
    dut = gate("plain", 2)
    write = ConfigWrite(ConfigKind.CODE, 0, 2)
    commands = [
        Command(0, ALL, EASY),
        Command(1, ALL, EASY, writes=[write] * 3, race=True),
        Command(1, ALL, EASY),
    ]
    run = simulate(dut, commands)
    first = run.accepted[0]
    # The first takes 4 clocks; then the three writes, one a clock; the second takes 2 and, as
    # the third is for the same row, 1 more.
    assert [clock - first for clock, _ in run.written] == [5, 6, 7]
    assert [at - first for at in run.accepted] == [0, 8, 10]
    assert run.observations[-1].clock - first == 10 + 3 + 1


def test_reset_ends_pulses_and_puts_the_first_table_back() -> None:
    dut = gate("two", 2)
    seen: list[int] = []

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(dut.config.payload, {"kind": ConfigKind.CODE, "index": 0, "value": 7})
        ctx.set(dut.config.valid, 1)
        await ctx.tick()
        ctx.set(dut.config.valid, 0)
        for _ in range(2):
            ctx.set(dut.words.payload, {"row": 0, "data": [0xFFFF]})
            ctx.set(dut.words.valid, 1)
            await ctx.tick().until(dut.words.ready)
            ctx.set(dut.words.valid, 0)
            seen.append(0)
            for clock in range(9):
                _, _, drive = await ctx.tick().sample(dut.array.drive)
                seen[-1] += bool(drive)
                # In the sixth clock of the first command.
                ctx.set(reset, len(seen) == 1 and clock == 4)

    reset = Signal()
    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(5e-9)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [6, 4]


@pytest.mark.parametrize(
    ("name", "latency", "fewest", "most"),
    [("plain", 1, 4, 5), ("nothing", 1, 1, 1), ("changed", 2, 1, 5), ("retry", 1, 5, 20)],
)
def test_stated_timing(name: str, latency: int, fewest: int, most: int) -> None:
    dut = gate(name, 2)
    assert (dut.latency, dut.word_cycles_range) == (latency, (fewest, most))
    run = simulate(dut, [Command(0, ALL, EASY, stall=2)])
    driven = [clock for clock, (_, drive, _) in enumerate(run.trace) if drive]
    assert driven[:1] == ([run.accepted[0] + latency] if any(dut.table.codes) else [])


def test_summary_says_what_the_hardware_depends_on() -> None:
    dut = gate("changed", 9, stages=3)
    Fragment.get(dut, None)
    assert dut.summary == [
        "9 rows of 1 fp16, clock 5000 ps",
        "stage 0 at reset: 4 clocks, amplitude 1",
        "stage 1 at reset: 2 clocks, amplitude 1",
        "stage 2 at reset: 0 clocks, amplitude 1",
        "stages of the bits at reset, from bit 15 down: 0 0 0 0 0 0 0 0 0 1 1 1 1 2 2 2",
        "rewrite changed, 0 retries",
    ]


def test_every_port_has_a_meaning() -> None:
    dut = gate("retry")
    Fragment.get(dut, None)
    ports = {"__".join(map(str, path)) for path, _, _ in dut.signature.flatten(dut)}
    assert ports == set(dut.port_meanings)
    assert {"config__ready", "array__amplitude", "pulses_4", "failed"} <= ports
    assert "array__amplitude" not in port_meanings("stage", 5)


def test_a_config_write_is_as_wide_as_its_widest_entry() -> None:
    def told(**options: Any) -> tuple[dict[str, int], dict[str, int]]:
        shape = GateShape.of(GATES["plain"][0], **options)
        widths = {name: field.width for name, field in ConfigLayout(shape)}
        return widths, {w["name"]: w["value_bits"] for w in config_writes_told(shape)}

    assert told(stages=3, code_bits=4) == (
        {"kind": 2, "index": 4, "value": 4},
        {"code": 4, "amplitude": 0, "map": 2},
    )
    # One stage more than bits; stages, and then amplitudes, have the widest values.
    assert told(stages=17, code_bits=3) == (
        {"kind": 2, "index": 5, "value": 5},
        {"code": 3, "amplitude": 0, "map": 5},
    )
    volts = [None, *(0.5 + n / 100 for n in range(8))]
    assert told(stages=2, code_bits=3, amplitudes=volts) == (
        {"kind": 2, "index": 4, "value": 4},
        {"code": 3, "amplitude": 4, "map": 1},
    )
    assert told(amplitudes=volts[:2])[1]["amplitude"] == 1


def test_a_single_amplitude_cannot_be_rewritten() -> None:
    write = ConfigWrite(ConfigKind.AMPLITUDE, 0, 1)
    run = simulate(gate("plain"), [Command(0, ALL, EASY, writes=[write])])
    assert len(run.written) == 1
    assert not any(run.amplitudes)


def test_word_cycles_of_a_table() -> None:
    dut = gate("plain")
    Fragment.get(dut, None)
    assert dut.word_cycles([1, 1, 0, 0]) == 4
    assert dut.word_cycles([1, 1, 0, 0], same_row=True) == 5
    other = dut.table.after([ConfigWrite(ConfigKind.CODE, 0, 7)])
    assert dut.word_cycles([1, 1, 0, 0], table=other) == 7
    assert dut.word_cycles([0, 1, 0, 0], table=other) == 1
    with pytest.raises(ValueError, match="shorter"):
        dut.word_cycles([1, 1])


@pytest.mark.parametrize("bits", [1, 48])
def test_every_counter_has_the_width_asked_for(bits: int) -> None:
    dut = gate("retry", **({} if bits == 48 else {"counter_bits": bits}))
    Fragment.get(dut, None)
    assert {len(getattr(dut, name)) for name in dut.counter_names} == {bits}
    assert len(dut.counter_names) == 3 + 2 * 5


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rows": 0}, "rows is 0; it must be a whole number from 1"),
        ({"counter_bits": 65}, "counter_bits is 65; it must be a whole number from 1 to 64"),
        ({"stages": 33}, "stages is 33; it must be a whole number from 1 to 32"),
        ({"stages": 1}, "the plan takes 2 stages; the gate has 1"),
        ({"code_bits": 2}, r"domains\[0\].pulse_ps is 20000, 4 clocks; codes of 2 bits go up to 3"),
        ({"amplitudes": (1.2,)}, r"domains\[0\].amplitude_v is the device's own; the gate selects"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        gate("plain", **options)
