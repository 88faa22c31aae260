"""The rules by which rows of ho2021 agree with the paper, set before any run.

Costs a write are judged at the paper's iterations, or when they have converged (`runs`); accuracy
at the paper's iterations, or when the last five tests are within 1 point. What is neither says
`not-run`, with our number, its iterations, and points that show how it converges.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nvmcosim.studies.figures import Figure, Verdict
from nvmcosim.studies.ho2021.printed import TABLE_1
from nvmcosim.studies.ho2021.runs import Runs

__all__ = [
    "LOST_POINTS",
    "TOLERANCE_LATENCY",
    "TOLERANCE_POINTS",
    "row",
    "shortfalls",
]

#: A printed "up to" number of Fig. 9 and 10 is reproduced by our best of the three networks, within
#: so many percentage points.
TOLERANCE_POINTS = 3.0
#: Fig. 10(c) follows from the time of a SET, a RESET and a read: half a point.
TOLERANCE_LATENCY = 0.5
#: Accuracy is kept if at most so many points are lost.
LOST_POINTS = 0.5


def shortfalls(
    runs: Runs, networks: Iterable[str] = TABLE_1, kinds: Iterable[str] = ("exact",)
) -> str:
    """How the trainings fall short of Table I, in words; empty if they do not."""
    kinds = tuple(kinds)
    found = [reduced for network in networks if (reduced := runs.reduced(network, kinds))]
    return f"reduced: {', '.join(found)}" if found else ""


def row(
    id: str,
    title: str,
    paper: float | str | None,
    ours: float | str | None,
    unit: str,
    holds: bool | None,
    reason: Sequence[str],
    spread: float | None = None,
    n: int | None = None,
    points: Sequence[Mapping[str, Any]] = (),
) -> Figure:
    """A row whose verdict is that of a rule; `holds` is None where nothing decides it."""
    verdict: Verdict = "not-run" if holds is None else "reproduced" if holds else "differs"
    said = "; ".join(part for part in reason if part)
    return Figure(id, title, paper, ours, unit, verdict, said, spread, n, points)
