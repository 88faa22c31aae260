"""Plots of mondal2018's networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.studies.mondal2018.networks import TASKS
from nvmcosim.studies.mondal2018.printed import Row
from nvmcosim.studies.mondal2018.rows import REDUCED, total
from nvmcosim.studies.mondal2018.runs import Runs
from nvmcosim.studies.mondal2018.sweep import PAPER_SAVING, TABLES, saving
from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_network_plots"]

Result = Mapping[str, Any]
_WIDE = (7.2, 4.4)


def draw_network_plots(folder: Path, runs: Runs) -> list[dict[str, Any]]:
    """Write all plots that there are results for into `folder`; returns their entries."""
    entries = []
    if runs.base("mnist-1") is not None and runs.counts(0.0):
        entries.append(_counts(folder, runs))
    for name in runs.sweep.tasks:
        if any(runs.at(name, phi) for phi, _ in TABLES[name][1] if phi is not None):
            entries.append(_front(folder, runs, name))
    if runs.precision:
        entries.append(_precision(folder, runs))
    return entries


def _notes(runs: Runs, *said: str) -> list[str]:
    lines = [line for text in said for line in wrapped(text)]
    return [*lines, REDUCED] if runs.quick else lines


def _counts(folder: Path, runs: Runs) -> dict[str, Any]:
    base = runs.base("mnist-1")
    assert base is not None

    def draw(axes: "Axes") -> None:
        right = axes.twinx()
        for n, phi in enumerate((0.0, 0.03)):
            found = sorted(runs.counts(phi).items())
            if not found:
                continue
            counts = [count for count, _ in found]
            axes.plot(
                counts,
                [saving(r, base) for _, r in found],
                color=COLOURS[n],
                marker=MARKERS[n],
                label=f"saving, phi_W = {phi:g}",
            )
            right.plot(
                counts,
                [r["accuracy"] for _, r in found],
                color=COLOURS[n],
                marker=MARKERS[n],
                linestyle=":",
                label=f"accuracy, phi_W = {phi:g}",
            )
        for n, paper in enumerate((PAPER_SAVING, 100 * (1 - 428.2 / 545.1))):
            label = f"paper's saving, {paper:.1f}%"
            axes.axhline(paper, color=COLOURS[n], linewidth=0.9, linestyle="--", label=label)
        right.axhline(base["accuracy"], color="black", linewidth=0.8, label="accuracy as trained")
        axes.set_xscale("log")
        axes.set(xlabel="D, training samples in the program", ylabel="power saved over BMS (%)")
        axes.set_ylim(0)
        right.set_ylabel("test accuracy (%)")
        right.grid(False)
        handles = [h for ax in (axes, right) for h in ax.get_legend_handles_labels()[0]]
        labels = [text for ax in (axes, right) for text in ax.get_legend_handles_labels()[1]]
        # On the axes that are drawn last, or their lines would cross it.
        right.legend(handles, labels, loc="upper center", ncols=2, fontsize=7, framealpha=1)
        axes.set_ylim(top=1.5 * axes.get_ylim()[1])
        low, high = right.get_ylim()
        right.set_ylim(low, high + 0.5 * (high - low))
        ticks = sorted(runs.counts(0.0))
        axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
        axes.minorticks_off()

    title = f"Saving and accuracy by D: {TASKS['mnist-1'].title}"
    return save_plot(folder, "samples", title, draw, _notes(runs), _WIDE)


def _front(folder: Path, runs: Runs, name: str) -> dict[str, Any]:
    """Accuracy over power: the paper's table, the program, and training with energy."""
    _, rows = TABLES[name]
    series = {"convex program": [r for phi, _ in rows if (r := runs.at(name, phi))]}
    most = max(runs.sweep.size.counts, default=0)
    if name == "mnist-1" and most != runs.alike:
        keys = [(name, phi, most) for phi, _ in rows if phi is not None]
        kept = [runs.networks[key] for key in keys if key in runs.networks]
        series[f"program, D = {most:,}"] = kept
        series[f"program, D = {runs.alike:,}"] = series.pop("convex program")
    trained = [r for (task, _, _), r in runs.energy.items() if task == name]
    base = runs.base(name)

    def draw(axes: "Axes") -> None:
        if not name.endswith("-quality"):
            _paper(axes, rows)
        for n, (label, found) in enumerate(series.items()):
            if found:
                axes.plot(*_points(found), color=COLOURS[n], marker=MARKERS[n], label=label)
        if trained:
            label = "trained with energy"
            axes.plot(*_points(trained), color=COLOURS[3], marker="D", linestyle="", label=label)
        if base is not None:
            axes.plot(*_points([base]), color="black", marker="*", markersize=11, linestyle="")
            place = (total(base), base["accuracy"])
            axes.annotate("as trained", place, (-4, 9), "data", "offset points", fontsize=7.5)
            if base["trivial"] > 40:
                label = "always the same answer"
                axes.axhline(base["trivial"], color="black", linestyle=":", label=label)
            axes.margins(0.08)
        axes.set(xlabel="power of the number generators (mW)", ylabel="test accuracy (%)")
        axes.legend(loc="best", fontsize=7.5)

    title = f"Accuracy and power: {TASKS[name].title}"
    trivial = f"always the same answer: {base['trivial']:.2f}%; " if base is not None else ""
    note = f"{trivial}ours: energy a bit over time a bit, no tanh blocks; the paper's as printed"
    return save_plot(folder, f"front-{name}", title, draw, _notes(runs, note), _WIDE)


def _paper(axes: "Axes", rows: Sequence[Row]) -> None:
    powers = [float(printed["power"]) for _, printed in rows]
    accuracies = [float(printed["inf"]) for _, printed in rows]
    axes.plot(powers, accuracies, color="#888888", marker="x", linestyle="--", label="paper")


def _points(found: Sequence[Result]) -> tuple[list[float], list[float]]:
    return [total(r) for r in found], [r["accuracy"] for r in found]


def _precision(folder: Path, runs: Runs) -> dict[str, Any]:
    """The least and the most bent network of Table IV by stream length and neuron."""
    _, rows = TABLES["mnist-1"]
    names = {"ideal": "ideal tanh", "paper": "paper's FSM", "magnitude": "ours"}

    def draw(axes: "Axes") -> None:
        for style, phi in (("-", None), ("--", 0.03)):
            what = "as trained" if phi is None else f"phi_W = {phi:g}"
            printed = next(row for threshold, row in rows if threshold == phi)
            lengths = sorted(runs.sweep.size.lengths)
            values = [float(printed[str(length)]) for length in lengths]
            axes.plot(lengths, values, color="#888888", marker="x", linestyle=style)
            axes.plot([], [], color="#888888", marker="x", linestyle=style, label=f"paper, {what}")
            for n, (neuron, label) in enumerate(names.items()):
                found = {
                    length: runs.precision[key]["accuracy"]
                    for length in lengths
                    if (key := (phi, length, neuron)) in runs.precision
                }
                axes.plot(
                    list(found),
                    list(found.values()),
                    color=COLOURS[n],
                    marker=MARKERS[n],
                    linestyle=style,
                    label=f"{label}, {what}",
                )
        axes.set_xscale("log", base=2)
        axes.set_xticks(
            sorted(runs.sweep.size.lengths), [str(x) for x in sorted(runs.sweep.size.lengths)]
        )
        axes.set(xlabel="cycles of a stream", ylabel="test accuracy (%)")
        axes.legend(loc="best", ncols=2, fontsize=7)

    title = "Table IV: accuracy on finite streams, MNIST, 784-10"
    return save_plot(folder, "precision", title, draw, _notes(runs), _WIDE)
