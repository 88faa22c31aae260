"""Mean, deviation and skewness of switching times, exact or of samples with their intervals."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from nvmcosim.pymodel.errors import InputError

__all__ = ["Interval", "Moments", "SampleMoments"]

#: Fewer switching times than this have no moments worth an interval.
LEAST = 10


class Moments(NamedTuple):
    """Mean and standard deviation in s of a switching time, and its skewness."""

    mean_s: float
    deviation_s: float
    skewness: float


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    value: float
    low: float
    high: float

    def holds(self, exact: float) -> bool:
        """Whether `exact` lies in the interval."""
        return self.low <= exact <= self.high


class SampleMoments(NamedTuple):
    """Moments of `n` sampled switching times, each with its interval at `confidence`.

    `mean` and `deviation` in s.
    """

    mean: Interval
    deviation: Interval
    skewness: Interval
    n: int
    confidence: float

    @classmethod
    def of(cls, times_s: ArrayLike, confidence: float = 0.95) -> Self:
        """Moments of switching times `[n]` in s, all of which must be finite.

        Large-sample intervals from each moment's influence function, which need no distribution:
        its standard error is the influence's deviation over sqrt(n). Raises `InputError`.
        """
        times = np.asarray(times_s, dtype=np.float64)
        if not 0 < confidence < 1:
            raise InputError(f"confidence is {confidence!r}; it must lie between 0 and 1")
        if times.ndim != 1 or times.size < LEAST or not np.isfinite(times).all():
            raise InputError(f"moments take at least {LEAST} switching times, all of them finite")
        mean, deviation = float(times.mean()), float(times.std())
        if deviation == 0:
            raise InputError("all switching times are equal: they have no skewness")
        z = (times - mean) / deviation
        skewness = float((z**3).mean())
        width = float(ndtri((1 + confidence) / 2)) / math.sqrt(times.size)
        influences = (
            (mean, times - mean),
            (deviation, deviation * (z**2 - 1) / 2),
            (skewness, z**3 - skewness - 3 * z - 1.5 * skewness * (z**2 - 1)),
        )
        found = [
            Interval(value, value - width * float(part.std()), value + width * float(part.std()))
            for value, part in influences
        ]
        return cls(found[0], found[1], found[2], times.size, confidence)
