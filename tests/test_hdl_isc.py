"""Neurons and layers against the reference of `stream_neuron`, in Amaranth's simulator."""

from typing import Any

import numpy as np
import pytest
from isc_bench import as_number, play
from numpy.typing import NDArray

from nvmcosim.hdl.isc_layer import IscLayer
from nvmcosim.hdl.isc_neuron import IscNeuron
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape, layer_bits, neuron_bits
from nvmcosim.pymodel.stream_plan import StreamPlan

CYCLES, STREAMS = 40, 3


def plan_of(shape: NeuronShape, outputs: int = 1) -> StreamPlan:
    return StreamPlan(
        cycles=CYCLES,
        layers=(shape.inputs, outputs),
        operands=(shape.operand,),
        states=(shape.states,),
        start=(shape.first_state,),
    )


def bits_of(
    shape: NeuronShape, outputs: int, seed: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_] | None]:
    """Inputs, weights (outputs first) and signs of one stream; biased, so that counters clip."""
    random = np.random.default_rng([seed, shape.inputs, shape.states])
    p = random.random((outputs, *[2] * (shape.weight_streams - 1), shape.inputs, 1))
    x = (random.random((shape.inputs, CYCLES)) < random.random((shape.inputs, 1))).astype(np.uint8)
    w = (random.random((*p.shape[:-1], CYCLES)) < p).astype(np.uint8)
    negative = random.random((outputs, shape.inputs)) < 0.5 if shape.signed else None
    return x, w, negative


def payloads_of(
    x: NDArray[Any], w: NDArray[Any], negative: NDArray[np.bool_] | None
) -> list[dict[str, int]]:
    payloads = []
    for t in range(CYCLES):
        payload = {"x": as_number(x[:, t]), "w": as_number(w[..., t]), "last": t == CYCLES - 1}
        if negative is not None:
            payload["negative"] = as_number(negative)
        payloads.append(payload)
    return payloads


SHAPES = [
    NeuronShape(n, k, start, operand)
    for operand in OPERANDS
    for n, k, start in ((1, 2, None), (3, 8, 0), (6, 20, 19), (5, 6, None))
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_neurons_are_the_reference(shape: NeuronShape) -> None:
    payloads, expected, states, ones, clipped = [], [], [], 0, 0
    for seed in range(STREAMS):
        x, w, negative = bits_of(shape, 1, seed)
        payloads += payloads_of(x, w[0], negative)
        sign = None if negative is None else negative[0]
        y, sums, _ = neuron_bits(shape, x, w[0], None, sign)
        expected += [{"bit": int(b), "last": t == CYCLES - 1} for t, b in enumerate(y)]
        counter = shape.first_state
        for t, s in enumerate(sums):
            clipped += not 0 <= counter + s < shape.states
            counter = min(max(counter + int(s), 0), shape.states - 1)
            states.append(shape.first_state if t == CYCLES - 1 else counter)
        ones += int(y.sum())
    for offer, take in ((1.0, 1.0), (0.6, 0.5)):
        neuron = IscNeuron(plan_of(shape))
        outputs, seen, counters = play(neuron, payloads, 1, offer, take)
        assert outputs == expected
        assert seen == states
        assert counters == {"cycles": CYCLES * STREAMS, "ones": ones, "clipped": clipped}


@pytest.mark.parametrize("operand", OPERANDS)
def test_layers_are_the_reference(operand: str) -> None:
    shape = NeuronShape(4, 10, 3, operand)
    payloads, expected = [], []
    for seed in range(STREAMS):
        x, w, negative = bits_of(shape, 3, seed)
        payloads += payloads_of(x, w, negative)
        y, _, _ = layer_bits(shape, x, w, None, negative)
        expected += [{"bits": as_number(y[:, t]), "last": t == CYCLES - 1} for t in range(CYCLES)]
    outputs, _, counters = play(IscLayer(plan_of(shape, 3)), payloads, 2, 0.8, 0.7)
    assert outputs == expected
    ones = [sum(e["bits"] >> n & 1 for e in expected) for n in range(3)]
    assert list(counters.values()) == [CYCLES * STREAMS, STREAMS, *ones]


def test_a_cycle_a_clock() -> None:
    shape = NeuronShape(3, 8)
    x, w, _ = bits_of(shape, 1, 0)
    neuron = IscNeuron(plan_of(shape))
    assert neuron.delay == 1
    # Offered and taken in every clock; the bench would run out of clocks were it slower.
    outputs, _, _ = play(neuron, payloads_of(x, w[0], None), 0, 1.0, 1.0)
    assert len(outputs) == CYCLES


def test_wrong_counters_are_refused() -> None:
    for component in (IscNeuron, IscLayer):
        with pytest.raises(InputError, match="counter_bits is 0; it must be a whole number from 1"):
            component(StreamPlan(), counter_bits=0)
