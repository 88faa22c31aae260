"""What a user may choose of an optimisation, and the problem and search that it states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nvmcosim.devices import curve_for
from nvmcosim.optimize.damage_search import DamageSearch
from nvmcosim.optimize.problem import Problem
from nvmcosim.optimize.search import AccuracySearch, Search, SearchOptions
from nvmcosim.optimize.trials import Size
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.training import TrainingConfig

__all__ = [
    "EXACT",
    "FRONT_NAME",
    "OPTIMISED",
    "OWN_NAMES",
    "SENSITIVITIES",
    "TWO_DOMAIN",
    "OptimizeOptions",
]

#: How a search may know what a bit is worth, by name.
SENSITIVITIES: dict[str, type[Search]] = {"accuracy": AccuracySearch, "damage": DamageSearch}

#: What the tested plans of the search itself are called; those of the front, how they begin.
OWN_NAMES = EXACT, OPTIMISED, TWO_DOMAIN = "exact", "optimised", "two-domain"
FRONT_NAME = "front at "

#: Apart from each other, so that no seed serves two purposes.
_CHECK_SEED, _TEST_SEED = 100, 200
#: Failure rate at which a write counts as exact, where no longest pulse is stated.
_EXACT_RATE = 1e-4


@dataclass(frozen=True)
class OptimizeOptions:
    """What a user may choose.

    Fields:
        config: the training; its plan states format, device and all else but pulses.
        budget: points of accuracy that may be lost against writing every bit in full.
        out: folder for results and trainings.
        step_ps, longest_ps: the grid of pulses; None is the shortest pulse of the grid that fails
            at most once in 10,000 writes.
        per_layer: whether each layer gets a plan of its own.
        train_images: of a training that is tested in the end; None is all.
        check_images: of a training that plans are chosen by; None is as many as are tested, but
            for those held out.
        screen_images: of a training that screens single bits.
        held_out: training images that plans are chosen by.
        seed: first of all seeds.
        screen_seeds, check_seeds, test_seeds: how many of each.
        confidence: with which the loss must keep the budget on the held-out images.
        steps: plans tried at most in each refinement.
        front_points: plans of the front that are tested besides the chosen one.
        sensitivity: how it is known what a bit is worth, one of `SENSITIVITIES`.
        last: epochs whose mean accuracy counts; None is a quarter of them, at most 5.
        against: store plans to compare with, by name.
    """

    config: TrainingConfig
    budget: float
    out: Path
    step_ps: int
    longest_ps: int | None = None
    per_layer: bool = False
    train_images: int | None = None
    check_images: int | None = None
    screen_images: int | None = 6000
    held_out: int = 5000
    seed: int = 0
    screen_seeds: int = 1
    check_seeds: int = 3
    test_seeds: int = 5
    confidence: float = 0.95
    steps: int = 8
    front_points: int = 4
    sensitivity: str = "accuracy"
    last: int | None = None
    data: str | None = None
    against: Mapping[str, StorePlan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sensitivity not in SENSITIVITIES:
            raise InputError(
                f"sensitivity is {self.sensitivity!r}; it must be one of {', '.join(SENSITIVITIES)}"
            )
        for name in ("screen_seeds", "check_seeds", "test_seeds"):
            value = getattr(self, name)
            if not 1 <= value <= _CHECK_SEED:
                raise InputError(f"{name} is {value!r}; it must be 1 to {_CHECK_SEED}")
        for name in self.against:
            if name in OWN_NAMES or name.startswith(FRONT_NAME):
                raise InputError(
                    f"a plan to compare with is called {name!r}, as one of the search's own is; "
                    "rename its file"
                )

    @property
    def last_epochs(self) -> int:
        """Epochs whose mean accuracy counts."""
        return max(1, min(5, self.config.epochs // 4)) if self.last is None else self.last

    def problem(self) -> Problem:
        """The problem that these options state."""
        longest = self.longest_ps
        if longest is None:
            longest = _exact_pulse(self.config.plan.device, self.step_ps)
        return Problem.of(self.config, self.step_ps, longest, self.per_layer)

    def search(self) -> SearchOptions:
        """The options of the search."""
        return SearchOptions(
            self.budget,
            Size(self.screen_images, self.held_out),
            Size(self.check_images or self.train_images, self.held_out),
            tuple(range(self.seed, self.seed + self.screen_seeds)),
            tuple(range(self.seed + _CHECK_SEED, self.seed + _CHECK_SEED + self.check_seeds)),
            self.confidence,
            self.steps,
        )

    @property
    def seeds_of_the_test(self) -> tuple[int, ...]:
        """Seeds that nothing was chosen by."""
        first = self.seed + _TEST_SEED
        return tuple(range(first, first + self.test_seeds))


def _exact_pulse(device: str, step_ps: int) -> int:
    curve = curve_for(device)
    if step_ps < 1:
        raise InputError(f"the grid is {step_ps} ps; it must be at least 1 ps")
    grid = np.arange(step_ps, curve.pulse_ps[-1] + 1, step_ps)
    rare = grid[curve.failure_rate(grid) <= _EXACT_RATE] if grid.size else grid
    if not rare.size:
        raise InputError(
            f"no pulse on a grid of {step_ps} ps fails at most once in 10,000 writes within the "
            f"{curve.pulse_ps[-1]:g} ps of the curve of {curve.device}; name the longest"
        )
    return int(rare[0])
