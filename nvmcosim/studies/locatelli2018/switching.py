"""Fig. 1d: the switching time of locatelli2018's junction by V/Vc, four ways on one axis.

Exact is the Fokker-Planck equation; the gamma law has its mean and deviation; the LLG integrator
and ngspice are Monte Carlo. Times and intervals are those of one write direction: under a voltage
source without resistance both are alike.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from nvmcosim.devices import cache_folder
from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import pulse_for, switching_moments
from nvmcosim.pymodel.device.laws import GammaLaw
from nvmcosim.pymodel.device.llg import cartesian_switching_times, switching_times
from nvmcosim.pymodel.device.moments import Moments, SampleMoments
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies.figures import Figure, judge_rule

__all__ = ["NGSPICE_RUNS", "exact_moments", "ngspice_moments", "switching_figures"]

#: V/Vc at which the equation is solved: through the critical voltage into thermal activation.
OVERDRIVES = (
    *(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35),
    *(1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0),
)
#: ... of the LLG integrator, as far down as cells switch within its run, and its samples at each.
LLG_OVERDRIVES = (0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
LLG_SAMPLES, CARTESIAN_SAMPLES = 40_000, 3_000
#: ... of ngspice: V/Vc and noise.
NGSPICE_RUNS = ((1.5, "thermal"), (2.0, "thermal"), (2.0, "angle"), (2.5, "thermal"))
#: Of the intervals shown, and of those that agreement is judged by: with six comparisons, samples
#: of the very same distribution fail in less than 1% of the seeds.
SHOWN, JUDGED = 0.95, 0.999
#: A run of ngspice is as long as it takes all but this share of the cells to switch.
_UNSWITCHED = 1e-8

_NO_NUMBERS = "Fig. 1d prints curves without numbers, so there is nothing to compare with"


@lru_cache(maxsize=64)
def exact_moments(overdrive: float) -> Moments:
    """Moments of the junction's switching time at `overdrive` = V/Vc."""
    return switching_moments(Drive.constant(preset("locatelli2018").mtj, overdrive))


def ngspice_moments(
    overdrive: float,
    noise: str,
    samples: int,
    seed: int,
    workers: int | None,
    progress: Callable[[int], None],
    confidence: float = SHOWN,
) -> SampleMoments:
    """Moments of ngspice samples at `overdrive`; the samples are kept in the cache.

    Raises `MissingTool` without ngspice.
    """
    from nvmcosim.spice.switching import sample_writes

    spec = preset("locatelli2018")
    volts = overdrive * spec.mtj.critical_voltage_v
    spec = spec.replace(driver=spec.driver.replace(vdd_v=volts))
    span = float(pulse_for(Drive.constant(spec.mtj, overdrive), _UNSWITCHED))
    folder = cache_folder() / "samples"
    writes = sample_writes(
        *(spec, "P-AP", samples, seed, span, folder),
        noise=noise,
        workers=workers,
        progress=progress,
    )
    return SampleMoments.of(writes.times_s, confidence)


def switching_figures(
    samples: int, seed: int, workers: int | None, progress: Callable[[int], None]
) -> list[Figure]:
    """Fig. 1d's rows, and whether the models agree; `progress` is told of ngspice samples done."""
    mtj = preset("locatelli2018").mtj
    points = [_exact_point(overdrive) for overdrive in OVERDRIVES]
    points += [_gamma_point(overdrive) for overdrive in OVERDRIVES]
    judged: dict[str, SampleMoments] = {}
    for overdrive in LLG_OVERDRIVES:
        times = switching_times(Drive.constant(mtj, overdrive), LLG_SAMPLES, seed, limit_s=1e-6)
        points.append(_sampled_point("LLG", overdrive, SampleMoments.of(times, SHOWN)))
        if overdrive == 2.0:
            judged["LLG"] = SampleMoments.of(times, JUDGED)
    times = cartesian_switching_times(
        Drive.constant(mtj, 2.0), mtj.damping, CARTESIAN_SAMPLES, seed
    )
    judged["Cartesian LLG"] = SampleMoments.of(times, JUDGED)
    missing, angle = "", None
    try:
        for overdrive, noise in NGSPICE_RUNS:
            run = (overdrive, noise, samples, seed, workers)
            found = ngspice_moments(*run, progress)
            label = "ngspice" if noise == "thermal" else "ngspice, initial angle alone"
            points.append(_sampled_point(label, overdrive, found))
            if (overdrive, noise) == (2.0, "thermal"):
                judged["ngspice"] = ngspice_moments(*run, lambda count: None, JUDGED)
            elif noise == "angle":
                angle = found
    except InputError as error:
        missing = str(error)
    curves = [
        _curve(
            "mean", "Mean switching time at 2 Vc", exact_moments(2.0).mean_s * 1e9, "ns", points
        ),
        _curve("skewness", "Skewness of the gamma law at 2 Vc", _gamma(2.0).skewness, "", points),
    ]
    times = switching_times(Drive.constant(mtj, 2.0), LLG_SAMPLES, seed, noise="angle")
    return [*curves, _agreement(judged, missing), _angle(angle, times.mean(), missing)]


def _gamma(overdrive: float) -> Moments:
    return GammaLaw.of(exact_moments(overdrive)).moments


def _point(way: str, overdrive: float, moments: Moments) -> dict[str, Any]:
    volts = overdrive * preset("locatelli2018").mtj.critical_voltage_v
    return {
        "way": way,
        "v_over_vc": overdrive,
        "amplitude_mv": 1e3 * volts,
        "mean_ns": moments.mean_s * 1e9,
        "deviation_ns": moments.deviation_s * 1e9,
        "skewness": moments.skewness,
    }


def _exact_point(overdrive: float) -> dict[str, Any]:
    return _point("Fokker-Planck", overdrive, exact_moments(overdrive))


def _gamma_point(overdrive: float) -> dict[str, Any]:
    return _point("gamma", overdrive, _gamma(overdrive))


def _sampled_point(way: str, overdrive: float, found: SampleMoments) -> dict[str, Any]:
    mean, deviation, skewness = found[:3]
    point = _point(way, overdrive, Moments(mean.value, deviation.value, skewness.value))
    point |= {"samples": found.n, "confidence": found.confidence}
    for name, interval, unit in (
        ("mean_ns", mean, 1e9),
        ("deviation_ns", deviation, 1e9),
        ("skewness", skewness, 1.0),
    ):
        point |= {f"{name}_low": interval.low * unit, f"{name}_high": interval.high * unit}
    return point


def _curve(name: str, title: str, ours: float, unit: str, points: list[dict[str, Any]]) -> Figure:
    reason = _NO_NUMBERS
    if name == "skewness":
        exact = exact_moments(2.0).skewness
        reason += (
            f"; the exact skewness is {exact:.3g}: a gamma law of the right mean and deviation has "
            "too short a tail, which is what its pulses for rare errors lack"
        )
    return Figure(f"fig1d/{name}", title, None, ours, unit, "not-run", reason, points=points)


def _agreement(judged: dict[str, SampleMoments], missing: str) -> Figure:
    id, title = "text-ii/models", "Circuit and stochastic models of one switching time (II)"
    exact = exact_moments(2.0)
    parts, agree = [], True
    for way, found in judged.items():
        agree &= found.mean.holds(exact.mean_s) and found.deviation.holds(exact.deviation_s)
        numbers = (
            f"{1e9 * interval.value:.3f} ± {1e9 * (interval.high - interval.value):.3f}"
            for interval in (found.mean, found.deviation)
        )
        parts.append(f"{way} ({found.n:,} samples) " + " and ".join(numbers))
    said = (
        f"mean and deviation in ns at 2 Vc: Fokker-Planck {1e9 * exact.mean_s:.3f} and "
        f"{1e9 * exact.deviation_s:.3f}; {'; '.join(parts)}; intervals at {100 * JUDGED:g}%"
    )
    if missing:
        return Figure(id, title, "agree", None, "", "not-run", f"{missing}; without it, {said}")
    return judge_rule(id, title, "agree", "agree" if agree else "disagree", "", agree, said)


def _angle(found: SampleMoments | None, llg_mean_s: float, missing: str) -> Figure:
    """What a circuit model with a random initial angle and no noise after it is off by."""
    id, title = "text-ii/angle", "Mean of ngspice with a random initial angle alone, above thermal"
    mean = exact_moments(2.0).mean_s
    said = (
        "the paper does not say which noise its models have; only thermal runs are the equation's; "
        f"LLG has {100 * (llg_mean_s / mean - 1):.1f}% at 2 Vc"
    )
    if found is None:
        return Figure(id, title, None, None, "%", "not-run", f"{missing}; {said}")
    excess, half = found.mean.value / mean - 1, (found.mean.high - found.mean.value) / mean
    said += f", ngspice ± {100 * half:.2g} points at {100 * SHOWN:g}%"
    return Figure(id, title, None, 100 * excess, "%", "not-run", said)
