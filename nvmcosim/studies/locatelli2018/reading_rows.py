"""Rows of the readings: what each choice that the paper leaves open does at the text's points."""

from collections.abc import Mapping

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.locatelli2018.readings import PROBES, READINGS
from nvmcosim.studies.locatelli2018.rules import RESILIENT_POINTS
from nvmcosim.studies.locatelli2018.runs import Runs
from nvmcosim.studies.locatelli2018.sweep import ACCURATE, HSB_RATE, Setting

__all__ = ["fits", "reading_figures"]

_RESILIENT = tuple(Setting(HSB_RATE, n, rate) for n, rate in ((8, 0.9), (10, 0.7), (12, 0.1)))
_NEVER, _OFTEN = Setting(HSB_RATE, 8, 1.0), Setting(HSB_RATE, 8, 0.9)


def fits(runs: Runs) -> dict[str, bool] | None:
    """What a reading agrees with; None if it was not trained at every point.

    `resilient`: all three of Fig. 4's resilient points lose at most a point; `useful`: 8 LSBs at
    90% recognise better than never written, by more than a point, as the paper says that they do
    substantially.
    """
    losses = [runs.loss(setting) for setting in _RESILIENT]
    gain = runs.loss(_NEVER, _OFTEN)
    if gain is None or any(loss is None for loss in losses):
        return None
    return {
        "resilient": all(loss.mean <= RESILIENT_POINTS for loss in losses if loss),
        "useful": gain.mean > RESILIENT_POINTS,
    }


def reading_figures(readings: Mapping[str, Runs]) -> list[Figure]:
    """A row a reading, then which of them fit Fig. 4."""
    return [*(_row(name, runs) for name, runs in readings.items()), _summary(readings)]


def _row(name: str, runs: Runs) -> Figure:
    settings = (ACCURATE, *PROBES)
    points = [point for s in settings if (point := runs.point(s)) is not None]
    scores = [(s, runs.recognition(s)) for s in settings]
    listed = ", ".join(f"{s.label}: {score.mean:.1f}" for s, score in scores if score)
    said = "not trained"
    if points:
        count = points[0]["n"]
        seeds = "seed" if count == 1 else "seeds"
        said = (
            f"not stated in the paper, so there is nothing to compare with; {count} {seeds}; "
            "1: all bits at 1%; 8@50: 8 LSBs at 50%, the others at 1%"
        )
    return Figure(
        f"readings/{name}",
        f"Recognition by error rate: {READINGS[name].title}",
        None,
        listed or None,
        "%",
        "not-run",
        "; ".join(part for part in (runs.reduced, said) if part),
        n=points[0]["n"] if points else None,
        points=points,
    )


def _summary(readings: Mapping[str, Runs]) -> Figure:
    found = {name: fit for name, runs in readings.items() if (fit := fits(runs)) is not None}
    both = [name for name, fit in found.items() if all(fit.values())]
    listed = {
        what: ", ".join(name for name, fit in found.items() if fit[what]) or "none"
        for what in ("resilient", "useful")
    }
    reduced = next((runs.reduced for runs in readings.values() if runs.reduced), "")
    said = (
        f"{len(found)} of {len(readings)} readings were trained at every point; resilient at "
        f"8@90, 10@70 and 12@10: {listed['resilient']}; 8@90 better than never written by more "
        f"than {RESILIENT_POINTS:g} point: {listed['useful']}"
    )
    return Figure(
        "fig4/readings",
        "Readings of what the paper leaves open that fit Fig. 4, one changed at a time",
        None,
        (", ".join(both) or "none") if found else None,
        "",
        "not-run",
        "; ".join(part for part in (reduced, said if found else "not trained") if part),
        points=[{"reading": name, **fit} for name, fit in found.items()],
    )
