"""The values of `front.json`: the front, all that was trained for it, and how it was tested."""

from typing import Any

import numpy as np

from nvmcosim.optimize.compare import Row, comparison
from nvmcosim.optimize.front import FrontPoint
from nvmcosim.optimize.options import EXACT, OPTIMISED, TWO_DOMAIN, OptimizeOptions
from nvmcosim.optimize.problem import Problem
from nvmcosim.optimize.search import FAMILIES, Search
from nvmcosim.provenance import provenance

__all__ = ["front_values"]


def front_values(
    options: OptimizeOptions,
    search: Search,
    front: list[FrontPoint],
    rows: list[Row],
) -> dict[str, Any]:
    """All but the plots; `front` is the surrogate's last, `rows` are those of the test."""
    problem = search.problem
    ours = next(row for row in rows if row.name == OPTIMISED)
    others = [row for row in rows if row.name in (TWO_DOMAIN, *options.against)]
    found = [row for row in rows if row not in others and row.name != EXACT]
    return {
        "optimize": options.config.network,
        "title": f"Least write energy for {options.budget:g} points of accuracy",
        "device": problem.curve.device,
        "format": problem.base_plan.format,
        "grid_ps": problem.base_plan.tick_ps,
        "longest_ps": problem.grid[-1],
        "layers": [
            {"name": layer.name, "names": list(layer.names), "words": layer.words}
            for layer in problem.layers
        ],
        "budget": options.budget,
        "confidence": options.confidence,
        "sensitivity_by": options.sensitivity,
        "predicted_unit": search.unit,
        "warnings": _warnings(options, problem, search),
        "chosen": ours.to_dict(problem, options.seed),
        "comparisons": [
            comparison(row, other, options.budget) for other in others for row in found
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
            "front_points",
        )
    }
    configuration |= {
        "training": problem.config.to_dict(),
        "curve": problem.curve.digest,
        "last_epochs": options.last_epochs,
        "against": {name: plan.digest() for name, plan in options.against.items()},
        "images": exact.images.provenance(),
    }
    return provenance(options.seed, **configuration)
