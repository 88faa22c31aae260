"""Plots of the study of ono2021, one function a figure of the paper."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.networks import NETWORKS
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ono2021.accuracy import NetworkRuns
from nvmcosim.studies.ono2021.printed import CONSTRAINTS
from nvmcosim.studies.ono2021.sweep import BASELINE, T_R_NS, Setting
from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_plots"]

#: Settings of Fig. 7's curves, as far as they were trained.
_CURVES = (
    BASELINE,
    *(Setting(bsp, 0) for bsp in (2, 4, 5, 6, 7)),
    Setting(4, 5),
    Setting(7, 5),
)
_LETTERS = {"mp": "a", "cnn": "b", "mn": "c"}
#: Points of accuracy that an axis shows at least, so that noise does not look like a trend.
_LEAST_SPAN = 2.0


def draw_plots(
    folder: Path, figures: Sequence[Figure], networks: Sequence[NetworkRuns], labels: Mapping
) -> list[dict[str, Any]]:
    """Write all plots into `folder`; returns their entries.

    `labels` are the data sets' names by network, as trained on.
    """
    by_id = {figure.id: figure for figure in figures}
    entries = [_figure_5(folder, by_id["fig5/15ns"])]
    for runs in networks:
        if runs.accuracy(BASELINE) is None:
            continue
        notes = wrapped(runs.reduced)
        entries.append(_figure_6(folder, runs, labels[runs.network], notes))
        entries.append(_figure_7(folder, runs, labels[runs.network], notes))
    entries.append(_figure_8(folder, by_id))
    for id, draw in (("text-iv-a/power", _power), ("text-vi-b/toggle", _toggle)):
        if id in by_id and by_id[id].points:
            reduced = next((runs.reduced for runs in networks if runs.network == "mp"), "")
            entries.append(draw(folder, by_id[id], wrapped(reduced)))
    return entries


def _figure_5(folder: Path, figure: Figure) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        names = {"ono2021": "as stated: σ = 3 ns", "ono2021-15ns": "σ = 1.775 ns"}
        for n, (law, label) in enumerate(names.items()):
            points = [p for p in figure.points if p["law"] == law and p["write_time_ns"] > 0]
            axes.semilogy(
                [p["write_time_ns"] for p in points],
                [p["error_rate_percent"] for p in points],
                color=COLOURS[n],
                label=f"T_th of mean 8 ns, {label}",
            )
        axes.plot(15, 0.004, "kx", markersize=9, label="paper's text: 0.004% at 15 ns")
        axes.set(xlabel="write time (ns)", ylabel="error rate (%)", xlim=(0, 20), ylim=(1e-5, 200))
        axes.legend(loc="lower left")

    return save_plot(folder, "fig5", "Fig. 5: error rate against write time", draw)


def _figure_6(folder: Path, runs: NetworkRuns, label: str, notes: list[str]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        base = runs.accuracy(BASELINE)
        assert base is not None
        axes.axhline(base.mean, color="black", linewidth=0.9, label="no approximation")
        if base.spread:
            low, high = base.mean - base.spread, base.mean + base.spread
            axes.axhspan(low, high, color="black", alpha=0.08, linewidth=0)
        trained = {t_r: [runs.accuracy(Setting(bsp, t_r)) for bsp in range(1, 8)] for t_r in T_R_NS}
        # A little apart, so that bars of one BSP do not hide each other.
        apart = 0.08 if sum(any(scores) for scores in trained.values()) > 1 else 0.0
        for n, (t_r, scores) in enumerate(trained.items()):
            if not any(scores):
                continue
            axes.errorbar(
                [bsp + apart * (n - 1) for bsp in range(1, 8)],
                # A setting that was not trained leaves a gap.
                [score.mean if score else math.nan for score in scores],
                yerr=[score.spread or 0.0 if score else 0.0 for score in scores],
                color=COLOURS[n],
                marker=MARKERS[n],
                markersize=5,
                capsize=2,
                linewidth=1.2,
                label=f"T_R = {t_r} ns",
            )
        axes.set(xlabel="BSP (bits of Group R)", ylabel="test accuracy (%)", xticks=range(1, 8))
        low, high = axes.get_ylim()
        if high - low < _LEAST_SPAN:
            axes.set_ylim((low + high - _LEAST_SPAN) / 2, (low + high + _LEAST_SPAN) / 2)
        axes.legend(loc="best")

    counts = [len(by_seed) for by_seed in runs.runs.values()]
    least, most = min(counts), max(counts)
    seeds = f"{least} to {most}" if least < most else f"{most}"
    title = f"Fig. 6{_LETTERS[runs.network]}: {NETWORKS[runs.network].title} on {label}"
    several = "mean of the last five epochs"
    several += f", {seeds} seeds, bars of one standard deviation" if most > 1 else ", one seed"
    return save_plot(folder, f"fig6{_LETTERS[runs.network]}", title, draw, [several, *notes])


def _figure_7(folder: Path, runs: NetworkRuns, label: str, notes: list[str]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        drawn = [setting for setting in _CURVES if runs.curve(setting)]
        for n, setting in enumerate(drawn):
            means = [score.mean for score in runs.curve(setting)]
            name = f"BSP {setting.bsp}, T_R {setting.t_r_ns} ns" if setting.bsp else "none"
            axes.plot(
                range(1, len(means) + 1),
                means,
                color="black" if setting == BASELINE else COLOURS[(n - 1) % 6],
                linestyle="--" if setting.t_r_ns == 5 else "-",
                marker=MARKERS[n % len(MARKERS)],
                markersize=3.5,
                linewidth=1.2,
                label=name,
            )
        axes.set(xlabel="epoch", ylabel="test accuracy (%)")
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="best", fontsize=8)

    title = f"Fig. 7{_LETTERS[runs.network]}: {NETWORKS[runs.network].title} on {label}"
    return save_plot(folder, f"fig7{_LETTERS[runs.network]}", title, draw, notes)


def _figure_8(folder: Path, by_id: Mapping[str, Figure]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        points = by_id["fig8/most-saved"].points
        for n, constraint in enumerate(CONSTRAINTS):
            bars = [p for p in points if p["constraint_percent"] == float(constraint)]
            places = [at + 0.27 * (n - 1) for at in range(len(bars))]
            heights = [p["energy"] for p in bars]
            axes.bar(places, heights, 0.25, color=COLOURS[n], label=f"loss < {constraint}%")
            for place, p in zip(places, bars, strict=True):
                text = f"{p['energy']:.4g}\nBSP {p['bsp']}\nT_R {p['t_r_ns']}"
                at = p["energy"] - 0.02
                axes.text(place, at, text, ha="center", va="top", fontsize=7, color="white")
        axes.axhline(1, color="black", linewidth=0.9)
        axes.set_xticks(range(3), [NETWORKS[name].title for name in ("mp", "cnn", "mn")])
        axes.set(ylabel="write energy (no approximation = 1)", ylim=(0, 1.15))
        axes.grid(False, axis="x")
        axes.legend(loc="upper left", ncols=3)

    title = "Fig. 8: least write energy on BF16, at Table III's settings"
    return save_plot(folder, "fig8", title, draw, ["T_R in ns; energy counted by the golden model"])


def _power(folder: Path, figure: Figure, notes: list[str]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, run in enumerate(("never lost", "power lost")):
            points = [p for p in figure.points if p["run"] == run]
            axes.plot(
                [p["epoch"] for p in points],
                [p["accuracy_percent"] for p in points],
                color=COLOURS[n],
                marker=MARKERS[n],
                markersize=4,
                label=run,
            )
        last = max(p["epoch"] for p in figure.points)
        axes.axvline(last // 2 + 0.5, color="#d55e00", linestyle=":", label="power fails")
        axes.set(xlabel="epoch", ylabel="test accuracy (%)")
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="lower right")

    title = "Section IV-A: power lost in mid-training, resumed from the memory alone"
    note = "Multi-layer Perceptron, BSP 6, T_R 0 ns, first seed"
    return save_plot(folder, "power", title, draw, [note, *notes])


def _toggle(folder: Path, figure: Figure, notes: list[str]) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, p in enumerate(figure.points):
            axes.plot(
                p["saving_percent"],
                p["accuracy_percent"],
                MARKERS[n],
                color=COLOURS[n],
                markersize=7,
                linestyle="none",
                label=p["full_epochs"],
            )
        axes.set(xlabel="write energy saved (%)", ylabel="test accuracy after the last store (%)")
        axes.margins(0.25)
        axes.legend(title="full stores in", loc="best")

    title = "Section VI-B: BSP 7, T_R 0 ns, toggled by epochs"
    return save_plot(folder, "toggle", title, draw, notes)
