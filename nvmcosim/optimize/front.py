"""The accuracy-energy front of the surrogate, point by point from an exact solver.

Each point is a mixed-integer linear program, a multiple-choice knapsack: every slot takes one of
its choices, the predicted loss keeps a bound, the energy is the least. HiGHS solves it
(`scipy.optimize.milp`) to proven optimality; the bound goes down from point to point
(epsilon-constraint), so none of its points is dominated.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.surrogate import Surrogate
from nvmcosim.pymodel.errors import ToolError

__all__ = ["FrontPoint", "full_front", "least_energy", "least_of_two_domains", "pareto"]

#: Losses are told apart down to this many points of accuracy.
_RESOLUTION = 1e-3
#: HiGHS keeps constraints to 1e-6 or so.
_SLACK = 1e-6


@dataclass(frozen=True)
class FrontPoint:
    """An assignment, its energy over the exact plan's, and its predicted loss in points."""

    assignment: Assignment
    energy: float
    predicted: float


class _Program:
    """The integer program of a surrogate; `solve` takes the bound on the loss."""

    def __init__(self, problem: Problem, surrogate: Surrogate) -> None:
        self.problem, self.surrogate = problem, surrogate
        layers, width, pulses = problem.costs.shape
        # Choices of a slot: never written and alone, each pulse above 0, never written and chained.
        choices = pulses + 1
        energy, loss = np.zeros((2, layers, width, choices))
        energy[..., 1:pulses] = problem.costs[..., 1:]
        loss[..., 0] = surrogate.alone
        loss[..., 1:pulses] = surrogate.written[..., 1:]
        loss[..., pulses] = surrogate.chained
        self.energy, self.loss = energy.reshape(-1), loss.reshape(-1)
        allowed = np.ones((layers, width, choices))
        allowed[:, -1, 0] = 0  # the least significant bit counts as chained
        allowed[:, : width - surrogate.low_bits, pulses] = 0
        self.bounds = Bounds(0, allowed.reshape(-1))
        self.shape = (layers, width, choices)
        number = np.arange(allowed.size).reshape(self.shape)
        one_each = _rows([slot for layer in number for slot in layer], allowed.size)
        # Of a bit and the one below it: chained needs that one unwritten, alone needs it written.
        upper, lower = number[:, :-1].reshape(-1, choices), number[:, 1:].reshape(-1, choices)
        unwritten = _rows(list(lower[:, [0, pulses]]), allowed.size)
        chained = _rows(list(upper[:, [pulses]]), allowed.size)
        alone = _rows(list(upper[:, [0]]), allowed.size)
        self.rules = [
            LinearConstraint(one_each, 1, 1),
            LinearConstraint(chained - unwritten, -np.inf, 0),
            LinearConstraint(alone + unwritten, -np.inf, 1),
        ]

    def solve(self, bound: float) -> FrontPoint | None:
        """The assignment of least energy whose predicted loss is at most `bound`; None if none.

        Among those of equal energy, one of least predicted loss.
        """
        keeps = LinearConstraint(self.loss[None], -np.inf, bound)
        first = self._best(self.energy, [keeps])
        if first is None:
            return None
        cheap = LinearConstraint(self.energy[None], -np.inf, float(self.energy @ first) + _SLACK)
        best = self._best(self.loss, [cheap])
        return self._point(first if best is None else best)

    def _best(self, goal: np.ndarray, also: list[LinearConstraint]) -> np.ndarray | None:
        found = milp(
            goal,
            integrality=1,
            bounds=self.bounds,
            constraints=[*self.rules, *also],
            options={"mip_rel_gap": 0},
        )
        if found.status == 2:
            return None
        if found.x is None:
            raise ToolError(f"HiGHS found no plan: {found.message}")
        return np.round(found.x)

    def _point(self, chosen: np.ndarray) -> FrontPoint:
        choice = chosen.reshape(self.shape).argmax(axis=2)
        grid = (*self.problem.grid, 0)
        assignment = tuple(tuple(grid[n] for n in layer) for layer in choice)
        return FrontPoint(
            assignment,
            self.problem.energy(assignment),
            self.surrogate.loss(self.problem, assignment),
        )


def full_front(
    problem: Problem, surrogate: Surrogate, least: float, most: float, points: int = 200
) -> list[FrontPoint]:
    """The front from a predicted loss of `most` to the first of at most `least`, by rising energy.

    Points closer than `most / points` in loss, or 0.001 points of accuracy, count as one.
    """
    program = _Program(problem, surrogate)
    found: list[FrontPoint] = []
    bound, step = most, max(_RESOLUTION, most / points)
    while bound >= 0:
        point = program.solve(bound)
        if point is None:
            break
        found.append(point)
        # A solver keeps a bound of 0 to its own tolerance only: no point comes after that one.
        if point.predicted <= max(least, _SLACK) or bound == 0:
            break
        bound = max(0.0, point.predicted - step)
    return pareto(found)


def least_energy(problem: Problem, surrogate: Surrogate, most: float) -> FrontPoint | None:
    """The assignment of least energy with a predicted loss of at most `most`; None if none."""
    return _Program(problem, surrogate).solve(most)


def least_of_two_domains(problem: Problem, surrogate: Surrogate, most: float) -> FrontPoint | None:
    """As `least_energy`, among plans of two domains, alike in all layers; all are looked at.

    The high bits get a longer pulse of the grid, the low ones a shorter one: ono2021's BSP with
    both pulses free, locatelli2018's two stages.
    """
    width, layers = problem.width, len(problem.layers)
    points = []
    for low in range(1, width):
        for n, long in enumerate(problem.grid[1:], 1):
            for short in problem.grid[:n]:
                if short == 0 and low > surrogate.low_bits:
                    continue
                assignment = ((long,) * (width - low) + (short,) * low,) * layers
                predicted = surrogate.loss(problem, assignment)
                if predicted <= most:
                    points.append(FrontPoint(assignment, problem.energy(assignment), predicted))
    return min(points, key=lambda p: (round(p.energy, 9), p.predicted), default=None)


def pareto(points: Iterable[FrontPoint]) -> list[FrontPoint]:
    """Those of `points` that no other one is as good as in both, by rising energy."""
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda p: (round(p.energy, 9), p.predicted)):
        if not kept or point.predicted < kept[-1].predicted - _SLACK:
            kept.append(point)
    return kept


def _rows(groups: list[np.ndarray], columns: int) -> csr_array:
    """A matrix with a row of ones in the columns of each group."""
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return csr_array((np.ones(rows.size), (rows, np.concatenate(groups))), (len(groups), columns))
