"""The device half of the study of locatelli2018: Fig. 1d, Fig. 2 and what Sections II to IV state.

`device_figures` computes the rows; `device_plots` draws from their points, so that it needs none of
the work again.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import escape
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.montecarlo import CHUNK
from nvmcosim.studies.figures import Figure, judge_number, judge_rule
from nvmcosim.studies.locatelli2018.amplitude import amplitude_figures
from nvmcosim.studies.locatelli2018.circuit import circuit_figures
from nvmcosim.studies.locatelli2018.device_plots import draw_device_plots
from nvmcosim.studies.locatelli2018.pulses import pulse_figures
from nvmcosim.studies.locatelli2018.switching import NGSPICE_RUNS, switching_figures

__all__ = ["QUICK_SAMPLES", "SAMPLES", "device_figures", "device_plots"]

#: ngspice samples of each run where nothing else is asked for, and of a quick study.
SAMPLES, QUICK_SAMPLES = 400, 100
_HOUR_S, _BITS = 3600.0, 64 * 2**20 * 8


def device_figures(
    samples: int = SAMPLES,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Figure]:
    """Every row of the device, from `samples` ngspice samples a run and `seed`.

    ngspice runs on `workers` processes (one a core) and keeps its samples in the cache: an
    interrupted call goes on. `progress(done, total)` counts them. Without ngspice, or without its
    transistor models, the rows that need them are `not-run` and say so. Raises `InputError`.
    """
    if not 20 <= samples <= 10**6:
        raise InputError(f"samples is {samples!r}; it must be from 20 to 1000000")
    chunks = -(-samples // CHUNK)
    # Both directions of two calibrated devices.
    total, done = (len(NGSPICE_RUNS) + 4) * chunks * CHUNK, 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    figures = [
        *_junction(),
        *switching_figures(samples, seed, workers, more),
        *pulse_figures(),
        *circuit_figures(samples, seed, workers, more),
        *amplitude_figures(),
    ]
    # A curve in the cache counts no samples.
    progress(total, total)
    return figures


def device_plots(folder: Path, figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Draw the plots of `device_figures`' rows into `folder`; returns their entries.

    Raises `MissingTool` without matplotlib.
    """
    return draw_device_plots(folder, figures)


def _junction() -> list[Figure]:
    """Section II's numbers that follow from others."""
    spec = preset("locatelli2018")
    mtj = spec.mtj
    rows = [
        judge_number(
            "text-ii/vc",
            "Critical switching voltage (II); the spin-torque efficiency is chosen for it",
            "190",
            1e3 * mtj.critical_voltage_v,
            "mV",
        ),
        judge_number(
            "text-iii/overdrive",
            "381 mV in units of Vc (III)",
            "2.0",
            spec.driver.vdd_v / mtj.critical_voltage_v,
            "",
        ),
    ]
    lifetime_s = float(escape(Drive.constant(mtj, 0.0))[0][0])
    failures = _BITS * 1e9 * _HOUR_S / lifetime_s
    # Delta is stated to 1: half a unit of it is a factor of exp(0.5).
    holds = abs(math.log(failures)) <= 0.5
    attempt_ns = 1e9 * lifetime_s / math.exp(mtj.delta)
    rows.append(
        judge_rule(
            "text-ii/fit",
            "Failures in time (in 10^9 hours) of 64 MB at Delta = 70 (II)",
            1,
            failures,
            "FIT",
            holds,
            "reproduced within a factor of exp(0.5), as Delta is stated to 1; by Fokker-Planck a "
            f"bit keeps its value for {lifetime_s:.3g} s, exp(Delta) times {attempt_ns:.1f} ns; "
            f"one failure takes Delta = {mtj.delta + math.log(failures):.1f}",
        )
    )
    return rows
