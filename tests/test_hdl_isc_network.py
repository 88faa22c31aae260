"""Whole networks: from the same sensed bits the reference gives the same output bits."""

from typing import Any

import numpy as np
import pytest
from isc_bench import as_number, run_network

from nvmcosim.hdl.isc_network import IscNetwork
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import network_bits
from nvmcosim.pymodel.stream_plan import StreamPlan

SAMPLES = 3


def samples_of(network: IscNetwork, seed: int) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    samples = []
    for _ in range(SAMPLES):
        sample: dict[str, Any] = {}
        for name, field in network.layout:
            if name.startswith("negative"):
                sample[name] = int(random.integers(1 << field.width))
            else:
                length = field.shape.length
                sample[name] = random.integers(0, 2**network.plan.p_bits + 1, length).tolist()
        samples.append(sample)
    return samples


def expected_of(
    network: IscNetwork, samples: list[dict[str, Any]], sensed: list[Any]
) -> list[dict[str, int]]:
    """The reference's outputs: bit i of a number comes from junction i modulo the phases."""
    plan, cycles, phases = network.plan, network.plan.cycles, network.plan.bank_phases
    expected = []
    for s, sample in enumerate(samples):
        at, streams = 0, []
        for name in ("x", *(f"w{n}" for n in range(len(plan.neurons)))):
            bits = []
            for number in sample[name]:
                own = sensed[at * phases : (at + 1) * phases]
                places = range(s * cycles, (s + 1) * cycles)
                raw = [own[i % phases][i // phases] for i in places]
                bits.append(np.array(raw) ^ network.sng.codes(number)[2])
                at += 1
            streams.append(np.array(bits, np.uint8))
        weights, signs = [], []
        for n, (shape, outputs) in enumerate(zip(plan.neurons, plan.layers[1:], strict=True)):
            split = (outputs, *[2] * (shape.weight_streams - 1), shape.inputs, cycles)
            weights.append(streams[n + 1].reshape(split))
            flags = sample.get(f"negative{n}", 0) >> np.arange(outputs * shape.inputs) & 1 == 1
            signs.append(flags.reshape(outputs, -1) if shape.signed else None)
        y = network_bits(plan.neurons, streams[0], weights, signs)[-1][0]
        expected += [{"bits": as_number(y[:, t]), "last": t == cycles - 1} for t in range(cycles)]
    return expected


@pytest.mark.parametrize("phases", [1, 4])
@pytest.mark.parametrize(
    "operands",
    [("shared", "bipolar"), ("separate", "magnitude-bipolar"), ("magnitude", "bipolar")],
    ids=str,
)
def test_networks_are_the_reference(operands: tuple[str, str], phases: int) -> None:
    plan = StreamPlan(
        cycles=11, p_bits=3, phases=phases, layers=(2, 3, 2), operands=operands, reset_rule="always"
    )
    network = IscNetwork(plan)
    samples = samples_of(network, phases)
    outputs, sensed, counters = run_network(network, samples, 7, take=1.0 if phases > 1 else 0.1)
    assert outputs == expected_of(network, samples, sensed)
    numbers = sum(network.numbers)
    assert counters["streams"] == SAMPLES
    assert counters["cycles"] == 11 * SAMPLES
    assert counters["generated_bits"] == numbers * 11 * SAMPLES
    assert counters["generated_resets"] == counters["generated_bits"]
    ones = [sum(o["bits"] >> k & 1 for o in outputs) for k in range(2)]
    assert [counters["ones_0"], counters["ones_1"]] == ones


def test_wrong_counters_are_refused() -> None:
    with pytest.raises(InputError, match="counter_bits is 65; it must be a whole number from 1"):
        IscNetwork(StreamPlan(), counter_bits=65)
