"""The rules by which rows of Section IV agree with the paper, set before any run."""

from collections.abc import Iterable, Sequence
from typing import Any

from nvmcosim.studies.figures import Verdict
from nvmcosim.studies.locatelli2018.runs import Runs
from nvmcosim.studies.locatelli2018.sweep import Setting
from nvmcosim.studies.score import Score

__all__ = [
    "RESILIENT_POINTS",
    "TOLERANCE_POINTS",
    "judged",
    "least",
    "points_of",
    "reason_for",
    "verdict_for",
]

#: A recognition rate that the text prints is reproduced within this many points: it is a mean over
#: five initialisations whose deviation is about 0.2, of the paper's and of ours.
TOLERANCE_POINTS = 0.4
#: Resilient means at most this many points below no errors: "i.e. less than 1% reduction" (IV).
RESILIENT_POINTS = 1.0
#: "Five sets of initial weights are used" (IV).
_INITIALISATIONS = 5


def verdict_for(runs: Runs, holds: bool | None, score: Score | None) -> Verdict:
    """As a rule says, if all the paper's initialisations are there."""
    if holds is None or runs.reduced or score is None or score.n < _INITIALISATIONS:
        return "not-run"
    return "reproduced" if holds else "differs"


def reason_for(runs: Runs, said: str, score: Score | None) -> str:
    """A row's reason: what is missing, then what is `said`."""
    few = ""
    if score is not None and score.n < _INITIALISATIONS:
        few = f"{score.n} of {_INITIALISATIONS} initialisations"
    parts = (runs.reduced, few, "not trained" if score is None else said)
    return "; ".join(part for part in parts if part)


def judged(
    runs: Runs, holds: bool | None, said: str, by: Score | None, shown: Score | None = None
) -> dict[str, Any]:
    """The fields of a figure that say how it came out: verdict, reason, spread, n.

    It is judged `by` one score; spread and n are of that which the figure shows, if another.
    """
    shown = shown or by
    return {
        "verdict": verdict_for(runs, holds, by),
        "reason": reason_for(runs, said, by),
        "spread": shown.spread if shown else None,
        "n": shown.n if shown else None,
    }


def least(scores: Iterable[Score]) -> Score | None:
    """The score of the fewest initialisations."""
    return min(scores, key=lambda score: score.n, default=None)


def points_of(runs: Runs, settings: Sequence[Setting]) -> list[dict[str, Any]]:
    """The trained ones of `settings` as a curve's points."""
    return [point for setting in settings if (point := runs.point(setting)) is not None]
