"""Rows of mondal2018's networks: how a number is judged, and what is said beside each.

A printed number is reproduced within half a unit of its last digit. Nothing of training, program or
power was fitted to a print, and the paper leaves the initial weights, the samples in the program
and a split of Wine open: rows of accuracy and power are expected to differ, and savings and losses,
in which much of that cancels, stand beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nvmcosim.studies.figures import Figure, judge_number
from nvmcosim.studies.mondal2018.runs import Runs

__all__ = ["REDUCED", "accuracy_reason", "power_reason", "row", "total"]

REDUCED = "reduced: few epochs, small programs, few test samples on streams"


def total(result: Mapping[str, Any], generator: str = "bms", reading: str = "energy") -> float:
    """Power in mW of all generators."""
    return float(result["power"][f"{generator}-{reading}"]["total_mw"])


def row(
    runs: Runs,
    id: str,
    title: str,
    printed: str,
    ours: float | None,
    unit: str,
    reason: str = "",
    points: Sequence[Mapping[str, Any]] = (),
) -> Figure:
    """The row of a printed number; `not-run` if there is none of ours, or ours is of `--quick`."""
    if ours is None:
        said = "nothing was computed for it; the full study does, data and time given"
        return Figure(id, title, float(printed), None, unit, "not-run", said)
    if runs.quick:
        said = "; ".join(part for part in (REDUCED, reason) if part)
        return Figure(id, title, float(printed), ours, unit, "not-run", said, points=points)
    return judge_number(id, title, printed, ours, unit, reason, points=points)


def accuracy_reason(result: Mapping[str, Any], base: Mapping[str, Any] | None) -> str:
    """The trivial rate, the network as trained, and D."""
    said = [f"always the same answer is right for {result['trivial']:.2f}%"]
    if base is not None and result["phi"] is not None:
        said.append(f"our network as trained has {base['accuracy']:.2f}%")
    if "samples" in result:
        rest = result["rest"]
        said.append(f"{result['samples']:,} samples in the program, none outside its threshold")
        if rest["samples"]:
            said.append(f"of the other training samples {100 * rest['share']:.1f}% are")
    return "; ".join(said)


def power_reason(result: Mapping[str, Any], base: Mapping[str, Any] | None) -> str:
    """What is counted, the reading by Table I's powers, and where ours differ."""
    said = [
        f"{result['generators']:,} generators, energy a bit over time a bit; tanh blocks not "
        f"counted; {total(result, 'bms', 'table1'):.4g} mW if scaled to Table I's mean power"
    ]
    if base is not None and result["phi"] is not None:
        said.append(f"{total(base):.4g} mW as trained")
    return "; ".join(said)
