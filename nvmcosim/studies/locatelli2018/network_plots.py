"""Plots of locatelli2018's network, one function a plot, from the points of its rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["network_plots"]

Points = Sequence[Mapping[str, Any]]

#: Fig. 3's text, percent of bit errors to percent recognised; no errors stands left of the axis.
_PRINTED = {0.1: 97.2, 1.0: 96.7}
#: How the paper's own numbers are drawn.
_PAPER: Mapping[str, Any] = {
    "marker": "*",
    "markersize": 11,
    "color": "#aa0000",
    "linestyle": "none",
}
#: Where no errors is drawn on an axis of error rates in percent.
_NONE_AT = 0.004
#: Fig. 5b is "the high performance window": points below no errors that it shows.
_WINDOW_POINTS = 5.0


def network_plots(folder: Path, figures: Sequence[Figure], label: str) -> list[dict[str, Any]]:
    """Write the plots of what was trained on the data set `label`; returns their entries."""
    by_id = {figure.id: figure for figure in figures}
    entries = []
    for id, draw in (
        ("fig3/1", _figure_3),
        ("fig4/8@90", _figure_4),
        ("fig4/8@90", _figure_4_window),
        ("fig5/best", _figure_5),
        ("fig5/best", _figure_5_window),
    ):
        figure = by_id[id]
        if figure.points:
            entries.append(draw(folder, figure.points, label, _notes(figure)))
    rows = [f for f in figures if f.id.startswith("readings/") and f.points]
    if rows:
        entries.append(_readings(folder, rows, label))
    return entries


def _notes(figure: Figure) -> list[str]:
    counts = [point["n"] for point in figure.points]
    few, many = min(counts), max(counts)
    seeds = f"{few} to {many} initialisations" if few < many else f"{many} initialisation"
    seeds += "s" if few == many > 1 else ""
    bars = "; bars from the lowest to the highest" if many > 1 else ""
    other_size = figure.reason.startswith(("reduced", "not the paper's"))
    reduced = figure.reason.split(";")[0] if other_size else ""
    return [f"{seeds}{bars}", *wrapped(reduced)]


def _curve(axes: "Axes", xs: Sequence[float], points: Points, n: int, label: str) -> None:
    means = [p["recognition_percent"] for p in points]
    axes.errorbar(
        xs,
        means,
        yerr=[
            [p["recognition_percent"] - p["lowest"] for p in points],
            [p["highest"] - p["recognition_percent"] for p in points],
        ],
        color=COLOURS[n % len(COLOURS)],
        marker=MARKERS[n % len(MARKERS)],
        markersize=4.5,
        capsize=2,
        linewidth=1.2,
        label=label,
    )


def _figure_3(folder: Path, points: Points, label: str, notes: list[str]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        xs = [_NONE_AT if p["setting"] == "none" else 100 * p["rate"] for p in points]
        _curve(axes, xs, points, 0, "ours")
        printed = {_NONE_AT: 97.2, **_PRINTED}
        axes.plot(list(printed), list(printed.values()), label="paper's text", **_PAPER)
        axes.set(xscale="log", xlabel="bit error rate (%)", ylabel="recognition (%)")
        ticks = [_NONE_AT, 0.01, 0.1, 1, 10]
        axes.set_xticks(ticks, ["none", *(f"{tick:g}" for tick in ticks[1:])])
        axes.minorticks_off()
        axes.legend(loc="best")

    title = f"Fig. 3: 784-300-10 on {label}, every bit at one error rate"
    return save_plot(folder, "fig3", title, draw, notes)


def _series(points: Points) -> dict[int, list[Mapping[str, Any]]]:
    """Points by number of LSBs, by rising rate; first that of all bits at the HSBs' rate."""
    alike = [p for p in points if p["setting"] != "none" and not p["lsbs"]]
    first = [{**p, "lsb_rate": p["rate"]} for p in alike]
    numbers = sorted({p["lsbs"] for p in points if p["lsbs"]})
    rows = {n: [*first, *(p for p in points if p["lsbs"] == n)] for n in numbers}
    return {n: sorted(row, key=lambda p: p["lsb_rate"]) for n, row in rows.items()}


def _top(points: Points) -> float:
    return max(p["recognition_percent"] for p in points)


def _figure_4(
    folder: Path, points: Points, label: str, notes: list[str], below: float = 0.0
) -> dict[str, Any]:
    """Whole, or as far as `below` points under the best."""

    def draw(axes: "Axes") -> None:
        for n, (lsbs, row) in enumerate(_series(points).items()):
            _curve(axes, [100 * p["lsb_rate"] for p in row], row, n, f"{lsbs} LSBs")
        if below:
            axes.set_ylim(_top(points) - below, _top(points) + below / 12)
        for x, y, lsbs in ((90, 97.2, 8), (70, 97.2, 10), (10, 97.2, 12)):
            if marked:
                low = y - 1
                axes.vlines(x, low, y, color="black", linewidth=4, alpha=0.25)
                axes.text(x, low - below / 60, f"{lsbs}", ha="center", va="top", fontsize=7)
        axes.set(xlabel="bit error rate of the LSBs (%)", ylabel="recognition (%)")
        axes.legend(loc="lower left")

    marked = below and _top(points) + below / 12 > 97.2
    name, part = ("fig4-window", f", the upper {below:g} points") if below else ("fig4", "")
    title = f"Fig. 4: 784-300-10 on {label}, HSBs at 1%{part}"
    said = ["LSBs at 100% are never written"]
    if marked:
        said = ["grey: where the text calls that number of LSBs resilient, within a point of 97.2%"]
    return save_plot(folder, name, title, draw, [*said, *notes])


def _figure_4_window(folder: Path, points: Points, label: str, notes: list[str]) -> dict[str, Any]:
    return _figure_4(folder, points, label, notes, 2 * _WINDOW_POINTS)


def _figure_5(
    folder: Path, points: Points, label: str, notes: list[str], below: float = 0.0
) -> dict[str, Any]:
    """Whole, or as far as `below` points under the best."""
    groups = {"all bits alike": [p for p in points if not p["lsbs"]]}
    for lsbs, row in _series([p for p in points if p["lsbs"]]).items():
        groups[f"{lsbs} LSBs"] = row
    reliable = max(p["weight_energy_pj"] for p in points)

    def draw(axes: "Axes") -> None:
        for n, (text, row) in enumerate(groups.items()):
            shown = sorted(row, key=lambda p: p["weight_energy_pj"])
            _curve(axes, [p["weight_energy_pj"] for p in shown], shown, n, text)
        if below:
            axes.set_ylim(_top(points) - below, _top(points) + below / 12)
            axes.set_xlim(1.0, 0.55 * reliable)
            at, said = (1 - 0.746) * reliable, "paper's text: 74.6% saved at 96.2%"
            # A reduced run may not come near it.
            if axes.get_ylim()[0] <= 96.2 <= axes.get_ylim()[1]:
                axes.plot(at, 96.2, label=said, **_PAPER)
        axes.set(xlabel="write energy a weight (pJ)", ylabel="recognition (%)")
        axes.legend(loc="lower right", fontsize=8)

    name, title = "fig5a", f"Fig. 5a: 784-300-10 on {label}, recognition against write energy"
    if below:
        name, title = "fig5b", f"Fig. 5b: the upper {below:g} points, “high performance window”"
    note = "every bit of every weight programmed at each write; the gamma law with spread"
    return save_plot(folder, name, title, draw, [note, *notes])


def _figure_5_window(folder: Path, points: Points, label: str, notes: list[str]) -> dict[str, Any]:
    return _figure_5(folder, points, label, notes, _WINDOW_POINTS)


def _readings(folder: Path, rows: Sequence[Figure], label: str) -> dict[str, Any]:
    """A table: readings down, error rates across, recognition as a number in a shade."""
    columns = [p["setting"] for p in max(rows, key=lambda row: len(row.points)).points]

    def draw(axes: "Axes") -> None:
        for y, row in enumerate(rows):
            for point in row.points:
                x, value = columns.index(point["setting"]), point["recognition_percent"]
                shade = min(max((value - 85) / 13, 0.0), 1.0)
                axes.add_patch(_square(x, y, shade))
                ink = "white" if shade > 0.6 else "black"
                axes.text(x, y, f"{value:.1f}", ha="center", va="center", fontsize=8, color=ink)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), [row.id.removeprefix("readings/") for row in rows])
        axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
        axes.set_xlabel("error rate in %: of all bits, or LSBs@their rate with HSBs at 1%")
        axes.grid(False)
        axes.tick_params(length=0)

    notes = [
        "the paper calls 8@90, 10@70 and 12@10 resilient, within a point of 97.2%, and 8@100 "
        "substantially worse than 8@90",
        *_notes(rows[0]),
    ]
    title = f"Recognition (%) on {label} by reading of what the paper leaves open"
    return save_plot(folder, "readings", title, draw, notes, size=(6.6, 1.6 + 0.28 * len(rows)))


def _square(x: int, y: int, shade: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (x - 0.48, y - 0.46),
        0.96,
        0.92,
        color=(0.94 - 0.94 * shade, 0.96 - 0.51 * shade, 0.98 - 0.28 * shade),
    )
