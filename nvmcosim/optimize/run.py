"""One optimisation from sensitivity to files: `plan.json`, `front.json`, and the front's plot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.optimize.compare import Row, assignment_of, comparison, tested
from nvmcosim.optimize.front import FrontPoint, full_front
from nvmcosim.optimize.plot import draw_front
from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.search import FAMILIES, Search, SearchOptions
from nvmcosim.optimize.trials import Size, Trials
from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_json
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.studies.cells import CellStore, Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.training import TrainingConfig

__all__ = ["OptimizeOptions", "run_optimize"]

#: The front is followed to this many times the budget.
_SHOWN = 8.0
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
    last: int | None = None
    data: str | None = None
    against: Mapping[str, StorePlan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("screen_seeds", "check_seeds", "test_seeds"):
            value = getattr(self, name)
            if not 1 <= value <= _CHECK_SEED:
                raise InputError(f"{name} is {value!r}; it must be 1 to {_CHECK_SEED}")

    @property
    def last_epochs(self) -> int:
        """Epochs whose mean accuracy counts."""
        return max(1, min(5, self.config.epochs // 4)) if self.last is None else self.last

    def problem(self) -> Problem:
        """The problem that these options state."""
        longest = self.longest_ps
        if longest is None:
            longest = _exact_pulse(self.config.plan, self.step_ps)
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


def run_optimize(
    options: OptimizeOptions,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Do what is left of the optimisation, write its files, and return `front.json`'s values.

    `executor` trains; `progress` is called with a line, and trainings done and to do in a stage.
    """
    problem = options.problem()
    against = {name: assignment_of(problem, plan, name) for name, plan in options.against.items()}
    store = CellStore(options.out / "cells")
    trials = Trials(problem, store, options.last_epochs, options.data, executor, progress)
    search = Search(trials, options.search())
    search.run()
    front = full_front(problem, search.surrogate(), _SHOWN * options.budget)
    named = {
        "exact": problem.exact,
        "optimised": search.chosen["any"],
        "two-domain": search.chosen["two-domain"],
        **against,
        **_spaced(front, search.chosen["any"], options.front_points),
    }
    rows = tested(trials, named, options.seeds_of_the_test, Size(options.train_images, None))
    values = _values(options, problem, search, front, rows)
    values["plots"] = [draw_front(options.out / "plots", values)]
    write_json(
        options.out / "plan.json", problem.plan(search.chosen["any"], options.seed).to_dict()
    )
    write_json(options.out / "front.json", values)
    return values


def _exact_pulse(plan: Any, step_ps: int) -> int:
    from nvmcosim.devices import curve_for

    curve = curve_for(plan.device)
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


def _spaced(front: list[FrontPoint], chosen: Assignment, count: int) -> dict[str, Assignment]:
    """`count` points of the front, evenly spaced in energy, by name; the chosen one is there."""
    others = [point for point in front if point.assignment != chosen]
    picked = np.unique(np.linspace(0, len(others) - 1, count).round().astype(int))
    return {
        f"front at {100 * others[n].energy:.1f}%": others[n].assignment
        for n in (picked if others and count else ())
    }


def _values(
    options: OptimizeOptions,
    problem: Problem,
    search: Search,
    front: list[FrontPoint],
    rows: list[Row],
) -> dict[str, Any]:
    by_name = {row.name: row for row in rows}
    ours = by_name["optimised"]
    return {
        "optimize": options.config.network,
        "title": f"Least write energy for {options.budget:g} points of accuracy",
        "device": problem.curve.device,
        "format": problem.base_plan.format,
        "grid_ps": problem.grid[1],
        "longest_ps": problem.grid[-1],
        "layers": [
            {"name": layer.name, "names": list(layer.names), "words": layer.words}
            for layer in problem.layers
        ],
        "budget": options.budget,
        "confidence": options.confidence,
        "warnings": _warnings(options, problem, search),
        "chosen": ours.to_dict(problem, options.seed),
        "comparisons": [
            comparison(ours, row)
            for row in rows
            if row.name == "two-domain" or row.name in options.against
        ],
        "tested": [row.to_dict(problem, options.seed) for row in rows],
        "points": _points(options, problem, search, front),
        "sensitivity": search.to_dict(),
        "provenance": _provenance(options, problem, search),
    }


def _points(
    options: OptimizeOptions, problem: Problem, search: Search, front: list[FrontPoint]
) -> list[dict[str, Any]]:
    """The front as the surrogate ends up seeing it, then all that was trained to find it."""
    surrogate = search.surrogate()
    trained = {
        one.assignment: (family, one) for family in search.seen for one in search.seen[family]
    }
    on_front = {point.assignment for point in front}
    listed = [*front]
    for assignment, (_, one) in trained.items():
        if assignment not in on_front:
            predicted = surrogate.loss(problem, assignment)
            listed.append(FrontPoint(assignment, one.energy, predicted))
    points = []
    for point in listed:
        family, seen = trained.get(point.assignment) or ("any", None)
        points.append(
            {
                "family": family,
                "on_front": point.assignment in on_front,
                "plan": problem.plan(point.assignment, options.seed).to_dict(),
                "relative_energy": point.energy,
                "predicted_loss": point.predicted,
                "held_out": None
                if seen is None
                else {**seen.loss.to_dict(), "accepted": seen.accepted},
            }
        )
    return points


def _warnings(options: OptimizeOptions, problem: Problem, search: Search) -> list[str]:
    found = []
    checked = search.trials.accuracies(
        problem.exact, search.options.check_seeds, search.options.check
    )
    spread = float(np.std(checked, ddof=1)) if len(checked) > 1 else 0.0
    if options.budget < spread:
        found.append(
            f"the budget, {options.budget:g} points, is below the spread between seeds, "
            f"{spread:.2f} points; more check seeds tell smaller losses apart"
        )
    for family in FAMILIES:
        if search.chosen[family] == problem.exact:
            found.append(f"no plan of the family {family!r} was found that keeps the budget")
    return found


def _provenance(options: OptimizeOptions, problem: Problem, search: Search) -> dict[str, Any]:
    exact = search.trials.cell(problem.exact, search.options.check_seeds[0], search.options.check)
    configuration: dict[str, Any] = {
        name: getattr(options, name)
        for name in (
            "per_layer",
            "train_images",
            "check_images",
            "screen_images",
            "held_out",
            "screen_seeds",
            "check_seeds",
            "test_seeds",
            "steps",
        )
    }
    configuration |= {
        "training": problem.config.to_dict(),
        "curve": problem.curve.digest,
        "last_epochs": options.last_epochs,
        "images": exact.images.provenance(),
    }
    return provenance(options.seed, **configuration)
