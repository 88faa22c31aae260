"""A plan's network against the plain reference with the plan's own numbers, and its energy."""

import numpy as np
import pytest

from nvmcosim import InputError, StreamNetwork, StreamPlan
from nvmcosim.pymodel.stream_neuron import network_bits
from nvmcosim.pymodel.stream_source import bank_of, drawn
from nvmcosim.pymodel.streams import packed, unpacked

RNG = np.random.default_rng(5)
WEIGHTS = [RNG.uniform(-2, 2, (4, 3)), RNG.uniform(-2, 2, (3, 2))]


@pytest.mark.parametrize("reuse", ["shared", "fresh"])
@pytest.mark.parametrize("operands", [None, ("magnitude", "magnitude-bipolar")])
def test_a_plan_s_network_is_the_reference(reuse, operands):
    plan = StreamPlan(cycles=100, scale=2, reuse=reuse, operands=operands, seed=4)
    network, x = StreamNetwork(plan, WEIGHTS), RNG.random((3, 4))
    results = network.run(x, first_sample=7)
    p = plan.codes.probability
    for n in range(3):
        thresholds = np.rint(p[np.rint(x[n] * 256).astype(int)] * 2.0**32).astype(np.uint64)
        bits = drawn(thresholds, 100, 4, bank_of(0, "inputs"), 7 + n, 32)
        sample = 7 + n if reuse == "fresh" else 0
        w_bits = [layer.weight_bits(i, 100, 4, sample) for i, layer in enumerate(network.layers)]
        signs = [w.T < 0 if operands else None for w in WEIGHTS]
        wanted = network_bits(plan.neurons, unpacked(bits, 100), w_bits, signs)
        for result, (y, _, counters) in zip(results, wanted, strict=True):
            assert (result.words[n] == packed(y)).all()
            assert (result.counters[n] == counters).all()


def test_weights_have_the_plan_s_probabilities():
    plan = StreamPlan(scale=2)
    layer = StreamNetwork(plan, WEIGHTS).layers[0]
    for i in range(4):
        code = round((1 + WEIGHTS[0][i, 1] / 2) / 2 * 256)
        assert layer.thresholds[1, i] / 2**32 == pytest.approx(
            plan.codes.probability[code], abs=2**-32
        )


def test_energy_is_that_of_every_bit():
    plan = StreamPlan(layers=(2, 1), cycles=10, operands=("shared",))
    network, e = StreamNetwork(plan, [[[0.5], [-1.0]]]), plan.codes.energy_j
    # p of the weights is 0.75 and 0, of the inputs 0.25 and 1.
    wanted = 10 * (e[192] + e[0] + e[64] + e[256])
    assert network.energy_j([[0.25, 1.0]]) == pytest.approx([wanted])
    magnitude = StreamNetwork(plan.replace(operands=("magnitude",)), [[[0.5], [-1.0]]])
    wanted = 10 * (e[128] + e[256] + e[64] + e[256])
    assert magnitude.energy_j([[0.25, 1.0]]) == pytest.approx([wanted])


def test_wrong_input_is_told_in_a_sentence():
    plan = StreamPlan(scale=2)
    with pytest.raises(InputError, match="the plan's layers take"):
        StreamNetwork(plan, WEIGHTS[:1])
    with pytest.raises(InputError, match="a weight is"):
        StreamNetwork(plan, [10 * w for w in WEIGHTS])
    network = StreamNetwork(plan, WEIGHTS)
    with pytest.raises(InputError, match=r"p is -0\.5"):
        network.run([[0, 0, 0, -0.5]])
    with pytest.raises(InputError, match="each has 4 numbers"):
        network.energy_j([[0.5]])
