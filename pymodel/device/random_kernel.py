"""Compiled random numbers, the same whatever the thread count; imported when first used.

Each sample has a stream of its own: output n of stream s is SplitMix64's mix of key(seed, s) +
n*GOLDEN (Steele et al., OOPSLA 2014), so nothing is shared between samples. Normal deviates come
by the ziggurat of Doornik (2005), exact to a double's resolution.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["normal", "stream", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LAYERS = 128
#: Start of the tail, and area of a layer.
_EDGE, _AREA = 3.442619855899, 9.91256303526217e-3


def _layers() -> NDArray[np.float64]:
    x = np.zeros(_LAYERS + 1)
    height = math.exp(-0.5 * _EDGE**2)
    x[0], x[1] = _AREA / height, _EDGE
    for n in range(2, _LAYERS):
        x[n] = math.sqrt(-2 * math.log(_AREA / x[n - 1] + height))
        height = math.exp(-0.5 * x[n] ** 2)
    return x


_X = _layers()
_RATIO = _X[1:] / _X[:-1]


@njit(cache=True)
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
def stream(seed: int, sample: int) -> NDArray[np.uint64]:
    """State of sample `sample`'s stream, for the functions below to advance."""
    state = np.empty(1, np.uint64)
    state[0] = _mix(_mix(np.uint64(seed) + _GOLDEN) + _mix(np.uint64(sample) ^ _GOLDEN))
    return state


@njit(cache=True)
def _bits(state: NDArray[np.uint64]) -> np.uint64:
    state[0] += _GOLDEN
    return _mix(state[0])


@njit(cache=True)
def uniform(state: NDArray[np.uint64]) -> float:
    """Uniform in (0, 1): 53 bits, never 0."""
    return (float(_bits(state) >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True)
def normal(state: NDArray[np.uint64]) -> float:
    """Standard normal."""
    while True:
        bits = _bits(state)
        layer = np.int64(bits & np.uint64(_LAYERS - 1))
        share = float(bits >> np.uint64(11)) * 2.0**-52 - 1.0
        value = share * _X[layer]
        if abs(share) < _RATIO[layer]:
            return value
        if layer == 0:
            while True:
                beyond = math.log(uniform(state)) / _EDGE
                if -2 * math.log(uniform(state)) >= beyond * beyond:
                    return _EDGE - beyond if share > 0 else beyond - _EDGE
        upper = math.exp(-0.5 * (_X[layer] ** 2 - value**2))
        lower = math.exp(-0.5 * (_X[layer + 1] ** 2 - value**2))
        if lower + uniform(state) * (upper - lower) < 1:
            return value
