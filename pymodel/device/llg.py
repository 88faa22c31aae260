"""Stochastic Landau-Lifshitz-Gilbert integrators: the independent reference for circuit models.

Time is in units of tau_D, x is the cosine to the starting direction z, i(x) the overdrive.

One dimension, exact for a uniaxial junction. In the angle theta from the starting direction,

    d theta/dt = sin(theta) (i(x) - x) + 1/(2 Delta tan(theta)) + noise(t)/sqrt(Delta),

which is the Stratonovich dx/dt = (1 - x^2)(x - i) - x/(2 Delta) + sqrt((1 - x^2)/Delta) noise by
the chain rule, but with additive noise. `switching_times` splits it (Strang): the noise and the
pole of the middle term are the radius of a planar Brownian motion, taken exactly; the rest is a
midpoint step. Weak second order: at the default step of tau_D/20, mean and deviation are within
0.1% of the Fokker-Planck equation's.

Cartesian, with precession:

    dm/dt = -(1/alpha) m x h - m x (m x h) - i(x) (z - m m_z),   h = m_z z + thermal field,

the thermal field of variance alpha^2/((1 + alpha^2) Delta) per component and unit of time
(fluctuation-dissipation; Brown, Phys. Rev. 130, 1677 (1963)), integrated by Heun's method, which
is Stratonovich's, and brought back to unit length, with steps of 1 ps.

Sample k of a seed is the same whatever the number of samples or threads.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.errors import InputError

__all__ = [
    "CARTESIAN_STEP_S",
    "NOISES",
    "cartesian_switching_times",
    "cartesian_trajectory",
    "initial_angles",
    "switching_times",
    "trajectory",
]

Floats = NDArray[np.float64]

#: What is random: the motion throughout, or the initial angle alone.
NOISES = ("thermal", "angle")
#: Default steps: of the one-dimensional integrators in tau_D, of the Cartesian one in s.
STEP, CARTESIAN_STEP_S = 0.05, 1e-12
#: Default limit, in tau_D, after which a cell has not switched.
LIMIT = 200.0


def initial_angles(drive: Drive, count: int, seed: int, first: int = 0) -> Floats:
    """Angles in rad from the starting direction, Boltzmann-distributed in its well, `[count]`.

    `drive` has one device, or one a sample. Sample k is number `first` + k of `seed`.
    """
    from nvmcosim.pymodel.device.llg_kernel import boltzmann_angles

    _check_count(drive, count, seed, first)
    return boltzmann_angles(np.ascontiguousarray(drive.delta), count, seed, first)


def switching_times(
    drive: Drive,
    count: int,
    seed: int,
    *,
    noise: str = "thermal",
    limit_s: float | None = None,
    step: float = STEP,
    first: int = 0,
) -> Floats:
    """Times in s at which samples first reach the equator, by the one-dimensional equation.

    `drive` has one device that all `count` samples share, or one a sample. Infinity where `limit_s`
    (200 tau_D if not given) has passed first. `step` is in tau_D; `first` numbers the first
    sample. With noise `angle`, samples start as thermal ones do and then move without noise.
    """
    from nvmcosim.pymodel.device import llg_kernel

    _check_count(drive, count, seed, first)
    if noise not in NOISES:
        raise InputError(f"noise is {noise!r}; it must be one of {', '.join(NOISES)}")
    if not 0 < step <= 1:
        raise InputError(f"step is {step!r}; it must be above 0 and at most 1 (tau_D)")
    delta, poly, limit = _arrays(drive, limit_s)
    if noise == "thermal":
        times = llg_kernel.thermal_times(delta, poly, limit, step, count, seed, first)
    else:
        angles = llg_kernel.boltzmann_angles(delta, count, seed, first)
        times = llg_kernel.angle_times(angles, poly, limit, step)
    return times * drive.tau_s


def cartesian_switching_times(
    drive: Drive,
    damping: float,
    count: int,
    seed: int,
    *,
    limit_s: float | None = None,
    step_s: float = CARTESIAN_STEP_S,
    first: int = 0,
) -> Floats:
    """As `switching_times` with thermal noise, by the Cartesian equation in steps of `step_s`."""
    from nvmcosim.pymodel.device.cartesian_kernel import cartesian_times

    _check_count(drive, count, seed, first)
    if not 0 < step_s <= 1e-10:
        raise InputError(f"step_s is {step_s!r}; it must be above 0 and at most 1e-10")
    delta, poly, limit = _arrays(drive, limit_s)
    step = step_s / drive.tau_s
    return cartesian_times(delta, poly, limit, damping, step, count, seed, first) * drive.tau_s


def trajectory(
    drive: Drive, angle: float, noise: ArrayLike | int, spacing_s: float, *, part: int = 8
) -> Floats:
    """x at each multiple of `spacing_s`, of one device, on a given path of noise.

    `noise`, `[points]`, are standard normal values at those times, linear in between, of spectral
    density 1 once scaled: they turn theta by noise * sqrt(tau_D/(Delta*spacing)) per tau_D. A
    whole number instead asks for that many points of the noiseless motion. `angle` is the initial
    one, in rad from the starting direction; `part` the least number of Runge-Kutta steps a spacing.
    """
    from nvmcosim.pymodel.device.llg_kernel import path

    values, spacing, kick = _noise(drive, noise, spacing_s, ())
    if not 0 < angle < math.pi:
        raise InputError(f"angle is {angle!r}; it must lie between 0 and pi")
    hold = 0.5 / drive.delta[0] if kick else 0.0
    return np.cos(path(float(angle), drive.overdrive[0], hold, kick, values, spacing, part))


def cartesian_trajectory(
    drive: Drive,
    damping: float,
    start: ArrayLike,
    noise: ArrayLike | int,
    spacing_s: float,
    *,
    part: int = 8,
) -> Floats:
    """m, `[points, 3]`, at each multiple of `spacing_s`, on a given path of the thermal field.

    As `trajectory`, with `noise` `[3, points]` and the unit vector `start`, z along the starting
    direction. To compare with coordinates whose z is the other way, turn half round x: negate the
    y and z components of m and of the noise.
    """
    from nvmcosim.pymodel.device.cartesian_kernel import cartesian_path

    values, spacing, kick = _noise(drive, noise, spacing_s, (3,))
    vector = np.array(start, dtype=np.float64)
    if vector.shape != (3,) or not abs(np.linalg.norm(vector) - 1) < 1e-6:
        raise InputError(f"start is {start!r}; it must be a unit vector")
    kick *= damping / math.sqrt(1 + damping**2)
    return cartesian_path(vector, drive.overdrive[0], damping, kick, values, spacing, part)


def _arrays(drive: Drive, limit_s: float | None) -> tuple[Floats, Floats, Floats]:
    limit = np.full(len(drive), LIMIT) if limit_s is None else limit_s / drive.tau_s
    if not (limit > 0).all():
        raise InputError(f"limit_s is {limit_s!r}; it must be positive")
    return np.ascontiguousarray(drive.delta), np.ascontiguousarray(drive.overdrive), limit


def _noise(
    drive: Drive, noise: Any, spacing_s: float, components: tuple[int, ...]
) -> tuple[Floats, float, float]:
    """Noise values, their spacing in tau_D, and the factor on them."""
    if len(drive) != 1:
        raise InputError("a trajectory is of one device")
    if not 0 < spacing_s < math.inf:
        raise InputError(f"spacing_s is {spacing_s!r}; it must be positive")
    spacing = spacing_s / float(drive.tau_s[0])
    if isinstance(noise, int):
        return np.zeros((*components, max(noise, 1))), spacing, 0.0
    values = np.ascontiguousarray(noise, dtype=np.float64)
    if values.shape[:-1] != components or not values.size or not np.isfinite(values).all():
        raise InputError(f"noise has shape {values.shape}; it must be finite, {components} + [n]")
    return values, spacing, 1 / math.sqrt(float(drive.delta[0]) * spacing)


def _check_count(drive: Drive, count: int, seed: int, first: int) -> None:
    if count < 0 or len(drive) not in (1, count):
        raise InputError(f"count is {count!r}, for {len(drive)} devices; give one, or one a sample")
    if not 0 <= seed < 2**63 or not 0 <= first < 2**62:
        raise InputError(f"seed is {seed!r}; it must be a whole number from 0 to 2^63 - 1")
