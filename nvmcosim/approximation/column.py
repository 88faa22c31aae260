"""One neuron's weights by linear programming, with rows brought in as they are violated.

The program of mondal2018 is separable: no constraint has weights of two neurons. A neuron's part
has a variable a weight and a row a sample, of which few bind; the others need not be in the linear
program. HiGHS keeps its basis while rows are added, so that each round starts where the last ended.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.certify import SUM_TOLERANCE, dual_bound
from nvmcosim.approximation.highs import highs
from nvmcosim.pymodel.errors import ToolError

__all__ = ["Column", "proved_again", "solve_column"]

Array = NDArray[np.float64]

#: Rows in the first program and the most that a round adds.
_FIRST, _ADDED = 64, 256
#: HiGHS meets limits within this; they are drawn in by twice as much, to be met exactly.
_FEASIBILITY = 1e-9
_MARGIN = 2e-9
#: How often limits that are still missed are drawn in further.
_REPAIRS = 5


@dataclass(frozen=True)
class Column:
    """A neuron's new weights with what proves them.

    Fields:
        weights: in [-1, 1], `[inputs]`.
        distance: their sum of distances from 1 or -1.
        bound: no weights inside all limits have less (weak duality, own arithmetic).
        rows, rounds: rows that were in the last program, and programs solved.
        used, multipliers: numbers of those rows, and the multipliers that prove the bound.
    """

    weights: Array
    distance: float
    bound: float
    rows: int
    rounds: int
    used: NDArray[np.intp]
    multipliers: Array


def solve_column(
    original: Array,
    rows: Array,
    least: Array,
    most: Array,
    tick: Callable[[int, int], None] | None = None,
) -> Column | None:
    """The weights closest to 1 or -1 with `least <= rows @ weights <= most`; None if none are.

    Each keeps the sign of its original, a zero counting as positive (line 4).

    Args:
        original: the neuron's trained weights in [-1, 1], `[inputs]`.
        rows: inputs times M, `[samples, inputs]`.
        least, most: limits of the weighted sums, `[samples]`, -inf and inf where open.
        tick: called in each round with the rows in the program and the limits that are violated.
    """
    signs = np.where(original >= 0, 1.0, -1.0)
    equal = np.isfinite(least) & (most - least <= 4 * _MARGIN)
    low = np.where(equal, least, least + _MARGIN)
    high = np.where(equal, most, most - _MARGIN)
    bounded = np.flatnonzero(np.isfinite(least) | np.isfinite(most))
    program = _Program(len(original))
    inside = np.zeros(len(rows), bool)
    new = bounded[_spread(len(bounded), _FIRST)]
    rounds = repairs = 0
    order: list[NDArray[np.intp]] = []
    while True:
        program.add(rows[new] * signs, low[new], high[new])
        inside[new] = True
        order.append(new)
        rounds += 1
        if not program.solve():
            return None
        weights = signs * program.magnitudes()
        off = _excess(rows @ weights, least, most, equal)
        used = np.concatenate(order)
        misses = off.copy()
        off[inside] = np.minimum(off[inside], 0.0)
        wrong = np.flatnonzero(off > 0)
        if tick is not None:
            tick(program.rows, len(wrong))
        new = np.sort(wrong[np.argsort(-off[wrong], kind="stable")[:_ADDED]])
        if not len(wrong):
            # HiGHS meets limits in its own scale: in ours it can be off by more than the margin.
            missed = np.maximum(misses[used], 0.0)
            if not missed.any() or repairs == _REPAIRS:
                break
            repairs += 1
            extra = np.where(missed > 0, 2 * missed + _MARGIN, 0.0)
            low[used] += extra
            high[used] -= extra
            program.change(low[used], high[used])
    y = program.multipliers()
    bound = dual_bound(signs, rows[used], least[used], most[used], y)
    value = float((1 - np.abs(weights)).sum())
    return Column(weights, value, bound, program.rows, rounds, used, y)


def proved_again(
    column: Column, original: Array, rows: Array, least: Array, most: Array
) -> Column | None:
    """`column` with distance and bound computed anew; None if it is no solution of this program.

    Arguments are those of `solve_column`. What was kept in a file may be anything.
    """
    w, used, y = column.weights, column.used, column.multipliers
    signs = np.where(original >= 0, 1.0, -1.0)
    if w.shape != original.shape or used.shape != y.shape or used.ndim != 1:
        return None
    if not (np.isfinite(w).all() and np.isfinite(y).all()) or (np.abs(w) > 1).any():
        return None
    if (w * signs < 0).any() or ((used < 0) | (used >= len(rows))).any():
        return None
    equal = np.isfinite(least) & (most - least <= 4 * _MARGIN)
    sums = rows @ w
    off = np.maximum(least - sums, sums - most)
    if (off > np.where(equal, SUM_TOLERANCE, 0.0)).any():
        return None
    bound = dual_bound(signs, rows[used], least[used], most[used], y)
    return replace(column, distance=float((1 - np.abs(w)).sum()), bound=bound)


def _excess(sums: Array, least: Array, most: Array, equal: NDArray[np.bool_]) -> Array:
    """By how much each sum misses its limits; not at all where it is inside, or equal enough."""
    off = np.maximum(least - sums, sums - most)
    off[equal & (off <= SUM_TOLERANCE / 4)] = 0.0
    return np.asarray(off)


def _spread(count: int, wanted: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, wanted)).astype(np.intp))


class _Program:
    """minimise -sum(m), 0 <= m <= 1, under rows that are added; kept in HiGHS with its basis."""

    def __init__(self, variables: int) -> None:
        highspy = highs()
        self._optimal = (highspy.HighsModelStatus.kOptimal,)
        self._none = (
            highspy.HighsModelStatus.kInfeasible,
            highspy.HighsModelStatus.kUnboundedOrInfeasible,
        )
        self._infinity = highspy.kHighsInf
        self._solver: Any = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("log_to_console", False),
            ("threads", 1),
            ("random_seed", 0),
            ("primal_feasibility_tolerance", _FEASIBILITY),
            ("dual_feasibility_tolerance", _FEASIBILITY),
        ):
            self._solver.setOptionValue(option, value)
        ones = np.ones(variables)
        self._solver.addVars(variables, 0 * ones, ones)
        indices = np.arange(variables, dtype=np.int32)
        self._solver.changeColsCost(variables, indices, -ones)
        self._indices = indices
        self.rows = 0

    def add(self, rows: Array, least: Array, most: Array) -> None:
        """Bring in `rows`, dense."""
        if not len(rows):
            return
        count, width = rows.shape
        kept = rows != 0
        lengths = kept.sum(axis=1)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int32)
        indices = np.broadcast_to(self._indices, (count, width))[kept]
        low = np.where(np.isfinite(least), least, -self._infinity)
        high = np.where(np.isfinite(most), most, self._infinity)
        self._solver.addRows(count, low, high, int(kept.sum()), starts, indices, rows[kept])
        self.rows += count

    def change(self, least: Array, most: Array) -> None:
        """Give all rows new limits."""
        low = np.where(np.isfinite(least), least, -self._infinity)
        high = np.where(np.isfinite(most), most, self._infinity)
        for row, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            self._solver.changeRowBounds(row, a, b)

    def solve(self) -> bool:
        """False if nothing is inside all rows; raises `ToolError` if HiGHS gives up."""
        self._solver.run()
        if len(self._solver.getSolution().row_dual) != self.rows:
            raise ToolError(
                "HiGHS refused the rows: inputs times M are beyond what it computes with"
            )
        status = self._solver.getModelStatus()
        if status in self._none:
            return False
        if status not in self._optimal:
            said = self._solver.modelStatusToString(status)
            raise ToolError(f"HiGHS stopped without an optimum: {said}")
        return True

    def magnitudes(self) -> Array:
        """|w|, within [0, 1] exactly."""
        return np.clip(np.array(self._solver.getSolution().col_value), 0.0, 1.0)

    def multipliers(self) -> Array:
        """One a row; positive at the least limit, negative at the most."""
        return np.array(self._solver.getSolution().row_dual)
