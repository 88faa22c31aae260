"""`nvmcosim calibrate` of an in-plane device: the precessional law's curves, with a plot."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_bytes

__all__ = ["calibrate_in_plane"]

_COLOURS = ("#1f5fa8", "#c2571a", "#3a7d34", "#7b4ea3", "#8a6d1f")


def calibrate_in_plane(
    spec: InPlaneSpec,
    pulses_ps: Any,
    supplies_v: Sequence[float] | None,
    directions: Sequence[str],
    out: Path,
) -> list[Path]:
    """Write curve files of `spec` into `out`; their paths, and that of the plot last.

    Without `supplies_v`, each direction is at its own: the write's (AP-P) and the reset's (P-AP).
    Of supplies that are given, one below a direction's critical current is left out for it. There
    is no curve of both directions: a generator draws by its write alone. Raises `InputError` if no
    supply switches, or `MissingTool`.
    """
    curves: list[WriteCurve] = []
    problem = InputError("no supply is given")
    for direction in directions:
        for volts in (None,) if supplies_v is None else supplies_v:
            try:
                curves.append(spec.curve(direction, pulses_ps, volts))
            except InputError as error:
                problem = error
    if not curves:
        raise problem
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", spec.name).strip(".-") or "device"
    picture = _plot(curves, f"{spec.name}: precessional law (mondal2018)")
    written = [
        curve.save(out / f"{stem}-{curve.amplitude_v:.4g}V-{curve.direction}.json")
        for curve in curves
    ]
    return [*written, write_bytes(out / f"{stem}.png", picture)]


def _plot(curves: Sequence[WriteCurve], title: str) -> bytes:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingTool("matplotlib is not installed: pip install 'nvmcosim[plot]'") from None
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    share, energy = figure.subplots(1, 2)
    last = 0.0
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        label = f"{curve.direction} at {curve.amplitude_v:.3g} V"
        pulses = curve.pulse_ps / 1e3
        share.plot(pulses, 1 - curve.p_fail, color=colour, label=label)
        total = (curve.energy_mtj_j + curve.energy_driver_j) * 1e12
        energy.plot(pulses, total, color=colour, label=label)
        # As far as anything goes on.
        settled = pulses[curve.p_fail <= 1e-6]
        last = max(last, float(settled[0]) if settled.size else float(pulses[-1]))
    share.set(xlim=(0, last), ylim=(0, 1.02), xlabel="write pulse (ns)", ylabel="P(switch)")
    energy.set(xlim=(0, last), xlabel="write pulse (ns)", ylabel="energy a write (pJ)")
    inside = [line.get_ydata()[line.get_xdata() <= last].max() for line in energy.lines]
    energy.set_ylim(0, 1.05 * max(inside))
    for axes in (share, energy):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.suptitle(title, fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=140)
    return buffer.getvalue()
