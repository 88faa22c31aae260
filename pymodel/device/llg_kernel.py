"""Compiled integrators of the macrospin; imported when first used. See `llg` for the equations.

Times and rates are in units of tau_D; `poly` is an overdrive polynomial in x, constant first.
"""

import math
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from nvmcosim.pymodel.device.random_kernel import normal, stream, uniform

__all__ = [
    "OPTIONS",
    "angle_times",
    "boltzmann_angle",
    "boltzmann_angles",
    "overdrive",
    "path",
    "thermal_times",
]

Floats = NDArray[np.float64]

#: Divisions as in numpy, and only those liberties that leave infinities alone.
OPTIONS: dict[str, Any] = {
    "cache": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "arcp"},
}


@njit(**OPTIONS)
def overdrive(p: Floats, x: float) -> float:
    """The overdrive polynomial `p` at `x`."""
    return p[0] + x * (p[1] + x * (p[2] + x * (p[3] + x * (p[4] + x * (p[5] + x * p[6])))))


@njit(**OPTIONS)
def boltzmann_angle(delta: float, state: NDArray[np.uint64]) -> float:
    """Angle of density exp(-delta*sin^2)*sin in the well: u = sin^2 by inversion, then rejection.

    u is exponential up to 1, weighted by 1/sqrt(1 - u), which is below 4 all but certainly.
    """
    cut = -math.expm1(-delta)
    while True:
        square = -math.log1p(-cut * uniform(state)) / delta
        if uniform(state) * 4 * math.sqrt(max(1 - square, 0.0625)) < 1:
            return math.asin(math.sqrt(square))


@njit(**OPTIONS)
def _turn(angle: float, p: Floats) -> float:
    """d(angle)/dt of the deterministic motion."""
    cosine = math.cos(angle)
    return math.sin(angle) * (overdrive(p, cosine) - cosine)


@njit(**OPTIONS)
def _drift(angle: float, p: Floats, hold: float) -> float:
    """The motion with the noise's mean push, `hold`/tan(angle), less its pole `hold`/angle."""
    sine, cosine = math.sin(angle), math.cos(angle)
    rest = cosine / sine - 1 / angle if angle > 1e-4 else -angle / 3
    return sine * (overdrive(p, cosine) - cosine) + hold * rest


@njit(parallel=True, **OPTIONS)
def boltzmann_angles(delta: Floats, count: int, seed: int, first: int) -> Floats:
    """Initial angles of samples `first` on; `delta` has one value, or one a sample."""
    angles = np.empty(count)
    for parallel in prange(count):
        n = np.int64(parallel)  # it is unsigned, and would make floats of sums
        device = n if delta.size > 1 else 0
        angles[n] = boltzmann_angle(delta[device], stream(seed, int(first + n)))
    return angles


@njit(parallel=True, **OPTIONS)
def thermal_times(
    delta: Floats, poly: Floats, limit: Floats, step: float, count: int, seed: int, first: int
) -> Floats:
    """Time at which each sample first has x <= 0, or infinity after `limit`."""
    times = np.empty(count)
    for parallel in prange(count):
        n = np.int64(parallel)  # it is unsigned, and would make floats of sums
        device = n if delta.size > 1 else 0
        state = stream(seed, int(first + n))
        p, last = poly[device], limit[device]
        hold, kick = 0.5 / delta[device], math.sqrt(step / delta[device])
        angle = boltzmann_angle(delta[device], state)
        time, span, reached = 0.0, step / 2, np.inf
        while time < last:
            middle = angle + span / 2 * _drift(angle, p, hold)
            later = angle + span * _drift(middle, p, hold)
            if later >= math.pi / 2:
                reached = time + span * (math.pi / 2 - angle) / (later - angle)
                break
            time += span
            span = step
            # Radius of a planar Brownian motion: exact for the noise and hold/angle together.
            along, across = later + kick * normal(state), kick * normal(state)
            angle = math.sqrt(along * along + across * across)
            if angle >= math.pi / 2:
                reached = time
                break
        times[n] = reached
    return times


@njit(parallel=True, **OPTIONS)
def angle_times(angle: Floats, poly: Floats, limit: Floats, step: float) -> Floats:
    """As `thermal_times`, without noise and from the given angles; fourth-order Runge-Kutta."""
    times = np.empty(angle.size)
    for parallel in prange(angle.size):
        n = np.int64(parallel)  # it is unsigned, and would make floats of sums
        device = n if limit.size > 1 else 0
        p, last = poly[device], limit[device]
        here, time, reached = angle[n], 0.0, np.inf
        while time < last:
            k1 = _turn(here, p)
            k2 = _turn(here + step / 2 * k1, p)
            k3 = _turn(here + step / 2 * k2, p)
            k4 = _turn(here + step * k3, p)
            there = here + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            if there >= math.pi / 2:
                # Newton on the motion itself: the speed hardly changes within a step's rest.
                share = (math.pi / 2 - here) / (there - here)
                for _ in range(3):
                    a = _turn(here + share * step / 2 * k1, p)
                    b = _turn(here + share * step / 2 * a, p)
                    c = _turn(here + share * step * b, p)
                    at = here + share * step / 6 * (k1 + 2 * a + 2 * b + c)
                    share += (math.pi / 2 - at) / (step * _turn(at, p))
                reached = time + share * step
                break
            here = there
            time += step
        times[n] = reached
    return times


@njit(**OPTIONS)
def path(
    angle: float, p: Floats, hold: float, kick: float, noise: Floats, spacing: float, part: int
) -> Floats:
    """Angle at each point of `noise`, which is linear in between, times `kick`.

    Fourth-order Runge-Kutta in at least `part` steps a spacing, more where hold/tan is steep.
    """
    angles = np.empty(noise.size)
    angles[0] = angle
    for n in range(noise.size - 1):
        slope = (noise[n + 1] - noise[n]) / spacing
        done = 0.0
        while done < spacing:
            step = min(spacing - done, spacing / part)
            if hold > 0:
                step = min(step, max(0.05 * angle * angle / hold, spacing * 1e-5))
            at = kick * (noise[n] + slope * done)
            rise = kick * slope * step
            k1 = _push(angle, p, hold) + at
            k2 = _push(angle + step / 2 * k1, p, hold) + at + rise / 2
            k3 = _push(angle + step / 2 * k2, p, hold) + at + rise / 2
            k4 = _push(angle + step * k3, p, hold) + at + rise
            angle = abs(angle + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
            done += step
        angles[n + 1] = angle
    return angles


@njit(**OPTIONS)
def _push(angle: float, p: Floats, hold: float) -> float:
    sine, cosine = math.sin(angle), math.cos(angle)
    motion = sine * (overdrive(p, cosine) - cosine)
    return motion + hold * cosine / sine if hold > 0 else motion
