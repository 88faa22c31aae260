"""The search: sensitivity by bit, then plans proposed, trained and learnt from.

`Search` tries plans; its two kinds differ in how they know what a bit is worth. `AccuracySearch`
trains with one bit at a time made worse (this module), `DamageSearch` looks at what failed writes
do to the words (`damage_search`).

1. *Screen*: every bit at every level, and low bits left out together, all other bits exact, at a
   reduced size.
2. *Measure*: those that are neither harmless nor hopeless again at check size, which is
   larger; a small training overstates what low bits cost.
3. *Refine*: the solver's plan for a predicted loss is trained at check size with several seeds and
   the surrogate fitted anew; where that teaches it nothing, the predicted loss allowed is bisected,
   until the cheapest plan is found whose measured loss keeps the budget with the confidence asked.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nvmcosim.optimize.front import FrontPoint, least_energy, least_of_two_domains
from nvmcosim.optimize.learn import learn, noise
from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.surrogate import Surrogate
from nvmcosim.optimize.trials import Loss, Size, Trials
from nvmcosim.pymodel.errors import InputError

__all__ = ["FAMILIES", "AccuracySearch", "Search", "SearchOptions", "Seen", "single_slots"]

#: Screened losses, in points, below which a bit is harmless and above which it is hopeless.
_HARMLESS, _HOPELESS = 0.1, 10.0
#: A first seed that loses this many times the budget, and this many points, settles it.
_CLEARLY = 2.0, 0.3
#: The front is followed to this many times what the chosen plan is predicted to lose.
_SHOWN = 4.0

#: What plans a search may choose among, by name; each includes those before it.
FAMILIES: dict[str, Callable[[Problem, Surrogate, float], FrontPoint | None]] = {
    "two-domain": least_of_two_domains,
    "any": least_energy,
}


@dataclass(frozen=True)
class SearchOptions:
    """How much is measured.

    Fields:
        budget: points of accuracy that may be lost.
        confidence: with which the mean loss over seeds must keep the budget.
        screen, check: the two sizes.
        screen_seeds, check_seeds: seeds of either; those of the report are others again.
        steps: plans that are tried at most in the refinement of a family.
    """

    budget: float
    screen: Size
    check: Size
    screen_seeds: tuple[int, ...]
    check_seeds: tuple[int, ...]
    confidence: float = 0.95
    steps: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.budget <= 100:
            raise InputError(
                f"budget is {self.budget:g}; it must be above 0 and at most 100 points"
            )
        if not 0.5 <= self.confidence < 1:
            raise InputError(f"confidence is {self.confidence:g}; it must be 0.5 or more, below 1")


@dataclass(frozen=True)
class Seen:
    """An assignment that was trained at check size, its energy, and its loss of accuracy."""

    assignment: Assignment
    energy: float
    loss: Loss
    accepted: bool


@dataclass(eq=False)
class Search(ABC):
    """A search in progress; `run` does what is left of it.

    Attributes:
        seen: assignments of the refinement in the order they were tried, by family.
        chosen: the cheapest accepted assignment, by family; the exact one if there is none.
    """

    trials: Trials
    options: SearchOptions
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    chosen: dict[str, Assignment] = field(default_factory=dict)

    #: Unit of predicted losses.
    unit = "points"

    @property
    def problem(self) -> Problem:
        """What is optimised."""
        return self.trials.problem

    def run(self) -> None:
        """Measure sensitivity and refine each family."""
        self.measure()
        for family in FAMILIES:
            self.chosen[family] = next(reversed(self.chosen.values()), self.problem.exact)
            self.refine(family)

    @abstractmethod
    def measure(self) -> None:
        """What each bit costs by itself."""

    @abstractmethod
    def surrogate(self) -> Surrogate:
        """The surrogate of all that was measured so far."""

    @abstractmethod
    def refine(self, family: str) -> None:
        """Try plans of a family."""

    @abstractmethod
    def shown(self) -> tuple[float, float]:
        """The least and the most predicted loss between which a front is worth following."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Sensitivities as JSON-ready values, for `front.json`."""

    def _try(self, family: str, assignment: Assignment) -> Seen:
        for tried in self.seen.values():
            for one in tried:
                if one.assignment == assignment:
                    return self._keep(family, one)
        options, trials = self.options, self.trials
        seeds = options.check_seeds
        stage = f"refine {family}"
        trials.run(stage, [assignment], seeds[:1], options.check)
        loss = trials.loss(assignment, seeds[:1], options.check)
        factor, least = _CLEARLY
        if loss.mean <= max(factor * options.budget, options.budget + least) and len(seeds) > 1:
            trials.run(stage, [assignment], seeds, options.check)
            loss = trials.loss(assignment, seeds, options.check)
        accepted = len(loss.values) == len(seeds) and loss.bound(options.confidence) <= (
            options.budget
        )
        return self._keep(family, Seen(assignment, self._energy(assignment, loss), loss, accepted))

    def _energy(self, assignment: Assignment, loss: Loss) -> float:
        seeds = self.options.check_seeds[: len(loss.values)]
        return self.trials.energy(assignment, seeds, self.options.check)

    def _keep(self, family: str, one: Seen) -> Seen:
        tried = self.seen.setdefault(family, [])
        if one not in tried:
            tried.append(one)
        chosen = self.chosen[family]
        if one.accepted and one.energy < self._energy_of(chosen):
            self.chosen[family] = one.assignment
        return one

    def _energy_of(self, assignment: Assignment) -> float:
        if assignment == self.problem.exact:
            return 1.0
        found = [o for tried in self.seen.values() for o in tried if o.assignment == assignment]
        return found[0].energy


@dataclass(eq=False)
class AccuracySearch(Search):
    """Learns from the accuracy of trainings with single bits made worse, and of whole plans.

    Attributes:
        screened, measured: losses of single bits and chains, by assignment, at the two sizes.
    """

    screened: dict[Assignment, Loss] = field(default_factory=dict)
    measured: dict[Assignment, Loss] = field(default_factory=dict)

    def measure(self) -> None:
        """Steps 1 and 2: what each bit and each chain of low bits costs by itself."""
        problem, trials, options = self.problem, self.trials, self.options
        probes = single_slots(problem)
        trials.run("screen", probes, options.screen_seeds, options.screen)
        self.screened = {p: trials.loss(p, options.screen_seeds, options.screen) for p in probes}
        least = max(_HARMLESS, 2 * noise(self.screened))
        open_ones = [p for p, loss in self.screened.items() if least <= loss.mean <= _HOPELESS]
        first = options.check_seeds[:1]
        trials.run("measure", open_ones, first, options.check)
        self.measured = {p: trials.loss(p, first, options.check) for p in open_ones}

    def surrogate(self) -> Surrogate:
        """The surrogate of all that was measured so far."""
        tried = {one.assignment: one.loss for family in self.seen.values() for one in family}
        return learn(self.problem, self.screened, self.measured, tried)

    def refine(self, family: str) -> None:
        """Step 3 for one family of plans."""
        budget = allowed = self.options.budget
        kept, broken = 0.0, 4 * budget
        tried = self.seen.setdefault(family, [])
        while len(tried) < self.options.steps and broken - kept > 0.05 * budget:
            point = FAMILIES[family](self.problem, self.surrogate(), allowed)
            if point is None or point.energy >= self._energy_of(self.chosen[family]):
                kept = allowed
            else:
                known = point.assignment in [one.assignment for one in tried]
                if self._try(family, point.assignment).accepted:
                    kept = allowed
                elif known or self.surrogate().loss(self.problem, point.assignment) <= allowed:
                    broken = allowed
                else:
                    continue  # the surrogate has learnt: it will propose another plan
            allowed = min(2 * allowed, (kept + broken) / 2)

    def shown(self) -> tuple[float, float]:
        """Points of accuracy between which a front is worth following."""
        return 0.0, _SHOWN * self.options.budget

    def to_dict(self) -> dict[str, Any]:
        """Sensitivities as JSON-ready values, for `front.json`."""
        return {
            "screened": [_row(a, loss) for a, loss in self.screened.items()],
            "measured": [_row(a, loss) for a, loss in self.measured.items()],
        }


def single_slots(problem: Problem) -> list[Assignment]:
    """Every bit at every level and never written, then every chain of low bits; all else exact."""
    found = []
    for layer in range(len(problem.layers)):
        for bit in range(problem.width):
            found += [problem.with_slot(layer, bit, p) for p in (0, *problem.levels)]
        for length in range(2, problem.base_plan.number_format.low_bits + 1):
            bits = range(problem.width - length, problem.width)
            found.append(problem.with_bits(layer, bits, 0))
    return found


def _row(assignment: Assignment, loss: Loss) -> dict[str, Any]:
    return {"pulses_ps": [list(layer) for layer in assignment], **loss.to_dict()}
