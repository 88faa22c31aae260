"""Plots of Fig. 1d: the switching time four ways on one axis, and how plots pick points."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Points", "chosen", "column", "draw_agreement", "draw_moments"]

Points = Sequence[Mapping[str, Any]]


def chosen(points: Points, **values: Any) -> list[Mapping[str, Any]]:
    """The points that have these values."""
    return [p for p in points if all(p.get(name) == value for name, value in values.items())]


def column(points: Points, name: str) -> list[float]:
    """One value of each point."""
    return [p[name] for p in points]


def draw_moments(folder: Path, points: Points, name: str, label: str) -> dict[str, Any]:
    """The moment `name` of every way by V/Vc; `label` is its axis'."""
    sampled = list(dict.fromkeys(p["way"] for p in points if "samples" in p))

    def draw(axes: "Axes") -> None:
        for n, (way, style) in enumerate((("Fokker-Planck", "-"), ("gamma", "--"))):
            rows = chosen(points, way=way)
            if way == "gamma" and name == "mean_ns":
                continue  # the same by construction
            said = "gamma law of that mean and deviation" if way == "gamma" else way
            axes.plot(
                column(rows, "v_over_vc"),
                column(rows, name),
                style,
                color=COLOURS[n],
                label=said if name != "mean_ns" else "Fokker-Planck, and the gamma law from it",
            )
        for n, way in enumerate(sampled):
            rows = chosen(points, way=way)
            values = np.array(column(rows, name))
            bars = np.abs(
                [
                    values - column(rows, f"{name}_low"),
                    np.array(column(rows, f"{name}_high")) - values,
                ]
            )
            axes.errorbar(
                # A little apart, so that the marks of one voltage do not hide each other.
                [p["v_over_vc"] * (1 + 0.008 * n) for p in rows],
                values,
                yerr=bars,
                fmt=MARKERS[n],
                color=COLOURS[(2, 3, 5)[n % 3]],
                markersize=4.5,
                capsize=2,
                linestyle="none",
                label=f"{way}, {rows[0]['samples']:,} samples",
            )
        axes.axvline(1, color="#777777", linewidth=0.9, linestyle=":")
        axes.set(xlabel="V / Vc", ylabel=label, xlim=(0.45, 3.1))
        if name == "mean_ns":
            axes.set_yscale("log")
        else:
            axes.set_ylim(0, 3.6)
        volts = points[-1]["amplitude_mv"] / points[-1]["v_over_vc"]
        above = axes.secondary_xaxis("top", functions=(lambda x: x * volts, lambda x: x / volts))
        above.set_xlabel("V (mV)")
        axes.legend(loc="upper right", fontsize=8)

    titles = {"mean_ns": "mean switching time", "skewness": "skewness"}
    return save_plot(
        folder,
        f"fig1d-{'mean' if name == 'mean_ns' else name}",
        f"Fig. 1d: {titles[name]} by voltage, four ways",
        draw,
        ["Bars: 95% intervals. Left of the dotted line writes are thermally activated."],
    )


def draw_agreement(folder: Path, points: Points) -> dict[str, Any]:
    """The samples' means over the equation's."""
    exact = {p["v_over_vc"]: p["mean_ns"] for p in chosen(points, way="Fokker-Planck")}
    sampled = list(dict.fromkeys(p["way"] for p in points if "samples" in p))

    def draw(axes: "Axes") -> None:
        axes.axhline(1, color=COLOURS[0], label="Fokker-Planck")
        for n, way in enumerate(sampled):
            rows = chosen(points, way=way)
            truth = np.array([exact[p["v_over_vc"]] for p in rows])
            mean = np.array(column(rows, "mean_ns")) / truth
            low, high = (
                np.array(column(rows, f"mean_ns_{end}")) / truth for end in ("low", "high")
            )
            axes.errorbar(
                [p["v_over_vc"] + 0.02 * n for p in rows],
                mean,
                yerr=[mean - low, high - mean],
                fmt=MARKERS[n],
                color=COLOURS[(2, 3, 5)[n % 3]],
                markersize=4.5,
                capsize=2,
                linestyle="none",
                label=f"{way}, {rows[0]['samples']:,} samples",
            )
        axes.set(xlabel="V / Vc", ylabel="mean switching time (Fokker-Planck = 1)")
        axes.set(xlim=(0.8, 3.1), ylim=(0.85, 1.4))
        axes.legend(loc="upper right", fontsize=8)

    title = "Fig. 1d: do circuit, integrator and equation agree?"
    return save_plot(folder, "fig1d-agreement", title, draw, ["Bars: 95% intervals."])
