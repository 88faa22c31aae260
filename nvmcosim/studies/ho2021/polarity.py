"""What the cells that keep the polarity of ping-pong's units take, which the paper leaves out."""

from typing import Any

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.approaches import APPROACHES, READINGS, TITLES
from nvmcosim.studies.ho2021.costs import energy_pj
from nvmcosim.studies.ho2021.printed import SAVINGS
from nvmcosim.studies.ho2021.rules import row, shortfalls
from nvmcosim.studies.ho2021.runs import Runs, saved

__all__ = ["polarity_figure"]

_NETWORK = "lenet"
_UNITS = {"studied": "line", "word": "word", "group": "group"}


def polarity_figure(runs: Runs) -> Figure:
    """The energy that these cells add, by unit of refresh; the largest is the row's number."""
    points = [point for name, unit in _UNITS.items() if (point := _point(runs, name, unit))]
    said = [
        f"{p['unit']}: {p['flips']:.3g} flips and {p['pj']:.3g} pJ a word and write, "
        f"{p['percent']:.2g}% more; saved against "
        + " / ".join(TITLES[name] for name in SAVINGS)
        + " ".join(["", " / ".join(f"{saving:.1f}" for saving in p["saved"].values())])
        + "% instead of "
        + " / ".join(f"{saving:.1f}" for saving in p["saved_without"].values())
        + "%"
        for p in points
    ]
    return row(
        "beyond/polarity",
        "Write energy that the cells of the polarity add to AppWOM on LeNet where each group is "
        "refreshed alone",
        None,
        next((p["percent"] for p in points if p["unit"] == "group"), None),
        "%",
        None,
        (
            "the paper does not mention these cells, one a unit, and all other rows leave them out",
            "they flip with each turn of their unit, as its other cells do or once less, so the "
            "lifetime does not change",
            *said,
            shortfalls(runs, [_NETWORK], ["readings"]),
        ),
        points=points,
    )


def _point(runs: Runs, name: str, unit: str) -> dict[str, Any] | None:
    plan, other, _ = READINGS[name]
    mine = runs.report(_NETWORK, "readings", plan)
    against = {n: runs.report(_NETWORK, "readings", APPROACHES[n]) for n in SAVINGS}
    against["wom-set"] = runs.report(_NETWORK, "readings", other)
    if mine is None or None in against.values():
        return None
    energies = {n: energy_pj(report) for n, report in against.items() if report}
    flips = mine["turns"] * mine["lines"] / mine["words"]
    # A unit's turns go to SET and RESET in turn.
    added = flips * (plan.pcm.set_pj + plan.pcm.reset_pj) / 2
    without = energy_pj(mine)
    return {
        "unit": unit,
        "flips": flips,
        "pj": added,
        "percent": 100 * added / without,
        "saved": {n: saved(without + added, pj) for n, pj in energies.items()},
        "saved_without": {n: saved(without, pj) for n, pj in energies.items()},
    }
