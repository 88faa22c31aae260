"""Precessional switching of an in-plane junction: probability by pulse, its inverse, and energy.

The free layer starts at an angle theta0 to its easy axis, of thermal density

    p(theta0) ~ exp(-Delta sin^2 theta0) sin theta0,  0 < theta0 < pi/2,

and the torque opens that angle exponentially. A pulse of t switches it if it reaches pi/2, that is
if theta0 > phi(t) = (pi/2) exp(-r t) with r = eta muB/(e Ms tF) (J - Jc0), so that

    P_sw(t) = exp(-Delta sin^2 phi) F(sqrt(Delta) cos phi)/F(sqrt(Delta)),  F Dawson's integral.

mondal2018, Eq. 3 prints phi as r t, without the exponential; then half of all cells would switch
within 0.09 ns, where the paper's own t50 is 1.49 ns. The law here gives all its AP-to-P figures.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import interpolate, optimize
from scipy.special import dawsn

from nvmcosim.pymodel.device.in_plane import InPlaneMtj, state_of
from nvmcosim.pymodel.errors import InputError

__all__ = ["CERTAIN", "PrecessionalPulse", "best_bias", "bias_for", "switched_share"]

Floats = NDArray[np.float64]

#: Probability that counts as certain, of a reset and of the longest write (mondal2018, III-B).
CERTAIN = 0.999
#: Table of the integral of P_sw over e-folds: its end, where 1 - P_sw is below 1e-15, its cells,
#: and the nodes of the Gauss-Legendre rule in each.
_TABLE_FOLDS, _CELLS, _NODES = 20.0, 4000, 6
#: Most steps of the inverse: bisections alone would take 60 e-folds below a double's spacing.
_STEPS = 70
#: No angle opens by more e-folds than this: phi would be 1e-26.
_MOST_FOLDS = 60.0
#: Biases that are searched, in V.
_BIASES = (0.01, 5.0)


def switched_share(delta: float, phi: ArrayLike) -> Floats:
    """P(theta0 > phi) of the thermal starting angle; `phi` in rad, 0 to pi/2, any shape."""
    phi = np.asarray(phi, dtype=np.float64)
    root = math.sqrt(delta)
    tail = np.exp(-delta * np.sin(phi) ** 2) * dawsn(root * np.cos(phi)) / dawsn(root)
    # The cosine of the nearest double to pi/2 is not 0.
    return np.where(phi >= math.pi / 2, 0.0, np.clip(tail, 0.0, 1.0))


def _folds_for(delta: float, wanted: Floats) -> Floats:
    """e-folds x of the angle at which the share beyond phi = (pi/2) exp(-x) is `wanted`.

    Newton's method on the share's logarithm, from the share without its factor of Dawson's
    integrals; where a step leaves what is known to hold the root, bisection.
    """
    target = np.log(np.where(wanted > 0, wanted, 0.5))
    scale = math.sqrt(delta) / dawsn(math.sqrt(delta))
    low, high = np.zeros_like(target), np.full_like(target, _MOST_FOLDS)
    sine = np.sqrt(np.minimum(-target / delta, 1.0))
    folds = np.log(math.pi / 2 / np.arcsin(np.maximum(sine, 1e-20)))
    for _ in range(_STEPS):
        phi = math.pi / 2 * np.exp(-folds)
        share = switched_share(delta, phi)
        slope = phi * scale * np.sin(phi) * np.exp(-delta * np.sin(phi) ** 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.log(share) - target
            step = folds - excess * share / slope
        low, high = np.where(excess < 0, folds, low), np.where(excess < 0, high, folds)
        inside = (step >= low) & (step <= high)
        moved = np.where(inside, step, (low + high) / 2)
        # Near certainty the share's own rounding ends it first.
        done = (np.abs(moved - folds) <= 1e-14 * moved) | (np.abs(excess) <= 4e-16)
        folds = moved
        if done.all():
            break
    return folds


@lru_cache(maxsize=16)
def _switched_folds(delta: float) -> interpolate.CubicHermiteSpline:
    """Integral of the switched share over e-folds from 0; within 1e-9 of an e-fold."""
    edges = np.linspace(0.0, _TABLE_FOLDS, _CELLS + 1)
    half = edges[1] / 2
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    inner = edges[:-1, None] + half * (nodes + 1)
    pieces = half * (switched_share(delta, math.pi / 2 * np.exp(-inner)) @ weights)
    integral = np.concatenate(([0.0], np.cumsum(pieces)))
    slopes = switched_share(delta, math.pi / 2 * np.exp(-edges))
    return interpolate.CubicHermiteSpline(edges, integral, slopes)


def _pulses(pulse_s: ArrayLike) -> Floats:
    pulse = np.asarray(pulse_s, dtype=np.float64)
    if not (np.isfinite(pulse).all() and (pulse >= 0).all()):
        raise InputError("pulses must be finite and not negative")
    return pulse


@dataclass(frozen=True)
class PrecessionalPulse:
    """Pulses of one bias on one junction in one direction.

    Fields:
        mtj: the junction.
        direction: `AP-P` or `P-AP`.
        bias_v: magnitude of the voltage across the junction, in V.
        after_v: that once it has switched, where a series resistance makes it another.

    Raises `InputError` if the bias does not drive more than Jc0 through the initial state.
    """

    mtj: InPlaneMtj
    direction: str = "AP-P"
    bias_v: float = 1.2
    after_v: float | None = None

    def __post_init__(self) -> None:
        start = state_of(self.direction)
        if not 0 < self.bias_v < 1e3:
            raise InputError(f"bias_v is {self.bias_v!r}; it must be a positive voltage")
        if self.rate <= 0:
            density = float(self.mtj.density(start, self.bias_v)) / 1e10
            least = self.mtj.critical_density(self.direction) / 1e10
            raise InputError(
                f"bias_v is {self.bias_v:g}, which drives {density:.3g} MA/cm2 from {start}; "
                f"precessional switching takes more than {least:.3g}"
            )

    @property
    def final_v(self) -> float:
        """Voltage across the junction once it has switched, in V."""
        return self.bias_v if self.after_v is None else self.after_v

    @cached_property
    def rate(self) -> float:
        """Growth rate r of the angle, in 1/s."""
        density = self.mtj.density(state_of(self.direction), self.bias_v)
        return float(self.mtj.rate(self.direction, density))

    def probability(self, pulse_s: ArrayLike) -> Floats:
        """P_sw(t) of pulses in s (any shape): 0 at 0, rising to 1."""
        folds = self.rate * _pulses(pulse_s)
        return switched_share(self.mtj.delta, math.pi / 2 * np.exp(-folds))

    def pulse_for(self, probability: ArrayLike) -> Floats:
        """Pulses in s that switch with `probability`, in [0, 1) (any shape): the inverse.

        Raises `InputError` for another probability: no pulse switches with certainty.
        """
        wanted = np.asarray(probability, dtype=np.float64)
        if not ((wanted >= 0) & (wanted < 1)).all():
            raise InputError(f"probability is {probability!r}; it must lie in [0, 1)")
        return np.where(wanted == 0, 0.0, _folds_for(self.mtj.delta, wanted) / self.rate)

    def mean_switch_time(self, pulse_s: ArrayLike) -> Floats:
        """E(t_sw) in s: mean switching time of what switches within `pulse_s`, same shape; Eq. 5.

        The paper's integral of t P(t), over P_sw, as its text says "given it does". 0 at 0.
        """
        pulse = np.asarray(pulse_s, dtype=np.float64)
        share = self.probability(pulse)
        # By parts: the integral of t P(t) is T P_sw(T) less that of P_sw.
        below = self.switched_time(pulse)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(share > 0, pulse - below / share, 0.0)

    def energy_j(self, pulse_s: ArrayLike) -> Floats:
        """Expected energy in J of pulses in s (any shape): Eq. 6 to 8, for either direction.

        V times the current of the initial state until the switch and of the final state after it.
        """
        pulse = np.asarray(pulse_s, dtype=np.float64)
        start = state_of(self.direction)
        end = "P" if start == "AP" else "AP"
        first = self.bias_v * self.mtj.current_a(start, self.bias_v)
        last = self.final_v * self.mtj.current_a(end, self.final_v)
        return first * pulse + (last - first) * self.switched_time(pulse)

    def switched_time(self, pulse_s: ArrayLike) -> Floats:
        """Mean time in s of a pulse for which the junction has been switched, same shape.

        The integral of P_sw from 0 to the pulse.
        """
        folds = self.rate * _pulses(pulse_s)
        inside = np.minimum(folds, _TABLE_FOLDS)
        # Beyond the table every junction has switched.
        return (_switched_folds(self.mtj.delta)(inside) + folds - inside) / self.rate


def bias_for(mtj: InPlaneMtj, direction: str, pulse_s: float, probability: float) -> float:
    """Bias in V at which a pulse of `pulse_s` switches with `probability`, in (0, 1).

    Raises `InputError` if none from 0.01 to 5 V does.
    """
    if not 0 < probability < 1 or not 0 < pulse_s < math.inf:
        raise InputError(
            f"pulse_s is {pulse_s!r} and probability {probability!r}; the pulse must be positive "
            "and the probability between 0 and 1"
        )
    # Folds that the angle must open by are independent of bias.
    base = PrecessionalPulse(mtj, direction, _BIASES[1])
    needed = float(base.pulse_for(probability)) * base.rate / pulse_s
    start = state_of(direction)

    def lack(bias_v: float) -> float:
        return float(mtj.rate(direction, mtj.density(start, bias_v))) / needed - 1

    if lack(_BIASES[1]) < 0:
        raise InputError(f"no bias up to {_BIASES[1]:g} V switches within {pulse_s:g} s")
    return float(optimize.brentq(lack, *_BIASES, xtol=1e-12))


def best_bias(mtj: InPlaneMtj, direction: str = "AP-P", probability: float = 0.999) -> float:
    """Bias in V of the least expected energy of a pulse that switches with `probability`."""
    least = bias_for(mtj, direction, 1e-6, probability)

    def energy(bias_v: float) -> float:
        pulse = PrecessionalPulse(mtj, direction, bias_v)
        return float(pulse.energy_j(pulse.pulse_for(probability)))

    found = optimize.minimize_scalar(
        energy, bounds=(least, _BIASES[1]), method="bounded", options={"xatol": 1e-6}
    )
    return float(found.x)
