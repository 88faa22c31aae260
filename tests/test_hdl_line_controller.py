"""The line controller against its golden model, command by command, in Amaranth's simulator."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Fragment
from hypothesis import given, settings
from hypothesis import strategies as st
from line_bench import LineCommand, simulate_lines

from nvmcosim.cocotb_tests.line_judge import cells_of
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.line_ports import Opcode
from nvmcosim.pymodel.coded_lines import CodedLines
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.pcm_cell import PcmCell

#: Read, SET and RESET of 2, 5 and 3 clocks.
CELL = PcmCell(read_ps=10_000, set_ps=25_000, reset_ps=15_000)
FAST = PcmCell(read_ps=5_000, set_ps=5_000, reset_ps=5_000)
PLANS = {
    "line": LinePlan("bf16", line_words=2, cell=CELL),
    "line-any": LinePlan("bf16", line_words=1, cell=CELL, idle="any"),
    "line-all": LinePlan("bf16", line_words=1, cell=CELL, idle="all", initial="prereset"),
    "group": LinePlan("fp16", line_words=2, cell=CELL, refresh="group"),
    "group-any": LinePlan("fp32", line_words=1, cell=CELL, refresh="group", idle="any"),
    "one-clock": LinePlan("bf16", line_words=1, cell=FAST, refresh="group", idle="all"),
    "appwom": LinePlan("bf16", "appwom", line_words=1, cell=CELL, idle="any"),
    "appwom-01": LinePlan(
        "bf16", "appwom", line_words=1, cell=CELL, initial="prereset", refresh="group"
    ),
    "wom-set": LinePlan("fp16", "wom-set", line_words=1, cell=CELL, idle="all", refresh="group"),
}


def make_commands(
    plan: LinePlan, lines: int, count: int, seed: int, stalls: bool
) -> list[LineCommand]:
    """Random commands; words are random, close to the last, or corners."""
    random = np.random.default_rng(seed)
    kinds = [Opcode.WRITE, Opcode.READ, Opcode.REFRESH, Opcode.PREPARE]
    last = np.zeros((lines, plan.line_words), np.int64)
    commands = []
    for _ in range(count):
        line, opcode = (
            int(random.integers(lines)),
            kinds[random.choice(4, p=[0.6, 0.15, 0.2, 0.05])],
        )
        words: list[int] = []
        if opcode == Opcode.WRITE:
            mask = plan.number_format.mask
            some = random.integers(0, mask + 1, (3, plan.line_words))
            close = last[line] ^ (some[0] & some[1] & some[2])
            corner = random.choice([0, mask, mask // 3], plan.line_words)
            last[line] = [some[0], close, corner][random.choice(3, p=[0.4, 0.4, 0.2])]
            words = last[line].tolist()
        stall, wait = random.geometric(0.5, 2) - 1 if stalls else (0, 0)
        commands.append(LineCommand(opcode, line, words, int(stall), int(wait)))
    return commands


def act(golden: GoldenLine, command: LineCommand) -> LineWork:
    """What the golden model does with a command."""
    if command.opcode == Opcode.WRITE:
        return golden.write(command.line, command.words)
    if command.opcode == Opcode.REFRESH:
        return golden.refresh(command.line)
    if command.opcode == Opcode.PREPARE:
        return golden.prepare(command.line)
    before = asdict(golden.work)
    golden.read(command.line)
    return LineWork(**{name: n - before[name] for name, n in asdict(golden.work).items()})


def check(dut: LineController, golden: GoldenLine, commands: list[LineCommand], where: str) -> None:
    """Hold array, counters, clocks and replies after every command to the golden model's."""
    run = simulate_lines(dut, cells_of(golden), commands)
    for n, command in enumerate(commands):
        work, told = act(golden, command), f"command {n}: {command}, {where}"
        assert (run.contents[n] == cells_of(golden)).all(), told
        assert run.counters[n] == {c: getattr(golden.work, c) for c in dut.counter_names}, told
        assert run.clocks[n] == dut.command_cycles(work, wait=command.wait), told
        if command.opcode == Opcode.READ:
            assert run.replies[n] == golden.contents[command.line].tolist(), told
        fewest, most = dut.command_cycles_range
        assert fewest <= run.clocks[n] - work.reads * (1 + command.wait) <= most, told


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("stalls", [False, True])
def test_any_sequence_is_the_golden_model_s(name: str, stalls: bool) -> None:
    plan = PLANS[name]
    commands = make_commands(plan, 3, 40, seed=7, stalls=stalls)
    check(LineController(plan, 3), GoldenLine(plan, 3), commands, name)


def preloaded(plan: LinePlan, lines: int, seed: int) -> GoldenLine:
    """Lines in any state at all, most of them impossible."""
    golden, random = GoldenLine(plan, lines), np.random.default_rng(seed)
    assert isinstance(golden.array, CodedLines)
    golden.array.words[...] = random.integers(0, 8, golden.array.words.shape)
    if golden.array.shape.ping_pong:
        golden.array.polarity[...] = random.integers(0, 2, golden.array.polarity.shape)
    return golden


@pytest.mark.parametrize("name", PLANS)
def test_stored_lines_in_any_state_are_read_and_heal(name: str) -> None:
    plan = PLANS[name]
    golden = preloaded(plan, 3, seed=1)
    assert isinstance(golden.array, CodedLines)
    commands = [LineCommand(Opcode.READ, line, wait=1) for line in range(3)]
    commands += make_commands(plan, 3, 20, seed=8, stalls=False)
    check(LineController(plan, 3), golden, commands, name)
    if plan.scheme != "wom-set":
        assert golden.work.impossible > 0
    # Every line was written; none is impossible any more.
    assert {c.line for c in commands if c.opcode != Opcode.READ} == {0, 1, 2}
    before = golden.work.impossible
    for line in range(3):
        golden.read(line)
    assert golden.work.impossible == before


shapes = st.builds(
    LinePlan,
    format=st.sampled_from(["bf16", "fp16"]),
    scheme=st.sampled_from(["wom-set", "appwom", "appwom-ping-pong", "appwom-ping-pong"]),
    line_words=st.integers(1, 2),
    refresh=st.sampled_from(["line", "group"]),
    idle=st.sampled_from(["none", "any", "all"]),
    initial=st.sampled_from(["preset", "prereset"]),
    cell=st.builds(
        PcmCell,
        read_ps=st.sampled_from([5000, 15_000]),
        set_ps=st.sampled_from([5000, 20_000]),
        reset_ps=st.sampled_from([5000, 10_000]),
    ),
)


@pytest.mark.full
@given(shapes, st.integers(0, 3), st.integers(0, 2**32), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_plan_is_the_golden_model_s(
    plan: LinePlan, app_groups: int, seed: int, stalls: bool
) -> None:
    if plan.scheme != "wom-set":
        plan = plan.replace(app_groups=app_groups)
    commands = make_commands(plan, 2, 30, seed, stalls)
    check(LineController(plan, 2), preloaded(plan, 2, seed), commands, plan.to_json())


@pytest.mark.parametrize("by", ["line", "group"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
def test_a_restart_leaves_what_was_not_driven_and_the_next_write_heals(by: str, at: int) -> None:
    """Reset in every clock of a write that turns: 2 of a read, 3 of RESETs, 5 of SETs."""
    plan = LinePlan("bf16", line_words=1, cell=CELL, refresh=by)
    golden, random = GoldenLine(plan, 2), np.random.default_rng(at)
    for word in (0xFFFF, 0x0000):
        golden.write(0, [word])
    before = cells_of(golden)
    after = GoldenLine(plan, 2)
    assert isinstance(after.array, CodedLines)
    assert isinstance(golden.array, CodedLines)
    after.array.words[...], after.array.polarity[...] = golden.array.words, golden.array.polarity
    assert after.write(0, [0xFFFF]).turns == plan.shape.units
    commands = [
        LineCommand(Opcode.WRITE, 0, [0xFFFF], restart_at=at),
        LineCommand(Opcode.READ, 0),
        LineCommand(Opcode.WRITE, 0, [0x1234]),
        LineCommand(Opcode.READ, 0),
    ]

    def settle(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        return np.where(random.random(old.shape) < 0.5, old, new)

    dut = LineController(plan, 2)
    run = simulate_lines(dut, before, commands, settle)
    left = run.contents[0]
    # Words that were not driven are as before; the line beside it is untouched.
    assert (left[1] == before[1]).all()
    if at <= 3:
        assert (left == before).all()
    # The turn drives 0 where cells are 1, the placing 1 where the new words have it.
    moved = left[0] != before[0]
    assert (moved <= (before[0] | cells_of(after)[0])).all()
    # From here on it is as if the memory had held what it holds now.
    again = GoldenLine(plan, 2)
    assert isinstance(again.array, CodedLines)
    groups = again.array.shape.groups
    words = left[:, : 3 * groups].reshape(2, groups, 3) @ (1 << np.arange(3))
    again.array.words[...], again.array.polarity[...] = words, left[:, 3 * groups :]
    for n, command in enumerate(commands[1:], start=1):
        act(again, command)
        assert (run.contents[n] == cells_of(again)).all()
        assert run.counters[n] == {c: getattr(again.work, c) for c in dut.counter_names}
    near = sum(1 << g.other for g in plan.groups if g.approximate)
    assert run.replies[-1][0] & ~near == 0x1234 & ~near


def test_every_port_has_a_meaning() -> None:
    for name in ("line", "wom-set"):
        dut = LineController(PLANS[name], 3)
        Fragment.get(dut, None)
        ports = {"__".join(map(str, path)) for path, _, _ in dut.signature.flatten(dut)}
        assert ports == set(dut.port_meanings)
        kept = "then the polarity of each unit" in dut.port_meanings["array__set"]
        assert kept == (name == "line")


def test_the_clocks_stated_are_the_least_and_the_most_of_what_golden_lines_take() -> None:
    plan = PLANS["group"]
    dut, golden = LineController(plan, 1), GoldenLine(plan, 1)
    Fragment.get(dut, None)
    random = np.random.default_rng(2)
    taken = []
    for _ in range(60):
        words = random.integers(0, 1 << 16, plan.line_words)
        # Written again, words change nothing.
        taken += [dut.command_cycles(golden.write(0, words)) for _ in range(2)]
    # Units turn to both sides at once, so that a SET is the longest pulse of both steps.
    assert (min(taken), max(taken)) == dut.command_cycles_range == (2 + 2, 2 + 2 + 5 + 1 + 5)
    read = LineWork(reads=1)
    assert dut.command_cycles(read) == 2 + 2 + 1
    assert dut.command_cycles(read, wait=7) == 2 + 2 + 1 + 7


def test_summary_says_what_the_hardware_depends_on() -> None:
    dut = LineController(PLANS["line-any"], 9)
    Fragment.get(dut, None)
    assert dut.summary == [
        "9 lines of 1 bf16, clock 5000 ps",
        "appwom-ping-pong, refresh by line, in idle time any",
        "groups of a word's bits, ~ in AppWOM: 15+14 13+12 11+10 9+8 7+6 5+2~ 4+1~ 3+0~",
        "read 2, SET 5, RESET 3 clocks",
    ]


@pytest.mark.parametrize(
    ("scheme", "options", "sentence"),
    [
        ("preset", {}, "scheme is 'preset', which has no code"),
        ("appwom", {"lines": 0}, "rows is 0; it must be a whole number from 1"),
        ("appwom", {"counter_bits": 65}, "counter_bits is 65; .* from 1 to 64"),
    ],
)
def test_what_does_not_fit_is_refused(scheme: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        LineController(LinePlan("bf16", scheme), **{"lines": 2, **options})
