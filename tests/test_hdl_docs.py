"""The timing diagrams in docs/hdl.md are what the circuit does."""

from pathlib import Path

import numpy as np
import pytest
from hdl_bench import Command, simulate

from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.pulse_table import ConfigKind, ConfigWrite
from nvmcosim.pymodel.store_plan import StorePlan

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
