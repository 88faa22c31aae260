"""The AppWOM blocks against tables and golden lines on the simulators; wrong ones are found out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rtl_edits import rewire, rewire_input
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.cocotb_tests import appwom_codec, appwom_line
from nvmcosim.cocotb_tests.line_array import LineArray
from nvmcosim.cocotb_tests.line_cases import line_cases, many_line_cases
from nvmcosim.cocotb_tests.line_design import elaborate_codecs, elaborate_lines
from nvmcosim.cocotb_tests.line_stimulus import line_stimulus_for
from nvmcosim.cocotb_tests.protocol import Fault
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.pcm_cell import PcmCell

#: Every step has a length of its own.
PLAN = LinePlan(
    "bf16",
    line_words=1,
    refresh="group",
    idle="any",
    cell=PcmCell(read_ps=10_000, set_ps=25_000, reset_ps=15_000),
)
ALL = line_cases()


def check(result: BenchResult, vectors: int) -> None:
    assert result.mismatches == 0, result.failures
    assert result.vectors == vectors
    assert result.cycles > 0


def test_the_cases_have_all_formats_schemes_and_policies() -> None:
    for cases, policies in ((ALL, 5), (many_line_cases(), 12)):
        plans = [plan for plans in cases.values() for plan in plans]
        assert {p.format for p in plans} == {"fp32", "bf16", "fp16"}
        assert {p.scheme for p in plans} == {"wom-set", "appwom", "appwom-ping-pong"}
        assert len({(p.refresh, p.idle, p.initial) for p in plans}) >= policies
        assert {p.set_cycles > p.reset_cycles for p in plans} == {True, False}
    assert 512 in {p.line_words * p.width for p in plans}


@pytest.mark.parametrize("case", ALL)
def test_lines_on_icarus(case: str) -> None:
    vectors = 40 if case == "ping-pong" else 100
    (result,) = appwom_line.run(ALL[case], [Simulator.ICARUS], vectors=vectors, seed=1)
    check(result, vectors * len(ALL[case]))
    assert result.facts["turns"] > 100
    assert result.facts["impossible"] > 0
    # Restarts cut commands of all controllers at once.
    assert result.facts["cut"] >= 3


def test_lines_on_verilator() -> None:
    (result,) = appwom_line.run(PLAN, [Simulator.VERILATOR], vectors=100, seed=2)
    check(result, 100)
    assert result.facts["cut"] > 0


def test_codecs_meet_everything_on_both_simulators() -> None:
    plans = [PLAN, ALL["ping-pong"][0], ALL["fixed polarity"][1]]
    for result in appwom_codec.run(plans, vectors=appwom_codec.EVERYTHING + 20):
        check(result, len(plans) * (appwom_codec.EVERYTHING + 20))


def test_the_first_codec_vectors_are_exhaustive_in_every_group() -> None:
    design = elaborate_codecs([PLAN])
    batch = appwom_codec._Batch(design, appwom_codec.EVERYTHING, seed=0, number=0)
    words, data, polarity = batch.inputs[0]
    for group in range(words.shape[1]):
        met = set(zip(words[:, group], data[:, group], polarity[:, group], strict=True))
        assert len(met) == 8 * 4 * 2


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: rewire(text, "p0_exhausted", "it & ~8'h80"),
        lambda text: rewire(text, "p0_ignored", "it | 8'h20"),
        lambda text: rewire(text, "p0_encoded", "it ^ (p0_exhausted[5] ? 24'h8000 : 24'h0)"),
        lambda text: rewire(text, "p0_decoded", "p0_polarity[2] ? it : it & ~16'h0010"),
        lambda text: rewire(text, "p0_stage", "it == 16'h0 ? 16'h1 : it & ~16'h4000"),
        lambda text: rewire_input(text, "p0_polarity", "~it"),
    ],
)
def test_wrong_codecs_are_found(edit: Callable[[str], str]) -> None:
    def combinational(text: str) -> str:
        # Codecs have no clock for the register that an edit may use.
        return edit(text).replace("always @(posedge clk)", "always @*")

    (result,) = appwom_codec.run(PLAN, [Simulator.ICARUS], vectors=64, edit=combinational)
    assert result.mismatches > 0
    failure = result.failures[0]
    assert failure["got"] != failure["expected"]


def other(**changes: object) -> Callable[[str], str]:
    """The controller of another plan in the place of the right one."""
    return lambda _: elaborate_lines([PLAN.replace(**changes)], appwom_line.LINES).verilog


def slower(read: int = 2, sets: int = 5, resets: int = 3) -> Callable[[str], str]:
    return other(cell=PcmCell(read_ps=5000 * read, set_ps=5000 * sets, reset_ps=5000 * resets))


WRONG = {
    "another idle policy": other(idle="none"),
    "other codes": other(app_groups=2),
    "SET too short": slower(sets=4),
    "SET too long": slower(sets=6),
    "RESET too short": slower(resets=2),
    "read too long": slower(read=3),
    "read too short": slower(read=1),
    "a cell is not driven": lambda t: rewire(t, "p0_array__set", "it & ~32'h4"),
    "a polarity is not driven": lambda t: rewire(t, "p0_array__reset", "it & ~32'h80000000"),
    "both drivers of a cell": lambda t: rewire(t, "p0_array__set", "it | (p0_array__reset & 1)"),
    "a driver of no use": lambda t: rewire(t, "p0_array__reset", "it | 32'h200"),
    "a counter": lambda t: rewire(t, "p0_cleared", "it + p0_ignored"),
    "counts all turns": lambda t: rewire(t, "p0_turns", "it + (p0_turns_it > 3)"),
    "another line": lambda t: rewire(t, "p0_array__line", "it ^ (p0_array__reset != 0)"),
    "a reply bit": lambda t: rewire(t, "p0_replies__payload", "it | 16'h0100"),
    "no reply": lambda t: rewire(t, "p0_replies__valid", "1'b0"),
    "ready too late": lambda t: rewire(t, "p0_commands__ready", "it & was"),
    "always ready": lambda t: rewire(t, "p0_commands__ready", "1'b1"),
    "a cell that is misread": lambda t: rewire_input(t, "p0_array__sense", "it ^ 32'h20"),
    "an opcode bit": lambda t: rewire_input(t, "p0_commands__payload", "it | 20'h2"),
    "a reset that is not seen": lambda t: t.replace("if (rst)", "if (1'b0)"),
    "an output that is undefined": lambda t: rewire(t, "p0_array__set", "it | 32'hx"),
}


#: One of each kind in every run.
QUICK = (
    "another idle policy",
    "SET too short",
    "a counter",
    "no reply",
    "a reset that is not seen",
)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in WRONG]
)
def test_wrong_controllers_are_found(name: str) -> None:
    (result,) = appwom_line.run(PLAN, [Simulator.ICARUS], vectors=60, edit=WRONG[name])
    assert result.mismatches > 0, name
    assert result.failures[0]["plan"]["format"] == "bf16"


def test_stimulus_is_the_same_for_the_same_seed_and_has_corners() -> None:
    first, again = (line_stimulus_for(PLAN, 3, 50, 4, 0) for _ in range(2))
    another = line_stimulus_for(PLAN, 3, 50, 5, 0)
    for name in ("opcodes", "words", "stalls", "groups", "polarity"):
        assert (getattr(first, name) == getattr(again, name)).all()
    assert (first.words != another.words).any()
    assert set(first.opcodes) == {0, 1, 2, 3}
    assert not first.stalls[:25].any()
    assert first.stalls[25:].any()
    assert (first.groups[[0, 2]] == 7).all()
    assert len(set(first.groups[1])) > 3


class TestArray:
    """The array of the bench: what pulses do, and which breaches it sees."""

    def array(self) -> LineArray:
        return LineArray(np.zeros((2, 2), bool), read_cycles=2, set_cycles=3, reset_cycles=1)

    def play(self, array: LineArray, *clocks: tuple[int, bool, int, int]) -> Fault:
        """Clocks as line, read, SET drivers and RESET drivers."""
        for line, read, sets, resets in clocks:
            drive = np.array([[v & 1, v >> 1 & 1] for v in (sets, resets)], bool)
            array.clock(line, read, drive, None)
        return array.faults

    def test_pulses_of_the_right_length_switch(self) -> None:
        array = self.array()
        on = (1, False, 0b01, 0)
        assert self.play(array, on, on, on, (1, False, 0, 0)) == Fault(0)
        assert array.cells.tolist() == [[False, False], [True, False]]
        assert self.play(array, (1, False, 0, 0b01), (0, False, 0, 0)) == Fault(0)
        assert not array.cells.any()

    @pytest.mark.parametrize(
        ("clocks", "fault"),
        [
            ([(0, False, 1, 0)] * 2 + [(0, False, 0, 0)], Fault.PULSE),
            ([(0, False, 1, 0)] * 4, Fault.PULSE),
            ([(0, False, 0, 1)] * 2, Fault.PULSE),
            ([(0, False, 1, 0), (1, False, 1, 0)], Fault.PULSE),
            ([(0, False, 1, 1)], Fault.PULSE),
            ([(0, True, 1, 0)], Fault.READ),
            ([(0, True, 0, 0), (0, False, 0, 0)], Fault.READ),
            ([(0, True, 0, 0)] * 3, Fault.READ),
            ([(2, False, 0, 0)], Fault.ROW),
        ],
    )
    def test_breaches(self, clocks: list[tuple[int, bool, int, int]], fault: Fault) -> None:
        assert self.play(self.array(), *clocks) == fault

    def test_a_pulse_that_reset_cuts_switches_as_told(self) -> None:
        for switched in (False, True):
            array = self.array()
            self.play(array, *[(0, False, 0b11, 0)] * 2)
            array.clock(0, False, np.zeros((2, 2), bool), np.array([switched, False]))
            assert array.cells[0].tolist() == [switched, False]
            assert array.faults == Fault(0)

    def test_the_sense_amplifiers_are_right_in_the_last_clock_of_a_read_only(self) -> None:
        array = self.array()
        seen = []
        for read in (False, True, True):
            self.play(array, (0, read, 0, 0))
            seen.append(bool(array.sense[0]))
        assert seen == [True, True, False]


def test_without_plans_there_is_nothing_to_run() -> None:
    for bench in (appwom_line, appwom_codec):
        with pytest.raises(InputError, match="no plan is given; give at least one"):
            bench.run([])


def test_the_command_line_runs_plan_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'kind = "line"\nformat = "bf16"\nline_words = 1\ntick = "125 ns"\nrefresh = "group"\n'
    )
    options = ("--simulator", "icarus", "--vectors", "64", "--out", str(tmp_path), "--json")
    done = CliRunner().invoke(app, ["cosim", "appwom", str(path), *options])
    assert done.exit_code == 0, done.output
    runs = json.loads(done.stdout)["runs"]
    assert [(r["block"], r["vectors"], r["mismatches"]) for r in runs] == [
        ("appwom-codec", 64, 0),
        ("appwom-line", 64, 0),
    ]
    done = CliRunner().invoke(app, ["cosim", "store", str(path), *options])
    assert "block is 'store-domain'; for a line plan it must be appwom-line" in str(done.exception)


@pytest.mark.full
@pytest.mark.parametrize("simulator", list(Simulator))
@pytest.mark.parametrize("case", many_line_cases())
def test_every_policy_in_the_full_run(case: str, simulator: Simulator) -> None:
    plans = many_line_cases()[case]
    (result,) = appwom_line.run(plans, [simulator], vectors=200, seed=3)
    check(result, 200 * len(plans))
