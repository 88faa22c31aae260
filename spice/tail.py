"""Write errors where no Monte Carlo gets: theory of the same device, fitted to the samples.

With thermal noise the theory is the Fokker-Planck solution under the driver's load line; with a
random initial angle alone it is the distribution of that angle carried through the equation of
motion. Both are averaged over the device spread: the logarithm of a switching time depends on the
standard normal deviates of a device, four of its junction and five of its driver's thresholds,
almost linearly, so that one direction in their space, along the gradient, holds nearly all of it.
The gradient is the one at the slow devices that make the tail, `_SLOW` standard deviations out on
that very line (the first-order reliability method of Hasofer and Lind). Quadrature along the line
out to `_REACH` standard deviations carries the average to where samples of devices would not. Each
device on it has the load line of its own transistors, from a DC sweep with thresholds shifted.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from scipy.special import dawsn, kolmogorov

from nvmcosim.pymodel.device.drive import Drive, LoadLine, write_drive
from nvmcosim.pymodel.device.fokker_planck import pulse_for, write_error_rate
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.spread import SPREAD_NAMES, spread_factors, spread_sigmas
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.mismatch import TRANSISTORS, vth_sigma_v

__all__ = [
    "LEAST_FITTED",
    "LEAST_STRETCH",
    "Fit",
    "Theory",
    "fit_times",
    "spread_drive",
    "theory_for",
]

Floats = NDArray[np.float64]
#: Load lines by rows of threshold shifts, `[n, 5]`.
Lines = Callable[[Floats], Sequence[LoadLine]]

#: Quadrature along the gradient: nodes, and how many standard deviations they reach.
_NODES, _REACH = 33, 8.0
#: Error rate at which the gradient is taken: among those of interest, far from both ends; and the
#: deviate on either side. How far out the gradient counts, and how often it is taken there.
_RATE, _STEP = 1e-6, 0.5
_SLOW, _TURNS = 3.0, 2
#: A theory's time axis is fitted from this on: it must reach 1/LEAST_STRETCH of the last pulse.
LEAST_STRETCH = 0.7
#: Fewer switched samples than this fit nothing.
LEAST_FITTED = 10
#: The angle's quadrature: points from start to equator.
_ANGLES = 2000
#: Times at which a theory is tabulated.
_TIMES = 4000


@dataclass(frozen=True)
class Theory:
    """P(fail | pulse) of one device and direction, spread included, tabulated to a horizon.

    Fields: `times_s` from 0 on, evenly, and `log_rate` there, both of shape `[n]`.
    """

    times_s: Floats
    log_rate: Floats

    def rate(self, pulse_s: ArrayLike) -> Floats:
        """P(fail) of ideal pulses `pulse_s` (any shape, in s); raises `InputError` past the end."""
        pulse = np.asarray(pulse_s, dtype=np.float64)
        if pulse.size and not pulse.max() <= self.times_s[-1] * (1 + 1e-9):
            raise InputError(f"theory ends at {self.times_s[-1]:g} s, before {pulse.max():g} s")
        return np.exp(np.interp(pulse, self.times_s, self.log_rate))

    def pulse_for(self, rate: float) -> float:
        """The pulse in s after which `rate` of the writes fail; infinite if past the horizon."""
        reached = self.log_rate <= math.log(rate)
        return float(self.times_s[np.argmax(reached)]) if reached.any() else math.inf


def theory_for(
    spec: DeviceSpec,
    direction: str,
    lines: Lines | None,
    horizon_s: float,
    noise: str = "thermal",
) -> Theory:
    """The theory of `spec` in `direction`, to pulses of `horizon_s`.

    `lines` gives the driver's load line at each row of its transistors' threshold shifts; without,
    the driver is its series resistance. Below the critical voltage it is thermal activation. Raises
    `InputError` where hardly any current leaves cells to the thermal equilibrium.
    """
    drive, weights = spread_drive(spec, direction, lines)
    times = np.linspace(0.0, horizon_s, _TIMES)
    if noise == "thermal":
        rate = write_error_rate(drive, times, weights)
    else:
        rate = sum(w * _angle_rate(drive, n, times) for n, w in enumerate(weights))
    rate = np.minimum.accumulate(np.clip(rate, 1e-300, 1.0))
    return Theory(times, np.log(rate))


def spread_drive(spec: DeviceSpec, direction: str, lines: Lines | None) -> tuple[Drive, Floats]:
    """Devices that stand for the whole spread, and their weights `[n]`; raises as `theory_for`."""
    sigma = vth_sigma_v(spec.driver, spec.spread) if lines else np.zeros(len(TRANSISTORS))
    axes = len(SPREAD_NAMES) + sigma.size

    def drives(deviates: Floats) -> Drive:
        factors = spread_factors(spec.spread, deviates[:, : len(SPREAD_NAMES)])
        if lines is None or not sigma.any():
            line = lines(np.zeros((1, sigma.size)))[0] if lines else None
            return write_drive(spec, direction, factors, line)
        own = lines(deviates[:, len(SPREAD_NAMES) :] * sigma)
        rows = zip(factors[:, None], own, strict=True)
        return Drive.stack([write_drive(spec, direction, row, line) for row, line in rows])

    nominal = drives(np.zeros((1, axes)))
    # Also where there is no spread: it refuses what no pulse writes.
    pulse_for(nominal, _RATE)
    varied = np.flatnonzero([*spread_sigmas(spec.spread), *sigma])
    steps = np.concatenate([np.eye(axes)[varied], -np.eye(axes)[varied]]) * _STEP
    line = np.zeros(axes)
    for _ in range(1 + _TURNS if varied.size else 0):
        around = drives(_SLOW * line + steps)
        logs = [math.log(pulse_for(around[n : n + 1], _RATE)) for n in range(len(around))]
        gradient = np.array(logs[: varied.size]) - logs[varied.size :]
        if np.abs(gradient).max() < 1e-9:
            break
        line[varied] = gradient / np.linalg.norm(gradient)
    if not line.any():
        return nominal, np.ones(1)
    along = np.linspace(-_REACH, _REACH, _NODES)
    weights = np.exp(-(along**2) / 2)
    return drives(along[:, None] * line), weights / weights.sum()


def _angle_rate(drive: Drive, n: int, pulse_s: Floats) -> Floats:
    """P(fail) of device `n` of `drive`, if only its initial angle is random."""
    delta, tau = drive.delta[n], drive.tau_s[n]
    # Evenly in log tan(theta/2), in which the motion near the pole is uniform.
    stretched = np.linspace(-60.0, 0.0, _ANGLES)
    theta = 2 * np.arctan(np.exp(stretched))
    cosine = np.cos(theta)
    pace = drive.at(cosine)[n] - cosine
    if pace.min() <= 0:
        return np.ones(pulse_s.shape)
    slowness = 1 / pace
    steps = (slowness[1:] + slowness[:-1]) / 2 * np.diff(stretched)
    # Time from each angle to the equator.
    time = np.append(np.cumsum(steps[::-1])[::-1], 0.0) * tau
    first = np.interp(-pulse_s, -time, stretched)
    theta = 2 * np.arctan(np.exp(first))
    root = math.sqrt(delta)
    share = np.log(dawsn(root * np.cos(theta)) / dawsn(root))
    inside = -np.expm1(share - delta * np.sin(theta) ** 2)
    return np.where(pulse_s <= 0, 1.0, np.clip(inside, 0.0, 1.0))


@dataclass(frozen=True)
class Fit:
    """The theory's time axis fitted to samples: P(fail | t) = theory(t / stretch).

    Fields: `stretch` and its standard error; `distance` and `p_value` of the Kolmogorov-Smirnov
    test of the samples against the fitted curve, up to the end of the run. The default is no fit:
    the theory as it is.
    """

    stretch: float = 1.0
    stretch_error: float | None = None
    distance: float | None = None
    p_value: float | None = None


def fit_times(theory: Theory, times_s: Floats, span_s: float) -> Fit:
    """Fit by maximum likelihood to switching times, infinite for those beyond `span_s`.

    Raises `InputError` if fewer than `LEAST_FITTED` samples switched.
    """
    times = np.sort(times_s[times_s <= span_s])
    if times.size < LEAST_FITTED:
        raise InputError(f"only {times.size} of {times_s.size} samples switched: nothing to fit")
    grid, log_alive = theory.times_s, theory.log_rate
    hazard = -np.gradient(log_alive, grid)

    def loss(stretch: float) -> float:
        scaled = times / stretch
        log_density = np.interp(scaled, grid, log_alive) + np.log(
            np.maximum(np.interp(scaled, grid, hazard), 1e-300) / stretch
        )
        censored = (times_s.size - times.size) * np.interp(span_s / stretch, grid, log_alive)
        return -float(log_density.sum() + censored)

    best = optimize.minimize_scalar(loss, bounds=(LEAST_STRETCH, 1.4), method="bounded")
    stretch, step = float(best.x), 0.02
    curvature = (loss(stretch + step) - 2 * loss(stretch) + loss(stretch - step)) / step**2
    error = 1 / math.sqrt(curvature) if curvature > 0 else math.inf
    written = 1 - np.exp(np.interp(times / stretch, grid, log_alive))
    rank = np.arange(times.size + 1) / times_s.size
    distance = float(max(np.abs(written - rank[1:]).max(), np.abs(written - rank[:-1]).max()))
    root = math.sqrt(times_s.size)
    return Fit(stretch, error, distance, float(kolmogorov(distance * (root + 0.12 + 0.11 / root))))
