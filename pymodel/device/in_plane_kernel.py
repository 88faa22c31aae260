"""Compiled integrators of an in-plane junction's vector equation; imported when first used.

See `in_plane_llg` for the equation; z is along the starting direction, x along the layer's width,
y along its thickness.
"""

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from nvmcosim.pymodel.device.cartesian_kernel import normalise
from nvmcosim.pymodel.device.llg_kernel import OPTIONS
from nvmcosim.pymodel.device.random_kernel import normal, stream, uniform

__all__ = ["boltzmann_starts", "crossing_times", "path", "settled"]

Floats = NDArray[np.float64]


@njit(**OPTIONS)
def _slope(m: Floats, field: Floats, drive: Floats, out: Floats) -> None:
    """dm/dt into `out`; `drive` is (alpha, hard, overdrive if parallel, TMR share, start)."""
    x, y, z = m
    alpha, hard, parallel, share, start = drive
    hx, hy, hz = field[0], field[1] - hard * y, field[2] + z
    torque = parallel * (1 - (1 - start * z) / 2 * share)
    along = x * hx + y * hy + z * (hz - torque)
    out[0] = (z * hy - y * hz) / alpha + hx - along * x
    out[1] = (x * hz - z * hx) / alpha + hy - along * y
    out[2] = (y * hx - x * hy) / alpha + hz - torque - along * z


@njit(**OPTIONS)
def _runge_kutta(m: Floats, h: float, drive: Floats, slopes: Floats, at: Floats) -> None:
    quiet = np.zeros(3)
    for stage in range(4):
        share = (0.0, 0.5, 0.5, 1.0)[stage]
        for k in range(3):
            at[k] = m[k] + (share * h * slopes[stage - 1, k] if stage else 0.0)
        _slope(at, quiet, drive, slopes[stage])
    for k in range(3):
        m[k] += h / 6 * (slopes[0, k] + 2 * slopes[1, k] + 2 * slopes[2, k] + slopes[3, k])
    normalise(m)


@njit(parallel=True, **OPTIONS)
def boltzmann_starts(delta: float, hard: float, count: int, seed: int) -> Floats:
    """Unit vectors `[count, 3]` in the well around z, of energy delta (x^2 + (1 + hard) y^2)."""
    starts = np.empty((count, 3))
    for parallel in prange(count):
        n = np.int64(parallel)
        state = stream(seed, int(n))
        while True:
            x = normal(state) / math.sqrt(2 * delta)
            y = normal(state) / math.sqrt(2 * delta * (1 + hard))
            left = 1 - x * x - y * y
            # The sphere's area element is dx dy/z; past z = 1/4 it is cut off.
            if left > 0 and uniform(state) * 4 * math.sqrt(max(left, 1 / 16)) < 1:
                starts[n, 0], starts[n, 1], starts[n, 2] = x, y, math.sqrt(left)
                break
    return starts


@njit(parallel=True, **OPTIONS)
def crossing_times(
    starts: Floats, drive: Floats, delta: float, thermal: bool, limit: float, h: float, seed: int
) -> Floats:
    """Time at which each sample first has m_z <= 0, or infinity after `limit`.

    Runge-Kutta without noise; Heun steps with.
    """
    count = starts.shape[0]
    times = np.empty(count)
    alpha = drive[0]
    strength = math.sqrt(alpha * alpha / ((1 + alpha * alpha) * delta * h))
    for parallel in prange(count):
        n = np.int64(parallel)
        # Not the stream of the start.
        state = stream(seed, int(n) + (1 << 40))
        m, guess, field = starts[n].copy(), np.empty(3), np.empty(3)
        slopes = np.empty((4, 3))
        time, reached = 0.0, np.inf
        while time < limit:
            was = m[2]
            if thermal:
                for k in range(3):
                    field[k] = strength * normal(state)
                _slope(m, field, drive, slopes[0])
                for k in range(3):
                    guess[k] = m[k] + h * slopes[0, k]
                _slope(guess, field, drive, slopes[1])
                for k in range(3):
                    m[k] += h / 2 * (slopes[0, k] + slopes[1, k])
                normalise(m)
            else:
                _runge_kutta(m, h, drive, slopes, guess)
            if m[2] <= 0:
                reached = time + h * was / (was - m[2])
                break
            time += h
        times[n] = reached
    return times


@njit(parallel=True, **OPTIONS)
def settled(starts: Floats, drive: Floats, pulse: float, rest: float, h: float) -> Floats:
    """m_z of each sample, `rest` after the end of a noiseless pulse."""
    count = starts.shape[0]
    ends = np.empty(count)
    quiet = drive.copy()
    quiet[2] = 0.0
    for parallel in prange(count):
        n = np.int64(parallel)
        m, guess, slopes = starts[n].copy(), np.empty(3), np.empty((4, 3))
        for _ in range(np.int64(pulse / h + 0.5)):
            _runge_kutta(m, h, drive, slopes, guess)
        for _ in range(np.int64(rest / h + 0.5)):
            _runge_kutta(m, h, quiet, slopes, guess)
        ends[n] = m[2]
    return ends


@njit(**OPTIONS)
def path(start: Floats, drive: Floats, points: int, spacing: float, part: int) -> Floats:
    """m, `[points, 3]`, every `spacing`, by `part` Runge-Kutta steps a spacing, without noise."""
    result = np.empty((points, 3))
    result[0] = start
    m, guess, slopes = start.copy(), np.empty(3), np.empty((4, 3))
    for n in range(1, points):
        for _ in range(part):
            _runge_kutta(m, spacing / part, drive, slopes, guess)
        result[n] = m
    return result
