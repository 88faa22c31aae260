"""From what a plan calls `device` to its write curve.

A device is the name of a law, the name of a built-in junction, a device file (`.toml`), or a curve
file (`.json`) that `nvmcosim calibrate` has written. A junction is calibrated in ngspice the first
time it is asked for and kept in the cache (`NVMCOSIM_CACHE`, else the user's cache folder) under
the digest of its parameters: changing one line of a device file makes another curve.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import overload

import numpy as np

from nvmcosim.pymodel.bit_curves import CurveSet, DeviceCurve
from nvmcosim.pymodel.curve import WriteCurve, load_curve
from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec, load_any_device
from nvmcosim.pymodel.device.presets import IN_PLANE_PRESETS, PRESETS
from nvmcosim.pymodel.device.sot import SOT_PRESETS
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.threshold import LAWS, law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.plan import Plan

__all__ = ["any_device_for", "cache_folder", "curve_for", "device_for", "sample_progress"]

#: Counted into every cached curve's digest: a release whose calibration differs raises it.
_CALIBRATION = 2
#: Spacing in ps at which the precessional law is tabulated.
_LAW_STEP_PS = 20.0


def cache_folder() -> Path:
    """Where calibrations are kept: `NVMCOSIM_CACHE`, or `nvmcosim` in the user's cache folder."""
    stated = os.environ.get("NVMCOSIM_CACHE")
    if stated:
        return Path(stated)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nvmcosim"


def any_device_for(name: str) -> DeviceSpec | InPlaneSpec:
    """The junction called `name`, or in the device file of that name; raises `InputError`."""
    if name.endswith(".toml"):
        return load_any_device(name)
    found = PRESETS.get(name) or IN_PLANE_PRESETS.get(name)
    if found is not None:
        return found
    if name in SOT_PRESETS:
        raise InputError(
            f"device is {name!r}, a spin-orbit junction, which has no write curve: its cells are "
            "written and read in ngspice, and nvmcosim calibrate sweeps their current"
        )
    raise InputError(
        f"device is {name!r}; it must be a law ({', '.join(LAWS)}), a junction "
        f"({', '.join([*PRESETS, *IN_PLANE_PRESETS])}), a device file (.toml) or a curve file "
        "(.json)"
    )


def device_for(name: str) -> DeviceSpec:
    """As `any_device_for`, for what is made of memory cells: a perpendicular junction alone."""
    found = any_device_for(name)
    if isinstance(found, InPlaneSpec):
        raise InputError(
            f"device is {name!r}, an in-plane junction; it must be a perpendicular one, such as "
            f"{', '.join(PRESETS)}"
        )
    return found


@overload
def curve_for(
    device: str,
    *,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool | Callable[[int, int], None] = True,
) -> WriteCurve: ...


@overload
def curve_for(
    device: Plan,
    *,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool | Callable[[int, int], None] = True,
) -> DeviceCurve: ...


def curve_for(
    device: str | Plan,
    *,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: bool | Callable[[int, int], None] = True,
) -> DeviceCurve:
    """The write curve of a plan, or of a device named as a plan names it.

    A law gives its own curve and a `.json` curve file is read. An in-plane junction, a number
    generator, has the precessional law's curve of its write, AP-P, at once. A perpendicular one's
    curve is that of a write in either direction, with thermal noise; it is calibrated with
    `samples` in each direction (the default is `spice.characterise.SAMPLES`) and `seed` on
    `workers` processes (one a core),
    and cached. Pulses are tabulated to 40 ns, or as far as the plan needs; a plan with domains of
    other amplitudes gets a curve for each. `progress` shows a bar on standard error meanwhile, or
    is called with samples done and samples in all.

    Raises `InputError`, or `MissingTool` where a calibration needs what is not installed.
    """
    name = device.device if isinstance(device, Plan) else device
    if name.endswith(".json"):
        return load_curve(name)
    if name in LAWS:
        return law_curve(name)
    pulses = getattr(device, "bit_pulse_ps", None)
    longest = max(40_000.0, float(pulses.max())) if pulses is not None else 40_000.0
    spec = any_device_for(name)
    if isinstance(spec, InPlaneSpec):
        return _generator_curve(spec, longest, getattr(device, "amplitudes", ()))
    own = _calibrated(spec, longest, samples, seed, workers, progress)
    others = []
    for volts in getattr(device, "amplitudes", ()):
        if volts not in (None, spec.driver.vdd_v):
            at = spec.replace(driver=spec.driver.replace(vdd_v=volts))
            others.append(_calibrated(at, longest, samples, seed, workers, progress))
    return CurveSet(own, tuple(others)) if others else own


def _generator_curve(
    spec: InPlaneSpec, longest_ps: float, amplitudes: Sequence[float | None]
) -> DeviceCurve:
    """The law's curve of the write, the direction that a number generator draws its bits by."""
    pulses = np.arange(1.0, np.ceil(longest_ps / _LAW_STEP_PS) + 1) * _LAW_STEP_PS
    own = spec.curve("AP-P", pulses)
    others = [
        spec.curve("AP-P", pulses, volts)
        for volts in amplitudes
        if volts not in (None, spec.driver.vdd_v)
    ]
    return CurveSet(own, tuple(others)) if others else own


def _calibrated(
    spec: DeviceSpec,
    longest_ps: float,
    samples: int | None,
    seed: int,
    workers: int | None,
    progress: bool | Callable[[int, int], None],
) -> WriteCurve:
    from nvmcosim.spice import characterise as spice

    settings = spice.Settings(
        spice.default_pulses_ps(longest_ps),
        samples=spice.SAMPLES if samples is None else samples,
        seed=seed,
    )
    # The name is in the curve, so it counts here, though not in the device's own digest.
    key = digest_of([_CALIBRATION, spec.name, spec.origin, spec.digest(), settings.digest()])
    path = cache_folder() / "curves" / f"{key}.json"
    # A file that is damaged or from another version is as good as none.
    with suppress(InputError):
        return load_curve(path)
    from nvmcosim.provenance import versions

    shown = progress if isinstance(progress, bool) else False
    with sample_progress(f"calibrating {spec.name}", shown) as update:
        told = update if isinstance(progress, bool) else progress
        results = spice.characterise(
            spec,
            settings,
            cache_folder() / "samples",
            versions=versions(),
            workers=workers,
            progress=told,
        )
    curve = spice.both_directions({name: result.curve for name, result in results.items()})
    curve.save(path)
    return curve


@contextmanager
def sample_progress(title: str, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error for `characterise`'s progress, if `shown`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("samples"),
        Remaining(),
        console=Console(file=sys.stderr),
        disable=not shown,
    )
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
