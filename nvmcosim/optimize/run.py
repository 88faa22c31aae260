"""One optimisation from sensitivity to files: `plan.json`, `front.json`, and the front's plot."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nvmcosim.optimize.compare import assignment_of, tested
from nvmcosim.optimize.front import FrontPoint, full_front
from nvmcosim.optimize.options import (
    EXACT,
    FRONT_NAME,
    OPTIMISED,
    SENSITIVITIES,
    TWO_DOMAIN,
    OptimizeOptions,
)
from nvmcosim.optimize.outcome import front_values
from nvmcosim.optimize.plot import draw_front
from nvmcosim.optimize.problem import Assignment
from nvmcosim.optimize.trials import Size, Trials
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import CellStore, Executor
from nvmcosim.studies.executors import InProcess

__all__ = ["run_optimize"]


def run_optimize(
    options: OptimizeOptions,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Do what is left of the optimisation, write its files, and return `front.json`'s values.

    `executor` trains; `progress` is called with a line, and trainings done and to do in a stage.
    """
    # First what costs nothing to check: a device may take minutes to calibrate.
    wanted, test = options.search(), Size(options.train_images, None)
    problem = options.problem()
    against = {name: assignment_of(problem, plan, name) for name, plan in options.against.items()}
    store = CellStore(options.out / "cells")
    probes = options.sensitivity == "damage"
    trials = Trials(problem, store, options.last_epochs, options.data, executor, progress, probes)
    for size in (wanted.check, test) if probes else (wanted.screen, wanted.check, test):
        trials.check(size)
    search = SENSITIVITIES[options.sensitivity](trials, wanted)
    search.run()
    front = full_front(problem, search.surrogate(), *search.shown())
    named = {
        EXACT: problem.exact,
        OPTIMISED: search.chosen["any"],
        TWO_DOMAIN: search.chosen["two-domain"],
        **against,
        **_spaced(front, search.chosen["any"], options.front_points),
    }
    rows = tested(trials, named, options.seeds_of_the_test, test)
    values = front_values(options, search, front, rows)
    values["plots"] = [draw_front(options.out / "plots", values)]
    write_json(
        options.out / "plan.json", problem.plan(search.chosen["any"], options.seed).to_dict()
    )
    write_json(options.out / "front.json", values)
    return values


def _spaced(front: list[FrontPoint], chosen: Assignment, count: int) -> dict[str, Assignment]:
    """`count` points of the front, evenly spaced in energy, by name; the chosen one is there."""
    others = [point for point in front if point.assignment != chosen]
    picked = np.unique(np.linspace(0, len(others) - 1, count).round().astype(int))
    return {
        f"{FRONT_NAME}{100 * others[n].energy:.1f}%": others[n].assignment
        for n in (picked if others and count else ())
    }
