"""From a tolerance of a neuron's output to limits of its weighted sum (mondal2018, line 2)."""

import math

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["check_threshold", "sum_limits"]

Array = NDArray[np.float64]


def check_threshold(phi: float, name: str = "phi") -> float:
    """`phi`, if it is a tolerance of a tanh: from 0 to 2; raises `InputError` otherwise."""
    if isinstance(phi, bool) or not isinstance(phi, (int, float)) or not 0 <= phi <= 2:
        raise InputError(f"{name} is {phi!r}; it must be a number from 0 to 2")
    return float(phi)


def sum_limits(sums: Array, phi: float) -> tuple[Array, Array]:
    """Least and most weighted sum whose tanh is within `phi` of the tanh of `sums`.

    v = tanh^-1(t - phi) and u = tanh^-1(t + phi) with t = tanh(sums), of the shape of `sums`; a
    limit is open, -inf or inf, where t ± phi leaves (-1, 1). Computed from 1 - t and 1 + t, so that
    nothing is lost in rounding where t is nearly ±1; both are `sums` itself at phi = 0.
    """
    phi = check_threshold(phi)
    sums = np.asarray(sums, np.float64)
    return -_up(-sums, phi), _up(sums, phi)


def _up(sums: Array, phi: float) -> Array:
    if phi == 0:
        return sums.copy()
    # 1 - tanh and 1 + tanh, neither by a subtraction.
    below = 2 / (1 + np.exp(np.minimum(2 * sums, 700.0)))
    above = 2 / (1 + np.exp(np.minimum(-2 * sums, 700.0)))
    limits = np.full(sums.shape, math.inf)
    closed = phi < below
    limits[closed] = np.log((above[closed] + phi) / (below[closed] - phi)) / 2
    return limits
