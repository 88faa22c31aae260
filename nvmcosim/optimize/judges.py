"""What the loss of a plan is told by while it is searched for: accuracy, or cross-entropy."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nvmcosim.pymodel.errors import InputError

__all__ = ["ACCURACY", "JUDGES", "Judge", "judge_for"]

#: What guessing among ten classes costs; a network that came apart is taken to do no worse.
_GUESSING = 100 * math.log(10)


@dataclass(frozen=True)
class Judge:
    """A measure of how bad a training ended, and how finely it tells plans apart.

    Fields:
        name: as the command line has it.
        unit: of its losses.
        least_spread: deviations below this are no more than luck of few seeds.
        open_points: what a single bit's loss leaves open of how losses add up.
        scales: whether small trainings give no more than the shape, and whole plans the scale.
    """

    name: str
    unit: str
    least_spread: float
    open_points: float
    scales: bool

    def badness(self, epochs: Sequence[Mapping[str, Any]]) -> float:
        """The mean over `epochs` of a training's history; losses are differences of it."""
        if self.name == "accuracy":
            return -100 * float(np.mean([epoch["test_accuracy"] for epoch in epochs]))
        found = [epoch["test_loss"] for epoch in epochs]
        each = [_GUESSING if loss is None else min(100 * loss, _GUESSING) for loss in found]
        return float(np.mean(each))


ACCURACY = Judge("accuracy", "points", 0.05, 0.15, scales=False)
#: By name. Cross-entropy tells smaller differences than accuracy, as long as it falls with it: a
#: network trained beyond its least cross-entropy loses accuracy where cross-entropy still gains.
JUDGES = {
    "accuracy": ACCURACY,
    "cross-entropy": Judge("cross-entropy", "0.01 nat", 0.01, 0.02, scales=True),
}


def judge_for(name: str) -> Judge:
    """The judge called `name`; raises `InputError` naming those there are."""
    if name not in JUDGES:
        raise InputError(f"judge is {name!r}; it must be one of {', '.join(JUDGES)}")
    return JUDGES[name]
