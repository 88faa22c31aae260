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

    Raises `InputError` if its format, or a pulse, is not among the problem's.
    """
    if plan.format != problem.base_plan.format:
        raise InputError(
            f"{what} has the format {plan.format}; it must be the network's, "
            f"{problem.base_plan.format}"
        )
    pulses = tuple(int(pulse) for pulse in plan.bit_pulse_ps[::-1])
    for pulse in pulses:
        if pulse not in problem.grid:
            raise InputError(
                f"{what} has a pulse of {pulse} ps; it must be 0 or from {problem.grid[1]} to "
                f"{problem.grid[-1]} ps, a multiple of {problem.base_plan.tick_ps} ps"
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


def comparison(ours: Row, other: Row) -> dict[str, Any]:
    """Whether `ours` takes less energy than `other` at no more loss; seeds are paired.

    `difference` is what `ours` loses more than `other`, in points, with a two-sided interval at
    `CONFIDENCE`. Where `ours` takes less energy, it `beats` if the whole interval lies at or
    below 0, `no measurable loss` if it includes 0, else `loses more`.
    """
    gaps = np.subtract(ours.loss.values, other.loss.values)
    mean, n = float(gaps.mean()), gaps.size
    spread = float(gaps.std(ddof=1)) if n > 1 else None
    half = None if spread is None else float(student.ppf(0.5 + CONFIDENCE / 2, n - 1)) * spread
    half = None if half is None else half / n**0.5
    if ours.energy >= other.energy:
        verdict = "takes more energy"
    elif half is None:
        verdict = "one seed only"
    elif mean + half <= 0:
        verdict = "beats"
    elif mean - half <= 0:
        verdict = "no measurable loss"
    else:
        verdict = "loses more"
    return {
        "plan": ours.name,
        "against": other.name,
        "energy_ratio": ours.energy / other.energy,
        "saved_of_it_percent": 100 * (1 - ours.energy / other.energy),
        "difference": mean,
        "spread": spread,
        "interval": None if half is None else [mean - half, mean + half],
        "n": n,
        "verdict": verdict,
    }
