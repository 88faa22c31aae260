"""Compiled layers against the plain reference, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_network import StreamLayer, quantised, run_layer, run_network
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape, layer_bits, network_bits
from nvmcosim.pymodel.stream_source import bank_of, drawn
from nvmcosim.pymodel.streams import packed, unpacked


def make_layer(rng, operand, outputs, inputs, states, p_bits=8):
    weights = rng.uniform(-1, 1, (outputs, inputs))
    weights.flat[0] = 1.0
    shape = NeuronShape(inputs, states, operand=operand)
    return StreamLayer.of(shape, weights, 1.0, p_bits)


@given(
    st.sampled_from(OPERANDS),
    st.integers(1, 70),
    st.integers(1, 5),
    st.integers(1, 40),
    st.integers(1, 140),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_layers_are_the_reference(operand, inputs, outputs, half, cycles, fresh, seed):
    rng = np.random.default_rng(seed)
    layer = make_layer(rng, operand, outputs, inputs, 2 * half, p_bits=int(rng.choice([3, 8, 12])))
    x = quantised(rng.integers(0, 5, (3, inputs)) / 4)
    first = int(rng.integers(0, 2**40))
    ran = run_layer(layer, x, cycles, seed, fresh=fresh, sums=True, first_sample=first)
    totals = run_layer(layer, x, cycles, seed, fresh=fresh, fsm=False, first_sample=first).totals
    for n in range(3):
        x_bits = unpacked(drawn(x[n], cycles, seed, bank_of(0, "inputs"), first + n), cycles)
        w_bits = layer.weight_bits(0, cycles, seed, first + n if fresh else 0)
        bits, sums, counters = layer_bits(layer.shape, x_bits, w_bits, None, layer.negative)
        assert (ran.sums[n] == sums).all()
        assert (unpacked(ran.words[n], cycles) == bits).all()
        assert (ran.counters[n] == counters).all()
        assert (ran.ones[n] == bits.sum(axis=1)).all()
        assert (ran.totals[n] == sums.sum(axis=1)).all()
        assert (totals[n] == sums.sum(axis=1)).all()


@pytest.mark.parametrize(("first", "second"), [("shared", "bipolar"), ("magnitude",) * 2])
def test_networks_are_the_reference(first, second):
    rng, cycles, seed = np.random.default_rng(2), 130, 9
    second = "magnitude-bipolar" if second == "magnitude" else second
    layers = [make_layer(rng, first, 6, 20, 24), make_layer(rng, second, 3, 6, 12)]
    x = quantised(rng.random((4, 20)))
    ran = run_network(layers, x, cycles, seed)
    for n in range(4):
        x_bits = unpacked(drawn(x[n], cycles, seed, bank_of(0, "inputs"), n), cycles)
        w_bits = [layer.weight_bits(i, cycles, seed, n) for i, layer in enumerate(layers)]
        results = network_bits(
            [layer.shape for layer in layers], x_bits, w_bits, [layer.negative for layer in layers]
        )
        for layer, (bits, sums, _) in zip(ran, results, strict=True):
            assert (layer.words[n] == packed(bits)).all()
            assert (layer.totals[n] == sums.sum(axis=1)).all()


def test_threads_and_batches_do_not_matter():
    rng = np.random.default_rng(3)
    layer, x = make_layer(rng, "shared", 4, 50, 40), quantised(rng.random((200, 50)))
    whole = run_layer(layer, x, 100, 5, threads=1)
    for threads in (2, 3):
        other = run_layer(layer, x, 100, 5, threads=threads)
        assert (whole.words == other.words).all()
    part = run_layer(layer, x[150:], 100, 5, first_sample=150)
    assert (whole.words[150:] == part.words).all()


def test_a_device_s_grid():
    grid = np.linspace(0, 1, 257) ** 1.01
    thresholds = quantised([0, 0.5, 1], 8, grid)
    assert thresholds.tolist() == [0, round(0.5**1.01 * 2**32), 2**32]
    layer = StreamLayer.of(NeuronShape(2, 4), [[0.0, 0.0]], 1.0, 8, grid)
    assert layer.digits == 32


LAYER = StreamLayer.of(NeuronShape(1, 2), [[0.5]], 1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: StreamLayer.of(NeuronShape(1, 2), [[1.5]], 1.0), "a weight is 1.5; with M = 1"),
        (lambda: StreamLayer.of(NeuronShape(1, 2), [[1.5]], 0), "M is 0"),
        (lambda: StreamLayer.of(NeuronShape(2, 2), [[1.0]], 1), r"weights are \(1, 1\)"),
        (
            lambda: StreamLayer(NeuronShape(1, 2, operand="magnitude"), quantised([[1]])),
            "signs are",
        ),
        (lambda: quantised([0.5], 8, np.zeros(3)), "the grid has 3 values"),
        (lambda: run(cycles=0), "cycles is 0"),
        (lambda: run(fsm=False, sums=True), "only where the FSM runs"),
        (lambda: run(given=True), "the layer takes"),
        (
            lambda: run_layer(LAYER, np.array([[0.5]]), 10),
            "inputs are float64; they must be an array of uint64",
        ),
        (lambda: quantised([[0.5], [0.1, 0.2]]), "probabilities must be numbers, in rows of one"),
        (lambda: StreamLayer.of(NeuronShape(1, 2), [["a"]], 1), "weights must be numbers"),
        (
            lambda: run_layer(LAYER, quantised(0.5), 10),
            "inputs are uint64; they must be an array",
        ),
        (lambda: run_layer(LAYER, [[0.5]], 10), "inputs are list; they must be an array of uint64"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(call, says):
    with pytest.raises(InputError, match=says):
        call()


def run(cycles=10, **options):
    return run_layer(LAYER, quantised([[0.5]]), cycles, **options)
