"""Closed forms of switching: quick, and checks on the solvers that replace them.

Overdrive i = I/Ic0 or V/Vc0; pulses in s; P(fail) is the probability that a pulse does not switch.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from nvmcosim.pymodel.device.moments import Moments
from nvmcosim.pymodel.device.mtj import PmaMtj
from nvmcosim.pymodel.device.switching_law import SwitchingLaw
from nvmcosim.pymodel.errors import InputError

__all__ = ["GammaLaw", "attempt_time", "butler_failure_rate", "neel_brown_failure_rate"]

Floats = NDArray[np.float64]


def butler_failure_rate(mtj: PmaMtj, overdrive: float, pulse_s: ArrayLike) -> Floats:
    """P(fail) of `pulse_s` (any shape) well above the critical current: i > 1.

        P = 1 - exp(-(pi^2/4) Delta (i - 1)/(i exp(2 (i - 1) t/tau_D) - 1))

    Butler et al., IEEE Trans. Magn. 48, 4684 (2012); Khvalkovskiy et al., J. Phys. D 46, 074001
    (2013). Against the Fokker-Planck equation at i = 2, Delta = 70, its pulse is 2.2% too long at
    1e-10 and 9.6% at 50%. Raises `InputError` for an overdrive of 1 or less.
    """
    if not 1 < overdrive < math.inf:
        raise InputError(f"overdrive is {overdrive!r}; this law holds above 1")
    reduced = _pulses(pulse_s) / mtj.tau_s
    excess = overdrive - 1
    # Divided through by the growing exponential, so that a long pulse does not overflow.
    decay = np.exp(-2 * excess * reduced)
    return -np.expm1(-(math.pi**2) / 4 * mtj.delta * excess * decay / (overdrive - decay))


def attempt_time(mtj: PmaMtj, overdrive: float = 0.0) -> float:
    """tau_0 in s of Neel-Brown switching with exponent 2, for 0 <= i < 1 and a high barrier.

        tau_0 = tau_D sqrt(pi/Delta)/((1 - i) (1 - i^2))

    Kramers' escape over the barrier at x = i of the Fokker-Planck equation (Brown, Phys. Rev.
    130, 1677 (1963), for i = 0).
    """
    _subcritical(overdrive)
    return mtj.tau_s * math.sqrt(math.pi / mtj.delta) / ((1 - overdrive) * (1 - overdrive**2))


def neel_brown_failure_rate(
    mtj: PmaMtj,
    overdrive: float,
    pulse_s: ArrayLike,
    tau0_s: float | None = None,
    exponent: float = 2.0,
) -> Floats:
    """P(fail) of `pulse_s` (any shape) by thermal activation below the critical current.

        P = exp(-t/tau),  tau = tau_0 exp(Delta (1 - i)^exponent)

    `tau0_s` is `attempt_time` if not given; an exponent of 2 is that of a uniaxial macrospin, 1 is
    often fitted. Raises `InputError` unless 0 <= overdrive < 1.
    """
    _subcritical(overdrive)
    tau0 = attempt_time(mtj, overdrive) if tau0_s is None else tau0_s
    if not 0 < tau0 < math.inf or not 0 < exponent < math.inf:
        raise InputError(f"tau0_s is {tau0!r} and exponent {exponent!r}; both must be positive")
    log_tau = math.log(tau0) + mtj.delta * (1 - overdrive) ** exponent
    pulse = _pulses(pulse_s)
    with np.errstate(divide="ignore"):
        return np.exp(-np.exp(np.log(pulse) - log_tau))


@dataclass(frozen=True)
class GammaLaw(SwitchingLaw):
    """Switching times by a gamma distribution, as locatelli2018 takes from its reference [17].

    Fields:
        shape: (mean/standard deviation)^2.
        mean_s: mean switching time in s.
        spread: sigma of a log-normal factor on the switching time of each device, median 1.

    Locatelli's law at 2 Vc has shape 14.9 and mean 4.157 ns, which is fitted to 15.0 ns at 1e-10,
    and a spread of 0.139 with variability. It falls too fast: its skewness is 0.52 where that of
    the Fokker-Planck equation with the same mean is 1.19, and at 1e-10 its pulse is 35% below.
    """

    shape: float
    mean_s: float
    spread: float = 0.0

    def __post_init__(self) -> None:
        for name in ("shape", "mean_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be positive")
        self._check_spread()

    @classmethod
    def of(cls, moments: Moments, spread: float = 0.0) -> Self:
        """The law of the same mean and standard deviation; its skewness is its own."""
        return cls((moments.mean_s / moments.deviation_s) ** 2, moments.mean_s, spread)

    @property
    def moments(self) -> Moments:
        """Of a device without spread: deviation mean/sqrt(shape), skewness 2/sqrt(shape)."""
        root = math.sqrt(self.shape)
        return Moments(self.mean_s, self.mean_s / root, 2 / root)

    def _alone(self, pulse_s: Floats) -> Floats:
        return special.gammaincc(self.shape, pulse_s * self.shape / self.mean_s)


def _pulses(pulse_s: ArrayLike) -> Floats:
    pulse = np.asarray(pulse_s, dtype=np.float64)
    if not (np.isfinite(pulse).all() and (pulse >= 0).all()):
        raise InputError("pulses must be finite and not negative")
    return pulse


def _subcritical(overdrive: float) -> None:
    if not 0 <= overdrive < 1:
        raise InputError(f"overdrive is {overdrive!r}; thermal activation holds from 0 to below 1")
