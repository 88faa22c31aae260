"""Proof that weights are inside every limit and that none are better, by own arithmetic.

Nothing here comes from the solver but the multipliers, and any multipliers give a valid bound.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SUM_TOLERANCE", "Check", "check_networks", "check_outputs", "distance", "dual_bound"]

Array = NDArray[np.float64]

#: By how much a weighted sum may miss its limit at phi = 0, where both limits are one number, so
#: that no computed sum can lie between them. Limits of phi > 0 are met without a tolerance.
SUM_TOLERANCE = 1e-7


def distance(weights: Array) -> float:
    """The sum of distances of `weights` from 1 or -1, whichever is closer (mondal2018, line 3)."""
    return float((1 - np.abs(weights)).sum())


def dual_bound(signs: Array, rows: Array, least: Array, most: Array, multipliers: Array) -> float:
    """The least sum of distances that a column can have, as `multipliers` prove (weak duality).

    The column's program in magnitudes m = |w|: minimise sum(1 - m) with 0 <= m <= 1 and
    least <= rows @ (signs m) <= most. For any y, with a positive y_r at least[r] and a negative
    one at most[r], no feasible m is below  y·limits + sum(min(0, -1 - signs (rows^T y))) + I.

    Args:
        signs: 1 or -1 for each weight, `[inputs]`.
        rows: scaled inputs M x, `[samples, inputs]`.
        least, most: limits, `[samples]`; a multiplier of an open limit is taken as 0.
        multipliers: one for each row.
    """
    limits = np.where(multipliers > 0, least, most)
    y = np.where(np.isfinite(limits), multipliers, 0.0)
    reduced = -1.0 - signs * (rows.T @ y)
    constant = float(y @ np.where(np.isfinite(limits), limits, 0.0))
    return constant + float(np.minimum(reduced, 0).sum()) + len(signs)


@dataclass(frozen=True)
class Check:
    """How outputs deviate from the original ones.

    Fields:
        samples, neurons: how many were evaluated.
        violations: outputs that are further off than phi, `SUM_TOLERANCE` granted at phi = 0.
        share: of samples with at least one.
        largest: the largest deviation of an output.
    """

    samples: int
    neurons: int
    violations: int
    share: float
    largest: float


class _Network(Protocol):
    def activations(self, inputs: Array) -> list[Array]: ...


def check_networks(new: _Network, original: _Network, inputs: Array, phi: float) -> Check:
    """Evaluate both networks on `inputs`, `[samples, inputs]`, and compare their last outputs.

    At phi = 0 layers may be off by `SUM_TOLERANCE`, which later ones amplify: 1e-5 is allowed.
    """
    violations, failed, largest, neurons = 0, 0, 0.0, 0
    for start in range(0, len(inputs), 8192):
        part = inputs[start : start + 8192]
        was, now = original.activations(part)[-1], new.activations(part)[-1]
        off = np.abs(now - was)
        bad = off > phi + (1e-5 if phi == 0 else 4e-16)
        neurons = was.shape[1]
        violations += int(bad.sum())
        failed += int(bad.any(axis=1).sum())
        largest = max(largest, float(off.max(initial=0.0)))
    return Check(len(inputs), neurons, violations, failed / max(len(inputs), 1), largest)


def check_outputs(
    weights: Array,
    original: Array,
    scale: float,
    inputs: Array,
    phi: float,
    new: Array | None = None,
) -> Check:
    """Evaluate both layers on `inputs` and compare their outputs, sample by sample.

    Args:
        weights, original: `[inputs, neurons]` in [-1, 1].
        scale: M.
        inputs: of the original layer, `[samples, inputs]`.
        phi: the tolerance.
        new: inputs of the new layer, where an earlier layer has changed them.
    """
    violations, failed, largest = 0, 0, 0.0
    given = inputs if new is None else new
    tolerance = SUM_TOLERANCE if phi == 0 else 0.0
    # In blocks, as all outputs of 60,000 samples with their copies would be large.
    for start in range(0, len(inputs), 8192):
        part = slice(start, start + 8192)
        was = np.tanh(scale * (inputs[part] @ original))
        now = np.tanh(scale * (given[part] @ weights))
        off = np.abs(now - was)
        # Two roundings of 2^-53 each stand between equal sums and equal outputs.
        bad = off > phi + tolerance + 4e-16
        violations += int(bad.sum())
        failed += int(bad.any(axis=1).sum())
        largest = max(largest, float(off.max(initial=0.0)))
    samples = len(inputs)
    return Check(samples, weights.shape[1], violations, failed / max(samples, 1), largest)
