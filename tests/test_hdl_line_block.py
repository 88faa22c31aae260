"""The AppWOM blocks as files: lint, sidecars, synthesis, and the plans that have none."""

import json
from pathlib import Path

import pytest
from test_hdl_line_controller import PLANS
from test_hdl_verilog import verilator
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.hdl.block import Block, build_block
from nvmcosim.hdl.synth import synthesise
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan


def ports(block: Block) -> dict[str, int]:
    return {port["name"]: port["width"] for port in block.sidecar["ports"]}


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ("appwom-line", "line"),
        ("appwom-line", "group-any"),
        ("appwom-line", "appwom-01"),
        ("appwom-line", "wom-set"),
        ("appwom-codec", "group-any"),
        ("appwom-codec", "wom-set"),
    ],
)
def test_verilator_has_nothing_to_say(block: str, name: str, tmp_path: Path) -> None:
    made = build_block(PLANS[name], block=block, rows=5)
    made.write(tmp_path)
    done = verilator("--lint-only", "-Wall", f"{made.name}.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr
    assert done.returncode == 0


def test_the_line_is_what_a_line_plan_means() -> None:
    made = build_block(LinePlan("bf16", line_words=2, refresh="group"), rows=5, counter_bits=16)
    assert (made.name, made.sidecar["block"]) == ("appwom_line", "appwom-line")
    assert made.sidecar["parameters"] == {"rows": 5, "counter_bits": 16, "cells": 64}
    assert made.sidecar["pulses"] == {"read_cycles": 25, "set_cycles": 200, "reset_cycles": 25}
    assert made.sidecar["timing"]["command_cycles_most"] == 25 + 3 + 2 * 200
    assert made.sidecar["groups"][4:6] == [
        {"important_bit": 7, "other_bit": 6, "code": "WOM"},
        {"important_bit": 5, "other_bit": 2, "code": "AppWOM"},
    ]
    widths = ports(made)
    assert widths["commands__payload"] == 2 + 3 + 32
    assert (widths["array__set"], widths["replies__payload"], widths["turns"]) == (64, 32, 16)
    assert {"clk", "rst"} <= set(widths)
    fields = next(p for p in made.sidecar["ports"] if p["name"] == "commands__payload")["fields"]
    assert [(f["name"], f["offset"], f["width"]) for f in fields] == [
        ("opcode", 0, 2),
        ("line", 2, 3),
        ("words", 5, 32),
    ]


def test_the_codec_has_no_clock_and_states_its_tables() -> None:
    plan = LinePlan("bf16", line_words=1)
    made = build_block(plan, block="appwom-codec")
    assert build_block(plan, block="appwom-codec").verilog == made.verilog
    assert "clk" not in ports(made)
    assert "clock" not in made.sidecar
    assert "clk" not in made.verilog
    assert made.sidecar["codes"]["AppWOM10"]["encode"][0b101] == [0b000, 0b001, 0b101, 0b101]


def test_synthesis_counts_a_driver_a_cell() -> None:
    plan = LinePlan("bf16", line_words=1, refresh="group")
    codec = build_block(plan, block="appwom-codec")
    assert synthesise(codec.verilog, codec.name).flip_flops == 0
    line = build_block(plan, rows=2, counter_bits=1)
    # Of 32 cells: SET and RESET drivers, and what was read.
    assert synthesise(line.verilog, line.name).flip_flops >= 3 * 32


def test_plans_without_this_hardware_are_refused() -> None:
    with pytest.raises(InputError, match="scheme is 'preset', which has no code"):
        build_block(LinePlan("bf16", "preset"))
    with pytest.raises(InputError, match="for a line plan it must be appwom-line, appwom-codec"):
        build_block(LinePlan("bf16"), block="store-domain")
    with pytest.raises(InputError, match="stages is no option of appwom-line"):
        build_block(LinePlan("bf16"), stages=2)


def test_the_command_line_takes_blocks_and_plan_files(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["verilog", *arguments, "--out", str(tmp_path), "--json"])
        if isinstance(done.exception, InputError):
            return str(done.exception)
        assert done.exit_code == 0, done.output
        return ", ".join(module["name"] for module in json.loads(done.stdout)["modules"])

    plan = tmp_path / "mine.toml"
    plan.write_text('kind = "line"\nformat = "bf16"\nline_words = 1\n')
    assert run("appwom-codec", "--format", "bf16") == "appwom_codec"
    assert run(str(plan)) == "appwom_line_mine"
    assert run(str(plan), "--block", "appwom-codec") == "appwom_codec_mine"
    assert run("appwom-line", "--bsp", "3").startswith("--bsp is not for appwom-line, which takes")
    assert run("appwom-codec", "--domain", "9:20 ns").startswith("--domain is not for appwom-codec")
    assert "block is 'pulse-gate'; for a line plan it must be" in run(
        str(plan), "--block", "pulse-gate"
    )
