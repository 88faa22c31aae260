"""How fast switching times are: the integrators, ngspice, naive numpy and cmtj, on one junction.

The unit is nanoseconds of one device by second of computing. All are thermal runs of
`locatelli2018`'s junction at 2 Vc; what stops at the equator is counted up to there.
"""

import math
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.llg import (
    STEP,
    cartesian_switching_times,
    initial_angles,
    switching_times,
)
from nvmcosim.pymodel.device.mtj import PmaMtj
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import MissingTool

__all__ = ["bench_device", "missing_ngspice", "numpy_switching_times"]

_NAIVE = "numpy-1d"
#: Samples of the slow contestants, how often they run, and the length of ngspice's runs in s.
_CARTESIAN, _NUMPY, _FEW, _SPAN_S = 2000, 20_000, 3, 16e-9
#: cmtj: length of its run and its step, in s.
_CMTJ_S, _CMTJ_STEP_S = 20e-9, 1e-12


def numpy_switching_times(drive: Drive, count: int, seed: int) -> NDArray[np.float64]:
    """As `llg.switching_times` of one device, as one would write it in numpy.

    All samples step together by Heun's method on the Stratonovich equation of the angle, and those
    that have passed the equator drop out, linearly within their last step.
    """
    random = np.random.Generator(np.random.Philox(key=seed))
    angle = initial_angles(drive, count, seed)
    times = np.full(count, np.inf)
    active = np.arange(count)
    delta = float(drive.delta[0])
    kick, time = math.sqrt(STEP / delta), 0.0

    def drift(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        cosine = np.cos(theta)
        # Near the pole the push outwards would overshoot a step.
        push = cosine / np.maximum(np.sin(theta), kick) / (2 * delta)
        return np.sin(theta) * (drive.at(cosine)[0] - cosine) + push

    while active.size:
        noise = kick * random.standard_normal(active.size)
        slope = drift(angle)
        guess = np.abs(angle + STEP * slope + noise)
        before, angle = angle, np.abs(angle + STEP * (slope + drift(guess)) / 2 + noise)
        passed = angle >= math.pi / 2
        share = (math.pi / 2 - before[passed]) / (angle[passed] - before[passed])
        times[active[passed]] = time + STEP * share
        time += STEP
        active, angle = active[~passed], angle[~passed]
    return times * float(drive.tau_s[0])


def missing_ngspice() -> str:
    """Why ngspice cannot be timed here; empty if it can."""
    from nvmcosim.spice.session import session

    try:
        session()
    except MissingTool as error:
        return str(error)
    return ""


class _Timed:
    """Work that counts the device time it has simulated, in ns."""

    def __init__(self, work: Callable[[], float]) -> None:
        self.work, self.device_ns = work, 0.0

    def __call__(self) -> None:
        self.device_ns = 1e9 * self.work()


def bench_device(
    samples: int = 1_000_000,
    rounds: int = 3,
    slow: bool = True,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Time `samples` of the one-dimensional integrator against naive numpy, in device-ns/s.

    `slow` adds the Cartesian integrator, ngspice and cmtj, the last two as far as they are
    installed; cmtj solves the Cartesian equation, and is that one's reference. One result is the
    seconds that a million samples take. `progress` is called after each of `rounds` + 1 rounds.
    """
    mtj = preset("locatelli2018").mtj
    drive = Drive.constant(mtj, 2.0)
    work = {
        "llg-1d": _Timed(lambda: float(switching_times(drive, samples, seed).sum())),
        _NAIVE: _Timed(
            lambda: float(numpy_switching_times(drive, min(samples, _NUMPY), seed).sum())
        ),
    }
    if slow:
        count = min(samples, _CARTESIAN)
        work["llg-cartesian"] = _Timed(
            lambda: float(cartesian_switching_times(drive, mtj.damping, count, seed).sum())
        )
        if not missing_ngspice():
            work["ngspice-1d"] = _Timed(lambda: _ngspice(seed))
        if find_spec("cmtj") is not None:
            work["cmtj"] = _Timed(lambda: _cmtj(mtj))
    contestants = [
        Contestant(name, timed, rounds=None if name == "llg-1d" else _FEW)
        for name, timed in work.items()
    ]
    seconds = interleaved(contestants, rounds, progress)
    speed = {name: timed.device_ns / seconds[name] for name, timed in work.items()}
    results = []
    for name, value in speed.items():
        # What solves the same equation, where it is there.
        reference = "cmtj" if name == "llg-cartesian" and "cmtj" in speed else _NAIVE
        results.append(BenchResult.of(name, value, "device-ns/s", reference, speed[reference]))
    million = {
        "llg-1d": 1e6 / samples * seconds["llg-1d"],
        _NAIVE: 1e6 / min(samples, _NUMPY) * seconds[_NAIVE],
    }
    name, unit = "llg-1d-million", "s/million samples"
    return [*results, BenchResult.of(name, million["llg-1d"], unit, _NAIVE, million[_NAIVE])]


def _ngspice(seed: int) -> float:
    """A chunk of samples in this process, on one core; the device time simulated, in s."""
    from nvmcosim.spice.montecarlo import CHUNK, MonteCarlo

    spec = preset("locatelli2018")
    MonteCarlo(spec, "P-AP", seed, "thermal", "1d", _SPAN_S, 1e-9).chunk(0)
    return CHUNK * _SPAN_S


def _cmtj(mtj: PmaMtj) -> float:
    """One thermal run of cmtj's stochastic solver on a junction of that size; its length in s."""
    import cmtj  # type: ignore[import-not-found]

    vector = cmtj.CVector
    layer = cmtj.Layer(
        id="free",
        mag=vector(0.1, 0.0, 0.995),
        anis=vector(0.0, 0.0, 1.0),
        Ms=mtj.ms_t,
        thickness=mtj.thickness_nm * 1e-9,
        cellSurface=mtj.area_m2,
        demagTensor=[vector(0.0, 0.0, 0.0)] * 3,
        damping=mtj.damping,
    )
    # Its anisotropy is an energy density, mu0*Hk*Ms/2.
    layer.setAnisotropyDriver(cmtj.constantDriver(mtj.hk_t * mtj.ms_t / (2 * constants.mu_0)))
    layer.setTemperatureDriver(cmtj.constantDriver(mtj.temperature_k))
    junction = cmtj.Junction([layer])
    mode = cmtj.SolverMode.Heun
    junction.runSimulation(_CMTJ_S, _CMTJ_STEP_S, 100 * _CMTJ_STEP_S, solverMode=mode)
    return _CMTJ_S
