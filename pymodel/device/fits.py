"""Distributions fitted to switching times: which simple law comes closest, and how close."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from nvmcosim.pymodel.errors import InputError

__all__ = ["FAMILIES", "ThresholdFit", "best_fit", "fit_threshold"]

#: Families by name; each has two parameters, found from mean and standard deviation.
FAMILIES = ("normal", "lognormal", "gamma")
#: Fewer switched samples than this are refused.
LEAST = 10


@dataclass(frozen=True)
class ThresholdFit:
    """A family's best parameters for a set of switching times.

    Fields:
        family: one of `FAMILIES`.
        mean_s, sigma_s: of the fitted distribution, in s.
        log_likelihood: of the samples, natural logarithm, times in ns.
        distance: Kolmogorov-Smirnov distance, up to the end of the run.
        samples, switched: how many there were, and how many of them switched within the run.
    """

    family: str
    mean_s: float
    sigma_s: float
    log_likelihood: float
    distance: float
    samples: int
    switched: int

    def failure_rate(self, pulse_s: ArrayLike) -> NDArray[np.float64]:
        """P(threshold > pulse) of pulses in s, any shape."""
        pulse = np.asarray(pulse_s, dtype=np.float64) * 1e9
        return _frozen(self.family, self.mean_s * 1e9, self.sigma_s * 1e9).sf(pulse)


def fit_threshold(times_s: ArrayLike, family: str, span_s: float = math.inf) -> ThresholdFit:
    """`family` fitted by maximum likelihood to switching times `[n]` in s.

    Times beyond `span_s`, such as infinity, count as not switched by then. Raises `InputError`
    for an unknown family, or too few or too equal samples.
    """
    if family not in FAMILIES:
        raise InputError(f"family is {family!r}; it must be one of {', '.join(FAMILIES)}")
    times = np.asarray(times_s, dtype=np.float64)
    if times.ndim != 1 or not (times > 0).all():
        raise InputError("switching times must be a list of positive numbers")
    switched = np.sort(times[np.isfinite(times) & (times <= span_s)]) * 1e9
    censored = times.size - switched.size
    if switched.size < LEAST or not switched[0] < switched[-1]:
        raise InputError(f"{switched.size} of {times.size} samples switched: too few to fit")
    # A run without a stated end has one: its last sample.
    end = min(span_s * 1e9, switched[-1])

    def loss(log_parameters: NDArray[np.float64]) -> float:
        law = _frozen(family, *np.exp(log_parameters))
        return -float(law.logpdf(switched).sum() + censored * law.logsf(end))

    start = np.log([switched.mean() * (1 + censored / times.size), switched.std()])
    best = optimize.minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-7, "maxiter": 2000}
    )
    mean, sigma = np.exp(best.x)
    expected = _frozen(family, mean, sigma).cdf(switched)
    rank = np.arange(switched.size + 1) / times.size
    distance = max(np.abs(expected - rank[1:]).max(), np.abs(expected - rank[:-1]).max())
    return ThresholdFit(
        family,
        float(mean) * 1e-9,
        float(sigma) * 1e-9,
        -float(best.fun),
        float(distance),
        times.size,
        switched.size,
    )


def best_fit(times_s: ArrayLike, span_s: float = math.inf) -> ThresholdFit:
    """The family under which the samples are likeliest; all have as many parameters."""
    fits = [fit_threshold(times_s, family, span_s) for family in FAMILIES]
    return max(fits, key=lambda fit: fit.log_likelihood)


def _frozen(family: str, mean: float, sigma: float) -> stats.rv_continuous:
    """The distribution of that mean and standard deviation."""
    if family == "normal":
        return stats.norm(mean, sigma)
    if family == "gamma":
        return stats.gamma((mean / sigma) ** 2, scale=sigma**2 / mean)
    variance = math.log1p((sigma / mean) ** 2)
    return stats.lognorm(math.sqrt(variance), scale=mean * math.exp(-variance / 2))
