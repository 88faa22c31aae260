"""What an assignment is predicted to lose: additive in the bits, fitted to measured losses.

A bit that is written pays a loss that rises with its failure rate, linear between the measured
levels. A bit that is never written stands apart: it reads as what memory held at first in every
word, which can be better than bits of mixed ages. What it costs depends on the bit below. A bit is
*alone* if that one is written, and *chained* if it is not, or if there is none: of a run of low
bits that are left out together, the highest hides the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from nvmcosim.optimize.problem import Assignment, Problem

__all__ = ["Observation", "Surrogate", "is_chained"]


@dataclass(frozen=True)
class Observation:
    """An assignment, its mean measured loss in points, and how far off that may be.

    `error` counts what seeds leave open and what an additive model cannot say.
    """

    assignment: Assignment
    loss: float
    error: float


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Predicted loss in points of accuracy, by slot; bit 0 is the most significant.

    Fields:
        written: of a bit written with each pulse of the grid, `[layers, width, pulses]`; not
            increasing with the pulse, 0 at the longest. What stands at pulse 0 has no meaning.
        alone: of a bit that is never written where the next lower is, `[layers, width]`.
        chained: of a bit that is never written where the next lower is not either, or where there
            is none: what leaving out one more bit costs, `[layers, width]`.
        low_bits: so many bits, from the least significant, were measured as chains.
    """

    written: NDArray[np.float64]
    alone: NDArray[np.float64]
    chained: NDArray[np.float64]
    low_bits: int

    @classmethod
    def fit(cls, problem: Problem, seen: Sequence[Observation], low_bits: int) -> "Surrogate":
        """The surrogate nearest to `seen`: bounded least squares, every effect at least 0."""
        slots, levels = len(problem.layers) * problem.width, len(problem.levels)
        basis = _ramps(problem)
        rows = np.stack([_features(problem, basis, one.assignment) for one in seen])
        loss = np.array([one.loss for one in seen])
        weight = 1 / np.array([one.error for one in seen])
        solved = lsq_linear(rows * weight[:, None], loss * weight, (0, np.inf), tol=1e-12).x
        effects = solved.reshape(slots, levels + 2)
        shape = (len(problem.layers), problem.width)
        return cls(
            (effects[:, :levels] @ basis.T).reshape(*shape, len(problem.grid)),
            effects[:, levels].reshape(shape),
            effects[:, levels + 1].reshape(shape),
            low_bits,
        )

    def loss(self, problem: Problem, assignment: Assignment) -> float:
        """Predicted loss of `assignment`, in points."""
        index = {pulse: n for n, pulse in enumerate(problem.grid)}
        total = 0.0
        for layer, pulses in enumerate(assignment):
            for bit, pulse in enumerate(pulses):
                if pulse:
                    total += self.written[layer, bit, index[pulse]]
                else:
                    of_bit = self.chained if is_chained(pulses, bit) else self.alone
                    total += of_bit[layer, bit]
        return float(total)


def is_chained(pulses: Sequence[int], bit: int) -> bool:
    """Whether the bit below `bit` is never written, or `bit` is the least significant one."""
    return bit == len(pulses) - 1 or pulses[bit + 1] == 0


def _ramps(problem: Problem) -> NDArray[np.float64]:
    """How far each pulse's rate has come within each step of the levels, `[pulses, levels]`.

    Steps go from the longest pulse's rate up, so that sums of effects of at least 0 rise with it.
    """
    rates = dict(zip(problem.grid, problem.rates, strict=True))
    nodes = [rates[problem.grid[-1]], *(rates[p] for p in sorted(problem.levels, reverse=True))]
    return np.stack(
        [np.interp(problem.rates, nodes[n : n + 2], (0.0, 1.0)) for n in range(len(nodes) - 1)],
        axis=1,
    )


def _features(
    problem: Problem, basis: NDArray[np.float64], assignment: Assignment
) -> NDArray[np.float64]:
    index = {pulse: n for n, pulse in enumerate(problem.grid)}
    rows = np.zeros((len(problem.layers), problem.width, basis.shape[1] + 2))
    for layer, pulses in enumerate(assignment):
        for bit, pulse in enumerate(pulses):
            if pulse:
                rows[layer, bit, :-2] = basis[index[pulse]]
            else:
                rows[layer, bit, -1 if is_chained(pulses, bit) else -2] = 1.0
    return rows.reshape(-1)
