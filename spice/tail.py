"""Write errors where no Monte Carlo gets: theory of the same device, fitted to the samples.

With thermal noise the theory is the Fokker-Planck solution under the driver's load line; with a
random initial angle alone it is the distribution of that angle carried through the equation of
motion. Both are averaged over the device spread: the logarithm of a switching time depends on the
four standard normal deviates of a device almost linearly, so that one direction in their space,
along the gradient, holds nearly all of it. Quadrature along that line out to `_REACH` standard
deviations carries the average to where rare slow devices make the tail, which samples of devices
would not.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from scipy.special import dawsn, kolmogorov

from nvmcosim.pymodel.device.drive import Drive, LoadLine, write_drive
from nvmcosim.pymodel.device.fokker_planck import pulse_for, write_error_rate
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.spread import SPREAD_NAMES, spread_factors
from nvmcosim.pymodel.errors import InputError

__all__ = ["LEAST_STRETCH", "Fit", "Theory", "fit_times", "spread_devices", "theory_for"]

Floats = NDArray[np.float64]

#: Quadrature along the gradient: nodes, and how many standard deviations they reach.
_NODES, _REACH = 33, 8.0
#: Error rate at which the gradient is taken: among those of interest, far from both ends.
_RATE = 1e-6
#: A theory's time axis is fitted from this on: it must reach 1/LEAST_STRETCH of the last pulse.
LEAST_STRETCH = 0.7
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
    line: LoadLine | None,
    horizon_s: float,
    noise: str = "thermal",
) -> Theory:
    """The theory of `spec` in `direction` under the driver's load line, to pulses of `horizon_s`.

    Without `line` the driver is its series resistance. Raises `InputError` if the nominal device
    does not switch.
    """
    factors, weights = spread_devices(spec, direction, line)
    drive = write_drive(spec, direction, factors, line)
    times = np.linspace(0.0, horizon_s, _TIMES)
    if noise == "thermal":
        rate = write_error_rate(drive, times, weights)
    else:
        rate = sum(w * _angle_rate(drive, n, times) for n, w in enumerate(weights))
    rate = np.minimum.accumulate(np.clip(rate, 1e-300, 1.0))
    return Theory(times, np.log(rate))


def spread_devices(
    spec: DeviceSpec, direction: str, line: LoadLine | None
) -> tuple[Floats, Floats]:
    """Factors `[n, 4]` and weights `[n]` of devices that stand for the whole spread.

    Raises `InputError` if the nominal device does not switch.
    """
    zero = np.zeros(len(SPREAD_NAMES))
    # Also where there is no spread: it refuses a device that does not switch.
    pulse_for(write_drive(spec, direction, None, line), _RATE)
    if spec.spread.none:
        return np.ones((1, zero.size)), np.ones(1)

    def log_pulse(deviates: Floats) -> float:
        factors = spread_factors(spec.spread, deviates[None])
        return math.log(pulse_for(write_drive(spec, direction, factors, line), _RATE))

    step = 0.5
    units = np.eye(zero.size) * step
    gradient = np.array([(log_pulse(unit) - log_pulse(-unit)) / (2 * step) for unit in units])
    axis = gradient / np.linalg.norm(gradient)
    along = np.linspace(-_REACH, _REACH, _NODES)
    weights = np.exp(-(along**2) / 2)
    return spread_factors(spec.spread, along[:, None] * axis), weights / weights.sum()


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
    test of the samples against the fitted curve, up to the end of the run.
    """

    stretch: float
    stretch_error: float
    distance: float
    p_value: float


def fit_times(theory: Theory, times_s: Floats, span_s: float) -> Fit:
    """Fit by maximum likelihood to switching times, infinite for those beyond `span_s`.

    Raises `InputError` if fewer than ten samples switched.
    """
    times = np.sort(times_s[times_s <= span_s])
    if times.size < 10:
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
