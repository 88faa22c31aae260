"""Compiled integrators of the full vector equation; imported when first used. See `llg`."""

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from nvmcosim.pymodel.device.llg_kernel import OPTIONS, boltzmann_angle, overdrive
from nvmcosim.pymodel.device.random_kernel import normal, stream, uniform

__all__ = ["cartesian_path", "cartesian_times", "normalise"]

Floats = NDArray[np.float64]


@njit(**OPTIONS)
def _slope(m: Floats, field: Floats, p: Floats, alpha: float, out: Floats) -> None:
    """dm/dt = -(1/alpha) m x h - m x (m x h) - i (z - m m_z), h = field + m_z z, into `out`."""
    x, y, z = m
    hx, hy, hz = field[0], field[1], field[2] + z
    torque = overdrive(p, z)
    along = x * hx + y * hy + z * (hz - torque)
    out[0] = (z * hy - y * hz) / alpha + hx - along * x
    out[1] = (x * hz - z * hx) / alpha + hy - along * y
    out[2] = (y * hx - x * hy) / alpha + hz - torque - along * z


@njit(**OPTIONS)
def normalise(m: Floats) -> None:
    """Bring `m` back to unit length."""
    m /= math.sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2])


@njit(parallel=True, **OPTIONS)
def cartesian_times(
    delta: Floats,
    poly: Floats,
    limit: Floats,
    alpha: float,
    step: Floats,
    count: int,
    seed: int,
    first: int,
) -> Floats:
    """Time at which each sample first has m_z <= 0, or infinity after `limit`; Heun steps."""
    times = np.empty(count)
    for parallel in prange(count):
        n = np.int64(parallel)  # it is unsigned, and would make floats of sums
        device = n if delta.size > 1 else 0
        state = stream(seed, int(first + n))
        p, last, h = poly[device], limit[device], step[device]
        strength = math.sqrt(alpha * alpha / ((1 + alpha * alpha) * delta[device] * h))
        angle = boltzmann_angle(delta[device], state)
        azimuth = 2 * math.pi * uniform(state)
        m, guess, field = np.empty(3), np.empty(3), np.empty(3)
        before, after = np.empty(3), np.empty(3)
        m[0] = math.sin(angle) * math.cos(azimuth)
        m[1] = math.sin(angle) * math.sin(azimuth)
        m[2] = math.cos(angle)
        time, reached = 0.0, np.inf
        while time < last:
            for k in range(3):
                field[k] = strength * normal(state)
            _slope(m, field, p, alpha, before)
            for k in range(3):
                guess[k] = m[k] + h * before[k]
            _slope(guess, field, p, alpha, after)
            was = m[2]
            for k in range(3):
                m[k] += h / 2 * (before[k] + after[k])
            normalise(m)
            if m[2] <= 0:
                reached = time + h * was / (was - m[2])
                break
            time += h
        times[n] = reached
    return times


@njit(**OPTIONS)
def cartesian_path(
    start: Floats, p: Floats, alpha: float, kick: float, noise: Floats, spacing: float, part: int
) -> Floats:
    """m, `[points, 3]`, at each point of `noise` `[3, points]`, linear in between, times `kick`.

    Fourth-order Runge-Kutta in `part` steps a spacing, m brought back to unit length after each.
    """
    points = noise.shape[1]
    result = np.empty((points, 3))
    result[0] = start
    m = start.copy()
    field, at = np.empty(3), np.empty(3)
    slopes = np.empty((4, 3))
    h = spacing / part
    for n in range(points - 1):
        for substep in range(part):
            for stage in range(4):
                share = (0.0, 0.5, 0.5, 1.0)[stage]
                when = (substep + share) / part
                for k in range(3):
                    field[k] = kick * (noise[k, n] + when * (noise[k, n + 1] - noise[k, n]))
                    at[k] = m[k] + (share * h * slopes[stage - 1, k] if stage else 0.0)
                _slope(at, field, p, alpha, slopes[stage])
            for k in range(3):
                m[k] += h / 6 * (slopes[0, k] + 2 * slopes[1, k] + 2 * slopes[2, k] + slopes[3, k])
            normalise(m)
        result[n + 1] = m
    return result
