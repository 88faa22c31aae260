"""Compiled part of the Fokker-Planck solver; imported when first used."""

import math
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["passage", "solve_all"]

Floats = NDArray[np.float64]


@njit(cache=True)
def bernoulli(w: float) -> float:
    return 1 - w / 2 + w * w / 12 if abs(w) < 1e-5 else w / math.expm1(w)


@njit(cache=True)
def rates(delta: float, poly: Floats, cells: int) -> tuple[Floats, Floats, Floats]:
    """Cell widths, and rates of the densities from each cell to the next and back."""
    edge = np.cos(np.linspace(0, math.pi, cells + 1))
    centre = np.cos((np.arange(cells) + 0.5) * math.pi / cells)
    potential = np.zeros(cells)
    for k in range(poly.size - 1, -1, -1):
        potential = potential * centre + poly[k] / (k + 1)
    potential = 2 * delta * (potential * centre - centre**2 / 2)
    onward, back = np.zeros(cells), np.zeros(cells)
    for k in range(cells - 1):
        mobility = (1 - edge[k + 1] ** 2) / (2 * delta * (centre[k] - centre[k + 1]))
        drop = potential[k + 1] - potential[k]
        onward[k] = mobility * bernoulli(drop)
        back[k] = mobility * bernoulli(-drop)
    return edge[:-1] - edge[1:], onward, back


@njit(cache=True)
def boltzmann(delta: float, cells: int) -> Floats:
    """Equilibrium density in the well x > 0, without current; 3-point Gauss in each cell."""
    edge = np.cos(np.linspace(0, math.pi, cells + 1))
    mass = np.zeros(cells)
    width = edge[:-1] - edge[1:]
    for k in range(cells // 2):
        middle = (edge[k] + edge[k + 1]) / 2
        for node, weight in ((-(0.6**0.5), 5 / 18), (0.0, 8 / 18), (0.6**0.5, 5 / 18)):
            x = middle + node * width[k] / 2
            mass[k] += weight * width[k] * math.exp(delta * (x * x - 1))
    return mass / mass.sum() / width


@njit(cache=True)
def solve(delta: float, poly: Floats, horizon: float, steps: int, cells: int, out: Any) -> None:
    """Survival at `steps + 1` equal times from 0 to `horizon`, into `out`."""
    width, onward, back = rates(delta, poly, cells)
    density = boltzmann(delta, cells)
    gamma = 2 - math.sqrt(2.0)
    share = gamma * horizon / steps / 2
    # share * (matrix of the semi-discrete equation): below, on and above the diagonal
    low, mid, high = np.zeros(cells), np.zeros(cells), np.zeros(cells)
    for k in range(cells):
        mid[k] = -share * (onward[k] + (back[k - 1] if k else 0.0)) / width[k]
        if k:
            low[k] = share * onward[k - 1] / width[k]
        high[k] = share * back[k] / width[k]
    upper, pivot = np.zeros(cells), np.zeros(cells)
    for k in range(cells):
        pivot[k] = 1 / (1 - mid[k] + (low[k] * upper[k - 1] if k else 0.0))
        upper[k] = -high[k] * pivot[k]
    fresh, stale = 1 / (gamma * (2 - gamma)), (1 - gamma) ** 2 / (gamma * (2 - gamma))
    stage = np.zeros(cells)
    out[0] = 1.0
    for step in range(steps):
        for k in range(cells):
            value = density[k] + mid[k] * density[k]
            if k:
                value += low[k] * density[k - 1]
            if k < cells - 1:
                value += high[k] * density[k + 1]
            stage[k] = value
        substitute(stage, low, upper, pivot)
        for k in range(cells):
            density[k] = fresh * stage[k] - stale * density[k]
        substitute(density, low, upper, pivot)
        total = 0.0
        for k in range(cells // 2):
            total += density[k] * width[k]
        out[step + 1] = total


@njit(cache=True)
def substitute(value: Floats, low: Floats, upper: Floats, pivot: Floats) -> None:
    """Solve the factored tridiagonal system in place."""
    value[0] *= pivot[0]
    for k in range(1, value.size):
        value[k] = (value[k] + low[k] * value[k - 1]) * pivot[k]
    for k in range(value.size - 2, -1, -1):
        value[k] -= upper[k] * value[k + 1]


@njit(cache=True, parallel=True)
def solve_all(delta: Floats, poly: Floats, horizon: Floats, steps: int, cells: int) -> Floats:
    """Survival of each device at equal times from 0 to its `horizon`, shape `[n, steps + 1]`."""
    out = np.empty((delta.size, steps + 1))
    for n in prange(delta.size):
        solve(delta[n], poly[n], horizon[n], steps, cells, out[n])
    return out


@njit(cache=True, error_model="numpy")
def passage(delta: float, poly: Floats, cells: int, target: float) -> tuple[float, float]:
    """Mean first-passage time from x = 1 to `target`, and the equilibrium's share of x > 0.

    Of the same finite volumes as `solve`, taken as a birth-death chain: the mean time from a cell
    to the next is a recursion of positive terms, so that it loses no digit however rare the escape.
    """
    width, onward, back = rates(delta, poly, cells)
    step, total, position = 0.0, 0.0, 1.0
    log_mass = np.zeros(cells)
    for k in range(cells - 1):
        leave = onward[k] / width[k]
        fall = back[k - 1] / width[k] if k else 0.0
        step = (1 + fall * step) / leave
        position -= width[k]
        if position > target:
            total += step
        log_mass[k + 1] = log_mass[k] + math.log(leave * width[k + 1] / back[k])
    mass = np.exp(log_mass - log_mass.max())
    return total, mass[: cells // 2].sum() / mass.sum()
