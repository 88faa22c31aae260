"""The timing diagrams in docs/hdl.md are what the circuit does."""

from pathlib import Path

import numpy as np
import pytest
from hdl_bench import Command, simulate
from line_bench import LineCommand, simulate_lines

from nvmcosim.cocotb_tests.line_judge import cells_of
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.line_ports import Opcode
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.pulse_table import ConfigKind, ConfigWrite
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.wom import APPWOM10, WOM10, Outcome, Stage

DOCS = Path(__file__).parent.parent / "docs" / "hdl.md"
EASY = np.full((1, 1, 16), 1)
#: Bit 0 needs a second attempt.
SLOW = np.concatenate([np.where(np.arange(16) == 0, 30_000, EASY), EASY])

#: Options of the plan, commands as (row, word), thresholds in ps.
CASES = {
    "plain": ({}, [(0, 0xFFFF), (1, 0xFFFF), (1, 0x0000)], EASY),
    "changed": ({"rewrite": "changed"}, [(0, 0xFFFF), (1, 0x0001), (1, 0x0001)], EASY),
    "retry": ({"retry_limit": 2}, [(0, 0xFFFF), (1, 0x0000)], SLOW),
}


def diagram(name: str) -> str:
    options, commands, thresholds = CASES[name]
    plan = StorePlan.two_domain("bf16", 5, "20 ns", "5 ns", **options)
    dut = StoreController(plan, 4)
    run = simulate(dut, [Command(row, np.array([word]), thresholds) for row, word in commands])
    accepted = dict(zip(run.accepted, "ABC", strict=False))
    done = {seen.clock: seen.counters["commands"] for seen in run.observations}
    count = 0
    rows: dict[str, list[str]] = {}
    for clock, (row, drive, read) in enumerate(run.trace):
        count = done.get(clock, count)
        for signal, shown in {
            "clock": clock,
            "accepted": accepted.get(clock, "."),
            "array__row": row,
            "array__read": "R" if read else ".",
            "drive, domain 0": "#" if drive >> 5 else ".",
            "drive, domain 1": "#" if drive & 31 else ".",
            "commands": count,
        }.items():
            rows.setdefault(signal, []).append(f"{shown:>3}")
    return "\n".join(f"{signal:16}" + "".join(shown) for signal, shown in rows.items())


def gate_diagram() -> str:
    """A for row 0, then a new pulse for stage 1 offered together with B, for row 1."""
    plan = StorePlan.two_domain("sm0.15", 8, "15 ns", "5 ns")
    dut = PulseGate(plan, 4)
    word = np.array([0xFFFF])
    write = ConfigWrite(ConfigKind.CODE, 1, 2)
    commands = [Command(0, word, EASY), Command(1, word, EASY, writes=[write], race=True)]
    run = simulate(dut, commands)
    accepted = dict(zip(run.accepted, "AB", strict=True))
    written = {clock for clock, _ in run.written}
    done = {seen.clock: seen.counters["commands"] for seen in run.observations}
    count = 0
    rows: dict[str, list[str]] = {}
    for clock, (_, drive, _) in enumerate(run.trace):
        count = done.get(clock, count)
        for signal, shown in {
            "clock": clock,
            "accepted": accepted.get(clock, "."),
            "config accepted": "W" if clock in written else ".",
            "drive, stage 0": "#" if drive >> 8 else ".",
            "drive, stage 1": "#" if drive & 255 else ".",
            "commands": count,
        }.items():
            rows.setdefault(signal, []).append(f"{shown:>3}")
    return "\n".join(f"{signal:16}" + "".join(shown) for signal, shown in rows.items())


def test_gate_diagram() -> None:
    assert gate_diagram() in DOCS.read_text(), f"docs/hdl.md should show:\n{gate_diagram()}"


@pytest.mark.parametrize("name", CASES)
def test_diagram(name: str) -> None:
    assert diagram(name) in DOCS.read_text(), f"docs/hdl.md should show:\n{diagram(name)}"


def line_diagram() -> str:
    """A and B RESET cells of a fresh line; C finds it exhausted, and turns it first."""
    cell = PcmCell(read_ps=10_000, set_ps=25_000, reset_ps=15_000)
    plan = LinePlan("bf16", line_words=1, cell=cell)
    commands = [LineCommand(Opcode.WRITE, 0, [word]) for word in (0xFFFF, 0x0000, 0xFFFF)]
    run = simulate_lines(LineController(plan, 1), cells_of(GoldenLine(plan, 1)), commands)
    names, rows = iter("ABC"), {}
    for clock, (accepted, read, sets, resets, turns) in enumerate(run.trace):
        for signal, shown in {
            "clock": clock,
            "accepted": next(names) if accepted else ".",
            "array__read": "R" if read else ".",
            "array__set": "#" if sets else ".",
            "array__reset": "#" if resets else ".",
            "turns": turns,
        }.items():
            rows.setdefault(signal, []).append(f"{shown:>3}")
    return "\n".join(f"{signal:13}" + "".join(shown) for signal, shown in rows.items())


def test_line_diagram() -> None:
    text = (DOCS.parent / "appwom.md").read_text()
    assert line_diagram() in text, f"docs/appwom.md should show:\n{line_diagram()}"


def test_code_tables_in_words() -> None:
    """The rows of docs/appwom.md's table are the codes' own."""
    text = (DOCS.parent / "appwom.md").read_text()
    for code, shown in ((WOM10, "WOM10"), (APPWOM10, "AppWOM10")):
        for word in range(7, -1, -1):
            writes = []
            for data in range(4):
                outcome = Outcome(int(code.outcome[word, data]))
                new = f"{code.encode[word, data]:03b}"
                writes.append(new if outcome == Outcome.WRITTEN else outcome.name.lower())
            stage = Stage(int(code.stage[word])).name.lower()
            row = f"| {shown} | {word:03b} | {code.decode[word]:02b} | {stage} | "
            assert row + " | ".join(writes) + " |" in text, row + " | ".join(writes) + " |"
