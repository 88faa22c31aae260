"""Plots of locatelli2018's device, one function a plot, from the points of its rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.locatelli2018.switching_plots import (
    Points,
    chosen,
    column,
    draw_agreement,
    draw_moments,
)
from nvmcosim.studies.plots import COLOURS, MARKERS, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_device_plots"]

_LAW_LABELS = {"gamma": "gamma law", "exact": "Fokker-Planck"}


def draw_device_plots(folder: Path, figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Write all plots into `folder`; returns their entries."""
    points = {figure.id: figure.points for figure in figures}
    return [
        draw_moments(folder, points["fig1d/mean"], "mean_ns", "mean switching time (ns)"),
        draw_agreement(folder, points["fig1d/mean"]),
        draw_moments(
            folder, points["fig1d/skewness"], "skewness", "skewness of the switching time"
        ),
        _error_by_pulse(folder, points["fig2/energy"], points["text-iii/error-by-pulse"]),
        _error_by_amplitude(folder, points["text-iii/error-by-amplitude"]),
        _energy(folder, points["fig2/energy"]),
        _spread_cost(folder, points["fig2/energy"]),
        _amplitude(folder, points["text-iii/amplitude"]),
        _strongest(folder, points["text-iii/strongest"]),
    ]


def _error_by_pulse(folder: Path, laws: Points, circuit: Points) -> dict[str, Any]:
    names = {
        "locatelli2018": "bare junction",
        "locatelli2018-cmos": "behind FreePDK45, with spread",
    }

    def draw(axes: "Axes") -> None:
        for n, name in enumerate(("gamma", "exact")):
            for spread, style in ((0.0, "-"), (0.139, "--")):
                rows = chosen(laws, law=name, spread=spread)
                said = f", spread of {spread}" if spread else ""
                axes.plot(
                    column(rows, "pulse_ns"),
                    column(rows, "error_rate"),
                    style,
                    color=COLOURS[n],
                    label=f"{_LAW_LABELS[name]} at 2 Vc{said}",
                )
        for n, (device, label) in enumerate(names.items()):
            rows = [p for p in chosen(circuit, device=device, of="samples") if p["failures"]]
            if not rows:
                continue
            share, count = np.array(column(rows, "error_rate")), rows[0]["samples"]
            low, high = _wilson(share, count)
            axes.errorbar(
                [p["pulse_ns"] + 0.12 * n for p in rows],
                share,
                yerr=[share - low, high - share],
                fmt=MARKERS[n],
                color=COLOURS[(2, 5)[n]],
                markersize=4,
                capsize=2,
                linestyle="none",
                label=f"ngspice, {label}, {count:,} samples",
            )
        axes.plot(15.0, 1e-10, "kx", markersize=8, label="paper: 15.0 and 20.5 ns at 1e-10")
        axes.plot(20.5, 1e-10, "kx", markersize=8)
        axes.set(xlabel="write pulse (ns)", ylabel="error rate", yscale="log")
        axes.set(xlim=(0, 36), ylim=(3e-11, 2))
        axes.legend(loc="upper right", fontsize=7.5)

    title = "Error rate by pulse at 2 Vc"
    notes = ["Bars: 95% Wilson intervals of the samples; the tail is theory's, never the samples'."]
    return save_plot(folder, "error-by-pulse", title, draw, notes)


def _wilson(share: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95% Wilson interval."""
    z = 1.96
    scale = 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / scale
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / scale
    return np.minimum(centre - half, share), np.maximum(centre + half, share)


def _error_by_amplitude(folder: Path, points: Points) -> dict[str, Any]:
    pulses = sorted({p["pulse_ns"] for p in points})

    def draw(axes: "Axes") -> None:
        for n, pulse in enumerate(pulses):
            for name, style in (("exact", "-"), ("gamma", "--")):
                rows = chosen(points, law=name, pulse_ns=pulse)
                axes.plot(
                    column(rows, "v_over_vc"),
                    column(rows, "error_rate"),
                    style,
                    color=COLOURS[n],
                    label=f"{pulse:g} ns" if name == "exact" else None,
                )
        axes.plot([], [], "--", color="#555555", label="gamma law")
        axes.axvline(1, color="#777777", linewidth=0.9, linestyle=":")
        axes.set(xlabel="V / Vc", ylabel="error rate", yscale="log", ylim=(1e-12, 3))
        axes.legend(loc="lower left", fontsize=8, title="Fokker-Planck, pulse of")

    title = "Error rate by amplitude"
    notes = ["Left of the dotted line writes are thermally activated. No spread."]
    return save_plot(folder, "error-by-amplitude", title, draw, notes)


def _energy(folder: Path, points: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, name in enumerate(("gamma", "exact")):
            for spread, style in ((0.0, "-"), (0.139, "--")):
                rows = chosen(points, law=name, spread=spread)
                axes.plot(
                    column(rows, "error_rate"),
                    column(rows, "energy_pj"),
                    style,
                    color=COLOURS[n],
                    label=f"{_LAW_LABELS[name]}, {'spread of 0.139' if spread else 'no spread'}",
                )
        axes.plot(1e-10, 0.48, "kx", markersize=8, label="paper: 0.48 pJ, and with spread")
        axes.plot(1e-10, 0.48 * 1.368, "kx", markersize=8)
        for rate, saved in ((1e-4, 0.37), (1e-3, 0.45), (1e-2, 0.53)):
            axes.plot(rate, 0.48 * (1 - saved), "k+", markersize=8)
        axes.plot([], [], "k+", markersize=8, label="paper: savings of 37, 45 and 53%")
        axes.set(xlabel="error rate", ylabel="energy a bit (pJ)", xscale="log")
        axes.set(xlim=(5e-11, 1), ylim=(0, None))
        axes.legend(loc="upper right", fontsize=8)

    title = "Fig. 2: energy of a write by its error rate"
    notes = ["At the paper's power of 32 fJ a ns. The gamma law is fitted to 15.0 and 20.5 ns."]
    return save_plot(folder, "fig2-energy", title, draw, notes)


def _spread_cost(folder: Path, points: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, name in enumerate(("gamma", "exact")):
            plain = chosen(points, law=name, spread=0.0)
            spread = chosen(points, law=name, spread=0.139)
            cost = [
                100 * (s["energy_pj"] / p["energy_pj"] - 1)
                for s, p in zip(spread, plain, strict=True)
            ]
            axes.plot(column(plain, "error_rate"), cost, color=COLOURS[n], label=_LAW_LABELS[name])
        axes.plot([1e-10, 1e-4], [36.8, 17.6], "kx", markersize=8, label="paper")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(xlabel="error rate", ylabel="energy that spread costs (%)", xscale="log")
        axes.set_xlim(5e-11, 1)
        axes.legend(loc="upper right")

    title = "Fig. 2, insets: what device spread costs"
    notes = ["Log-normal spread of 0.139 on the switching time, fitted to 20.5 ns at 1e-10."]
    return save_plot(folder, "fig2-spread", title, draw, notes)


def _amplitude(folder: Path, points: Points) -> dict[str, Any]:
    rates = sorted({p["error_rate"] for p in points})

    def draw(axes: "Axes") -> None:
        for n, rate in enumerate(rates):
            for name, style in (("exact", "-"), ("gamma", "--")):
                rows = chosen(points, law=name, error_rate=rate)
                axes.plot(
                    column(rows, "v_over_vc"),
                    column(rows, "energy"),
                    style,
                    color=COLOURS[n],
                    label=f"{rate:g}" if name == "exact" else None,
                )
        axes.plot([], [], "--", color="#555555", label="gamma law")
        axes.axvline(2, color="#777777", linewidth=0.9, linestyle=":")
        axes.set(xlabel="V / Vc", ylabel="energy (that at 2 Vc = 1)", ylim=(0.9, 1.7))
        axes.set_xlim(1.1, 4)
        axes.legend(loc="upper center", fontsize=8, title="Fokker-Planck, error rate", ncols=2)

    title = "Energy at equal error rate by amplitude: the pulse grows as V falls"
    return save_plot(folder, "amplitude", title, draw, ["Energy as V² times the pulse."])


def _strongest(folder: Path, points: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, name in enumerate(("gamma", "exact")):
            rows = chosen(points, law=name)
            for key, style, how in (
                ("saving_by_pulse_percent", "-", "shorter pulse at 2 Vc"),
                ("saving_by_amplitude_percent", "--", "lower amplitude, pulse of 1e-10"),
            ):
                axes.plot(
                    column(rows, "error_rate"),
                    column(rows, key),
                    style,
                    color=COLOURS[n],
                    marker=MARKERS[n],
                    markersize=4,
                    label=f"{_LAW_LABELS[name]}, {how}",
                )
        axes.set(xlabel="error rate", ylabel="energy saved (%)", xscale="log", ylim=(0, 90))
        axes.legend(loc="upper left", fontsize=8)

    title = "Section III: what saves more, a shorter or a lower pulse"
    return save_plot(folder, "pulse-or-amplitude", title, draw, ["Energy as V² times the pulse."])
