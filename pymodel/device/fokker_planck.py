"""The whole write-error curve of a macrospin, deep tail included, by its Fokker-Planck equation.

    d rho/dt = d/dx [(1 - x^2) ((i(x) - x) rho + 1/(2 Delta) d rho/dx)]

for the density rho of x = cosine to the starting direction, t in units of tau_D (Butler et al.,
IEEE Trans. Magn. 48, 4684 (2012)). It starts as the Boltzmann distribution in the well x > 0, and
a cell counts as not written while x > 0.

Space is cut into finite volumes of equal polar angle with Scharfetter-Gummel fluxes, which keep
the density positive and the equilibrium exact; time is stepped by TR-BDF2 (Bank et al., 1985),
second order and L-stable. With the defaults the pulse at any rate is within 0.1% of its limit.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid
from scipy.interpolate import PchipInterpolator

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.errors import InputError

__all__ = ["pulse_for", "survival", "switching_moments", "write_error_rate"]

Floats = NDArray[np.float64]

#: Cells in polar angle from 0 to pi.
CELLS = 600
#: Least and most time steps, and the step in units of tau_D aimed at in between.
STEPS, MOST_STEPS, STEP = 1500, 20_000, 0.02
#: Rates are not followed below this.
FLOOR = 1e-280


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
    horizon = pulse.max() / drive.tau_s
    steps = int(np.clip(horizon.max() / STEP, STEPS, MOST_STEPS))
    result = np.zeros(pulse.shape)
    # A few hundred devices at a time bound the memory.
    for first in range(0, len(drive), 256):
        part = slice(first, first + 256)
        alive = survival(drive[part], horizon[part], steps)
        times = np.linspace(0.0, pulse.max(), steps + 1)
        log_alive = PchipInterpolator(times, np.log(alive), axis=1)(pulse)
        result += np.tensordot(shares[part], np.exp(log_alive), axes=(0, 0))
    return np.minimum(result, 1.0)


def pulse_for(drive: Drive, rate: ArrayLike) -> Floats:
    """Pulses in s after which `rate` (any shape, in (0, 1)) of one device's writes have failed.

    Raises `InputError` if the device does not get there in 1e5 tau_D.
    """
    if len(drive) != 1:
        raise InputError("pulse_for takes one device")
    rates = np.asarray(rate, dtype=np.float64)
    if not ((rates > FLOOR) & (rates < 1)).all():
        raise InputError(f"rate is {rate!r}; it must lie between 0 and 1")
    times, alive = _until(drive, float(rates.min()))
    keep = np.concatenate(([True], np.diff(alive) < 0))
    reduced = PchipInterpolator(-np.log(alive[keep]), times[keep])(-np.log(rates))
    return reduced * drive.tau_s[0]


def switching_moments(drive: Drive) -> tuple[float, float]:
    """Mean and standard deviation in s of one device's switching time."""
    times, alive = _until(drive, 1e-12)
    mean = trapezoid(alive, times)
    square = 2 * trapezoid(times * alive, times)
    return mean * drive.tau_s[0], float(np.sqrt(square - mean**2)) * drive.tau_s[0]


def _until(drive: Drive, rate: float) -> tuple[Floats, Floats]:
    horizon = 8.0
    while horizon <= 1e5:
        steps = int(np.clip(horizon / STEP, STEPS, MOST_STEPS))
        alive = survival(drive, horizon, steps)[0]
        if alive[-1] < rate:
            return np.linspace(0, horizon, steps + 1), alive
        horizon *= 2
    raise InputError(
        f"at overdrive {drive.at(1.0)[0]:.3g} the error rate does not reach {rate:.3g} "
        f"in {1e5 * drive.tau_s[0]:.3g} s; raise the supply"
    )
