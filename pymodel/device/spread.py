"""Device-to-device spread: which devices there are."""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.spec import DeviceSpread
from nvmcosim.pymodel.errors import InputError

__all__ = ["SPREAD_NAMES", "draw_factors", "spread_factors", "spread_sigmas"]

#: Order of the columns of a factor array.
SPREAD_NAMES = ("ra", "tmr", "diameter", "hk")


def draw_factors(spread: DeviceSpread, count: int, seed: int) -> NDArray[np.float64]:
    """Factors on RA, TMR, diameter and Hk of `count` devices, shape `[count, 4]`.

    Log-normal with median 1. Device k is the same whatever `count` is.
    """
    if count < 0:
        raise InputError(f"count is {count!r}; it must not be negative")
    generator = np.random.Generator(np.random.Philox(key=seed))
    return spread_factors(spread, generator.standard_normal((count, len(SPREAD_NAMES))))


def spread_factors(
    spread: DeviceSpread, standard_normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Factors exp(sigma*z) of devices at `standard_normal` deviates z, shape `[n, 4]`."""
    return np.exp(spread_sigmas(spread) * standard_normal)


def spread_sigmas(spread: DeviceSpread) -> NDArray[np.float64]:
    """Relative standard deviations of RA, TMR, diameter and Hk, shape `[4]`."""
    return np.array([getattr(spread, name) for name in SPREAD_NAMES])
