"""Training of tanh networks with the generators' energy, and the power of a network."""

import numpy as np
import pytest
import torch

from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.approximation.power import network_power, weight_power_w
from nvmcosim.approximation.training import TanhTraining, relative_power, train_network
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.sng import sng_power_w


def stripes(samples: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that a sum of the first half of the inputs less the second tells apart."""
    rng = np.random.default_rng(0)
    z = rng.random((samples, 8))
    return z, (z[:, :4].sum(axis=1) > z[:, 4:].sum(axis=1)).astype(np.uint8)


def test_a_network_learns_and_is_the_same_for_the_same_seed() -> None:
    z, labels = stripes()
    training = TanhTraining((8, 4, 2), 60, 20, rate=1e-2)
    one, again = (train_network(training, z, labels) for _ in range(2))
    assert one.accuracy(z, labels) > 0.95
    assert all((a == b).all() for a, b in zip(one.weights, again.weights, strict=True))
    other = train_network(TanhTraining((8, 4, 2), 60, 20, rate=1e-2, seed=1), z, labels)
    assert (other.weights[0] != one.weights[0]).any()


def test_the_energy_term_saves_power_and_the_limit_is_m() -> None:
    z, labels = stripes()
    free, cheap = (
        train_network(TanhTraining((8, 2), 80, 20, 1e-2, energy, 0.5), z, labels)
        for energy in (0.0, 0.3)
    )
    assert max(cheap.scales) <= 0.5 + 1e-6
    assert weight_power_w(cheap) < 0.8 * weight_power_w(free)
    assert cheap.accuracy(z, labels) > 0.9


def test_relative_power_is_the_generators_and_its_slope_a_difference() -> None:
    points = np.linspace(0, 1, 101)
    watts = sng_power_w((points + 1) / 2)
    table = torch.tensor(watts / watts[0], dtype=torch.float64)
    w = torch.tensor([0.1, -0.37, 0.8], dtype=torch.float64, requires_grad=True)
    found = relative_power(w, table, limit=1.0)
    expected = np.interp([0.1, 0.37, 0.8], points, watts / watts[0]).mean()
    assert float(found.detach()) == pytest.approx(expected)
    found.backward()
    assert w.grad is not None
    step = 1e-4
    for n, value in enumerate([0.37 + step]):
        rise = np.interp([value, 0.37], points, watts / watts[0])
        # A larger magnitude of a negative weight is a step down.
        assert float(w.grad[n + 1]) == pytest.approx(-(rise[0] - rise[1]) / step / 3, rel=1e-6)


def test_power_is_one_generator_a_weight_and_one_an_input() -> None:
    network = TanhNetwork((np.array([[0.2, -1.0], [0.6, 0.0]]),), (3.0,))
    inputs = np.array([[0.0, 0.5], [1.0, 0.25]])
    found = network_power(network, inputs)
    assert found.generators == 6
    assert found.weights_w == pytest.approx(sng_power_w(np.array([0.6, 0.0, 0.8, 0.5])).sum())
    assert found.inputs_w == pytest.approx(sng_power_w(np.array([0.0, 0.5, 1.0, 0.25])).sum() / 2)
    table = network_power(network, inputs, "bms", "table1")
    expected = sng_power_w(np.array([0.6, 0.0, 0.8, 0.5]), "bms", "table1").sum()
    assert table.weights_w == pytest.approx(expected)
    mnist = TanhNetwork((np.zeros((784, 10)),), (1.0,))
    assert network_power(mnist, np.zeros((1, 784))).generators == 8624


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": (8,)}, r"shape is \(8,\)"),
        ({"epochs": 0}, "epochs is 0"),
        ({"rate": 1.0}, "rate is 1.0"),
        ({"energy": -1.0}, "energy is -1.0"),
        ({"limit": 0.0}, "limit is 0.0"),
    ],
)
def test_wrong_input_is_a_sentence(change, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TanhTraining(**{"shape": (8, 2), "epochs": 1, "batch": 1, **change})
    z, labels = stripes(4)
    with pytest.raises(InputError, match="a label is 7; it must be 0 to 1"):
        train_network(TanhTraining((8, 2), 1, 1), z, labels + 7 - labels.max())
