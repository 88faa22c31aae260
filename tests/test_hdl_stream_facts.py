# amaranth: UnusedElaboratable=no
"""What the stochastic blocks state of themselves: ports, counters, layouts, summaries, limits."""

from typing import Any

import pytest

from nvmcosim import StreamPlan
from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.bms_bank import BmsBank
from nvmcosim.hdl.bms_sng import BmsSng
from nvmcosim.hdl.isc_layer import IscLayer, LayerBitsLayout
from nvmcosim.hdl.isc_network import IscNetwork
from nvmcosim.hdl.isc_neuron import IscNeuron, OperandLayout, operands_meaning
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import NeuronShape

BLOCKS = {block.block: block for block in (BmsBank, BmsSng, IscLayer, IscNetwork, IscNeuron)}
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
    component: Any = BLOCKS[block](DEEP, counter_bits=8)
    assert {*component.port_meanings, "clk", "rst"} == set(ports)
    assert all(ports[name]["width"] == 8 for name in component.counter_names)
    with pytest.raises(InputError, match="counter_bits is 65; it must be a whole number from 1"):
        BLOCKS[block](DEEP, counter_bits=65)


def test_a_layer_has_the_timing_of_a_neuron() -> None:
    assert IscLayer(DEEP).delay == IscNeuron(DEEP).delay == 1
    assert LayerBitsLayout(3).size == 3 + 1


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
