"""The stochastic blocks as files: lint, sidecars, synthesis, options."""

import json
from pathlib import Path

import pytest
from test_hdl_verilog import verilator
from typer.testing import CliRunner

from nvmcosim import StreamPlan, view
from nvmcosim.cli import app
from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.synth import synthesise
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_sng import GoldenBank

BLOCKS = ("bms-bank", "bms-sng", "isc-neuron", "isc-layer", "isc-network")
PLANS = {
    "shared": StreamPlan(phases=2, layers=(3, 2, 2), p_bits=4),
    "others": StreamPlan(
        phases=1, layers=(3, 2, 1), p_bits=3, generator="normal", operands=("separate", "magnitude")
    ),
    "least": StreamPlan(
        phases=1, layers=(1, 1), p_bits=1, operands=("magnitude-bipolar",), states=(1024,)
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", PLANS)
def test_verilator_has_nothing_to_say(block: str, name: str, tmp_path: Path) -> None:
    made = build_block(PLANS[name], block=block)
    made.write(tmp_path)
    done = verilator("--lint-only", "-Wall", f"{made.name}.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr
    assert done.returncode == 0


def test_the_bank_is_what_a_stream_plan_means() -> None:
    plan = StreamPlan()
    made = build_block(plan, counter_bits=16)
    assert (made.name, made.sidecar["block"]) == ("bms_bank", "bms-bank")
    assert made.sidecar["parameters"] == {"counter_bits": 16, "junctions": 9}
    timing = made.sidecar["timing"]
    phases = (timing["reset_cycles"], timing["write_cycles"], timing["read_cycles"])
    assert phases == (5, 2, 2)
    assert (timing["bits_per_cycle"], timing["fine_ps"], timing["latency"]) == (1.0, 3.0, 11)
    codes = made.sidecar["codes"]
    assert codes["coarse"] == plan.codes.coarse.tolist()
    assert codes["probability"][256] == 1.0
    widths = {port["name"]: port["width"] for port in made.sidecar["ports"]}
    assert (widths["numbers__payload"], widths["mtj__write"], widths["mtj__fine"]) == (9, 9, 81)
    assert (widths["pulses"], widths["output__payload"]) == (16, 2)
    bank = view(plan, "golden")(plan)
    assert isinstance(bank, GoldenBank)
    assert len(bank.pins) == 9
    assert view(plan, "rtl").block == "bms-bank"


def test_the_network_says_what_it_is_made_of() -> None:
    made = build_block(PLANS["others"], block="isc-network")
    # 3 inputs; 2 neurons of 3 weights with 2 streams each; 1 neuron of 2 weights.
    assert made.sidecar["parameters"]["numbers"] == 3 + 12 + 2
    assert [n["operand"] for n in made.sidecar["neurons"]] == ["separate", "magnitude"]
    fields = next(p for p in made.sidecar["ports"] if p["name"] == "samples__payload")["fields"]
    assert [f["name"] for f in fields] == ["x", "w0", "w1", "negative1"]


def test_a_bit_takes_no_latch_and_few_cells() -> None:
    counts = synthesise(build_block(StreamPlan(), block="bms-sng").verilog, "bms_sng")
    assert not any("LATCH" in kind for kind in counts.by_type)
    # Four counters of 48 bits are most of it.
    assert 192 < counts.flip_flops < 260


def test_the_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["verilog", "isc-neuron", "--tick", "2 ns", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    (module,) = json.loads(done.stdout)["modules"]
    assert json.loads(Path(module["sidecar"]).read_text())["clock"]["period_ps"] == 2000
    done = run(app, ["verilog", "bms-bank", "--bsp", "3", "--out", str(tmp_path)])
    assert "--bsp is not for bms-bank, which takes --format and --tick" in str(done.exception)


def test_other_kinds_of_plans_are_refused() -> None:
    with pytest.raises(InputError, match="block is 'store-domain'; for a stream plan it must be"):
        build_block(StreamPlan(), block="store-domain")
