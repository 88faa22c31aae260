"""The search by damage: for memories that are stored at each of many steps.

There single bits cannot be told apart by the accuracy they cost: errors of all bits add up over the
steps as noise in the weights. What counts is the noise, to which a bit adds its squared error a
failure (`damage`) times how its failures pile up: a bit that fails N times before it is
written is left behind for N steps, so N^2 counts, whose mean is p (1 + p) / (1 - p)^2.

The sum is in the unit of a memory all of whose bits fail at 1%. No accuracy is predicted: plans of
least energy for a damage are trained, and the damage that keeps the budget is bracketed and
bisected. Each plan's damage is measured anew in its own training.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.optimize.problem import Assignment
from nvmcosim.optimize.search import FAMILIES, Search
from nvmcosim.optimize.surrogate import Surrogate

__all__ = ["DamageSearch", "pile_up"]

#: Rate of the unit: a memory all of whose bits fail so often has a damage of 1.
_UNIT_RATE = 0.01
#: A damage of so much is hopeless; a bit never written has it.
_HOPELESS = 1e4
#: By how much the damage allowed grows or shrinks until it is bracketed.
_STRIDE = 3.0
#: Brackets closer than this are closed.
_CLOSE = 1.15
#: Fronts are followed from the chosen plan's damage over this to this many times it.
_SHOWN = 4.0


def pile_up(rate: ArrayLike) -> NDArray[np.float64]:
    """Mean square of the failures before a success, at failure `rate`s below 1; infinite at 1."""
    p = np.asarray(rate, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(p * (1 + p) / (1 - p) ** 2)


@dataclass(eq=False)
class DamageSearch(Search):
    """Searches by damage; what keeps the budget is the accuracy of whole plans.

    Attributes:
        damages: by assignment trained, mean squared error by layer and bit, `[layers, width]`.
        totals: by assignment tried, its damage as measured in its own training.
    """

    damages: dict[Assignment, NDArray[np.float64]] = field(default_factory=dict)
    totals: dict[Assignment, float] = field(default_factory=dict)

    unit = "of 1% in all bits"

    def measure(self) -> None:
        """What failures of each bit would do in the training of the exact plan."""
        options, first = self.options, self.options.check_seeds[:1]
        exact = self.problem.exact
        self.trials.run("measure", [], first, options.check)
        self.damages[exact] = self.trials.damage(exact, first, options.check)
        self.totals[exact] = 0.0

    def surrogate(self) -> Surrogate:
        """Damage by slot, as measured with the plan that was chosen, or the exact one."""
        chosen = next(reversed(self.chosen.values()), self.problem.exact)
        return self._surrogate(self.damages[chosen])

    def _surrogate(self, damage: NDArray[np.float64]) -> Surrogate:
        problem = self.problem
        words = np.array([layer.words for layer in problem.layers], dtype=float)
        unit = (words[:, None] * self.damages[problem.exact]).sum() * pile_up(_UNIT_RATE)
        share = words[:, None] * damage / unit
        piles = np.minimum(pile_up(problem.rates), _HOPELESS)
        written = share[:, :, None] * (piles - piles[-1])
        written = np.minimum(written, _HOPELESS)
        never = np.full(share.shape, _HOPELESS)
        return Surrogate(written, never, never, problem.base_plan.number_format.low_bits)

    def refine(self, family: str) -> None:
        """Bracket the damage that keeps the budget, then bisect it."""
        problem, allowed = self.problem, 1.0
        tried = self.seen.setdefault(family, [])
        kept, broken = 0.0, np.inf
        while len(tried) < self.options.steps and broken > _CLOSE * kept:
            surrogate = self._surrogate(self.damages[self._nearest(allowed)])
            point = FAMILIES[family](problem, surrogate, allowed)
            if point is None:
                break
            if point.assignment in [one.assignment for one in tried]:
                break
            one = self._try(family, point.assignment)
            total = self._learn(one.assignment, len(one.loss.values))
            if one.accepted:
                kept = max(kept, total)
            else:
                broken = min(broken, total)
            if np.isinf(broken):
                allowed = _STRIDE * kept
            elif kept == 0:
                allowed = broken / _STRIDE
            else:
                allowed = float(np.sqrt(kept * broken))

    def _learn(self, assignment: Assignment, seeds: int) -> float:
        """Measure the damage of a trained plan; returns its total."""
        first = self.options.check_seeds[:seeds]
        damage = self.trials.damage(assignment, first, self.options.check)
        self.damages[assignment] = damage
        self.totals[assignment] = self._surrogate(damage).loss(self.problem, assignment)
        return self.totals[assignment]

    def _nearest(self, allowed: float) -> Assignment:
        """The trained assignment whose damage is nearest to `allowed` by ratio."""
        tried = [a for a, total in self.totals.items() if total > 0]
        if not tried:
            return self.problem.exact
        return min(tried, key=lambda a: abs(np.log(self.totals[a] / allowed)))

    def shown(self) -> tuple[float, float]:
        """Damages between which a front is worth following."""
        chosen = next(reversed(self.chosen.values()), self.problem.exact)
        damage = self.totals[chosen] or 1.0
        return damage / _SHOWN, damage * _SHOWN

    def to_dict(self) -> dict[str, Any]:
        """Damage by layer and bit in the chosen plan's training, and totals of all tried."""
        chosen = next(reversed(self.chosen.values()), self.problem.exact)
        return {
            "layers": [layer.name for layer in self.problem.layers],
            "squared_error": self.damages[chosen].tolist(),
            "damages": [
                {"pulses_ps": [list(layer) for layer in a], "damage": total}
                for a, total in self.totals.items()
            ],
        }
