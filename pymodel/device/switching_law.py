"""What all distributions of a switching time share: error rate by pulse, and its inverse."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from nvmcosim.pymodel.device.moments import Moments
from nvmcosim.pymodel.errors import InputError

__all__ = ["SwitchingLaw"]

Floats = NDArray[np.float64]


class SwitchingLaw(ABC):
    """A device's switching time, and a log-normal factor on it from one device to the next.

    Fields of every law: `spread`, sigma of that factor, whose median is 1.
    """

    spread: float

    #: Largest spread taken.
    MOST_SPREAD: ClassVar[float] = 1.0

    def _check_spread(self) -> None:
        if not 0 <= self.spread <= self.MOST_SPREAD:
            raise InputError(f"spread is {self.spread!r}; it must be from 0 to 1")

    @property
    @abstractmethod
    def moments(self) -> Moments:
        """Of the switching time of a device without spread."""

    @abstractmethod
    def _alone(self, pulse_s: Floats) -> Floats:
        """P(fail) of a device without spread."""

    def failure_rate(self, pulse_s: ArrayLike) -> Floats:
        """P(fail) of pulses `pulse_s` (any shape), averaged over devices."""
        pulse = np.asarray(pulse_s, dtype=np.float64)
        if not (np.isfinite(pulse).all() and (pulse >= 0).all()):
            raise InputError("pulses must be finite and not negative")
        if self.spread == 0:
            return self._alone(pulse)
        # The trapezoidal rule converges exponentially for a Gaussian times what is smooth.
        z = np.linspace(-9, 9, 241)
        weights = np.exp(-(z**2) / 2)
        weights /= weights.sum()
        return self._alone(pulse[..., None] * np.exp(self.spread * z)) @ weights

    def pulse_for(self, rate: float) -> float:
        """The pulse in s that fails with probability `rate`, in (0, 1).

        Raises `InputError` for another rate, or one that no pulse reaches.
        """
        if not 0 < rate < 1:
            raise InputError(f"rate is {rate!r}; it must lie between 0 and 1")

        def excess(log_pulse: float) -> float:
            return math.log(max(float(self.failure_rate(math.exp(log_pulse))), 1e-300) / rate)

        middle = math.log(self.moments.mean_s)
        if excess(middle + 10) > 0:
            raise InputError(f"no pulse up to {math.exp(middle + 10):.3g} s reaches {rate:g}")
        return math.exp(optimize.brentq(excess, middle - 10, middle + 10, xtol=1e-12))
