"""The neuron against loops over plain integers, by hand, and against its stationary law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import (
    OPERANDS,
    NeuronShape,
    layer_bits,
    network_bits,
    neuron_bits,
)


def by_hand(shape, x, w, v, negative):
    """S and y of each cycle, gate by gate as in mondal2018's Fig. 5a."""
    counter, sums, bits = shape.states // 2, [], []
    for t in range(len(x[0])):
        s = 0
        for i in range(shape.inputs):
            if shape.signed:
                one = 1 if x[i][t] else (-1 if shape.operand == "magnitude-bipolar" else 0)
                s += (-one if negative[i] else one) if w[i][t] else 0
                continue
            s += 1 if w[i][t] == x[i][t] else -1
            if shape.operand != "bipolar":
                s += 1 if (w if shape.operand == "shared" else v)[i][t] else -1
        counter += s
        if counter < 0:
            counter = 0
        if counter >= shape.states:
            counter = shape.states - 1
        sums.append(s)
        bits.append(1 if 2 * counter >= shape.states else 0)
    return bits, sums, counter


@given(st.sampled_from(OPERANDS), st.integers(1, 9), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_a_neuron_is_its_gates(operand, inputs, half, seed):
    rng = np.random.default_rng(seed)
    shape = NeuronShape(inputs, 2 * half, operand=operand)
    x, w, v = rng.integers(0, 2, (3, inputs, 40), np.uint8)
    negative = rng.random(inputs) < 0.5 if shape.signed else None
    weights = np.stack([w, v]) if operand == "separate" else w
    bits, sums, counter = neuron_bits(shape, x, weights, negative=negative)
    assert (bits.tolist(), sums.tolist(), counter) == by_hand(shape, x, w, v, negative)
    assert abs(sums).max() <= shape.reach < 2 ** (shape.sum_bits - 1)
    assert 0 <= counter < 2**shape.state_bits
    # In two parts, from the counter that the first one left.
    first = neuron_bits(shape, x[:, :13], weights[..., :13], negative=negative)
    rest = neuron_bits(shape, x[:, 13:], weights[..., 13:], first[2], negative)
    assert (np.concatenate([first[0], rest[0]]) == bits).all()
    assert rest[2] == counter


def test_a_counter_at_half_puts_out_a_one():
    shape = NeuronShape(1, 4, operand="bipolar")
    x, w = np.array([[0, 1, 1, 1, 1, 0, 0]], np.uint8), np.ones((1, 7), np.uint8)
    bits, sums, counter = neuron_bits(shape, x, w)
    assert sums.tolist() == [-1, 1, 1, 1, 1, -1, -1]
    # The counter is 1 2 3 3 3 2 1.
    assert bits.tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert counter == 1


def test_layers_in_series():
    rng = np.random.default_rng(1)
    shapes = [NeuronShape.paper(6, 1.0), NeuronShape.paper(3, 1.0, hidden_inputs=True)]
    x, w = rng.integers(0, 2, (6, 50), np.uint8), rng.integers(0, 2, (3, 6, 50), np.uint8)
    z = rng.integers(0, 2, (2, 3, 50), np.uint8)
    hidden, out = network_bits(shapes, x, [w, z])
    for n in range(3):
        assert (hidden[0][n] == neuron_bits(shapes[0], x, w[n])[0]).all()
    assert (out[0] == layer_bits(shapes[1], hidden[0], z)[0]).all()
    assert [shape.states for shape in shapes] == [12, 6]


def law(shape, sums, chances, cycles):
    """Chance of a 1 in each cycle, from the chain of the counter's states."""
    step = np.zeros((shape.states, shape.states))
    for state in range(shape.states):
        for s, chance in zip(sums, chances, strict=True):
            step[state, min(max(state + s, 0), shape.states - 1)] += chance
    at = np.eye(shape.states)[shape.first_state]
    ones = []
    for _ in range(cycles):
        at = at @ step
        ones.append(at[shape.half :].sum())
    return np.array(ones)


@pytest.mark.parametrize("s", [-3.0, 0.0, 1.0])
def test_output_bits_follow_the_chain(s):
    """1,000 runs of 24 cycles, each cycle's ones a binomial test, at 1e-6 for all 72."""
    inputs, cycles, runs, rng = 10, 24, 1000, np.random.default_rng(4)
    shape = NeuronShape(inputs, 20, operand="bipolar")
    p = (1 + s / inputs) / 2
    counts = np.zeros(cycles, int)
    for _ in range(runs):
        w = (rng.random((inputs, cycles)) < p).astype(np.uint8)
        counts += neuron_bits(shape, np.ones_like(w), w)[0]
    chances = stats.binom.pmf(np.arange(inputs + 1), inputs, p)
    expected = law(shape, 2 * np.arange(inputs + 1) - inputs, chances, cycles)
    for count, chance in zip(counts, expected, strict=True):
        assert stats.binomtest(int(count), runs, float(np.clip(chance, 0, 1))).pvalue > 1e-6 / 72


@pytest.mark.parametrize("s", [-0.8, -0.2, 0.0, 0.2, 0.8])
def test_the_chain_tends_to_tanh(s):
    """tanh(n s / 2) for many weights near 0, n = K/m = 4; steps of sqrt(m) blur K by a few %."""
    inputs, n = 64, 4
    shape = NeuronShape(inputs, n * inputs, operand="bipolar")
    chances = stats.binom.pmf(np.arange(inputs + 1), inputs, (1 + s / inputs) / 2)
    final = law(shape, 2 * np.arange(inputs + 1) - inputs, chances, 6000)[-1]
    assert 2 * final - 1 == pytest.approx(np.tanh(n * s / 2), abs=0.02)


def test_shapes_of_the_paper_and_their_widths():
    assert NeuronShape.paper(784, 1.0) == NeuronShape(784, 1568, None, "shared")
    assert NeuronShape.paper(784, 1.0).reach == 1568
    shape = NeuronShape(784, 82, operand="magnitude")
    assert (shape.first_state, shape.half) == (41, 41)
    assert (shape.reach, shape.sum_bits, shape.state_bits) == (784, 11, 7)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: NeuronShape(0, 2), "inputs is 0"),
        (lambda: NeuronShape(1, 3), "states are 3; their number must be even"),
        (lambda: NeuronShape(1, 4, 4), "start is 4"),
        (lambda: NeuronShape(1, 4, operand="and"), "the operand is 'and'"),
        (lambda: neuron_bits(NeuronShape(2, 4), np.ones((3, 5)), np.ones((3, 5))), "has 2 inputs"),
        (
            lambda: neuron_bits(
                NeuronShape(1, 4, operand="magnitude"), np.ones((1, 5)), np.ones((1, 5))
            ),
            "takes a sign",
        ),
    ],
)
def test_wrong_input_is_told_in_a_sentence(call, says):
    with pytest.raises(InputError, match=says):
        call()
