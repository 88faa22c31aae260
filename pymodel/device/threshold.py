"""Switching-threshold laws as the papers state them, without a device behind them."""

from functools import cache

import numpy as np
from scipy.special import ndtr

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.laws import GammaLaw
from nvmcosim.pymodel.errors import InputError

__all__ = [
    "LAWS",
    "LOCATELLI_GAMMA",
    "LOCATELLI_PULSE_ENERGY_J",
    "LOCATELLI_SPREAD",
    "gamma_threshold_curve",
    "law_curve",
    "normal_threshold_curve",
]

#: Mean and standard deviation of a normal threshold T_th in ps, by law.
_NORMAL = {
    # ono2021, Section V-A: "average value of 8ns and the standard deviation of 3ns".
    "ono2021": (8000.0, 3000.0),
    # ono2021, Section V-A: "The error rate is 0.004% when it is set to 15ns" needs this deviation.
    "ono2021-15ns": (8000.0, 1775.0),
}
#: locatelli2018 at 2 Vc. Section II names the gamma distribution and prints no parameter; these two
#: give Section III's 15.0 ns at 1e-10 and its savings of 37, 45 and 53%.
LOCATELLI_GAMMA = GammaLaw(14.9, 4.157e-9)
#: Sigma of a log-normal factor on the switching time that gives Section III's 20.5 ns at 1e-10.
LOCATELLI_SPREAD = 0.139
#: Section III: 0.48 pJ at 15.0 ns, junction and driver together, linear in the pulse; J by ps.
LOCATELLI_PULSE_ENERGY_J = 0.48e-12 / 15_000
_LOCATELLI_AMPLITUDE_V = 0.381

_GAMMA = {
    "locatelli2018-gamma": LOCATELLI_GAMMA,
    "locatelli2018-gamma-spread": GammaLaw(14.9, 4.157e-9, LOCATELLI_SPREAD),
}

#: Named laws.
LAWS = (*_NORMAL, *_GAMMA)


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


def gamma_threshold_curve(
    device: str,
    law: GammaLaw,
    energy_j_by_ps: float,
    amplitude_v: float | None = None,
    last_ps: float = 40_000.0,
) -> WriteCurve:
    """The curve of `law`, tabulated every 10 ps to `last_ps`; between them within 0.1% of it.

    Energy is linear in the pulse and not split: all of it stands as the junction's.
    """
    pulse = np.arange(0.0, last_ps + 1, 10.0)
    energy = pulse * energy_j_by_ps
    return WriteCurve(
        device=device,
        direction="both",
        amplitude_v=amplitude_v,
        pulse_ps=pulse,
        p_fail=np.minimum.accumulate(np.clip(law.failure_rate(pulse * 1e-12), 0.0, 1.0)),
        energy_mtj_j=energy,
        energy_driver_j=np.zeros_like(pulse),
        noise="law",
        parameters={"shape": law.shape, "mean_ps": law.mean_s * 1e12, "spread": law.spread},
    )


@cache
def law_curve(name: str, last_ps: float = 40_000.0) -> WriteCurve:
    """The curve of the law called `name` to `last_ps`; raises `InputError` naming those there are.

    The same object for the same arguments.
    """
    if name in _NORMAL:
        return normal_threshold_curve(name, *_NORMAL[name], last_ps=last_ps)
    if name in _GAMMA:
        energy, volts = LOCATELLI_PULSE_ENERGY_J, _LOCATELLI_AMPLITUDE_V
        return gamma_threshold_curve(name, _GAMMA[name], energy, volts, last_ps)
    raise InputError(f"law is {name!r}; it must be one of {', '.join(LAWS)}")
