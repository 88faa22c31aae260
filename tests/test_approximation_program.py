"""The convex program against hand-solved cases, scipy's linear programming and cvxpy."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from nvmcosim.approximation import column as column_module
from nvmcosim.approximation import program as program_module
from nvmcosim.approximation.certify import SUM_TOLERANCE, check_outputs, distance, dual_bound
from nvmcosim.approximation.column import Column, proved_again, solve_column
from nvmcosim.approximation.kept import ColumnStore, read_arrays, write_arrays
from nvmcosim.approximation.limits import sum_limits
from nvmcosim.approximation.program import Infeasible, approximate_layer, solve_stated
from nvmcosim.pymodel.errors import InputError


def layer(seed: int, samples: int = 60, inputs: int = 12, neurons: int = 3):
    rng = np.random.default_rng(seed)
    z = np.where(rng.random((samples, inputs)) < 0.3, 0.0, rng.random((samples, inputs)))
    return rng.uniform(-1, 1, (inputs, neurons)), z


def linprog_distance(weights: np.ndarray, scale: float, z: np.ndarray, phi: float) -> float:
    """The least sum of distances by scipy, written in w with its own limits."""
    total = 0.0
    for w in weights.T:
        signs = np.where(w >= 0, 1.0, -1.0)
        outputs = np.tanh(scale * z @ w)
        rows, limits = [], []
        for row, t in zip(scale * z, outputs, strict=True):
            if t + phi < 1:
                rows.append(row)
                limits.append(math.atanh(t + phi))
            if t - phi > -1:
                rows.append(-row)
                limits.append(-math.atanh(t - phi))
        bounds = [(0, 1) if s > 0 else (-1, 0) for s in signs]
        found = linprog(-signs, rows, limits, bounds=bounds, method="highs-ipm")
        assert found.status == 0
        total += len(w) + found.fun
    return total


def test_limits_are_those_of_the_formula() -> None:
    sums = np.array([-1.2, 0.0, 0.4, 0.9])
    least, most = sum_limits(sums, 0.1)
    assert most == pytest.approx(np.arctanh(np.tanh(sums) + 0.1), rel=1e-12)
    assert least == pytest.approx(np.arctanh(np.tanh(sums) - 0.1), rel=1e-12)


def test_limits_are_open_where_the_tanh_would_leave_its_range() -> None:
    least, most = sum_limits(np.array([2.0, -2.0, 30.0, -800.0]), 0.05)
    assert most[[0, 2]].tolist() == [math.inf, math.inf]
    assert least[[1, 3]].tolist() == [-math.inf, -math.inf]
    # From a tanh that is 1 in floating point, down by 0.05.
    assert least[2] == pytest.approx(math.atanh(0.95), rel=1e-12)
    assert most[3] == pytest.approx(math.atanh(-0.95), rel=1e-12)


def test_limits_meet_at_a_threshold_of_zero_even_where_tanh_is_one() -> None:
    sums = np.array([-40.0, -3.0, 0.0, 0.3, 25.0])
    least, most = sum_limits(sums, 0.0)
    assert (least == sums).all()
    assert (most == sums).all()


@pytest.mark.parametrize(
    ("weights", "rows", "phi", "expected"),
    [
        # Nothing but one limit: the tanh may rise by phi.
        ([0.5], [[1.0]], 0.1, [math.atanh(math.tanh(0.5) + 0.1)]),
        ([-0.5], [[1.0]], 0.1, [-math.atanh(math.tanh(0.5) + 0.1)]),
        # w1 - w2 stays -0.1, so both rise until the second is 1.
        ([0.2, 0.3], [[1.0, -1.0]], 0.0, [0.9, 1.0]),
        # A weight of an input that is never there goes to its end, keeping its sign.
        ([0.2, -0.3, 0.0], [[1.0, 0.0, 0.0]], 0.0, [0.2, -1.0, 1.0]),
        # All limits open.
        ([0.9, -0.1], [[1.0, 1.0]], 2.0, [1.0, -1.0]),
    ],
)
def test_cases_solved_by_hand(weights, rows, phi: float, expected) -> None:
    original, z = np.array(weights), np.array(rows)
    found = solve_column(original, z, *sum_limits(z @ original, phi))
    assert found is not None
    assert found.weights == pytest.approx(expected, abs=1e-8)
    assert found.distance == pytest.approx(sum(1 - abs(w) for w in expected), abs=1e-8)


@pytest.mark.parametrize("phi", [0.0, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_is_scipys(seed: int, phi: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # Few rows a round, so that they really are brought in.
    monkeypatch.setattr(column_module, "_FIRST", 3)
    monkeypatch.setattr(column_module, "_ADDED", 2)
    weights, z = layer(seed, samples=8 if phi == 0 else 60)
    found = approximate_layer(weights, 1.7, z, phi)
    assert found.distance == pytest.approx(linprog_distance(weights, 1.7, z, phi), abs=1e-6)
    assert found.distance < found.original - 0.1
    assert abs(found.gap) < 1e-6
    assert found.check.violations == 0
    assert max(found.rows) <= len(z)
    assert (found.weights * np.where(weights >= 0, 1, -1) >= 0).all()


@pytest.mark.parametrize("solver", ["HIGHS", "CLARABEL"])
def test_the_program_as_stated_agrees(solver: str) -> None:
    weights, z = layer(5, samples=40)
    found = approximate_layer(weights, 2.0, z, 0.05)
    stated, value = solve_stated(weights, 2.0, z, 0.05, solver)
    assert value == pytest.approx(found.distance, abs=1e-5)
    assert distance(stated) == pytest.approx(found.distance, abs=1e-5)


def test_the_optimum_meets_the_kkt_conditions() -> None:
    """Stationarity, signs and complementary slackness, from multipliers found by least squares."""
    weights, z = layer(7, neurons=1)
    rows, w = 1.5 * z, weights[:, 0]
    least, most = sum_limits(rows @ w, 0.08)
    found = solve_column(w, rows, least, most)
    assert found is not None
    sums, signs = rows @ found.weights, np.where(w >= 0, 1.0, -1.0)
    low, high = sums - least < 1e-7, most - sums < 1e-7
    free = (np.abs(found.weights) > 1e-7) & (np.abs(found.weights) < 1 - 1e-7)
    active = np.flatnonzero(low | high)
    assert free.sum() <= len(active) < len(rows)
    # Cost -sign for each weight must be carried by active rows where the weight is free.
    y = np.linalg.lstsq(rows[np.ix_(active, np.flatnonzero(free))].T, -signs[free])[0]
    assert rows[np.ix_(active, np.flatnonzero(free))].T @ y == pytest.approx(-signs[free])
    assert (np.where(low[active], y, -y) >= -1e-9).all()
    reduced = -signs - rows[active].T @ y
    at_end = np.abs(found.weights) >= 1 - 1e-7
    assert (signs[at_end] * reduced[at_end] <= 1e-9).all()
    at_zero = np.abs(found.weights) <= 1e-7
    assert (signs[at_zero] * reduced[at_zero] >= -1e-9).all()


def test_any_multipliers_bound_from_below() -> None:
    weights, z = layer(2)
    w = weights[:, 0]
    limits = sum_limits(z @ w, 0.1)
    best = solve_column(w, z, *limits)
    assert best is not None
    signs, rng = np.where(w >= 0, 1.0, -1.0), np.random.default_rng(0)
    for _ in range(50):
        bound = dual_bound(signs, z, *limits, rng.normal(size=len(z)))
        assert bound <= best.distance + 1e-9


def test_limits_of_a_positive_threshold_hold_without_a_tolerance() -> None:
    weights, z = layer(3, samples=400)
    found = approximate_layer(weights, 3.0, z, 0.02)
    off = np.abs(np.tanh(3 * z @ found.weights) - np.tanh(3 * z @ weights))
    assert off.max() <= 0.02
    # At 0 the sums agree to the tolerance that is named.
    found = approximate_layer(weights, 3.0, z[:9], 0.0)
    assert np.abs(3 * z[:9] @ (found.weights - weights)).max() <= SUM_TOLERANCE
    assert found.distance < found.original - 0.1


def test_limits_that_the_solver_misses_are_drawn_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # A solver of little care, as HiGHS is in our scale where its own scale of a row is another.
    monkeypatch.setattr(column_module, "_FEASIBILITY", 1e-4)
    magnitudes = column_module._Program.magnitudes
    monkeypatch.setattr(
        column_module._Program, "magnitudes", lambda self: np.minimum(magnitudes(self) + 1e-6, 1)
    )
    weights, z = layer(8, samples=100)
    found = approximate_layer(weights, 2.0, z, 0.05)
    assert found.check.violations == 0
    assert found.distance == pytest.approx(linprog_distance(weights, 2.0, z, 0.05), abs=1e-3)


def test_the_check_sees_what_is_violated() -> None:
    weights, z = layer(4)
    found = approximate_layer(weights, 1.0, z[:5], 0.01)
    inside = check_outputs(found.weights, weights, 1.0, z[:5], 0.01)
    beyond = check_outputs(found.weights, weights, 1.0, z, 0.01)
    off = np.abs(np.tanh(z @ found.weights) - np.tanh(z @ weights))
    assert (inside.violations, inside.share) == (0, 0.0)
    assert beyond.violations == int((off > 0.01).sum()) > 0
    assert beyond.share == pytest.approx((off > 0.01).any(axis=1).mean())
    assert beyond.largest == pytest.approx(off.max())


def test_the_solver_prints_nothing() -> None:
    script = (
        "import numpy as np; from nvmcosim.approximation.program import *;"
        "approximate_layer(np.ones((1, 1)) / 2, 1.0, np.ones((1, 1)), 0.1); print('done')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stdout + done.stderr


def test_an_infeasible_threshold_is_explained() -> None:
    # The second layer sees an input that is gone: nothing can make up for it.
    weights = np.array([[0.8, 0.1]])
    was, now = np.array([[0.5], [0.6], [0.9]]), np.array([[0.5], [0.6], [0.0]])
    with pytest.raises(Infeasible) as caught:
        approximate_layer(weights, 2.0, was, 0.05, new_inputs=now)
    assert (caught.value.neuron, caught.value.sample) == (0, 2)
    assert caught.value.smallest == pytest.approx(math.tanh(2 * 0.8 * 0.9), abs=2e-4)
    assert "0.05 is infeasible" in str(caught.value)
    approximate_layer(weights, 2.0, was, caught.value.smallest, new_inputs=now)


def test_solved_columns_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, z = layer(6)
    store = ColumnStore(tmp_path)
    found = approximate_layer(weights, 1.0, z, 0.1, store=store)
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 3
    files[0].write_bytes(b"damaged")
    solved = []

    def count(*args):
        solved.append(1)
        return solve_column(*args)

    monkeypatch.setattr(program_module, "solve_column", count)
    again = approximate_layer(weights, 1.0, z, 0.1, store=store)
    assert len(solved) == 1
    assert (again.weights == found.weights).all()
    assert (again.bound, again.rows) == (found.bound, found.rows)
    approximate_layer(weights, 1.0, z, 0.11, store=store)
    approximate_layer(weights, 1.1, z, 0.1, store=store)
    assert len(solved) == 7


def test_what_a_kept_file_says_is_proved_again(tmp_path: Path) -> None:
    weights, z = layer(6)
    store = ColumnStore(tmp_path)
    found = approximate_layer(weights, 1.0, z, 0.1, store=store)
    assert found.gap < 1e-6
    files = sorted(tmp_path.glob("*.npz"))
    # The trained weights are inside every limit, and far from the optimum: the gap says so.
    kept = read_arrays(files[0])
    assert kept is not None
    own = next(
        w for w in weights.T if np.abs(w - kept["weights"]).max() < 1 and _same_signs(w, kept)
    )
    write_arrays(files[0], **{**kept, "weights": own})
    assert approximate_layer(weights, 1.0, z, 0.1, store=store).gap > 0.1
    # What is no solution at all is solved again.
    for wrong in (np.full(2, np.nan), np.zeros(12), 2 * kept["weights"]):
        write_arrays(files[0], **{**kept, "weights": wrong})
        again = approximate_layer(weights, 1.0, z, 0.1, store=store)
        assert (again.weights == found.weights).all()
        assert again.bound == found.bound


def test_a_kept_weight_of_the_other_sign_is_no_solution() -> None:
    # Line 4 keeps signs; no limit binds here, so nothing else speaks against it.
    program = np.array([0.5]), np.zeros((1, 1)), np.full(1, -math.inf), np.full(1, math.inf)
    nothing = np.zeros(0, np.intp), np.zeros(0)
    assert proved_again(Column(np.array([-1.0]), 0.0, 0.0, 0, 1, *nothing), *program) is None
    right = proved_again(Column(np.array([1.0]), 9.0, 9.0, 0, 1, *nothing), *program)
    assert right is not None
    assert (right.distance, right.bound) == (0.0, 0.0)


def _same_signs(weights: np.ndarray, kept: dict[str, np.ndarray]) -> bool:
    return bool((weights * kept["weights"] >= 0).all())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": [[0.5], [-1.5]]}, "a weight is -3; it must be from -M to M, -2 to 2"),
        ({"weights": [[0.5], [math.nan]]}, "a weight is nan"),
        ({"weights": [0.5, 0.2]}, r"shape \(2,\)"),
        ({"scale": 0.0}, "M is 0.0"),
        ({"phi": -0.1}, "phi is -0.1; it must be a number from 0 to 2"),
        ({"phi": math.nan}, "phi is nan"),
        ({"inputs": [[0.5, 1.5]]}, "value outside"),
        ({"inputs": [[0.5]]}, r"inputs have the shape \(1, 1\)"),
        ({"inputs": np.empty((0, 2))}, "at least one sample"),
    ],
)
def test_wrong_input_is_a_sentence(change, said: str) -> None:
    values = {"weights": [[0.5], [0.2]], "scale": 2.0, "inputs": [[0.1, 0.2]], "phi": 0.1}
    with pytest.raises(InputError, match=said):
        approximate_layer(**{**values, **change})
