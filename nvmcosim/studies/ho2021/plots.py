"""Plots of ho2021, one function a figure of the paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.networks import NETWORKS
from nvmcosim.pymodel.line_report import LEVELLERS
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.ho2021.approaches import APPROACHES, APPWOM, TITLES
from nvmcosim.studies.ho2021.costs import energy_pj
from nvmcosim.studies.ho2021.printed import SAVINGS
from nvmcosim.studies.ho2021.rules import shortfalls
from nvmcosim.studies.ho2021.runs import Runs
from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_plots"]

#: In the order of Fig. 10, then what it does not have.
_ORDER = ("preset", "prereset", "wom-set", "appwom", "dcw", "flip-n-write")
_WIDE = (7.6, 4.2)
#: What a run's kind is called.
_KINDS = {
    "exact": "fp32, exact",
    "appwom": "AppWOM",
    "appwom-word": "AppWOM, word by word",
    "bf16": "bf16, exact",
    "bf16-appwom": "AppWOM of bf16",
    "bf16-appwom-1": "AppWOM of bf16, M6+M7 alone",
    "plain": "plain descent, exact",
    "plain-appwom": "plain descent, AppWOM",
}
Series = Mapping[str, Sequence[float]]


def draw_plots(folder: Path, figures: Sequence[Figure], runs: Runs) -> list[dict[str, Any]]:
    """Write all plots that there are runs for into `folder`; returns their entries."""
    by_id = {figure.id: figure for figure in figures}
    entries = []
    for network in runs.networks:
        if (row := by_id[f"fig3/{network}"]).points:
            entries.append(_figure_3(folder, network, row, runs))
        if (row := by_id[f"fig9/{network}"]).points:
            entries.append(_figure_9(folder, network, row, runs))
    if runs.networks:
        entries += [_energy(folder, runs), _lifetime(folder, runs), _latency(folder, runs)]
    rows = [f for f in figures if f.id.startswith("readings/") and f.points]
    if rows:
        entries.append(_readings(folder, rows, runs))
    for network in runs.networks:
        if (row := by_id[f"convergence/{network}"]).points:
            entries.append(_convergence(folder, network, row, runs))
        entries.append(_accuracy(folder, network, by_id, runs))
    return entries


def _notes(runs: Runs, networks: Sequence[str] | None = None) -> list[str]:
    return wrapped(shortfalls(runs, networks or runs.networks))


def _bars(axes: "Axes", labels: Sequence[str], series: Series) -> None:
    """Groups of bars: a group for each label, a colour for each series."""
    width = 0.8 / len(series)
    for n, (name, values) in enumerate(series.items()):
        places = [x + (n - (len(series) - 1) / 2) * width for x in range(len(labels))]
        axes.bar(places, values, width, color=COLOURS[n % len(COLOURS)], label=name)
    axes.set_xticks(range(len(labels)), labels)
    axes.grid(False, axis="x")


def _figure_3(folder: Path, network: str, row: Figure, runs: Runs) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        ones = [p["ones_percent"] for p in row.points]
        axes.bar(range(len(ones)), ones, color=COLOURS[0], label="1")
        axes.bar(range(len(ones)), [100 - x for x in ones], bottom=ones, color="#cccccc", label="0")
        axes.axhline(50, color="black", linewidth=0.8, linestyle="--")
        names = [p["bit"] for p in row.points]
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set(ylabel="written bits (%)", ylim=(0, 115), xlim=(-0.6, len(names) - 0.4))
        axes.legend(loc="upper right", ncols=2)

    title = f"Fig. 3: bits of {NETWORKS[network].title}'s weights and biases, over all writes"
    return save_plot(folder, f"fig3-{network}", title, draw, _notes(runs, [network]), _WIDE)


def _figure_9(folder: Path, network: str, row: Figure, runs: Runs) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        series = {
            "WOM, adjacent bits (Fig. 4)": [p["wom_flips"] for p in row.points],
            "AppWOM with ping-pong (Fig. 9)": [p["appwom_flips"] for p in row.points],
        }
        for name, title in (("wom", "WOM"), ("appwom", "AppWOM")):
            if f"{name}_alone_flips" in row.points[0]:
                flips = [p[f"{name}_alone_flips"] for p in row.points]
                series[f"{title}, each group refreshed alone"] = flips
        names = [
            p["wom_group"]
            if p["wom_group"] == p["appwom_group"]
            else f"{p['wom_group']}\n{p['appwom_group']}"
            for p in row.points
        ]
        _bars(axes, names, series)
        axes.tick_params(axis="x", labelsize=6, rotation=60)
        axes.set_ylabel("flips of a group, a write")
        axes.margins(y=0.3)
        axes.legend(loc="upper left", ncols=2, fontsize=7.5)

    title = f"Fig. 4 and 9: flips by group of bits, {NETWORKS[network].title}"
    said = [
        "lines of 16 words, refreshed whole but where said",
        "where groups differ, AppWOM's stands below WOM's",
    ]
    notes = [*said, *_notes(runs, [network])]
    return save_plot(folder, f"fig9-{network}", title, draw, notes, _WIDE)


def _reports(runs: Runs, network: str) -> dict[str, dict[str, Any]]:
    found = {name: runs.report(network, "exact", plan) for name, plan in APPROACHES.items()}
    found["appwom"] = runs.report(network, "appwom", APPWOM)
    return {name: report for name in _ORDER if (report := found[name])}


def _by_network(
    folder: Path, runs: Runs, name: str, title: str, unit: str, value: Any, said: Sequence[str]
) -> dict[str, Any]:
    reports = {network: _reports(runs, network) for network in runs.networks}
    shown = [a for a in _ORDER if all(a in r for r in reports.values())]

    def draw(axes: "Axes") -> None:
        labels = [NETWORKS[network].title for network in reports]
        series = {TITLES[a]: [value(r[a]) for r in reports.values()] for a in shown}
        _bars(axes, labels, series)
        axes.set_ylabel(unit)
        axes.margins(y=0.25)
        axes.legend(loc="upper right", ncols=3, fontsize=7.5)

    return save_plot(folder, name, title, draw, [*said, *_notes(runs)], _WIDE)


def _energy(folder: Path, runs: Runs) -> dict[str, Any]:
    said = ["pulses alone; data-comparison write and Flip-N-Write are not in the paper"]
    title = "Fig. 10a: write energy of a weight, a write"
    return _by_network(folder, runs, "fig10a", title, "pJ", energy_pj, said)


def _latency(folder: Path, runs: Runs) -> dict[str, Any]:
    def with_read(report: dict[str, Any]) -> float:
        reads = report["plan"]["scheme"] not in ("preset", "prereset", "basic")
        return report["place_ns"] + (report["sense_ns"] if reads else 0.0)

    said = ["with the read of those that read first; refreshes are left to idle time"]
    title = "Fig. 10c: latency of a line's write"
    return _by_network(folder, runs, "fig10c", title, "ns", with_read, said)


def _lifetime(folder: Path, runs: Runs) -> dict[str, Any]:
    """One network, by leveller: the others' values are in the rows."""
    network = runs.networks[0]
    reports = _reports(runs, network)

    def draw(axes: "Axes") -> None:
        series = {
            TITLES[a]: [r["lifetime_writes"][lev] for lev in LEVELLERS] for a, r in reports.items()
        }
        _bars(axes, ["no leveller", "Start-Gap", "ideal"], series)
        axes.set_ylabel("writes of every weight")
        axes.margins(y=0.25)
        axes.legend(loc="upper left", ncols=2, fontsize=7.5)

    title = f"Fig. 10b: lifetime by wear-leveller, {NETWORKS[network].title}"
    said = ["until the first cell has flipped 1e8 times, at the rates of these runs"]
    notes = [*said, *_notes(runs, [network])]
    return save_plot(folder, "fig10b", title, draw, notes, _WIDE)


def _readings(folder: Path, rows: Sequence[Figure], runs: Runs) -> dict[str, Any]:
    names = [row.id.removeprefix("readings/") for row in rows]

    def draw(axes: "Axes") -> None:
        series = {TITLES[against]: [_percent(row, against) for row in rows] for against in SAVINGS}
        _bars(axes, names, series)
        for n, (against, percent) in enumerate(SAVINGS.items()):
            label = f"paper, against {TITLES[against]}"
            axes.axhline(percent, color=COLOURS[n], linewidth=1, linestyle="--", label=label)
        axes.axhline(0, color="black", linewidth=0.6)
        axes.tick_params(axis="x", labelsize=7, rotation=20)
        axes.set_ylabel("write energy that AppWOM saves (%)")
        axes.set_ylim(min(-40, axes.get_ylim()[0]), 150)
        axes.legend(loc="upper right", ncols=2, fontsize=7.5)

    title = "Energy saved on LeNet by reading of what the paper leaves open"
    short, plain = (runs.reduced("lenet", [kind]) for kind in ("readings", "plain"))
    said = [f"reduced: {short}"] if short else []
    if plain not in ("", short, "lenet not trained"):
        said.append(f"with plain descent {plain}")
    notes = wrapped("; ".join(said))
    return save_plot(folder, "readings", title, draw, notes, (7.6, 4.6))


def _percent(row: Figure, against: str) -> float:
    return next(p["percent"] for p in row.points if p["against"] == against) or 0.0


def _convergence(folder: Path, network: str, row: Figure, runs: Runs) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, name in enumerate(dict.fromkeys(p["approach"] for p in row.points)):
            found = [p for p in row.points if p["approach"] == name]
            axes.plot(
                [p["iteration"] for p in found],
                [p["flips"] for p in found],
                color=COLOURS[n % len(COLOURS)],
                marker=MARKERS[n % len(MARKERS)],
                markersize=3.5,
                linewidth=1,
                label=TITLES[name],
            )
        axes.set(xlabel="iteration", ylabel="flips a word and write, since the test before")
        axes.locator_params(axis="x", integer=True)
        axes.set_ylim(0)
        axes.legend(loc="best")

    title = f"How flips converge, {NETWORKS[network].title}"
    return save_plot(folder, f"convergence-{network}", title, draw, _notes(runs, [network]))


def _accuracy(
    folder: Path, network: str, by_id: Mapping[str, Figure], runs: Runs
) -> dict[str, Any]:
    rows = [f for id, f in by_id.items() if id.startswith(f"accuracy/{network}/")]
    points = {(p["kind"], p["seed"], p["iteration"]): p for row in rows for p in row.points}
    kinds = list(dict.fromkeys(kind for kind, _, _ in points))
    lasts = [max(i for k, _, i in points if k == kind) for kind in kinds]

    def draw(axes: "Axes") -> None:
        for n, kind in enumerate(kinds):
            for m, seed in enumerate(sorted({s for k, s, _ in points if k == kind})):
                row = [p for (k, s, _), p in sorted(points.items()) if (k, s) == (kind, seed)]
                axes.plot(
                    [p["iteration"] for p in row],
                    [p["test_accuracy_percent"] for p in row],
                    color=COLOURS[n % len(COLOURS)],
                    marker=MARKERS[n % len(MARKERS)],
                    markevery=max(1, len(row) // 20),
                    markersize=3.5,
                    linewidth=1,
                    linestyle="-" if n < len(COLOURS) else "--",
                    label=_KINDS[kind] if m == 0 else None,
                )
        axes.set(xlabel="iteration", ylabel="test accuracy (%)")
        if 10 * min(lasts) < max(lasts):
            axes.set_xscale("log")
        else:
            axes.locator_params(axis="x", integer=True)
        axes.legend(loc="lower right")

    title = f"Accuracy of {NETWORKS[network].title}, a line for each seed"
    return save_plot(folder, f"accuracy-{network}", title, draw, _notes(runs, [network]))
