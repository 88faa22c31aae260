"""Plot of a calibration: error rate and energy against pulse width."""

import io
from collections.abc import Mapping, Sequence

import numpy as np

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.spice.characterise import Calibration

__all__ = ["plot_calibration"]

_COLOURS = {"P-AP": "#1f5fa8", "AP-P": "#c2571a"}
_LAW_STYLES = (":", "-.")


def plot_calibration(
    calibrations: Mapping[str, Calibration], laws: Sequence[WriteCurve] = (), title: str = ""
) -> bytes:
    """A PNG of the calibrations by direction, with the published `laws` beside them.

    Left: error rate of the samples with 95% Wilson intervals, of the theory and of the fitted
    curve. Right: energy of a write, in the junction and in all. Raises `MissingTool` without
    matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingTool("matplotlib is not installed: pip install 'nvmcosim[plot]'") from None
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    rate, energy = figure.subplots(1, 2)
    for direction, calibration in calibrations.items():
        _draw_rate(rate, direction, calibration)
        _draw_energy(energy, direction, calibration.curve)
    for law, style in zip(laws, _LAW_STYLES, strict=False):
        rate.plot(law.pulse_ps / 1e3, law.p_fail, style, color="black", label=f"law {law.device}")
    curves = [calibration.curve for calibration in calibrations.values()]
    last = max(curve.pulse_ps[-1] for curve in curves) / 1e3
    lowest = max(min(curve.p_fail.min() for curve in curves) / 10, 1e-14)
    rate.set(xlim=(0, last), ylim=(lowest, 2), yscale="log")
    rate.set(xlabel="write pulse (ns)", ylabel="P(fail)")
    energy.set(xlim=(0, last), xlabel="write pulse (ns)", ylabel="energy a write (pJ)")
    energy.set_ylim(bottom=0)
    for axes in (rate, energy):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    if title:
        figure.suptitle(title, fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=140)
    return buffer.getvalue()


def _draw_rate(axes, direction: str, calibration: Calibration) -> None:  # type: ignore[no-untyped-def]
    curve, colour = calibration.curve, _COLOURS[direction]
    pulse = np.array(curve.parameters["sample_pulse_ps"]) / 1e3
    failures = np.array(curve.parameters["sample_failures"])
    count = curve.parameters["samples"]
    # Every second nanosecond is enough to see, and keeps the intervals apart.
    shown = (failures > 0) & (np.arange(failures.size) % 4 == 3)
    centre, half = _wilson(failures[shown], count)
    share = failures[shown] / count
    axes.errorbar(
        pulse[shown],
        share,
        yerr=np.abs([share - np.maximum(centre - half, 1e-9), centre + half - share]),
        fmt="o",
        markersize=3,
        linewidth=0.8,
        color=colour,
        label=f"{direction} ngspice, {count} samples",
    )
    tail = curve.parameters["tail"]
    axes.plot(
        curve.pulse_ps / 1e3,
        calibration.theory_p_fail,
        "--",
        color=colour,
        alpha=0.6,
        label=f"{direction} {tail}",
    )
    axes.plot(curve.pulse_ps / 1e3, curve.p_fail, color=colour, label=f"{direction} fit")


def _draw_energy(axes, direction: str, curve: WriteCurve) -> None:  # type: ignore[no-untyped-def]
    colour, pulse = _COLOURS[direction], curve.pulse_ps / 1e3
    total = (curve.energy_mtj_j + curve.energy_driver_j) * 1e12
    axes.plot(pulse, total, color=colour, label=f"{direction} junction and driver")
    axes.plot(pulse, curve.energy_mtj_j * 1e12, "--", color=colour, label=f"{direction} junction")


def _wilson(failures: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre and half width of the 95% Wilson interval."""
    z = 1.96
    share = failures / count
    scale = 1 + z**2 / count
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / scale
    return (share + z**2 / (2 * count)) / scale, half
