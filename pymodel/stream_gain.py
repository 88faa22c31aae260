"""How many states an FSM tanh needs for its gain, from the variance of what it adds up."""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import OPERANDS, NeuronShape

__all__ = ["matched_shape", "sum_variance"]

Array = NDArray[np.float64]
#: -zeta(1/2) / sqrt(2 pi): mean overshoot of a normal walk, in deviations of a step.
_OVERSHOOT = 0.5826


def sum_variance(operand: str, weights: Array, inputs: Array) -> float:
    """Variance of S in one cycle, the mean over neurons and samples.

    Bits are independent, so each input's product adds p (1 - p) of its own: with w in [-1, 1] and
    an input that stands for x,

        shared             4 x - 4 (w x)^2, x in [0, 1]
        separate           1 - (w (2x - 1))^2 + 1 - w^2, x in [0, 1]
        bipolar            1 - (w x)^2, x in [-1, 1]
        magnitude          |w| x - (w x)^2, x in [0, 1]
        magnitude-bipolar  |w| - (w x)^2, x in [-1, 1]

    Args:
        operand: one of `OPERANDS`.
        weights: (inputs, neurons), in [-1, 1].
        inputs: (samples, inputs), numbers that the inputs stand for.

    Raises:
        InputError: for an operand that there is not.
    """
    if operand not in OPERANDS:
        raise InputError(f"the operand is {operand!r}; it must be one of {OPERANDS}")
    count, mean, square = weights.shape[0], inputs.mean(axis=0), (inputs**2).mean(axis=0)
    products = square @ weights**2
    match operand:
        case "shared":
            each = 4 * mean.sum() - 4 * products
        case "separate":
            bipolar = ((2 * inputs - 1) ** 2).mean(axis=0)
            each = 2 * count - bipolar @ weights**2 - np.sum(weights**2, axis=0)
        case "bipolar":
            each = count - products
        case "magnitude":
            each = mean @ np.abs(weights) - products
        case _:
            each = np.sum(np.abs(weights), axis=0) - products
    return float(np.mean(each))


def matched_shape(operand: str, weights: Array, scale: float, inputs: Array) -> NeuronShape:
    """The neuron whose FSM has the gain of its activation: tanh(M sum w x) for these inputs.

    a = gain s for a mean sum s, with the gain M/2 for `shared` and `separate` (Eq. 10), M for the
    others. A walk of steps with the deviation sigma and a small drift s, kept in 0 to K - 1, is in
    the upper half as often as Brownian motion in a range R, whose odds are exp(s R / sigma^2): of
    a mean output tanh(s R / (2 sigma^2)). R is K - 1, and 0.583 sigma more at either end, as a walk
    goes past where it is stopped (Siegmund, Sequential Analysis, 1985, on overshoot). R must be
    2 gain sigma^2; K is the even number nearest to what follows, 2 at least.

    Arguments as in `sum_variance`; `scale` is M.
    """
    gain = scale / 2 if operand in ("shared", "separate") else scale
    variance = max(sum_variance(operand, weights, inputs), 0.0)
    states = 2 * gain * variance + 1 - 2 * _OVERSHOOT * variance**0.5
    return NeuronShape(len(weights), max(2, 2 * round(states / 2)), operand=operand)
