"""From a device to its write curve: Monte Carlo in ngspice, theory for the tail, a fit of the two.

1. The driver's load line comes from a DC sweep; with it theory (`spice.tail`) gives P(fail | pulse)
   of the device and its spread, however rare, and the length of the runs.
2. ngspice writes `samples` cells in each direction, each with its own device, start and noise
   (`spice.montecarlo`). One long pulse a sample gives the outcome and the energy of every shorter
   one (`spice.write_cell`).
3. The theory's time axis is fitted to the switching times: the curve is theory(t / stretch). A
   stretch near 1 and the Kolmogorov-Smirnov test say how well the two agree; both are kept. Where
   fewer than ten samples switch, as below the critical voltage, the curve is the theory's.

Energy is the samples' mean, junction and all the rest; past the end of the runs, where all but a
few in a thousand have switched, it goes on at the power of the end.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.spice.cards import PROCESS
from nvmcosim.spice.driver import load_lines
from nvmcosim.spice.montecarlo import CHUNK, MonteCarlo
from nvmcosim.spice.mtj import MODELS, NOISES
from nvmcosim.spice.pool import run_chunks
from nvmcosim.spice.session import session
from nvmcosim.spice.switching import collect
from nvmcosim.spice.tail import LEAST_FITTED, LEAST_STRETCH, Fit, Theory, fit_times, theory_for

__all__ = [
    "SAMPLES",
    "Calibration",
    "Settings",
    "both_directions",
    "characterise",
    "default_pulses_ps",
]

Floats = NDArray[np.float64]

#: Samples a direction where nothing else is asked for.
SAMPLES = 400
#: The run is as long as it takes all but this share of the cells to switch.
_UNSWITCHED = 2e-3
#: Spacing in s of the times at which energy is kept.
_GRID_S = 250e-12


def default_pulses_ps(longest_ps: float = 40_000.0) -> Floats:
    """Tabulated pulse widths in ps: every 250 ps to at least `longest_ps`."""
    return np.arange(1.0, np.ceil(longest_ps / 250.0) + 1, dtype=np.float64) * 250.0


@dataclass(frozen=True, eq=False)
class Settings:
    """How a device is characterised.

    Fields:
        pulses_ps: tabulated pulse widths, increasing, in ps.
        samples: writes simulated in each direction.
        seed: of every draw.
        noise: `thermal`, or `angle` for a random initial angle alone.
        model: macrospin, `1d` or `cartesian`.
    """

    pulses_ps: Floats
    samples: int = SAMPLES
    seed: int = 0
    noise: str = "thermal"
    model: str = "1d"

    def __post_init__(self) -> None:
        pulses = np.asarray(self.pulses_ps, dtype=np.float64)
        object.__setattr__(self, "pulses_ps", pulses)
        if pulses.ndim != 1 or not 2 <= pulses.size <= 10_000:
            raise InputError("a pulse sweep has from 2 to 10000 pulses")
        if not np.isfinite(pulses).all() or pulses[0] <= 0 or (np.diff(pulses) <= 0).any():
            raise InputError("a pulse sweep starts above 0 and increases")
        if pulses[-1] > 1e6:
            raise InputError(f"a pulse of {pulses[-1]:g} ps is too long; the longest is 1 us")
        for name, low, high in (("samples", 20, 10**6), ("seed", 0, 2**63 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(f"{name} is {value!r}; it must be from {low} to {high}")
        for name, value, choices in (
            ("noise", self.noise, NOISES),
            ("macrospin", self.model, MODELS),
        ):
            if value not in choices:
                raise InputError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")

    def digest(self) -> str:
        """SHA-256 of the settings."""
        return digest_of([self.pulses_ps.tolist(), self.samples, self.seed, self.noise, self.model])


@dataclass(frozen=True, eq=False)
class Calibration:
    """One direction's result: the curve, and what it was made of.

    Fields: `curve`; `theory_p_fail` `[pulses]` before the fit; `times_s`, the samples' switching
    times, infinite beyond `span_s`; `fit`.
    """

    curve: WriteCurve
    theory_p_fail: Floats
    times_s: Floats
    span_s: float
    fit: Fit


@dataclass(frozen=True)
class _Prepared:
    theory: Theory
    run: MonteCarlo


def characterise(
    spec: DeviceSpec,
    settings: Settings,
    folder: Path,
    *,
    directions: Iterable[str] = DIRECTIONS,
    versions: Mapping[str, str] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Calibration]:
    """Write curves of `spec` by direction.

    Chunks of samples are kept in `folder` and taken from there. `workers` processes (one a core)
    do the work; the result does not depend on their number. `progress(done, total)` counts samples.
    Raises `InputError` for a device that does not switch, `MissingTool`, `SpiceError`.
    """
    prepared = {direction: _prepare(spec, settings, direction) for direction in directions}
    chunks = range(-(-settings.samples // CHUNK))
    todo = [
        (plan.run, number)
        for number in chunks
        for plan in prepared.values()
        if plan.run.read_chunk(folder, number) is None
    ]
    total = len(chunks) * len(prepared) * CHUNK
    done = total - len(todo) * CHUNK
    progress(done, total)

    def count() -> None:
        nonlocal done
        done += CHUNK
        progress(done, total)

    run_chunks(todo, folder, workers, count)
    return {
        direction: _conclude(plan, settings, folder, dict(versions or {}))
        for direction, plan in prepared.items()
    }


def _prepare(spec: DeviceSpec, settings: Settings, direction: str) -> _Prepared:
    longest = float(settings.pulses_ps[-1]) * 1e-12
    lines = partial(load_lines, spec.driver, direction) if spec.driver.kind == "cmos" else None
    horizon = max(longest, 8 * spec.mtj.tau_s) / LEAST_STRETCH
    theory = theory_for(spec, direction, lines, horizon, settings.noise)
    # Sixty times tau_D end a run that noise alone would have to switch.
    span = min(theory.pulse_for(_UNSWITCHED), longest, 60 * spec.mtj.tau_s)
    span = max(float(np.ceil(span / _GRID_S)), 4.0) * _GRID_S
    run = MonteCarlo(spec, direction, settings.seed, settings.noise, settings.model, span, _GRID_S)
    return _Prepared(theory, run)


def _conclude(
    prepared: _Prepared, settings: Settings, folder: Path, versions: dict[str, str]
) -> Calibration:
    run, theory = prepared.run, prepared.theory
    # Whole chunks are simulated, so there may be a few more samples than were asked for.
    writes = collect(run, settings.samples, folder)
    times, energy = writes.times_s, writes.energy_j
    # Below the critical voltage hardly any cell switches in time: then the theory stands alone.
    enough = np.count_nonzero(times <= run.span_s) >= LEAST_FITTED
    fit = fit_times(theory, times, run.span_s) if enough else Fit()
    pulses = settings.pulses_ps * 1e-12
    fitted = np.minimum.accumulate(np.clip(theory.rate(pulses / fit.stretch), 0.0, 1.0))
    mtj_j, driver_j = (_extended(row, run.grid, pulses) for row in energy)
    curve = WriteCurve(
        device=run.spec.name,
        direction=run.direction,
        amplitude_v=run.spec.driver.vdd_v,
        pulse_ps=settings.pulses_ps,
        p_fail=fitted,
        energy_mtj_j=mtj_j,
        energy_driver_j=driver_j,
        noise=settings.noise,
        parameters=_parameters(prepared, times, fit),
        seed=settings.seed,
        versions={**versions, "ngspice": session().version},
    )
    return Calibration(curve, theory.rate(pulses), times, run.span_s, fit)


def _extended(energy: Floats, grid: Floats, pulses: Floats) -> Floats:
    """Energy at `pulses` from that at `grid`: from 0 at 0, and on at the power of the end."""
    last = max(grid.size - 8, 0)
    power = (energy[-1] - energy[last]) / (grid[-1] - grid[last]) if grid.size > 1 else 0.0
    inside = np.interp(pulses, np.append(0.0, grid), np.append(0.0, energy))
    beyond = energy[-1] + power * (pulses - grid[-1])
    return np.maximum(np.where(pulses > grid[-1], beyond, inside), 0.0)


def _parameters(prepared: _Prepared, times: Floats, fit: Fit) -> dict[str, Any]:
    """What the curve was made from, flat: device, run, samples by pulse, fit."""
    run = prepared.run
    values: dict[str, Any] = {"origin": run.spec.origin, "device_digest": run.spec.digest()}
    for part in ("mtj", "driver", "spread"):
        values |= {f"{part}.{k}": v for k, v in getattr(run.spec, part).to_dict().items()}
    values["mtj.delta"] = run.spec.mtj.delta
    values["mtj.critical_voltage_v"] = run.spec.mtj.critical_voltage_v
    if run.spec.driver.kind == "cmos":
        values["driver.process"] = PROCESS
    switched = times[np.isfinite(times)]
    grid = run.grid
    moments = {}
    if switched.size:
        moments["switching_mean_ps"] = float(switched.mean()) * 1e12
        moments["switching_sd_ps"] = float(switched.std()) * 1e12
    return {
        **values,
        "macrospin": run.model,
        "samples": times.size,
        "span_ps": run.span_s * 1e12,
        "netlist_digest": run.netlist_digest,
        "switched": switched.size,
        **moments,
        "sample_pulse_ps": (grid * 1e12).round(6).tolist(),
        "sample_failures": [int((times > pulse).sum()) for pulse in grid],
        "fit_stretch": fit.stretch,
        "fit_stretch_error": fit.stretch_error,
        "fit_ks_distance": fit.distance,
        "fit_ks_p_value": fit.p_value,
        "tail": "Fokker-Planck" if run.noise == "thermal" else "initial angle",
    }


def both_directions(curves: Mapping[str, WriteCurve]) -> WriteCurve:
    """The curve of a write in either direction with equal probability: the mean of the two.

    Parameters of one direction get its name in front; those that agree stay as they are.
    """
    first, second = (curves[direction] for direction in DIRECTIONS)
    one, two = first.parameters, second.parameters
    parameters = {k: v for k, v in one.items() if k in two and two[k] == v}
    for direction, own in zip(DIRECTIONS, (one, two), strict=True):
        parameters |= {f"{direction}.{k}": v for k, v in own.items() if k not in parameters}
    return WriteCurve(
        device=first.device,
        direction="both",
        amplitude_v=first.amplitude_v,
        pulse_ps=first.pulse_ps,
        p_fail=(first.p_fail + second.p_fail) / 2,
        energy_mtj_j=(first.energy_mtj_j + second.energy_mtj_j) / 2,
        energy_driver_j=(first.energy_driver_j + second.energy_driver_j) / 2,
        noise=first.noise,
        parameters=parameters,
        seed=first.seed,
        versions=first.versions,
    )
