"""Networks of several layers: Eq. 16, the search over hidden thresholds, and what they certify."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from nvmcosim.approximation.certify import distance
from nvmcosim.approximation.kept import read_arrays
from nvmcosim.approximation.layers import (
    approximate_network,
    estimated_thresholds,
    search_network,
)
from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.approximation.program import Infeasible
from nvmcosim.approximation.thresholds import hidden_threshold
from nvmcosim.pymodel.errors import InputError


def network(*shape: int, seed: int = 0, size: float = 1.0) -> tuple[TanhNetwork, np.ndarray]:
    rng = np.random.default_rng(seed)
    layers = [size * rng.normal(size=pair) for pair in pairwise(shape)]
    return TanhNetwork.trained(layers), rng.random((120, shape[0]))


def test_a_trained_network_is_scaled_by_its_largest_magnitude() -> None:
    layers = [np.array([[0.5, -3.0], [1.0, 0.2]]), np.array([[0.1], [-0.4]])]
    found = TanhNetwork.trained(layers)
    assert found.scales == (3.0, 0.4)
    assert found.shape == (2, 2, 1)
    z = np.array([[0.2, 0.9]])
    expected = np.tanh(np.tanh(z @ layers[0]) @ layers[1])
    assert found.activations(z)[-1] == pytest.approx(expected)


def test_equation_10_is_the_weighted_sum_of_the_inputs_in_0_to_1() -> None:
    found, z = network(7, 3)
    w, m, x = found.weights[0], found.scales[0], 2 * z - 1
    a = m / 2 * (x @ w + w.sum(axis=0))
    assert found.activations(z)[1] == pytest.approx(np.tanh(a), abs=1e-14)


def test_decisions_tell_sums_apart_whose_tanh_is_one() -> None:
    found = TanhNetwork.trained([np.array([[30.0, 40.0]])])
    assert found.activations(np.ones((1, 1)))[-1].tolist() == [[1.0, 1.0]]
    assert found.decisions(np.ones((1, 1))).tolist() == [1]
    assert found.accuracy(np.ones((2, 1)), np.array([1, 0], np.uint8)) == 0.5


def test_equation_16_by_hand() -> None:
    # One neuron, w = (3, 4) / 4 times M = 4; steepest sample at a = 0, so lambda = phi. The
    # shortest y is phi (3, 4) / 25, its larger coordinate 4 phi / 25; equal errors violate at
    # phi / 7.
    found = hidden_threshold(np.array([[0.75], [1.0]]), 4.0, np.array([[0.0], [2.0]]), 0.05)
    assert found.eq16 == pytest.approx(0.05 * 4 / 25)
    assert found.guaranteed == pytest.approx(0.05 / 7)
    assert found.upper is None
    # At a = 1 the tanh is flatter, so more is tolerated.
    flat = hidden_threshold(np.array([[0.75], [1.0]]), 4.0, np.array([[1.0]]), 0.05)
    assert flat.eq16 == pytest.approx(0.05 * np.cosh(1) ** 2 * 4 / 25)


def test_the_papers_bound_is_no_guarantee_but_the_smaller_one_is() -> None:
    rng = np.random.default_rng(3)
    w, sums = rng.uniform(-1, 1, (8, 3)), rng.normal(size=(50, 3))
    found = hidden_threshold(w, 2.0, sums, 0.03)
    assert found.guaranteed < found.eq16
    # Smallest largest coordinate that reaches a limit, as a linear program.
    lengths = 0.03 * (np.cosh(sums) ** 2).min(axis=0)
    least = []
    for j in range(3):
        rows = np.hstack([np.vstack([np.eye(8), -np.eye(8)]), -np.ones((16, 1))])
        equal = np.append(2 * w[:, j], 0.0)[None]
        bounds = [(None, None)] * 9
        solved = linprog([0] * 8 + [1], rows, [0] * 16, equal, [lengths[j]], bounds)
        least.append(solved.fun)
    assert found.guaranteed == pytest.approx(min(least))


def test_few_hidden_neurons_have_an_upper_bound() -> None:
    # |y1 + y2| <= l and |y1 - y2| <= l: a square with its corners at l on the axes.
    w = np.array([[1.0, 1.0], [1.0, -1.0]])
    found = hidden_threshold(w, 1.0, np.zeros((1, 2)), 0.2)
    assert found.upper == pytest.approx(0.2)
    assert found.eq16 == pytest.approx(0.1)


@pytest.mark.parametrize("shape", [(14, 6, 3), (14, 6, 5, 3)])
def test_the_search_saves_and_keeps_the_outputs(shape: tuple[int, ...]) -> None:
    found, z = network(*shape)
    new = search_network(found, z, 0.05)
    was, now = (net.activations(z)[-1] for net in (found, new.network))
    assert np.abs(now - was).max() <= 0.05
    assert new.check.violations == 0
    assert new.check.largest == pytest.approx(np.abs(now - was).max())
    assert abs(new.gap) < 1e-5
    before, after = (sum(map(distance, net.weights)) for net in (found, new.network))
    assert after < 0.97 * before
    # It is the cheapest of what was tried, and what was tried spans feasible to infeasible.
    costs = [cost for _, feasible, cost in new.tried if feasible]
    assert after == pytest.approx(min(costs))
    assert [feasible for _, feasible, _ in new.tried] == sorted(
        (feasible for _, feasible, _ in new.tried), reverse=True
    )
    estimate, _ = estimated_thresholds(found, z, 0.05)
    ratios = np.array(new.thresholds[:-1]) / estimate[:-1]
    assert ratios == pytest.approx(np.full(len(ratios), ratios[0]))


def test_a_cost_of_ones_own_decides() -> None:
    found, z = network(14, 6, 3)
    # Dearest where the programs save most: the least saving is chosen.
    new = search_network(found, z, 0.05, cost=lambda net: -sum(map(distance, net.weights)))
    assert min(factor for factor, feasible, _ in new.tried if feasible) * estimated_thresholds(
        found, z, 0.05
    )[0][0] == pytest.approx(new.thresholds[0])


def test_a_threshold_of_zero_changes_nothing_that_is_seen() -> None:
    found, z = network(40, 5, 2)
    new = search_network(found, z[:20], 0.0)
    assert new.thresholds == (0.0, 0.0)
    assert new.check.violations == 0
    assert distance(new.network.weights[0]) < distance(found.weights[0]) - 1
    assert new.network.activations(z[:20])[-1] == pytest.approx(found.activations(z[:20])[-1])


def test_an_infeasible_hidden_threshold_names_neuron_and_sample() -> None:
    found, z = network(14, 6, 3, size=2.0)
    with pytest.raises(Infeasible) as caught:
        approximate_network(found, z, (0.5, 1e-3))
    smallest = caught.value.smallest
    assert smallest is not None
    assert smallest > 1e-3
    assert f"no weights keep neuron {caught.value.neuron} within it on sample" in str(caught.value)
    with pytest.raises(Infeasible, match=r"within it$"):
        approximate_network(found, z, (0.5, 1e-3), explain=False)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (np.zeros((4, 0)), r"the shape \(4, 0\)"),
        (np.full((2, 2), np.nan), "a weight is nan"),
        (np.full((2, 2), 1e300), r"a weight is 1e\+300; it must be from -65536 to 65536"),
    ],
)
def test_layers_that_are_none_are_refused(layer: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TanhNetwork.trained([layer])


def test_arrays_of_other_files_are_none(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    np.savez(tmp_path / "c.npz", w0=np.zeros(3, complex))
    assert read_arrays(tmp_path / "a.npy") is None
    assert read_arrays(tmp_path / "c.npz") is None


def test_wrong_input_is_a_sentence() -> None:
    found, z = network(4, 3, 2)
    with pytest.raises(InputError, match="3 thresholds are given; there must be 2"):
        approximate_network(found, z, (0.1, 0.1, 0.1))
    with pytest.raises(InputError, match="layer 1 has 3 inputs; it must have 2"):
        TanhNetwork((np.ones((4, 2)), np.ones((3, 2))), (1.0, 1.0))
    with pytest.raises(InputError, match="2 layers and 1 scales"):
        TanhNetwork((np.ones((4, 2)), np.ones((2, 2))), (1.0,))
    with pytest.raises(InputError, match="a weight is 3; it must be from -M to M, -2 to 2"):
        TanhNetwork((np.array([[1.5]]),), (2.0,))
