"""What takes a circuit: energy of a write, spread of junction and transistors, errors by pulse.

The bare junction is on a voltage source; `locatelli2018-cmos` has the same one behind FreePDK45
transistors with mismatch, whose energy and spread are not those of the paper's 28 nm process.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nvmcosim.devices import curve_for
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpec, DeviceSpread
from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies.figures import Figure, judge_number

__all__ = ["circuit_figures"]

_PAPER_PULSE_PS = 15_000.0
_COSTS = {"1e-10": "36.8", "1e-4": "17.6"}
_JUNCTION_SPREAD = DeviceSpread(ra=0.05, tmr=0.05)
#: Theory is tabulated so far, in s: past the pulse of 1e-10 of every device here.
_HORIZON_S = 80e-9
_NOT_45_NM = "cards of 45 nm and an assumed A_vt where the paper has a commercial 28 nm kit"


def circuit_figures(
    samples: int, seed: int, workers: int | None, progress: Callable[[int], None]
) -> list[Figure]:
    """Rows of both devices; those that take ngspice are `not-run` without it.

    `progress` is told of ngspice samples done.
    """
    bare, cmos = preset("locatelli2018"), preset("locatelli2018-cmos")
    try:
        curves = {
            spec.name: _curve(spec, samples, seed, workers, progress) for spec in (bare, cmos)
        }
        missing = ""
    except InputError as error:
        curves, missing = {}, str(error)
    junction = bare.replace(spread=_JUNCTION_SPREAD)
    rows = [_energy(bare, curves, missing)]
    rows += _costs("junction", "5% on resistance and TMR of a bare junction", junction)
    rows += _costs("cmos", "the same and mismatch behind FreePDK45 transistors", cmos, missing)
    return [*rows, _error_by_pulse(curves, missing)]


def _curve(
    spec: DeviceSpec,
    samples: int,
    seed: int,
    workers: int | None,
    progress: Callable[[int], None],
) -> WriteCurve:
    told = 0

    def more(done: int, total: int) -> None:
        nonlocal told
        progress(done - told)
        told = done

    return curve_for(spec.name, samples=samples, seed=seed, workers=workers, progress=more)


def _energy(bare: DeviceSpec, curves: dict[str, WriteCurve], missing: str) -> Figure:
    volts, mtj = bare.driver.vdd_v, bare.mtj
    most = 1e12 * volts**2 / mtj.r_parallel_ohm * _PAPER_PULSE_PS * 1e-12
    points: list[dict[str, Any]] = []
    said = (
        f"0.48 pJ is above the {most:.3f} pJ that {1e3 * volts:g} mV across the junction's least "
        f"resistance, {mtj.r_parallel_ohm:.0f} ohm, can take in 15 ns: the driver must be in it"
    )
    listed = []
    for name, curve in curves.items():
        mtj_pj, rest_pj = (1e12 * float(e) for e in curve.energy(_PAPER_PULSE_PS))
        points.append({"device": name, "junction_pj": mtj_pj, "rest_pj": rest_pj})
        driver = f" and {rest_pj:.3f} pJ in the driver ({_NOT_45_NM})" if rest_pj > 1e-3 else ""
        listed.append(f"{name} {mtj_pj:.3f} pJ in the junction{driver}")
    said += "; ngspice, mean of both directions: " + ", ".join(listed) if listed else ""
    said += f"; {missing}" if missing else ""
    title = "Energy of a 15 ns write, ours the most that the junction alone can take"
    return judge_number("text-iii/energy", title, "0.48", most, "pJ", said, points=points)


def _costs(name: str, title: str, spec: DeviceSpec, missing: str = "") -> list[Figure]:
    """What the device's own spread costs, by theory, averaged over both directions."""
    rows = []
    costs = {} if missing else _cost_percent(spec)
    for text, printed in _COSTS.items():
        id, words = f"fig2/spread/{text}/{name}", f"Energy that spread costs at {text}: {title}"
        if missing:
            rows.append(Figure(id, words, float(printed), None, "%", "not-run", missing))
            continue
        reason = (
            "that spread alone moves the voltage at which the junction is critical by 5%; the rest "
            "of the paper's cost would be its transistors'"
            if name == "junction"
            else f"{_NOT_45_NM}; transistors near saturation hold the current, not the voltage, "
            "which makes up for resistance in the one direction"
        )
        rows.append(judge_number(id, words, printed, costs[text], "%", reason))
    return rows


def _cost_percent(spec: DeviceSpec) -> dict[str, float]:
    pulses = [_pulses_for(spec), _pulses_for(spec.replace(spread=DeviceSpread()))]
    return {text: 100 * (pulses[0][text] / pulses[1][text] - 1) for text in _COSTS}


def _pulses_for(spec: DeviceSpec) -> dict[str, float]:
    """Pulses in s by error rate of writes in either direction."""
    from nvmcosim.spice.driver import load_lines
    from nvmcosim.spice.tail import theory_for

    times = np.linspace(0.0, _HORIZON_S, 8001)
    rate = np.zeros(times.shape)
    for direction in DIRECTIONS:
        cmos = spec.driver.kind == "cmos"
        lines = partial(load_lines, spec.driver, direction) if cmos else None
        rate += theory_for(spec, direction, lines, _HORIZON_S).rate(times) / len(DIRECTIONS)
    return {t: float(np.interp(-np.log(float(t)), -np.log(rate), times)) for t in _COSTS}


def _error_by_pulse(curves: dict[str, WriteCurve], missing: str) -> Figure:
    points: list[dict[str, Any]] = []
    for name, curve in curves.items():
        points += _sampled(name, curve)
        shown = slice(3, 121, 2)
        points += [
            {"device": name, "pulse_ns": pulse / 1e3, "error_rate": rate, "of": "fit"}
            for pulse, rate in zip(
                curve.pulse_ps[shown].tolist(), curve.p_fail[shown].tolist(), strict=True
            )
        ]
    stretches = [
        f"{name} {key.split('.')[0]} {value:.3f} ± {curve.parameters[key + '_error']:.3f}"
        for name, curve in curves.items()
        for key, value in curve.parameters.items()
        if key.endswith("fit_stretch") and curve.parameters.get(key + "_error") is not None
    ]
    bare = curves.get("locatelli2018")
    return Figure(
        "text-iii/error-by-pulse",
        "Error rate of a 15 ns pulse in ngspice, tail by Fokker-Planck",
        None,
        float(bare.failure_rate(_PAPER_PULSE_PS)) if bare else None,
        "",
        "not-run",
        missing
        or "Fig. 1c is an illustration without numbers; theory's time axis fitted to the samples: "
        + ", ".join(stretches),
        points=points,
    )


def _sampled(name: str, curve: WriteCurve) -> list[dict[str, Any]]:
    """Failures of the samples of both directions, every nanosecond."""
    values = curve.parameters
    found = []
    parts = [
        (
            values.get(f"{d}.sample_pulse_ps", values.get("sample_pulse_ps")),
            values.get(f"{d}.sample_failures", values.get("sample_failures")),
        )
        for d in DIRECTIONS
    ]
    for n in range(3, min(len(pulses) for pulses, _ in parts), 4):
        failed = sum(failures[n] for _, failures in parts)
        found.append(
            {
                "device": name,
                "pulse_ns": parts[0][0][n] / 1e3,
                "failures": failed,
                "samples": len(parts) * values["samples"],
                "error_rate": failed / (len(parts) * values["samples"]),
                "of": "samples",
            }
        )
    return found
