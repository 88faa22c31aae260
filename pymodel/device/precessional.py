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
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from scipy.special import dawsn

from nvmcosim.pymodel.device.in_plane import InPlaneMtj, state_of
from nvmcosim.pymodel.errors import InputError

__all__ = ["CERTAIN", "PrecessionalPulse", "best_bias", "bias_for", "switched_share"]

Floats = NDArray[np.float64]

#: Probability that counts as certain, of a reset and of the longest write (mondal2018, III-B).
CERTAIN = 0.999
#: Nodes of the Gauss-Legendre rule for the mean switching time.
_NODES = 64
#: Bisections of the inverse: 60/2^70 of an e-fold, below a double's spacing.
_HALVINGS = 70
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
        pulse = np.asarray(pulse_s, dtype=np.float64)
        if not (np.isfinite(pulse).all() and (pulse >= 0).all()):
            raise InputError("pulses must be finite and not negative")
        return switched_share(self.mtj.delta, math.pi / 2 * np.exp(-self.rate * pulse))

    def pulse_for(self, probability: ArrayLike) -> Floats:
        """Pulses in s that switch with `probability`, in [0, 1) (any shape): the inverse.

        Raises `InputError` for another probability: no pulse switches with certainty.
        """
        wanted = np.asarray(probability, dtype=np.float64)
        if not ((wanted >= 0) & (wanted < 1)).all():
            raise InputError(f"probability is {probability!r}; it must lie in [0, 1)")
        low, high = np.zeros_like(wanted), np.full_like(wanted, _MOST_FOLDS)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = switched_share(self.mtj.delta, math.pi / 2 * np.exp(-middle)) >= wanted
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.where(wanted == 0, 0.0, high / self.rate)

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
        pulse = np.asarray(pulse_s, dtype=np.float64)
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        share = self.probability(pulse[..., None] * (nodes + 1) / 2)
        return pulse / 2 * (share @ weights)


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
