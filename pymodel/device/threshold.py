"""Normal switching-threshold laws, as the papers state them without a device behind them."""

import numpy as np
from scipy.special import ndtr

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError

__all__ = ["LAWS", "law_curve", "normal_threshold_curve"]

#: Named laws: mean and standard deviation of the threshold T_th in ps.
LAWS = {
    # ono2021, Section V-A: "average value of 8ns and the standard deviation of 3ns".
    "ono2021": (8000.0, 3000.0),
    # ono2021, Section V-A: "The error rate is 0.004% when it is set to 15ns" needs this deviation.
    "ono2021-15ns": (8000.0, 1775.0),
}


def normal_threshold_curve(
    device: str, mean_ps: float, sigma_ps: float, last_ps: float = 40_000.0
) -> WriteCurve:
    """The curve of T_th ~ N(mean, sigma), tabulated every 250 ps to `last_ps`; times in ps.

    P(fail) = 1 - Phi((t - mean) / sigma) for t > 0, and 1 at t = 0 (ono2021, Section V-A). Energy
    is linear in the pulse, in ns of pulse, as the paper states none in J.
    """
    if not sigma_ps > 0 or not mean_ps > 0:
        raise InputError(f"mean {mean_ps!r} ps and sigma {sigma_ps!r} ps must be positive")
    pulse = np.arange(0.0, last_ps + 1, 250.0)
    return WriteCurve(
        device=device,
        direction="both",
        amplitude_v=None,
        pulse_ps=pulse,
        p_fail=ndtr((mean_ps - pulse) / sigma_ps),
        energy_mtj_j=pulse / 1000,
        energy_driver_j=np.zeros_like(pulse),
        energy_unit="relative",
        noise="law",
        parameters={"mean_ps": mean_ps, "sigma_ps": sigma_ps},
    )


def law_curve(name: str) -> WriteCurve:
    """The curve of the law called `name`; raises `InputError` naming those there are."""
    if name not in LAWS:
        raise InputError(f"law is {name!r}; it must be one of {', '.join(LAWS)}")
    return normal_threshold_curve(name, *LAWS[name])
