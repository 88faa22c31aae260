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
    # 9 inputs of 2 samples share 96 MACs: the middle one is in all 4 positions of 3 outputs.
    assert (second[1].columns, second[1].macs) == (18, 96)
    assert second[1].compute_us == pytest.approx(12 * 31e-3)
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


def _places_of_a_line(kernel: int, stride: int, border: int, side: int) -> list[int]:
    """By position of a line of inputs, how many kernels read it."""
    outputs = (side + 2 * border - kernel) // stride + 1
    read = [0] * side
    for output in range(outputs):
        for tap in range(kernel):
            at = output * stride + tap - border
            if 0 <= at < side:
                read[at] += 1
    return read


@pytest.mark.parametrize(
    ("layer", "kernel", "stride", "border", "side"),
    [
        (LENET[1], 5, 1, 0, 14),
        (LENET[2], 1, 1, 0, 1),
        (resnet50()[0], 7, 2, 3, 224),
        *(
            (layer, layer.kernel, layer.stride, layer.kernel // 2, math.isqrt(layer.input_places))
            for layer in resnet50()[1:28]
        ),
    ],
)
def test_the_input_used_most_is_counted_out(
    layer: Layer, kernel: int, stride: int, border: int, side: int
) -> None:
    read = _places_of_a_line(kernel, stride, border, side)
    assert layer.uses == layer.outputs * max(read) ** 2
    assert layer.reached == sum(n > 0 for n in read) ** 2


def test_a_gradient_of_one_position_is_a_product() -> None:
    costs = {"mac": Costs(10), "add": Costs(2), "multiply": Costs(7)}
    gradient = map_network([Layer("a", 3, 4)], 2, "fp32", PLAIN, costs)[1]
    assert gradient.compute_us == pytest.approx((7 + 2) * 1e-3)


def test_split_sums_by_hand() -> None:
    """A sum of 10 products in 4 columns: 3 MACs each, then two additions."""
    layer = Layer("a", 10, 1, biases=False)
    costs = {"mac": Costs(10, 0, 0, 0, 100), "add": Costs(1, 0, 0, 0, 10)}
    whole = map_network([layer], 1, "fp32", PLAIN, costs)[0]
    part = map_network([layer], 1, "fp32", PLAIN, costs, split=4)[0]
    assert (whole.columns, part.columns) == (1, 4)
    assert whole.compute_us == pytest.approx(100e-3)
    assert part.compute_us == pytest.approx((3 * 10 + 2) * 1e-3)
    assert part.energy_nj - whole.energy_nj == pytest.approx(3 * (10 + 32) * 1e-6)
    assert part.macs == whole.macs


def test_a_split_takes_no_more_rounds_and_leaves_each_column_a_product() -> None:
    machine = Machine(100)
    whole = map_network(LENET, 64, machine=machine)
    split = map_network(LENET, 64, machine=machine, split=1024)
    assert [p.rounds for p in split] == [p.rounds for p in whole]
    assert all(b.latency_us <= a.latency_us for a, b in zip(whole, split, strict=True))
    assert all(b.energy_nj >= a.energy_nj for a, b in zip(whole, split, strict=True))
    assert any(b.columns > a.columns for a, b in zip(whole, split, strict=True))
    # Without a limit, powers of two up to the products of a sum.
    free = map_network(LENET, 1, split=1 << 16)
    assert free[0].columns == 16 * LENET[0].outputs * LENET[0].places
    with pytest.raises(InputError, match="split is 3; it must be a power of two"):
        map_network(LENET, 64, split=3)
