"""The whole write-error curve of a macrospin, deep tail included, by its Fokker-Planck equation.

    d rho/dt = d/dx [(1 - x^2) ((i(x) - x) rho + 1/(2 Delta) d rho/dx)]

for the density rho of x = cosine to the starting direction, t in units of tau_D (Butler et al.,
IEEE Trans. Magn. 48, 4684 (2012)). It starts as the Boltzmann distribution in the well x > 0, and
a cell counts as not written while x > 0.

Space is cut into finite volumes of equal polar angle with Scharfetter-Gummel fluxes, which keep
the density positive and the equilibrium exact; time is stepped by TR-BDF2 (Bank et al., 1985),
second order and L-stable. With the defaults the pulse at any rate is within 0.1% of its limit.

Below the critical current a write is thermal activation, and may take longer than the universe has
lasted. The equation is stepped through `REACH` tau_D, by when only its slowest mode is left; from
there on the error rate is Neel and Brown's exponential, joined without a jump. Its rate is the one
the solution ends with or, where that decays too little to be told from rounding, the inverse mean
first-passage time of the same finite volumes. It ends at the thermal equilibrium's share of x > 0:
with hardly any current some cells return as often as they leave.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid
from scipy.interpolate import PchipInterpolator

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.moments import Moments
from nvmcosim.pymodel.errors import InputError

__all__ = [
    "Decay",
    "decay_of",
    "escape",
    "pulse_for",
    "survival",
    "switching_moments",
    "write_error_rate",
]

Floats = NDArray[np.float64]

#: Cells in polar angle from 0 to pi.
CELLS = 600
#: Least and most time steps, and the step in units of tau_D aimed at in between.
STEPS, MOST_STEPS, STEP = 1500, 20_000, 0.02
#: Rates are not followed below this.
FLOOR = 1e-280
#: The equation is stepped so far, in tau_D.
REACH = 256.0
#: A fall of log(rate) over the second half of it that is no rounding.
_RESOLVED = 1e-6
#: Where a cell has escaped for good: well down the far side of the barrier.
_FAR = -0.8


def survival(drive: Drive, horizon: ArrayLike, steps: int = STEPS, cells: int = CELLS) -> Floats:
    """P(x > 0) at `steps + 1` equal times from 0 to `horizon` (reduced, one or one a device).

    Shape `[n, steps + 1]`; `cells` is even.
    """
    from nvmcosim.pymodel.device.fokker_planck_kernel import solve_all

    horizons = np.ascontiguousarray(np.broadcast_to(horizon, drive.delta.shape), dtype=np.float64)
    if cells < 10 or cells % 2 or steps < 1:
        raise InputError(f"cells is {cells} and steps {steps}; cells is even and at least 10")
    if not (np.isfinite(horizons).all() and (horizons > 0).all()):
        raise InputError(f"horizon is {horizon!r}; it must be positive")
    alive = solve_all(
        np.ascontiguousarray(drive.delta),
        np.ascontiguousarray(drive.overdrive),
        horizons,
        steps,
        cells,
    )
    return np.minimum.accumulate(np.clip(alive, FLOOR, 1.0), axis=1)


def escape(drive: Drive, cells: int = CELLS) -> tuple[Floats, Floats]:
    """Mean time in s of thermal escape, and the equilibrium's share of x > 0, each `[n]`.

    The time is Neel-Brown's tau of each device, without its high-barrier approximation; infinite
    where a double cannot hold it. It means something below the critical current alone.
    """
    from nvmcosim.pymodel.device.fokker_planck_kernel import passage

    devices = zip(drive.delta, np.ascontiguousarray(drive.overdrive), strict=True)
    found = np.array([passage(delta, poly, cells, _FAR) for delta, poly in devices])
    return found[:, 0] * drive.tau_s, found[:, 1]


@dataclass(frozen=True)
class Decay:
    """One device's error rate: solved at `times` (reduced), then `pace` towards `floor`."""

    times: Floats
    alive: Floats
    pace: float
    floor: float

    def rate(self, time: Floats) -> Floats:
        """Error rate at reduced times, any shape."""
        end = self.times[-1]
        log_alive = PchipInterpolator(self.times, np.log(self.alive))(np.minimum(time, end))
        beyond = np.maximum(time - end, 0.0)
        left = max(self.alive[-1] - self.floor, 0.0) * np.exp(-self.pace * beyond) + self.floor
        return np.where(beyond > 0, np.minimum(left, self.alive[-1]), np.exp(log_alive))

    def time_for(self, rate: Floats) -> Floats:
        """Reduced times of error rates, any shape; infinite for those never reached."""
        keep = np.concatenate(([True], np.diff(self.alive) < 0))
        inside = np.full(rate.shape, np.inf)
        if keep.sum() > 1:
            log_rate = np.maximum(np.log(rate), np.log(self.alive[-1]))
            inside = PchipInterpolator(-np.log(self.alive[keep]), self.times[keep])(-log_rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            more = np.log((self.alive[-1] - self.floor) / (rate - self.floor)) / self.pace
        beyond = np.where(rate > self.floor, self.times[-1] + more, np.inf)
        return np.where(rate < self.alive[-1], beyond, inside)


def _decay(drive: Drive, n: int, alive: Floats, horizon: float) -> Decay:
    """What `survival` gave device `n` up to a reduced `horizon`, and how it goes on."""
    tau, floors = escape(drive[n : n + 1])
    floor = float(floors[0])
    middle, last = np.maximum(alive[[alive.size // 2, -1]] - floor, FLOOR)
    fall = float(np.log(middle / last))
    pace = 2 * fall / horizon
    if fall < _RESOLVED:
        # To and fro: the equilibrium is reached by escapes from both wells.
        pace = float(drive.tau_s[n] / tau[0]) / (1 - floor)
    return Decay(np.linspace(0.0, horizon, alive.size), alive, pace, floor)


def write_error_rate(drive: Drive, pulse_s: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """P(fail) of pulses `pulse_s` (any shape, in s), averaged over the devices of `drive`.

    `weights`, shape `[n]`, are the devices' shares and add up to 1; equal if not given. A pulse
    of 0 always fails.
    """
    pulse = np.asarray(pulse_s, dtype=np.float64)
    if not (np.isfinite(pulse).all() and (pulse >= 0).all()):
        raise InputError("pulses must be finite and not negative")
    shares = np.full(len(drive), 1 / len(drive)) if weights is None else np.asarray(weights)
    if not pulse.size or not pulse.max():
        return np.ones(pulse.shape)
    horizon = np.minimum(pulse.max() / drive.tau_s, REACH)
    steps = int(np.clip(horizon.max() / STEP, STEPS, MOST_STEPS))
    result = np.zeros(pulse.shape)
    # A few hundred devices at a time bound the memory.
    for first in range(0, len(drive), 256):
        part = slice(first, first + 256)
        alive = survival(drive[part], horizon[part], steps)
        for n, row in enumerate(alive, first):
            decay = _decay(drive, n, row, float(horizon[n]))
            result += shares[n] * decay.rate(pulse / drive.tau_s[n])
    return np.minimum(result, 1.0)


def pulse_for(drive: Drive, rate: ArrayLike) -> Floats:
    """Pulses in s after which `rate` (any shape, in (0, 1)) of one device's writes have failed.

    Raises `InputError` for a rate below the thermal equilibrium's, which no pulse reaches.
    """
    if len(drive) != 1:
        raise InputError("pulse_for takes one device")
    rates = np.asarray(rate, dtype=np.float64)
    if not ((rates > FLOOR) & (rates < 1)).all():
        raise InputError(f"rate is {rate!r}; it must lie between 0 and 1")
    decay = decay_of(drive, float(rates.min()))
    pulses = decay.time_for(rates) * drive.tau_s[0]
    if not np.isfinite(pulses).all():
        raise InputError(
            f"at overdrive {drive.at(1.0)[0]:.3g} no pulse reaches an error rate of "
            f"{rates.min():.3g}: thermal equilibrium leaves {decay.floor:.3g}; raise the supply"
        )
    return pulses


def switching_moments(drive: Drive) -> Moments:
    """Mean, standard deviation and skewness of one device's switching time.

    Raises `InputError` if it does not switch for good.
    """
    decay = decay_of(drive, 1e-12)
    if decay.floor > 1e-3 or not decay.pace > 0:
        raise InputError(
            f"at overdrive {drive.at(1.0)[0]:.3g} a cell does not switch for good: thermal "
            f"equilibrium leaves {decay.floor:.3g} of them; raise the supply"
        )
    times, alive = decay.times, decay.alive
    end, slow, left = times[-1], 1 / decay.pace, alive[-1]
    # Integrals of n*t^(n-1)*alive: solved, and of the exponential from there on.
    first = trapezoid(alive, times) + left * slow
    second = 2 * (trapezoid(times * alive, times) + left * slow * (end + slow))
    third = 3 * trapezoid(times**2 * alive, times)
    third += 3 * left * slow * (end**2 + 2 * end * slow + 2 * slow**2)
    variance = second - first**2
    skewness = (third - 3 * first * variance - first**3) / variance**1.5
    tau = float(drive.tau_s[0])
    return Moments(float(first) * tau, float(np.sqrt(variance)) * tau, float(skewness))


def decay_of(drive: Drive, rate: float) -> Decay:
    """One device's error rate, solved until it is below `rate` or as far as it is worth it."""
    horizon = 8.0
    while True:
        steps = int(np.clip(horizon / STEP, STEPS, MOST_STEPS))
        alive = survival(drive, horizon, steps)[0]
        if alive[-1] < rate or horizon >= REACH:
            return _decay(drive, 0, alive, horizon)
        horizon *= 2
