"""The plot of a front: energy against loss, predicted, on held-out images and on the test."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_front"]

#: Losses above this many times the budget are left out.
_SHOWN = 4.0
#: What plans that were searched among are called, by family.
_SEARCHED = {"any": "any plan", "two-domain": "of two domains"}


def draw_front(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the values of `front.json` as `front.svg` and `front.png`; returns the plot's entry."""
    title = (
        f"{values['optimize']} on {values['device']}, {values['format']}: write energy and accuracy"
    )
    longest = f"{values['longest_ps'] / 1000:g} ns"
    notes = [
        f"Energy over that of writing every bit with {longest}; loss against the same.",
        "Bars are standard deviations; without one: a single seed.",
    ]
    return save_plot(folder, "front", title, lambda axes: _draw(axes, values), notes)


def _draw(axes: "Axes", values: Mapping[str, Any]) -> None:
    most = _SHOWN * values["budget"]
    # A prediction in another unit has no place on this axis.
    if values["predicted_unit"] == "points":
        _front(axes, values, most)
    for n, family in enumerate(_SEARCHED):
        tried = [p for p in values["points"] if p["held_out"] and p["family"] == family]
        held = [{**p["held_out"], "relative_energy": p["relative_energy"]} for p in tried]
        _bars(axes, held, most, n, f"{_SEARCHED[family]}, held-out images", filled=False)
    ours = [
        row for row in values["tested"] if row["name"].startswith(("optimised", "front", "exact"))
    ]
    _bars(axes, ours, most, 0, "optimised, test images")
    others = [row for row in values["tested"] if row not in ours]
    _bars(axes, others, most, 1, "compared with, test images")
    axes.axhline(
        values["budget"], color="#888888", linewidth=0.9, linestyle=(0, (3, 3)), label="budget"
    )
    axes.set_xlabel("write energy (%)")
    axes.set_ylabel("accuracy lost (points)")
    axes.legend(fontsize=7.5)


def _front(axes: "Axes", values: Mapping[str, Any], most: float) -> None:
    front = sorted(
        (point for point in values["points"] if point["on_front"]),
        key=lambda point: point["relative_energy"],
    )
    shown = [point for point in front if point["predicted_loss"] <= most]
    axes.step(
        [100 * point["relative_energy"] for point in shown],
        [point["predicted_loss"] for point in shown],
        where="post",
        color=COLOURS[4],
        label="front, predicted",
    )


def _bars(
    axes: "Axes",
    rows: Sequence[Mapping[str, Any]],
    most: float,
    n: int,
    label: str,
    filled: bool = True,
) -> None:
    rows = [row for row in rows if row["loss"] <= most]
    if rows:
        axes.errorbar(
            [100 * row["relative_energy"] for row in rows],
            [row["loss"] for row in rows],
            # No bar, rather than one of no length, where a single seed says nothing of the spread.
            yerr=[np.nan if row["spread"] is None else row["spread"] for row in rows],
            linestyle="none",
            color=COLOURS[n],
            marker=MARKERS[n],
            markerfacecolor=COLOURS[n] if filled else "none",
            markersize=5,
            capsize=2,
            label=label,
        )
