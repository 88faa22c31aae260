"""Variance of sums, states by variance, and accuracy on finite streams."""

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_gain import matched_shape, sum_variance
from nvmcosim.pymodel.stream_network import StreamLayer, quantised, run_layer
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape
from nvmcosim.studies.mondal2018.precision import (
    NEURONS,
    decision_energy_j,
    neuron_shapes,
    precision_accuracies,
    precision_figures,
    stream_outputs,
)


@pytest.mark.parametrize("operand", OPERANDS)
def test_the_variance_is_that_of_sums(operand):
    """2^15 cycles; a sample variance of nearly normal sums deviates by sqrt(2/n), 5 of which

    are as rare as 1e-6.
    """
    rng, inputs, cycles = np.random.default_rng(6), 96, 2**15
    # Numbers that 8 bits hold, so that nothing is rounded.
    weights = rng.integers(-128, 129, (inputs, 1)) / 128
    p = rng.integers(0, 257, (1, inputs)) / 256
    values = 2 * p - 1 if "bipolar" in operand else p
    layer = StreamLayer.of(NeuronShape(inputs, 2, operand=operand), weights.T, 1.0)
    sums = run_layer(layer, quantised(p), cycles, 8, sums=True).sums[0, 0]
    expected = sum_variance(operand, weights, values)
    assert abs(np.var(sums) / expected - 1) < 5 * np.sqrt(2 / cycles)
    shared = operand in ("shared", "separate")
    mean = (weights[:, 0] @ values[0]) * (2 if shared else 1)
    assert abs(sums.mean() - mean) < 5 * np.sqrt(expected / cycles)


@pytest.mark.parametrize(
    ("operand", "scale"), [("shared", 1.0), ("magnitude", 2.0), ("magnitude", 8.0)]
)
def test_a_matched_neuron_has_the_activation_s_gain(operand, scale):
    """Its output over many cycles is tanh(M sum w x); the paper's is not where few inputs are on.

    Eight neurons, whose slope through the activations near 0 is found to some percent: K is even,
    the variance is the mean of all neurons, and bits are alike for about K^2 / variance cycles.
    """
    rng, inputs, cycles = np.random.default_rng(7), 400, 2**17
    weights = np.rint(rng.normal(0, 38 / scale, (inputs, 8))).clip(-128, 128) / 128
    x = rng.integers(0, 257, (1, inputs)) / 256
    x[:, 100:] = 0
    a = scale * (x @ weights)[0]
    near = np.abs(a) < 1
    assert near.sum() >= 3

    def gain(shape):
        layer = StreamLayer.of(shape, weights.T, 1.0)
        y = 2 * run_layer(layer, quantised(x), cycles, 1).ones[0] / cycles - 1
        return float(np.arctanh(y[near]) @ a[near] / (a[near] @ a[near]))

    assert gain(matched_shape(operand, weights, scale, x)) == pytest.approx(1, abs=0.15)
    assert gain(NeuronShape.paper(inputs, scale)) > 2


@pytest.fixture(scope="module")
def network():
    """Two layers that tell which of three blocks of inputs is the brightest."""
    rng = np.random.default_rng(8)
    blocks = np.repeat(np.eye(3), 8, axis=0)
    weights = [(blocks - 1 / 3) * 0.9, np.eye(3) * 0.8 - 0.1]
    labels = rng.integers(0, 3, 400)
    x = (0.55 * rng.random((400, 24)) + 0.35 * blocks[:, labels].T).clip(0, 1)
    return weights, [1.5, 2.0], x, labels


def test_accuracies_by_neuron(network):
    weights, scales, x, labels = network
    best = precision_accuracies(weights, scales, x, labels, None, "paper")
    assert best > 0.95
    found = {
        name: precision_accuracies(weights, scales, x, labels, 2048, name, seed=1)
        for name in NEURONS
    }
    # 400 samples: five deviations of the difference of two shares near 0.95 are 0.08.
    for name in ("ideal", "magnitude-ideal", "magnitude"):
        assert found[name] > best - 0.08, found
    short = precision_accuracies(weights, scales, x, labels, 4, "paper", seed=1)
    assert short < found["magnitude"]


def test_outputs_do_not_depend_on_batches(network):
    weights, scales, x, _ = network
    whole = stream_outputs(weights, scales, x[:20], 70, "magnitude", 3, x)
    part = stream_outputs(weights, scales, x[12:20], 70, "magnitude", 3, x, first_sample=12)
    assert (whole[12:] == part).all()


def test_a_grid_is_what_bits_are_drawn_by(network):
    weights, scales, x, _ = network
    options = {"cycles": 70, "neuron": "magnitude", "seed": 3}
    plain = stream_outputs(weights, scales, x[:9], **options)
    certain = stream_outputs(weights, scales, x[:9], grid=np.zeros(257), **options)
    assert (plain != certain).any()
    # No bit of a magnitude is ever 1, so that counters stay where they start: at K/2.
    assert (certain == 1).all()


def test_ideal_outputs_tend_to_the_network_s(network):
    weights, scales, x, _ = network
    wanted = stream_outputs(weights, scales, x[:5], None, "ideal")
    found = stream_outputs(weights, scales, x[:5], 2**16, "magnitude-ideal")
    assert np.abs(np.tanh(found) - np.tanh(wanted)).max() < 0.03


def test_figures_and_energy(network):
    weights, scales, x, labels = network
    energy = np.minimum(np.arange(257), 256 - np.arange(257)) / 128
    rows = precision_figures(
        weights, scales, x, labels, cycles=(None, 64), samples=50, energy_j=energy
    )
    assert [(r["neuron"], r["cycles"]) for r in rows] == [
        (n, c) for n in ("ideal", "paper", "magnitude") for c in (None, 64)
    ]
    assert {r["n"] for r in rows} == {50}
    assert rows[2]["states"] == [s.states for s in neuron_shapes(weights, scales, x, "paper")]
    assert rows[2]["states"] == [72, 12]
    # Weights at 1 and -1 cost nothing here, at 0 a whole 1; an input of a half costs 1.
    w, half = np.array([[1.0], [-1.0], [0.0]]), np.array([[0.5, 0.0, 1.0]])
    assert decision_energy_j([w], half, 10, "paper", energy) == pytest.approx(20)
    assert decision_energy_j([w], half, 10, "separate", energy) == pytest.approx(30)
    assert decision_energy_j([w], half, 10, "magnitude", energy) == pytest.approx(10)


def test_wrong_input_is_told_in_a_sentence(network):
    weights, scales, x, labels = network
    with pytest.raises(InputError, match="the neuron is 'best'; it must be one of ideal"):
        precision_accuracies(weights, scales, x, labels, 8, "best")
    with pytest.raises(InputError, match="400 samples and 399 labels"):
        precision_accuracies(weights, scales, x, labels[1:], 8, "paper")
    with pytest.raises(InputError, match="cycles is 0"):
        precision_accuracies(weights, scales, x, labels, 0, "paper")
    with pytest.raises(InputError, match=r"p is 1\.5"):
        precision_accuracies(weights, scales, np.full_like(x, 1.5), labels, 8, "paper")
    with pytest.raises(InputError, match=r"a weight is 3"):
        precision_accuracies([3 * weights[0] / 0.6, weights[1]], scales, x, labels, 8, "paper")
