# amaranth: UnusedElaboratable=no
"""The stochastic blocks as files: lint, sidecars, synthesis, options."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_hdl_verilog import verilator
from typer.testing import CliRunner

from nvmcosim import StreamPlan, view
from nvmcosim.cli import app
from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.bms_bank import BmsBank
from nvmcosim.hdl.bms_sng import BmsSng
from nvmcosim.hdl.isc_layer import IscLayer
from nvmcosim.hdl.isc_network import IscNetwork
from nvmcosim.hdl.isc_neuron import IscNeuron, OperandLayout, operands_meaning
from nvmcosim.hdl.synth import synthesise
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_sng import GoldenBank
from nvmcosim.pymodel.stream_neuron import NeuronShape

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


#: Layers of unlike widths, so that no layer stands for another.
DEEP = StreamPlan(
    phases=1,
    layers=(2, 3, 2, 1),
    p_bits=2,
    operands=("separate", "magnitude-bipolar", "bipolar"),
)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_port_has_its_meaning_and_no_more(block: str) -> None:
    made = build_block(DEEP, block=block, counter_bits=8)
    ports = {port["name"]: port for port in made.sidecar["ports"]}
    assert all(port["meaning"] for port in ports.values())
    component = view_of(block)(DEEP, counter_bits=8)
    assert {*component.port_meanings, "clk", "rst"} == set(ports)
    assert all(ports[name]["width"] == 8 for name in component.counter_names)
    with pytest.raises(InputError, match="counter_bits is 65; it must be a whole number from 1"):
        view_of(block)(DEEP, counter_bits=65)


def test_a_layer_has_the_timing_of_a_neuron() -> None:
    assert IscLayer(DEEP).delay == IscNeuron(DEEP).delay == 1


def view_of(block: str) -> Any:
    return {c.block: c for c in (BmsBank, BmsSng, IscLayer, IscNetwork, IscNeuron)}[block]


def test_a_network_s_ports_follow_its_last_layer_and_its_numbers() -> None:
    network = IscNetwork(DEEP)
    outputs = ("cycles", "streams", "ones_0")
    assert network.counter_names[:3] == outputs
    assert all(name.startswith("generated_") for name in network.counter_names[3:])
    # 2 inputs; 3 neurons of 2 weights with 2 streams; 2 of 3 weights; 1 of 2.
    assert network.numbers == [2, 12, 6, 2]
    # Numbers of two bits go up to 4; a sign a weight of the magnitudes.
    assert network.layout.size == 3 * sum(network.numbers) + 6
    layers = [line for line in network.summary if line.startswith("layer ")]
    assert [line.split(":")[0] for line in layers] == ["layer 0", "layer 1", "layer 2"]
    assert [" ".join(line.split()[2:6]) for line in layers] == [
        "3 neurons of 2",
        "2 neurons of 3",
        "1 neurons of 2",
    ]
    assert f"streams of {DEEP.cycles} bits" in " ".join(network.summary)


def test_operands_have_a_bit_a_stream_and_say_so() -> None:
    for operand, streams, signs in (("shared", 1, 0), ("separate", 2, 0), ("magnitude", 1, 1)):
        shape = NeuronShape(5, 8, operand=operand)
        assert OperandLayout(shape).size == 5 + 5 * streams + 5 * signs + 1
        assert OperandLayout(shape, 3).size == 5 + 15 * streams + 15 * signs + 1
        meaning = operands_meaning(shape)
        assert (" and v" in meaning, "negative" in meaning) == (streams == 2, signs == 1)


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
