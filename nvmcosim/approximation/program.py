"""The convex program for one layer (mondal2018, lines 1 to 9 with Eq. 10)."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.certify import Check, check_outputs, distance
from nvmcosim.approximation.column import Column, proved_again, solve_column
from nvmcosim.approximation.highs import highs
from nvmcosim.approximation.kept import ColumnStore, digest_of_arrays
from nvmcosim.approximation.limits import check_threshold, sum_limits
from nvmcosim.pymodel.errors import InputError, ToolError

__all__ = [
    "ApproximateLayer",
    "Infeasible",
    "LayerProgress",
    "approximate_layer",
    "check_weights",
    "solve_stated",
]

Array = NDArray[np.float64]
#: Called with columns done, columns there are, rows in the program and limits that are violated.
LayerProgress = Callable[[int, int, int, int], None]
#: The smallest feasible threshold is searched to within this.
_SEARCHED = 1e-4


class Infeasible(InputError):
    """No weights keep a neuron's outputs within the threshold; says which, and what would do.

    Fields:
        neuron: its number, from 0.
        sample: the one that decides it, by its place among those given; None if not looked for.
        smallest: the least threshold that is feasible, to within 1e-4; None if not looked for.
    """

    def __init__(
        self, phi: float, neuron: int, sample: int | None = None, smallest: float | None = None
    ) -> None:
        self.neuron, self.sample, self.smallest = neuron, sample, smallest
        text = (
            f"the threshold {phi:g} is infeasible: with the layer's new inputs, no weights keep "
            f"neuron {neuron} within it"
        )
        if smallest is not None:
            text += (
                f" on sample {sample}; the smallest that can be kept on all samples "
                f"is {smallest:.4f}"
            )
        super().__init__(text)


@dataclass(frozen=True)
class ApproximateLayer:
    """A layer's new weights and what proves them.

    Fields:
        weights: `[inputs, neurons]` in [-1, 1].
        phi: the threshold.
        distance, original: sums of distances from 1 or -1, of the new weights and the old.
        bound: no weights inside all limits have a smaller sum than this.
        gap: `distance - bound`, the dual gap.
        rows: samples that were in the program, of each neuron.
        check: the outputs on all samples of the program, evaluated anew.
    """

    weights: Array
    phi: float
    distance: float
    original: float
    bound: float
    rows: tuple[int, ...]
    check: Check

    @property
    def gap(self) -> float:
        """The dual gap."""
        return self.distance - self.bound


def check_weights(weights: Array, scale: float) -> Array:
    """`weights` as `[inputs, neurons]` of float64, if all are in [-1, 1] and `scale` is positive.

    Raises `InputError` naming the weight as trained, which must be in [-M, M].
    """
    found = np.asarray(weights, np.float64)
    if found.ndim != 2 or not found.size:
        raise InputError(f"weights have the shape {found.shape}; it must be (inputs, neurons)")
    if not np.isfinite(scale) or scale <= 0:
        raise InputError(f"M is {scale!r}; it must be a positive number")
    worst = found.flat[np.argmax(np.where(np.isnan(found), np.inf, np.abs(found)))]
    if not abs(worst) <= 1:
        raise InputError(
            f"a weight is {scale * worst:g}; it must be from -M to M, {-scale:g} to {scale:g}"
        )
    return found


def approximate_layer(
    weights: Array,
    scale: float,
    inputs: Array,
    phi: float,
    new_inputs: Array | None = None,
    store: ColumnStore | None = None,
    progress: LayerProgress | None = None,
    explain: bool = True,
) -> ApproximateLayer:
    """The weights closest to 1 or -1 that keep all outputs within `phi` on all samples.

    Outputs are tanh(M W^T z): z is in [0, 1] for a first layer, where M W^T z is Eq. 10's
    M/2 (W^T x + W^T 1) with x = 2 z - 1, and a tanh in [-1, 1] for a later one (Eq. 11). The
    program falls apart into one for each neuron, which `solve_column` solves to the optimum over
    all samples; the sum of what those prove is the layer's bound.

    Args:
        weights: trained, over M, `[inputs, neurons]` in [-1, 1].
        scale: M.
        inputs: z as trained, `[samples, inputs]`.
        phi: most that an output may deviate, 0 to 2.
        new_inputs: z of the new layer if an earlier layer has changed it.
        store: keeps solved columns; those it has are not solved again.
        progress: called in each round.
        explain: False leaves out which sample decides and what would be feasible: that is a search.

    Raises `Infeasible` if `new_inputs` leave no weights, `InputError` for wrong input.
    """
    original = check_weights(weights, scale)
    check_threshold(phi)
    given = _inputs(inputs, original, "inputs")
    rows = given if new_inputs is None else _inputs(new_inputs, original, "new inputs")
    if len(rows) != len(given):
        raise InputError(f"new inputs are {len(rows)} samples; they must be {len(given)}")
    rows = scale * rows
    sums = scale * (given @ original)
    data = digest_of_arrays(rows) if store is not None else ""
    columns: list[Column] = []
    for j in range(original.shape[1]):

        def tick(used: int, wrong: int, done: int = j) -> None:
            if progress is not None:
                progress(done, original.shape[1], used, wrong)

        key = digest_of_arrays(original[:, j], sums[:, j], np.array([phi]), text=data)
        limits = sum_limits(sums[:, j], phi)
        column = store.get(key) if store is not None else None
        if column is not None:
            column = proved_again(column, original[:, j], rows, *limits)
        if column is None:
            column = solve_column(original[:, j], rows, *limits, tick)
            if column is None:
                if not explain:
                    raise Infeasible(phi, j)
                raise _explained(phi, j, original[:, j], rows, sums[:, j])
            if store is not None:
                store.put(key, column)
        columns.append(column)
    found = np.column_stack([column.weights for column in columns])
    return ApproximateLayer(
        found,
        phi,
        distance(found),
        distance(original),
        sum(column.bound for column in columns),
        tuple(column.rows for column in columns),
        check_outputs(found, original, scale, given, phi, new_inputs),
    )


def _inputs(inputs: Array, weights: Array, name: str) -> Array:
    found = np.asarray(inputs, np.float64)
    if found.ndim != 2 or found.shape[1] != len(weights) or not len(found):
        raise InputError(
            f"{name} have the shape {found.shape}; it must be (samples, {len(weights)}), "
            "with at least one sample"
        )
    if not np.isfinite(found).all() or np.abs(found).max() > 1:
        raise InputError(f"{name} have a value outside [-1, 1]; a stream represents no other")
    return found


def _explained(phi: float, neuron: int, original: Array, rows: Array, sums: Array) -> Infeasible:
    """Bisect the threshold; the sample that is furthest off at the smallest one decides it."""
    low, high = phi, 2.0
    found = solve_column(original, rows, *sum_limits(sums, high))
    while high - low > _SEARCHED:
        middle = (low + high) / 2
        column = solve_column(original, rows, *sum_limits(sums, middle))
        low, high, found = (middle, high, found) if column is None else (low, middle, column)
    assert found is not None, "without limits there are weights"
    off = np.abs(np.tanh(rows @ found.weights) - np.tanh(sums))
    return Infeasible(phi, neuron, int(off.argmax()), high)


def solve_stated(
    weights: Array, scale: float, inputs: Array, phi: float, solver: str = "HIGHS"
) -> tuple[Array, float]:
    """The same program as the paper states it, whole, in cvxpy: new weights and least sum.

    For small layers and as a second opinion: all samples of all neurons are in one program.
    `solver` is one of cvxpy's, such as HIGHS or CLARABEL. Inputs are a first layer's, in [0, 1].
    """
    highs()
    cp: Any = import_module("cvxpy")
    original = check_weights(weights, scale)
    x = 2 * _inputs(inputs, original, "inputs") - 1
    v, u = sum_limits(scale / 2 * (x @ original + original.sum(axis=0)), phi)
    positive = original >= 0
    w: Any = cp.Variable(original.shape)
    separation = cp.sum(cp.multiply(np.where(positive, -1.0, 1.0), w) + 1)
    ones = np.ones((len(x), len(original)))
    a = scale / 2 * (x @ w + ones @ w)
    limits = [w <= np.where(positive, 1.0, 0.0), w >= np.where(positive, 0.0, -1.0)]
    for closed, sense in ((np.isfinite(v), 1), (np.isfinite(u), -1)):
        if closed.any():
            bound = np.where(closed, v if sense == 1 else u, 0.0)
            limits.append(cp.multiply(sense * closed, a - bound) >= 0)
    problem = cp.Problem(cp.Minimize(separation), limits)
    problem.solve(solver=solver)
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise ToolError(f"{solver} stopped without an optimum: {problem.status}")
    return np.asarray(w.value, np.float64), float(problem.value)
