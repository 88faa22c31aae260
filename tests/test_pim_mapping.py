"""Layers on subarrays: numbers worked out by hand, and sizes of networks as published."""

import math

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_mapping import (
    LENET,
    Costs,
    Layer,
    Machine,
    map_network,
    resnet50,
    room,
    stored_words,
)
from nvmcosim.pymodel.pim_network import LENET_SHAPES
from nvmcosim.pymodel.pim_programs import named_program

#: Steps of 1 ns each, so that latencies are counts.
PLAIN = Machine(read_ns=1.0, write_ns=1.0, write_fj=1.0)


def test_lenet_is_the_network_that_is_trained() -> None:
    assert sum(layer.parameters for layer in LENET) == 21_690
    for layer, shape in zip(LENET, list(LENET_SHAPES.values())[::2], strict=True):
        assert layer.weights == math.prod(shape)


def test_resnet_has_the_published_parameters_and_operations() -> None:
    layers = resnet50()
    assert len(layers) == 1 + 3 * 16 + 4 + 1
    # The reference implementation's 25,557,032 less 2 for each of 26,560 normalised channels.
    assert sum(layer.parameters for layer in layers) == 25_557_032 - 2 * 26_560
    assert sum(layer.outputs for layer in layers[:-1]) == 26_560
    # He et al., Table 1: 3.8e9.
    assert sum(layer.macs for layer in layers) == pytest.approx(3.8e9, rel=0.02)


def test_a_layer_worked_out_by_hand() -> None:
    """A 2 by 2 kernel on one channel, 3 outputs of 4 positions from 9, two samples."""
    layer = Layer("a", 1, 3, 2, 4, 9)
    costs = {"mac": Costs(10, 20, 1, 100, 200), "add": Costs(1, 2, 0, 10, 20)}
    forward, gradient, update = map_network([layer], 2, "fp32", PLAIN, costs)
    second = map_network([layer] * 2, 2, "fp32", PLAIN, costs)[3:]
    assert [p.name for p in second] == ["forward", "backward", "gradient", "update"]
    # 3 outputs, 4 places, 2 samples; 4 MACs each, each with two words of 11 reads and 11 writes.
    assert (forward.columns, forward.macs) == (24, 96)
    assert forward.compute_us == pytest.approx(4 * 31e-3)
    assert forward.latency_us == pytest.approx(4 * (31 + 44) * 1e-3)
    assert forward.energy_nj == pytest.approx(96 * (200 + 64) * 1e-6)
    assert forward.utilisation == 24 / 1024
    # 9 inputs of 2 samples share 96 MACs.
    assert (second[1].columns, second[1].macs) == (18, 96)
    assert second[1].compute_us == pytest.approx(6 * 31e-3)
    # 15 parameters of 2 samples; 4 positions, then one sum over samples.
    assert (gradient.columns, gradient.macs) == (30, 96)
    assert gradient.latency_us == pytest.approx((4 * (31 + 44) + 3 + 22) * 1e-3)
    sums = 15 + 3 * 2 * 4
    assert gradient.energy_nj == pytest.approx((96 * 264 + sums * 52) * 1e-6)
    assert (update.columns, update.macs) == (15, 15)


def test_what_is_stored_and_where() -> None:
    """LeNet's values: 7,840, 800, 92 and 10 outputs a sample, and 784 pixels."""
    assert stored_words(LENET, 4) == 2 * (21_690 + 4 * 8_742) + 4 * 784
    rows = 1024 - named_program("mac", "fp32").rows
    assert room(Machine(), 3) == 3 * 1024 * (rows // 32)


def test_fewer_subarrays_take_rounds() -> None:
    wide = map_network(LENET, 64)
    narrow = map_network(LENET, 64, machine=Machine(100))
    for a, b in zip(wide, narrow, strict=True):
        assert b.rounds == math.ceil(a.subarrays / 100)
        assert b.latency_us == pytest.approx(a.latency_us * b.rounds)
        assert b.energy_nj == a.energy_nj
        assert 0 < b.utilisation <= 1
    assert max(p.subarrays for p in narrow) == 100


def test_costs_are_those_of_the_programs() -> None:
    counts = named_program("mac", "bf16").counts
    assert Costs.of_program("mac", "bf16").cell_writes == counts.cell_writes
    forward = map_network(LENET, 1, "bf16", PLAIN)[0]
    steps = counts.reads + counts.writes + counts.searches
    assert forward.compute_us == pytest.approx(25 * steps * 1e-3)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="batch is 48; it must be a power of two"):
        map_network(LENET, 48)
    with pytest.raises(InputError, match="layers is empty"):
        map_network([], 64)
    with pytest.raises(InputError, match="256"):
        map_network(LENET, 64, machine=Machine(rows=256))
    with pytest.raises(InputError, match="subarrays is -1"):
        Machine(-1)
