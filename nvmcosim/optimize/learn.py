"""From measured losses to a surrogate: what each of them is worth."""

from collections.abc import Mapping

import numpy as np

from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.surrogate import Observation, Surrogate
from nvmcosim.optimize.trials import Loss

__all__ = ["learn", "noise"]

#: What losses leave open of how they add up, as a share of the loss. A plan like those that are
#: looked for says more than bits that fail alone, whose effects grow together.
_SCREENED, _MEASURED, _TRIED = 1.0, 0.25, 0.1
#: What a single bit's loss leaves open besides, in points.
_OPEN_POINTS = 0.15


def learn(
    problem: Problem,
    screened: Mapping[Assignment, Loss],
    measured: Mapping[Assignment, Loss],
    tried: Mapping[Assignment, Loss],
) -> Surrogate:
    """The surrogate of losses in small trainings, in larger ones, and of whole plans."""
    screened = {a: loss for a, loss in screened.items() if a not in measured}
    alone = [
        *_observations(screened, _SCREENED, _OPEN_POINTS),
        *_observations(measured, _MEASURED, _OPEN_POINTS),
    ]
    low_bits = problem.base_plan.number_format.low_bits
    return Surrogate.fit(problem, [*alone, *_observations(tried, _TRIED, 0.0)], low_bits)


def noise(losses: Mapping[Assignment, Loss]) -> float:
    """Deviation of single losses from nothing, in points: no loss is truly below 0."""
    below = [loss.mean for loss in losses.values() if loss.mean < 0]
    return float(np.sqrt(np.mean(np.square(below)))) if below else 0.0


def _observations(
    losses: Mapping[Assignment, Loss], share: float, points: float
) -> list[Observation]:
    luck = noise(losses)
    return [
        Observation(
            assignment,
            loss.mean,
            max(loss.error, luck / len(loss.values) ** 0.5) + share * abs(loss.mean) + points,
        )
        for assignment, loss in losses.items()
    ]
