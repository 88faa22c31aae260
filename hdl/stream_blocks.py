"""The stochastic blocks: how each is made of a stream plan, and what its sidecar adds to ports."""

from typing import Any

from nvmcosim.hdl.bms_bank import BmsBank
from nvmcosim.hdl.bms_sng import BmsSng
from nvmcosim.hdl.isc_layer import IscLayer
from nvmcosim.hdl.isc_network import IscNetwork
from nvmcosim.hdl.isc_neuron import IscNeuron
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["bms_bank", "bms_sng", "isc_layer", "isc_network", "isc_neuron"]


def bms_sng(plan: StreamPlan, rows: int, counter_bits: int) -> tuple[BmsSng, dict[str, Any]]:
    """One generator; rows make no difference to any of these blocks."""
    sng = BmsSng(plan, counter_bits=counter_bits)
    parameters = {"counter_bits": counter_bits, "junctions": 1}
    return sng, {"parameters": parameters, **_generator(plan, sng.shape, 1)}


def bms_bank(plan: StreamPlan, rows: int, counter_bits: int) -> tuple[BmsBank, dict[str, Any]]:
    """Generators of one number that take turns."""
    bank = BmsBank(plan, counter_bits=counter_bits)
    parameters = {"counter_bits": counter_bits, "junctions": bank.junctions}
    return bank, {"parameters": parameters, **_generator(plan, bank.shape, bank.junctions)}


def isc_neuron(plan: StreamPlan, rows: int, counter_bits: int) -> tuple[IscNeuron, dict[str, Any]]:
    """The neuron of the first layer."""
    neuron = IscNeuron(plan, counter_bits=counter_bits)
    return neuron, {
        "parameters": {"counter_bits": counter_bits},
        "neurons": [_neuron(neuron.shape, 1)],
        "timing": {"latency": neuron.delay},
    }


def isc_layer(plan: StreamPlan, rows: int, counter_bits: int) -> tuple[IscLayer, dict[str, Any]]:
    """The first layer."""
    layer = IscLayer(plan, counter_bits=counter_bits)
    return layer, {
        "parameters": {"counter_bits": counter_bits},
        "neurons": [_neuron(layer.shape, layer.outputs)],
        "timing": {"latency": layer.delay},
    }


def isc_network(
    plan: StreamPlan, rows: int, counter_bits: int
) -> tuple[IscNetwork, dict[str, Any]]:
    """All layers, and a bank for each number."""
    network = IscNetwork(plan, counter_bits=counter_bits)
    parameters = {
        "counter_bits": counter_bits,
        "junctions": network.junctions,
        "numbers": sum(network.numbers),
    }
    return network, {
        "parameters": parameters,
        **_generator(plan, network.sng, plan.bank_phases),
        "neurons": [
            _neuron(shape, outputs)
            for shape, outputs in zip(plan.neurons, plan.layers[1:], strict=True)
        ],
    }


def _generator(plan: StreamPlan, shape: SngShape, junctions: int) -> dict[str, Any]:
    """The codes of all numbers, with what they come to, and the times."""
    codes = plan.codes
    return {
        "codes": {
            "coarse": list(shape.coarse),
            "fine": list(shape.fine),
            "invert": list(shape.invert),
            "probability": codes.probability.tolist(),
            "energy_j": codes.energy_j.tolist(),
            "digest": codes.digest(),
        },
        "timing": {
            "reset_cycles": shape.reset_cycles,
            "write_cycles": shape.write_cycles,
            "read_cycles": shape.read_cycles,
            "fine_ps": plan.fine_ps,
            "latency": shape.frame_cycles + 2,
            "bits_per_cycle": min(1.0, junctions / shape.frame_cycles),
        },
    }


def _neuron(shape: NeuronShape, outputs: int) -> dict[str, Any]:
    return {
        "neurons": outputs,
        "inputs": shape.inputs,
        "operand": shape.operand,
        "states": shape.states,
        "first_state": shape.first_state,
        "threshold": shape.half,
    }
