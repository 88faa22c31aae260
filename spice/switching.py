"""Switching times and energies of one device in ngspice, sample by sample.

`characterise` makes a curve of such samples; here they stand for themselves, to be set beside the
integrators of `pymodel.device.llg` and the Fokker-Planck equation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.montecarlo import CHUNK, MonteCarlo
from nvmcosim.spice.pool import run_chunks

__all__ = ["SampledWrites", "collect", "sample_writes"]

Floats = NDArray[np.float64]

#: Spacing in s of the times at which energy is kept.
_GRID_S = 250e-12


@dataclass(frozen=True, eq=False)
class SampledWrites:
    """What ngspice gave.

    Fields:
        times_s: switching times from the middle of the pulse's first edge, infinite for samples
            that did not switch within the run, `[samples]`.
        pulse_s: pulse widths at which energy is known, `[n]`.
        energy_j: mean energy of a write of that width: junction, all the rest, `[2, n]`.
    """

    times_s: Floats
    pulse_s: Floats
    energy_j: Floats


def sample_writes(
    spec: DeviceSpec,
    direction: str,
    samples: int,
    seed: int,
    span_s: float,
    folder: Path,
    *,
    noise: str = "thermal",
    model: str = "1d",
    workers: int | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> SampledWrites:
    """Simulate `samples` writes of `spec` under one pulse of `span_s`, on `workers` processes.

    Chunks of samples are kept in `folder` and taken from there; whole chunks are simulated, so
    there may be a few more than asked for. `progress` is told how many more are done. Raises
    `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    if not 1 <= samples <= 10**6:
        raise InputError(f"samples is {samples!r}; it must be from 1 to 1000000")
    span = max(float(np.ceil(span_s / _GRID_S)), 4.0) * _GRID_S
    run = MonteCarlo(spec, direction, seed, noise, model, span, _GRID_S)
    numbers = range(-(-samples // CHUNK))
    missing = [number for number in numbers if run.read_chunk(folder, number) is None]
    progress((len(numbers) - len(missing)) * CHUNK)
    run_chunks([(run, n) for n in missing], folder, workers, lambda: progress(CHUNK))
    return collect(run, samples, folder)


def collect(run: MonteCarlo, samples: int, folder: Path) -> SampledWrites:
    """The first `samples` of `run`, in whole chunks, all of which must be in `folder`."""
    found = [run.read_chunk(folder, number) for number in range(-(-samples // CHUNK))]
    whole = [chunk for chunk in found if chunk is not None]
    if len(whole) != len(found):
        raise InputError(f"a result in {folder} was removed while the run went on: run it again")
    times = np.concatenate([chunk.times_s for chunk in whole])
    energy = sum(chunk.energy_j for chunk in whole) / times.size + run.edge_energy_j()[:, None]
    return SampledWrites(times, run.grid, energy)
