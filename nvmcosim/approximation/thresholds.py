"""How much the outputs of a hidden layer may deviate (mondal2018, Eq. 12 to 16)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from nvmcosim.approximation.limits import check_threshold

__all__ = ["HiddenThreshold", "hidden_threshold"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HiddenThreshold:
    """Estimates of the largest error of hidden outputs that the next layer can tolerate.

    All are to first order (Eq. 13).

    Fields:
        eq16: the paper's. The error that it stands for, along a neuron's weights, is the shortest
            that violates a constraint, but not the one with the smallest largest coordinate.
        guaranteed: that one: any errors up to it, in each hidden neuron, violate nothing. It is at
            most `eq16`, as |w|^2 <= max|w| sum|w|.
        upper: where the next layer has as many neurons as there are hidden ones or more (case 2),
            no error of a hidden neuron beyond it is tolerable with the next layer's weights as
            they are; else None.
    """

    eq16: float
    guaranteed: float
    upper: float | None


def hidden_threshold(weights: Array, scale: float, sums: Array, phi: float) -> HiddenThreshold:
    """What the layer before may deviate so that this one's outputs stay within `phi`.

    Args:
        weights: this layer's, over M, `[hidden, neurons]`.
        scale: M.
        sums: its weighted sums as trained, `[samples, neurons]`.
        phi: its threshold.
    """
    phi = check_threshold(phi)
    w = scale * np.asarray(weights, np.float64)
    # Eq. 14: the strictest sample has the steepest tanh.
    lengths = phi / np.max(1 / np.cosh(np.minimum(np.abs(sums), 300.0)) ** 2, axis=0)
    norms = np.where(np.any(w, axis=0), (w**2).sum(axis=0), np.inf)
    ratios = np.abs(w).max(axis=0) / norms
    used = np.isfinite(norms)
    if not used.any():
        return HiddenThreshold(2.0, 2.0, None)
    eq16 = float(np.min(lengths[used] * ratios[used]))
    guaranteed = float(np.min(lengths[used] / np.abs(w).sum(axis=0)[used]))
    return HiddenThreshold(min(eq16, 2.0), min(guaranteed, 2.0), _upper(w, lengths))


def _upper(w: Array, lengths: Array) -> float | None:
    """The largest coordinate of any y with |w^T y| <= lengths; None if that is unbounded."""
    hidden, neurons = w.shape
    if hidden > neurons or np.linalg.matrix_rank(w) < hidden:
        return None
    most = 0.0
    for place in range(hidden):
        cost = np.zeros(hidden)
        cost[place] = -1.0
        rows, limits = np.concatenate([w.T, -w.T]), np.concatenate([lengths, lengths])
        found = linprog(cost, rows, limits, bounds=[(None, None)] * hidden, method="highs")
        most = max(most, -float(found.fun))
    return most
