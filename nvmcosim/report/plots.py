"""The page's plots: device curve, cells of the golden store, pulses of the RTL, training."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.report.svg import INK, MARKERS, SERIES, figure, svg_of

__all__ = [
    "accuracy_plot",
    "cells_plot",
    "curve_plot",
    "energy_plot",
    "pulse_plot",
    "saving_plot",
    "waveform_plot",
]

#: Failure rates below this are not drawn.
FLOOR = 1e-10
_DASHES = ("-", "--", "-.", ":")


def curve_plot(curves: Sequence[WriteCurve], plan: StorePlan | None, name: str = "curve") -> Markup:
    """P(fail) against the pulse, every curve in one plot; the plan's pulses as vertical lines."""
    with figure(width=6.6, height=4.0) as (made, (axes,)):
        longest = max([40_000.0 if plan is None else 1.25 * plan.bit_pulse_ps.max(), 10_000.0])
        for n, curve in enumerate(curves):
            pulse = np.linspace(0, min(longest, curve.pulse_ps[-1]), 400)
            rates = np.maximum(curve.failure_rate(pulse), FLOOR / 10)
            style = {"color": SERIES[n % len(SERIES)], "linestyle": _DASHES[n % len(_DASHES)]}
            axes.plot(pulse / 1000, rates, label=_curve_label(curve), **style)
        if plan is not None:
            for pulse_ps in sorted({int(p) for p in plan.bit_pulse_ps}):
                axes.axvline(pulse_ps / 1000, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
                axes.annotate(
                    f"{pulse_ps / 1000:g} ns",
                    (pulse_ps / 1000, FLOOR),
                    xytext=(4, 4),
                    textcoords="offset points",
                )
        axes.set(yscale="log", ylim=(FLOOR, 2), xlim=(0, longest / 1000))
        axes.yaxis.set_major_formatter(lambda value, _: _power_of_ten(value))
        axes.yaxis.set_minor_formatter(lambda value, _: "")
        axes.set(xlabel="write pulse (ns)", ylabel="P(write fails)")
        axes.set_title("How often a write pulse fails", pad=12 + 13 * ((len(curves) + 1) // 2))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0)
        return svg_of(made, name, "Probability that a write fails, by pulse width")


def energy_plot(curves: Sequence[WriteCurve], name: str = "energy") -> Markup:
    """Energy of writing one bit against the pulse, MTJ and driver stacked, a panel a curve."""
    with figure(len(curves), width=6.6, height=3.6, sharey=True) as (made, panels):
        for axes, curve in zip(panels, curves, strict=True):
            pulse, pico = curve.pulse_ps / 1000, 1e12
            axes.stackplot(
                pulse,
                curve.energy_mtj_j * pico,
                curve.energy_driver_j * pico,
                labels=("MTJ", "driver"),
                colors=SERIES[:2],
                alpha=0.8,
            )
            axes.set(xlabel="write pulse (ns)", ylabel="energy a bit (pJ)", xlim=(0, pulse[-1]))
            direction = "" if curve.direction == "both" else f", {curve.direction}"
            axes.set_title(f"Energy of writing a bit, {curve.device[:30]}{direction}")
            axes.legend(loc="upper left")
        return svg_of(made, name, "Energy of writing one bit, by pulse width")


def _power_of_ten(value: float) -> str:
    digits = str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if value == 1 else f"10{digits}"


def _curve_label(curve: WriteCurve) -> str:
    direction = "" if curve.direction == "both" else f", {curve.direction}"
    noise = {"law": "law", "angle": "angle noise only", "thermal": "thermal"}[curve.noise]
    return f"{curve.device[:40]}{direction} ({noise})"


def cells_plot(plan: StorePlan, golden: Mapping[str, Any], name: str = "cells") -> Markup:
    """Failed writes by bit position: what the golden store counted against what the curve says."""
    bits = np.arange(plan.width)
    found = np.array(golden["failed_rate_by_bit"], dtype=float)
    expected = np.array(golden["expected_rate_by_bit"], dtype=float)
    with figure(width=6.6, height=3.4) as (made, (axes,)):
        axes.bar(bits, found, width=0.7, color=SERIES[4], label="golden model, counted")
        axes.plot(
            bits, expected, "D", color=SERIES[1], markersize=5, label="device curve, expected"
        )
        axes.set(xlabel="bit position (0 is the least significant)", xlim=(plan.width - 0.4, -0.6))
        axes.set(ylabel="share of the 1s left 0")
        if plan.width <= 16:
            axes.set_xticks(bits)
        axes.set_title("Where the golden model leaves the old value", pad=24)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0)
        return svg_of(made, name, "Share of failed writes by bit position")


def _by_pulse(column: Mapping[str, Any]) -> dict[int, list[Mapping[str, Any]]]:
    lines: dict[int, list[Mapping[str, Any]]] = {}
    for point in sorted(column["points"], key=lambda p: (p["short_ps"], p["bsp"])):
        lines.setdefault(int(point["short_ps"]), []).append(point)
    return lines


def accuracy_plot(training: Mapping[str, Any], name: str = "accuracy") -> Markup:
    """Test accuracy against BSP, one line a T_R, one panel a device."""
    columns = training["columns"]
    with figure(len(columns), width=6.6 + 2.6 * (len(columns) > 1), height=3.9, sharey=True) as (
        made,
        panels,
    ):
        for axes, column in zip(panels, columns, strict=True):
            base = column["baseline"]["accuracy"]
            full = {"color": INK, "linewidth": 1, "linestyle": (0, (4, 2))}
            axes.axhline(100 * base, label="every bit in full", **full)
            for n, (short, points) in enumerate(_by_pulse(column).items()):
                axes.plot(
                    [p["bsp"] for p in points],
                    [100 * p["accuracy"] for p in points],
                    marker=MARKERS[n % len(MARKERS)],
                    color=SERIES[n % len(SERIES)],
                    label=f"T_R = {short / 1000:g} ns",
                )
            _ring_planned(axes, column, lambda p: (p["bsp"], 100 * p["accuracy"]))
            axes.set(xlabel="bit split position, BSP (bits)")
            axes.set_xticks(sorted({p["bsp"] for p in column["points"]}))
            axes.set_title(str(column["device"])[:40])
            axes.margins(x=0.12, y=0.12)
        panels[0].set_ylabel("test accuracy (%)")
        made.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=4)
        made.suptitle(_title(training, "Accuracy by BSP and T_R"), x=0.01, ha="left", fontsize=10)
        return svg_of(made, name, "Test accuracy by bit split position and pulse")


def saving_plot(training: Mapping[str, Any], name: str = "saving") -> Markup:
    """Accuracy against write energy saved: every trained plan as one point."""
    with figure(width=6.6, height=3.9) as (made, (axes,)):
        for n, column in enumerate(training["columns"]):
            points = column["points"]
            axes.plot(
                [100 * p["saved"] for p in points],
                [100 * p["accuracy"] for p in points],
                MARKERS[n % len(MARKERS)],
                color=SERIES[n % len(SERIES)],
                label=str(column["device"])[:40],
                markersize=7 - 2 * n,
            )
            _ring_planned(axes, column, lambda p: (100 * p["saved"], 100 * p["accuracy"]))
        axes.set(xlabel="write energy saved (%)", ylabel="test accuracy (%)")
        if len(training["columns"]) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0)
        title = _title(training, "Accuracy against energy saved")
        made.suptitle(title, x=0.01, ha="left", fontsize=10)
        axes.margins(0.08)
        return svg_of(made, name, "Test accuracy against write energy saved")


def _title(training: Mapping[str, Any], what: str) -> str:
    size = f"{training['train_size']:,} of {training['full_size']:,} samples"
    if training["train_size"] == training["full_size"]:
        size = f"all {training['full_size']:,} samples"
    return (
        f"{what}\n{training['network']} on {training['dataset']}, {size}, "
        f"{training['epochs']} of {training['paper_epochs']} epochs"
    )


def _ring_planned(axes: Any, column: Mapping[str, Any], where: Any) -> None:
    for point in column["points"]:
        if point.get("planned"):
            axes.plot(
                *where(point), "o", markersize=13, markerfacecolor="none", markeredgecolor=INK
            )


def pulse_plot(plan: StorePlan, words: int = 2, name: str = "pulses") -> Markup:
    """Drive of each domain over words to different rows, in clock cycles, as the RTL gives it.

    A row that is read first or verified takes a clock more for each read; nothing is retried here.
    """
    with figure(width=6.6, height=0.7 + 0.55 * len(plan.domains)) as (made, (axes,)):
        before = int(plan.rewrite == "changed")
        period = max(before + max(plan.cycles) + int(plan.retry_limit > 0), 1)
        for n, cycles in enumerate(plan.cycles):
            y = -n
            xs, ys = [0.0], [0.0]
            for word in range(words):
                start = word * period + before
                if cycles:
                    xs += [start, start, start + cycles, start + cycles]
                    ys += [ys[-1], 0.7, 0.7, 0.0]
            xs.append(words * period)
            ys.append(0.0)
            axes.fill_between(xs, y, np.array(ys) + y, color=SERIES[n % len(SERIES)], alpha=0.35)
            axes.plot(xs, np.array(ys) + y, color=SERIES[n % len(SERIES)])
        axes.set_yticks(
            [0.3 - n for n in range(len(plan.domains))],
            [f"{d.bits} bits, {d.pulse_ps / 1000:g} ns" for d in plan.domains],
        )
        axes.set(xlabel=f"clock cycles of {plan.tick_ps / 1000:g} ns", xlim=(0, words * period))
        axes.grid(visible=False, axis="y")
        axes.set_axisbelow(True)
        axes.axvline(period, color=INK, linewidth=0.9, linestyle=(0, (2, 2)))
        reads = ", with reads" if before or plan.retry_limit else ""
        axes.set_title(f"Drive of each domain, two words back to back{reads}")
        return svg_of(made, name, "Write pulses of each domain over two words")


def waveform_plot(waveform: Mapping[str, Any], name: str = "waveform") -> Markup:
    """Free layers of some junctions while the RTL writes them; one lane a cell."""
    cells = waveform["cells"]
    with figure(width=6.6, height=1.0 + 0.5 * len(cells)) as (made, (axes,)):
        for n, cell in enumerate(cells):
            lane = -1.2 * n + 0.45 * np.array(cell["mz"], dtype=float)
            axes.plot(waveform["time_ns"], lane, color=SERIES[n % len(SERIES)], linewidth=1.2)
        axes.set_yticks(
            [-1.2 * n for n in range(len(cells))],
            [f"row {cell['row']}, bit {cell['column']}" for cell in cells],
        )
        axes.set(xlabel="time (ns)", xlim=(waveform["time_ns"][0], waveform["time_ns"][-1]))
        axes.grid(visible=False, axis="y")
        axes.set_title("Free layers (cos θ) in ngspice under the RTL's pulses")
        return svg_of(made, name, "Magnetisation of junctions over time")
