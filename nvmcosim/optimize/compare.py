"""The last look: chosen plans and plans to compare with, on the test images, with fresh seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.trials import Loss, Size, Trials
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Row", "assignment_of", "comparison", "tested"]

#: Fields that a plan to compare with must have as the search's plans have them.
_SHARED = ("format", "device", "variation", "rounding", "initial", "rewrite", "retry_limit")
#: Two-sided confidence of a difference between two plans.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Row:
    """An assignment on the test images: accuracies in percent, loss and energy, by seed."""

    name: str
    assignment: Assignment
    accuracies: tuple[float, ...]
    loss: Loss
    energy: float

    def to_dict(self, problem: Problem, seed: int) -> dict[str, Any]:
        """The row as JSON-ready values."""
        accuracy = np.array(self.accuracies)
        return {
            "name": self.name,
            "plan": problem.plan(self.assignment, seed).to_dict(),
            "relative_energy": self.energy,
            "accuracy_percent": float(accuracy.mean()),
            "accuracy_spread": float(accuracy.std(ddof=1)) if accuracy.size > 1 else None,
            **self.loss.to_dict(),
        }


def assignment_of(problem: Problem, plan: StorePlan, what: str) -> Assignment:
    """The assignment of a store plan, alike in all layers.

    Raises `InputError` if a pulse is not among the problem's, or anything else than the pulses is
    not as in its plans, which would be trained in its place.
    """
    base = problem.base_plan
    for name in _SHARED:
        asked, own = getattr(plan, name), getattr(base, name)
        if asked != own:
            raise InputError(f"{what} has {name} {asked!r}; it must be that of the search, {own!r}")
    if plan.amplitudes != (None,):
        raise InputError(f"{what} has amplitudes of its own, which are not searched")
    pulses = tuple(int(pulse) for pulse in plan.bit_pulse_ps[::-1])
    for pulse in pulses:
        if pulse not in problem.grid:
            raise InputError(
                f"{what} has a pulse of {pulse} ps; it must be 0 or from {problem.grid[1]} to "
                f"{problem.grid[-1]} ps, a multiple of {base.tick_ps} ps"
            )
    return (pulses,) * len(problem.layers)


def tested(
    trials: Trials, named: Mapping[str, Assignment], seeds: Sequence[int], size: Size
) -> list[Row]:
    """Each assignment trained with all `seeds` and looked at on the test images."""
    trials.run("test", named.values(), seeds, size)
    return [
        Row(
            name,
            assignment,
            trials.accuracies(assignment, seeds, size),
            trials.loss(assignment, seeds, size),
            trials.energy(assignment, seeds, size),
        )
        for name, assignment in named.items()
    ]


def comparison(ours: Row, other: Row, budget: float) -> dict[str, Any]:
    """Whether `ours` takes less energy than `other` at no more loss; seeds are paired.

    `difference` is what `ours` loses more than `other`, in points, with a two-sided interval at
    `CONFIDENCE`, of this comparison alone. Where `ours` takes less energy, it `beats` if the whole
    interval lies at or below 0, and `loses more` if above. One that includes 0 is `no measurable
    loss` if it stays within the `budget` of points, else the seeds leave it `undecided`.
    """
    gaps = Loss(tuple(np.subtract(ours.loss.values, other.loss.values).tolist()))
    n, interval = len(gaps.values), None
    if n > 1:
        half = float(student.ppf(0.5 + CONFIDENCE / 2, n - 1)) * gaps.error
        interval = [gaps.mean - half, gaps.mean + half]
    return {
        "plan": ours.name,
        "against": other.name,
        "energy_ratio": ours.energy / other.energy,
        "saved_of_it_percent": 100 * (1 - ours.energy / other.energy),
        "difference": gaps.mean,
        "spread": gaps.spread,
        "interval": interval,
        "n": n,
        "verdict": _verdict(ours, other, interval, budget),
    }


def _verdict(ours: Row, other: Row, interval: list[float] | None, budget: float) -> str:
    if ours.assignment == other.assignment:
        return "the same plan"
    if ours.energy >= other.energy:
        return "takes no less energy"
    if interval is None:
        return "one seed only"
    low, high = interval
    if high <= 0:
        return "beats"
    if low > 0:
        return "loses more"
    return "no measurable loss" if high <= budget else "undecided"
