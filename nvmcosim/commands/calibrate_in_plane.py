"""`nvmcosim calibrate` of an in-plane device: the law's curves, and ngspice beside them."""

import io
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_bytes

__all__ = ["QUICK_WRITES", "WRITES", "calibrate_in_plane"]

#: ngspice writes of each curve where nothing else is asked for, and of a quick run.
WRITES, QUICK_WRITES = 100, 20
#: Share of the writes that have switched by the law at the end of a run; the equation differs.
_SWITCHED, _STRETCH = 0.999, 2.0

_COLOURS = ("#1f5fa8", "#c2571a", "#3a7d34", "#7b4ea3", "#8a6d1f")


def calibrate_in_plane(
    spec: InPlaneSpec,
    pulses_ps: Any,
    supplies_v: Sequence[float] | None,
    directions: Sequence[str],
    samples: int | None,
    seed: int,
    out: Path,
) -> list[Path]:
    """Write curve files of `spec` into `out`; their paths, and that of the plot last.

    Without `supplies_v`, each direction is at its own: the write's (AP-P) and the reset's (P-AP).
    Of supplies that are given, one below a direction's critical current is left out for it. There
    is no curve of both directions: a generator draws by its write alone. The curves are the law's;
    `samples` ngspice writes of each, by the vector equation from random starts, stand in their
    parameters and in the plot. Where `samples` is None, it is `WRITES`, and 0 without ngspice.
    Raises `InputError` if no supply switches, or `MissingTool`.
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
    try:
        curves = [
            _sampled(spec, curve, WRITES if samples is None else samples, seed) for curve in curves
        ]
    except MissingTool as error:
        if samples is not None:
            raise
        print(f"the law alone, as {error}", file=sys.stderr)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", spec.name).strip(".-") or "device"
    picture = _plot(
        curves, f"{spec.name}: precessional law (lines), vector equation from random starts (dots)"
    )
    written = [
        curve.save(out / f"{stem}-{curve.amplitude_v:.4g}V-{curve.direction}.json")
        for curve in curves
    ]
    return [*written, write_bytes(out / f"{stem}.png", picture)]


def _sampled(spec: InPlaneSpec, curve: WriteCurve, samples: int, seed: int) -> WriteCurve:
    """`curve` with the outcome of ngspice's writes in its parameters."""
    from nvmcosim.devices import cache_folder, sample_progress
    from nvmcosim.provenance import versions
    from nvmcosim.spice.in_plane import sample_in_plane

    assert curve.amplitude_v is not None
    volts, direction = curve.amplitude_v, curve.direction
    span = _STRETCH * float(spec.pulse(direction, volts).pulse_for(_SWITCHED))
    done = 0
    with sample_progress(f"{direction} at {volts:.4g} V") as update:

        def more(count: int) -> None:
            nonlocal done
            done += count
            update(done, samples)

        found = sample_in_plane(
            spec.driver.replace(vdd_v=volts),
            spec.mtj,
            direction,
            samples,
            seed,
            span,
            cache_folder() / "samples",
            more,
        )
    switched = found.times_s[np.isfinite(found.times_s)]
    parameters: dict[str, Any] = {
        **curve.parameters,
        "samples": found.times_s.size,
        "span_ps": span * 1e12,
        "switched": switched.size,
        "sample_pulse_ps": (found.pulse_s * 1e12).round(6).tolist(),
        "sample_failures": [int((found.times_s > pulse).sum()) for pulse in found.pulse_s],
        "sample_energy_j": found.energy_j.sum(axis=0).tolist(),
    }
    if switched.size:
        parameters["switching_mean_ps"] = float(switched.mean()) * 1e12
        parameters["switching_sd_ps"] = float(switched.std()) * 1e12
    return replace(curve, parameters=parameters, seed=seed, versions=versions())


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
        if "samples" in curve.parameters:
            at = np.array(curve.parameters["sample_pulse_ps"]) / 1e3
            said = f"{label}, ngspice, {curve.parameters['samples']} samples"
            failed = np.array(curve.parameters["sample_failures"])
            chance = 1 - failed / curve.parameters["samples"]
            share.plot(at, chance, "o", markersize=3, color=colour, label=said)
            spent = np.array(curve.parameters["sample_energy_j"]) * 1e12
            energy.plot(at, spent, "o", markersize=3, color=colour)
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
