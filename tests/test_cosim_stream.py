"""The stochastic blocks beside their golden models on the simulators; wrong ones are found out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rtl_edits import rewire, rewire_input
from typer.testing import CliRunner

from nvmcosim import view
from nvmcosim.cli import app
from nvmcosim.cocotb_tests import stream_bench
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.stream_bench import elaborate_streams, run, switching
from nvmcosim.cocotb_tests.stream_bench_tb import Junctions
from nvmcosim.cocotb_tests.stream_cases import STREAM_BLOCKS, device_plans, stream_cases
from nvmcosim.cocotb_tests.stream_stimulus import PART, stream_stimulus_for
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_plan import StreamPlan

ICARUS, VERILATOR = [Simulator.ICARUS], [Simulator.VERILATOR]
PLAN = StreamPlan(cycles=6, p_bits=3, phases=3, layers=(3, 2))


def check(result: BenchResult, vectors: int) -> None:
    assert result.mismatches == 0, result.failures
    assert result.vectors == vectors
    assert result.cycles > 0


@pytest.mark.parametrize("block", STREAM_BLOCKS)
def test_blocks_on_icarus(block: str) -> None:
    for plans in stream_cases(block).values():
        (result,) = run(block, plans, ICARUS, vectors=30, seed=1)
        check(result, 30 * len(plans))
        assert result.facts["restarts"] >= 2 * len(plans)


def test_blocks_on_verilator() -> None:
    (result,) = run("bms-bank", PLAN, VERILATOR, vectors=200, seed=2)
    check(result, 200)


def test_every_number_is_as_probable_as_the_curve_says() -> None:
    # 33 numbers, 64 bits of each; the full run has 8 bits and four times as many.
    plan = StreamPlan(cycles=64, p_bits=5, phases=9)
    (result,) = run("bms-bank", plan, ICARUS, vectors=33 * 64, device=True)
    check(result, 33 * 64)
    assert result.facts["numbers_tested"] == 33


def test_other_statistics_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = StreamPlan(cycles=64, p_bits=2, phases=9)

    def other(plan: StreamPlan) -> np.ndarray:
        # A junction that a write of the same length switches less often.
        return switching(plan) * 0.6

    monkeypatch.setattr(stream_bench, "switching", other)
    (result,) = run("bms-bank", plan, ICARUS, vectors=5 * 256, device=True)
    assert result.mismatches > 0
    failure = result.failures[0]
    assert failure["p_value"] < 1e-8
    # Only n = 4 of 4, which is never written, is right.
    assert failure["number"] in (1, 2, 3)


def test_all_writes_together_are_an_exact_sum() -> None:
    plan = StreamPlan(p_bits=2)
    # One bit each of 0 and 4, which never switch, and two of 2: their probability squared.
    bits = [(0, 0), (4, 1), (2, 0), (2, 0)]
    p = plan.codes.switch_probability[2]
    assert stream_bench._all_writes(plan, bits) == pytest.approx(2 * p**2)
    # A write of 4 that switched cannot be.
    assert stream_bench._all_writes(plan, [(4, 0)]) == 0.0


def other(block: str, plan: StreamPlan) -> Callable[[str], str]:
    """The component of another plan in the place of the right one."""
    return lambda _: elaborate_streams(block, [plan]).verilog


def pins(name: str, before: str) -> Callable[[str], str]:
    """Put an expression before what drives the junctions' pins of this name."""
    assign = f"assign p0_mtj__{name} ="
    return lambda text: text.replace(assign, f"{assign} {before}")


BANK, LAYER = ("bms-bank", PLAN), ("isc-layer", PLAN)
WRONG = {
    "no fine code": (*BANK, lambda t: rewire(t, "p0_mtj__fine", "27'h0")),
    "write and trim at once": (*BANK, pins("write", "p0_mtj__trim |")),
    "always reset": (*BANK, other("bms-bank", PLAN.replace(reset_rule="always"))),
    "never reset": (*BANK, pins("reset", "3'h0 &")),
    "longer read": (*BANK, other("bms-bank", PLAN.replace(read_ps=3000))),
    "a neighbour's bit": (*BANK, lambda t: rewire_input(t, "p0_mtj__sense", "{it[1:0], it[2]}")),
    "no inversion": (*BANK, other("bms-bank", PLAN.replace(generator="normal"))),
    "a stream too short": (*BANK, other("bms-bank", PLAN.replace(cycles=5))),
    "a bit that does not stay": (
        *BANK,
        lambda t: rewire(t, "p0_output__valid", "it & ~was", "was <= it & ~p0_output__ready;"),
    ),
    "a counter": (*BANK, lambda t: rewire(t, "p0_pulses", "it + p0_resets[3]")),
    "undefined": (*BANK, pins("reset", "3'bx |")),
    "restarts not seen": (*BANK, lambda t: t.replace("if (rst)", "if (1'b0)")),
    "another start": (*LAYER, other("isc-layer", PLAN.replace(start=(2,)))),
    "more states": (*LAYER, other("isc-layer", PLAN.replace(states=(14,), start=None))),
    "another operand": (*LAYER, other("isc-layer", PLAN.replace(operands=("bipolar",)))),
    "a weight bit": (*LAYER, lambda t: rewire_input(t, "p0_operands__payload", "it | 10'h10")),
}
QUICK = ("no fine code", "never reset", "a stream too short", "another start", "more states")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.full) for n in WRONG]
)
def test_wrong_blocks_are_found(name: str) -> None:
    block, plan, edit = WRONG[name]
    (result,) = run(block, plan, ICARUS, vectors=60, edit=edit)
    assert result.mismatches > 0, name
    assert result.failures[0]["plan"] == plan.to_dict()


class TestJunctions:
    """The junctions of the bench: which pulse switches, and which breaches are seen."""

    CURVE = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])

    def play(self, *clocks: tuple[int, int, int, int, int]) -> Junctions:
        """Clocks as reset, write, trim, read and the fine code, of one junction."""
        junctions = Junctions(1, self.CURVE, 2, [0])
        for *pins, fine in clocks:
            junctions.clock(pins, [fine])
        return junctions

    RESET = ((1, 0, 0, 0, 0),) * 2
    OFF = (0, 0, 0, 0, 0)

    def test_a_reset_of_its_length_makes_it_antiparallel(self) -> None:
        assert self.play(*self.RESET).antiparallel[0]
        assert not self.play(self.RESET[0], self.OFF, self.RESET[0]).antiparallel[0]

    @pytest.mark.parametrize(
        ("pulse", "stays"),
        [
            (((0, 1, 0, 0, 0), OFF), False),
            (((0, 1, 0, 0, 0), (0, 0, 1, 0, 1), OFF), True),
            (((0, 1, 0, 0, 0), (0, 0, 1, 0, 2), OFF), False),
            (((0, 0, 1, 0, 1), OFF), False),
            (((0, 0, 1, 0, 2), OFF), True),
        ],
    )
    def test_a_pulse_switches_by_the_curve(self, pulse: tuple, stays: bool) -> None:
        junctions = self.play(*self.RESET, *pulse)
        assert bool(junctions.antiparallel[0]) == stays
        assert junctions.faults == 0

    @pytest.mark.parametrize(
        "clocks",
        [
            ((1, 1, 0, 0, 0),),
            ((0, 0, 1, 1, 1),),
            ((0, 1, 0, 0, 0), (0, 1, 0, 0, 0), OFF),
            ((0, 0, 1, 0, 3),),
        ],
    )
    def test_breaches(self, clocks: tuple) -> None:
        assert self.play(*clocks).faults == 1


def test_the_curve_of_the_bench_is_that_of_the_codes() -> None:
    for plan in device_plans("bms-bank"):
        codes = plan.codes
        own = switching(plan)[codes.coarse, codes.fine]
        np.testing.assert_allclose(own, codes.switch_probability, rtol=1e-12)


def test_stimulus_is_the_same_for_the_same_seed_and_has_corners() -> None:
    first, again, another = (
        stream_stimulus_for("bms-bank", PLAN, 3, 100, True, [seed]) for seed in (4, 4, 5)
    )
    for name in ("offers", "takes", "sense"):
        assert (getattr(first, name) == getattr(again, name)).all()
        assert (getattr(first, name) != getattr(another, name)).any()
    assert first.items == again.items
    assert set(first.items) == set(range(16))
    assert first.offers[:PART].all()
    assert first.takes[: 2 * PART].all()
    assert not first.offers[PART : 2 * PART].all()
    assert not first.takes[2 * PART : 3 * PART].all()
    bare = stream_stimulus_for("bms-bank", PLAN, 3, 100, False, [4])
    assert set(bare.items) == set(range(9))
    assert bare.offers.all()
    assert bare.takes.all()


def test_wrong_requests() -> None:
    with pytest.raises(InputError, match="no plan is given; give at least one"):
        run("bms-bank", [])
    with pytest.raises(InputError, match="block is 'bms'; it must be one of bms-bank"):
        run("bms", PLAN)
    with pytest.raises(InputError, match="device is for banks and generators, not isc-layer"):
        run("isc-layer", PLAN, device=True)
    assert view(PLAN, "bench").__module__.endswith("stream_bench")


def test_the_command_line_runs_plan_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('kind = "stream"\np_bits = 2\nphases = 2\ncycles = 9\nlayers = [2, 1]\n')
    options = ("--simulator", "icarus", "--vectors", "20", "--out", str(tmp_path), "--json")
    done = CliRunner().invoke(app, ["cosim", "bms-bank", str(path), *options])
    assert done.exit_code == 0, done.output
    runs = json.loads(done.stdout)["runs"]
    assert [(r["case"], r["vectors"], r["mismatches"]) for r in runs] == [
        ("plans", 20, 0),
        ("device curve", 5 * 64, 0),
    ]
    done = CliRunner().invoke(app, ["cosim", "isc", str(path), *options])
    assert [r["block"] for r in json.loads(done.stdout)["runs"]] == [
        "isc-neuron",
        "isc-layer",
        "isc-network",
    ]


@pytest.mark.full
@pytest.mark.parametrize("simulator", list(Simulator))
@pytest.mark.parametrize("block", STREAM_BLOCKS)
def test_more_plans_in_the_full_run(block: str, simulator: Simulator) -> None:
    for plans in stream_cases(block, full=True).values():
        (result,) = run(block, plans, [simulator], vectors=300, seed=3)
        check(result, 300 * len(plans))


@pytest.mark.full
@pytest.mark.parametrize("block", ["bms-bank", "bms-sng"])
def test_every_8_bit_number_in_the_full_run(block: str) -> None:
    plans = device_plans(block)
    (result,) = run(block, plans, VERILATOR, vectors=257 * 256, device=True)
    check(result, 257 * 256 * len(plans))
    assert result.facts["numbers_tested"] == 257 + 33
