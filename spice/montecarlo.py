"""Monte Carlo of writes in ngspice: what is drawn, simulated and kept, chunk by chunk.

Sample k of a run is the same whatever the number of workers, chunks or samples: its device, its
start and its noise depend on the seed, the direction and k alone. A chunk of samples is one file,
written whole or not at all under the configuration's digest, so an interrupted run goes on where it
was, and a larger run takes over the chunks of a smaller one.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json
from nvmcosim.spice.cards import cards_digest
from nvmcosim.spice.lockstep import device_at
from nvmcosim.spice.mismatch import draw_vth_v
from nvmcosim.spice.mtj import (
    MODELS,
    NOISES,
    OPTIONS,
    SUBCIRCUITS,
    Start,
    draw_start,
    noise_step_s,
    thermal_noise,
)
from nvmcosim.spice.session import SpiceError, session
from nvmcosim.spice.write_cell import Waveform, simulate_write, write_netlist

__all__ = ["CHUNK", "ChunkResult", "MonteCarlo"]

Floats = NDArray[np.float64]

#: Samples in a chunk: about a second of work.
CHUNK = 20


@dataclass(frozen=True)
class ChunkResult:
    """What is kept of a chunk of samples.

    Fields:
        times_s: switching times from the middle of the first edge, infinite where the run ended
            first, shape `[samples]`.
        energy_j: energy delivered up to the grid's times, summed over the samples: junction and
            all the rest, shape `[2, grid]`.
    """

    times_s: Floats
    energy_j: Floats


@dataclass(frozen=True)
class MonteCarlo:
    """One direction's Monte Carlo run.

    Fields:
        spec: the device; its driver's supply is the write amplitude.
        direction, seed.
        noise: `thermal`, or `angle` for a random initial angle and nothing after it.
        model: `1d` or `cartesian`.
        span_s: length of the one long pulse.
        grid_s: spacing of the times at which energy is kept.
    """

    spec: DeviceSpec
    direction: str
    seed: int
    noise: str
    model: str
    span_s: float
    grid_s: float

    def __post_init__(self) -> None:
        for name, choices in (("direction", DIRECTIONS), ("noise", NOISES), ("model", MODELS)):
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(choices)}"
                )
        if not 0 < self.grid_s <= self.span_s < 1e-3:
            raise InputError(f"a grid of {self.grid_s!r} s does not fit {self.span_s!r} s")

    @property
    def grid(self) -> Floats:
        """Times in s at which energy is kept, from one spacing to the end of the run."""
        count = math.floor(self.span_s / self.grid_s + 1e-9)
        return np.arange(1.0, count + 1, dtype=np.float64) * self.grid_s

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that a sample depends on, netlist and ngspice included."""
        values = self.to_dict()
        del values["spec"]["name"], values["spec"]["origin"]
        values["netlist"] = self.netlist_digest
        values["ngspice"] = session().version
        return digest_of(values)

    @cached_property
    def netlist_digest(self) -> str:
        """SHA-256 of the nominal device's netlist and the fixed text all samples share."""
        start = Start(self.direction, 0.1)
        nominal = write_netlist(
            self.spec.driver, self.spec.mtj, start, self.span_s, model=self.model
        )
        cards = cards_digest() if self.spec.driver.kind == "cmos" else ""
        return digest_of([nominal.text, SUBCIRCUITS, OPTIONS, cards])

    def sample(self, k: int, factors: Floats, vth_v: Floats | None = None) -> Waveform:
        """Simulate sample `k`.

        Its junction is off the nominal one by `factors`, `[4]`, its driver's thresholds by `vth_v`,
        `[5]`.
        """
        mtj = device_at(self.spec.mtj, factors)
        # Not 0, which `draw_factors` uses.
        stream = 1 + DIRECTIONS.index(self.direction) << 62 | k
        key = np.array([self.seed, stream], dtype=np.uint64)
        random = np.random.Generator(np.random.Philox(key=key))
        start = draw_start(mtj, self.direction, random)
        options: dict[str, Any] = {"model": self.model, "vth_v": vth_v}
        if self.noise == "thermal":
            step = noise_step_s(mtj, self.model)
            options["noise"] = thermal_noise(random, self.span_s, step, self.model)
            options["noise_step_s"] = step
        try:
            return simulate_write(self.spec.driver, mtj, start, self.span_s, **options)
        except SpiceError as error:
            raise SpiceError(f"sample {k} of seed {self.seed}, {self.direction}: {error}") from None

    def chunk(self, number: int) -> ChunkResult:
        """Simulate the samples of chunk `number`."""
        first = number * CHUNK
        spec, count = self.spec, first + CHUNK
        factors = draw_factors(spec.spread, count, self.seed)[first:]
        shifts = draw_vth_v(spec.driver, spec.spread, count, self.seed)[first:]
        grid = self.grid
        times, energy = [], np.zeros((2, grid.size))
        for k, row in enumerate(factors):
            waveform = self.sample(first + k, row, shifts[k])
            times.append(waveform.switching_time_s)
            energy += waveform.energy_j(grid)
        return ChunkResult(np.array(times), energy)

    def edge_energy_j(self) -> Floats:
        """What the end of a pulse adds to the energy up to it, in J: junction and the rest, `[2]`.

        From the nominal device that stands at its end, with the pulse and without its end.
        """
        width, rest = 1e-9, 1e-9
        start = Start(self.direction, math.pi - 1e-3)
        energies = [
            simulate_write(
                self.spec.driver, self.spec.mtj, start, width + rest, pulse_s=pulse
            ).energy_j([end])
            for pulse, end in ((width, width + rest), (None, width))
        ]
        return (energies[0] - energies[1])[:, 0]

    # Files

    def chunk_path(self, folder: Path, number: int) -> Path:
        """Where chunk `number` is kept in `folder`."""
        return folder / self.digest[:32] / f"chunk-{number:05d}.json"

    def write_chunk(self, folder: Path, number: int) -> None:
        """Simulate chunk `number` and keep it in `folder`."""
        result = self.chunk(number)
        times = [t if math.isfinite(t) else None for t in result.times_s.tolist()]
        values = {
            "digest": self.digest,
            "chunk": number,
            "times_s": times,
            "energy_j": result.energy_j.tolist(),
        }
        write_json(self.chunk_path(folder, number), values)

    def read_chunk(self, folder: Path, number: int) -> ChunkResult | None:
        """Chunk `number` as kept in `folder`; None if it is not there or not whole."""
        try:
            values = read_json(self.chunk_path(folder, number))
            times = [math.inf if t is None else float(t) for t in values["times_s"]]
            energy = np.array(values["energy_j"], dtype=np.float64)
        except (InputError, KeyError, TypeError, ValueError):
            return None
        whole = len(times) == CHUNK and energy.shape == (2, self.grid.size)
        if not whole or values.get("digest") != self.digest or values.get("chunk") != number:
            return None
        return ChunkResult(np.array(times), energy)

    # Forms

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON-ready values; `from_dict` takes it back."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**values, "spec": self.spec.to_dict()}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The run that `values` state."""
        return cls(**{**values, "spec": DeviceSpec.from_dict(values["spec"])})
