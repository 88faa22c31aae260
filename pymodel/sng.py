"""Energy and power of an MTJ number generator as functions of the number (mondal2018, III).

Vocabulary: a generator makes one bit of a stream by reset, write and read; *p* is the probability
of a 1. `normal` writes with probability 1 - p; `bms` with the smaller of p and 1 - p, and inverts
the bit below a half. A bipolar value w is p = (w + 1)/2. Numbers here are exact, not rounded to a
code: `pymodel.pulse_code` has those.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.precessional import CERTAIN, PrecessionalPulse, bias_for
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pulse_code import GENERATORS, MUX_ENERGY_J, READ_BIAS_V

__all__ = ["READINGS", "TABLE1_POWER_W", "BitEnergy", "Sng", "sng_energy_j", "sng_power_w"]

Floats = NDArray[np.float64]

#: Where a power is from: `energy` is energy a bit over time a bit; `table1` has the same shape over
#: p, scaled so that its mean over uniform p is the one that the paper's Table I prints. The table's
#: powers are not its own energies over its own times: 0.59 pJ/9.73 ns is 61 uW and not 80.
READINGS = ("energy", "table1")
#: Average power of Table I, in W.
TABLE1_POWER_W = {"normal": 80e-6, "bms": 62e-6}

#: Points of the mean over p.
_POINTS = 8001
#: Larger arrays than this are worked out once a value: pixels have 256 of them.
_MANY = 4096


@dataclass(frozen=True)
class BitEnergy:
    """Expected energies a bit in J, each of the shape of p."""

    reset_j: Floats
    write_j: Floats
    read_j: Floats
    mux_j: Floats

    @property
    def total_j(self) -> Floats:
        """Their sum."""
        return self.reset_j + self.write_j + self.read_j + self.mux_j


@dataclass(frozen=True)
class Sng:
    """One generator on one junction.

    Fields:
        generator: `bms` or `normal`.
        mtj: the junction; the default is the paper's.
        bias_v: of the write, in V.
        reset_s, read_s: length of the two other phases, in s; the reset's bias follows from it.
        mux_j: energy a bit of the inverter and mux of a `bms`, in J.

    Raises `InputError` for a value that is out of range.
    """

    generator: str = "bms"
    mtj: InPlaneMtj = field(default_factory=InPlaneMtj)
    bias_v: float = 1.2
    reset_s: float = 4.33e-9
    read_s: float = 2e-9
    mux_j: float = MUX_ENERGY_J

    def __post_init__(self) -> None:
        if self.generator not in GENERATORS:
            raise InputError(
                f"generator is {self.generator!r}; it must be one of {', '.join(GENERATORS)}"
            )
        for name, least in (("reset_s", 1e-12), ("read_s", 0.0), ("mux_j", 0.0)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise InputError(f"{name} is {value!r}; it must be at least {least:g}")

    @cached_property
    def _write(self) -> PrecessionalPulse:
        return PrecessionalPulse(self.mtj, "AP-P", self.bias_v)

    @cached_property
    def reset_bias_v(self) -> float:
        """Bias in V at which the reset, parallel to antiparallel, is certain to 99.9%."""
        return bias_for(self.mtj, "P-AP", self.reset_s, CERTAIN)

    @cached_property
    def reset_energy_j(self) -> float:
        """Expected energy of one reset, in J."""
        reset = PrecessionalPulse(self.mtj, "P-AP", self.reset_bias_v)
        return float(reset.energy_j(self.reset_s))

    @cached_property
    def longest_write_s(self) -> float:
        """The longest write in s: of 99.9%, and of a half for a `bms`."""
        return float(self._write.pulse_for(CERTAIN if self.generator == "normal" else 0.5))

    @property
    def bit_s(self) -> float:
        """Time of a bit in s: reset, longest write and read; 9.73 or 7.82 ns in Table I."""
        return self.reset_s + self.longest_write_s + self.read_s

    def switch_probability(self, p: ArrayLike) -> Floats:
        """Probability with which the write is to switch for `p`, in [0, 1] (any shape)."""
        p = np.asarray(p, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            wrong = p[~((p >= 0) & (p <= 1))].flat[0]
            raise InputError(f"p is {wrong:g}; it must lie in [0, 1]")
        wanted = np.minimum(p, 1 - p) if self.generator == "bms" else 1 - p
        return np.minimum(wanted, CERTAIN)

    def write_s(self, p: ArrayLike) -> Floats:
        """Length in s of the write pulse for `p`, same shape."""
        return self._write.pulse_for(self.switch_probability(p))

    def energy(self, p: ArrayLike) -> BitEnergy:
        """Expected energies of a bit of `p` (any shape), Fig. 4b.

        A reset is paid where the write before it switched: what was read tells. Raises
        `InputError` for a p outside [0, 1].
        """
        share = self.switch_probability(p)
        if share.size > _MANY:
            values, places = np.unique(share, return_inverse=True)
            parts = self._parts(values)
            return BitEnergy(*(part[places.reshape(share.shape)] for part in parts))
        return BitEnergy(*self._parts(share))

    def energy_j(self, p: ArrayLike) -> Floats:
        """Expected energy in J of a bit of `p`, all parts; same shape."""
        return self.energy(p).total_j

    @cached_property
    def mean_energy(self) -> BitEnergy:
        """Means over p uniform on [0, 1], as Table I states."""
        # Over pulses instead of p, in which the energy has no steep end.
        write = self._write
        pulses = np.linspace(0.0, self.longest_write_s, _POINTS)
        shares = write.probability(pulses)
        parts = self._parts(shares, pulses)
        scale = 1.0 if self.generator == "normal" else 2.0
        # What the normal generator would write with more than 99.9%, it writes with that.
        rest = max(1.0 - CERTAIN, 0.0) if self.generator == "normal" else 0.0
        means = (scale * np.trapezoid(part, shares) + rest * part[-1] for part in parts)
        return BitEnergy(*(np.asarray(mean) for mean in means))

    def power_w(self, p: ArrayLike, reading: str = "energy") -> Floats:
        """Mean power in W while generating `p` (any shape), by one of `READINGS`."""
        if reading not in READINGS:
            raise InputError(f"reading is {reading!r}; it must be one of {', '.join(READINGS)}")
        energy = self.energy_j(p)
        if reading == "table1":
            mean = float(self.mean_energy.total_j)
            return energy / mean * TABLE1_POWER_W[self.generator]
        return energy / self.bit_s

    def _parts(self, share: Floats, pulse_s: Floats | None = None) -> tuple[Floats, ...]:
        pulse = self._write.pulse_for(share) if pulse_s is None else pulse_s
        read = (
            share * self.mtj.current_a("P", READ_BIAS_V)
            + (1 - share) * self.mtj.current_a("AP", READ_BIAS_V)
        ) * (READ_BIAS_V * self.read_s)
        mux = np.full_like(share, self.mux_j if self.generator == "bms" else 0.0)
        return share * self.reset_energy_j, self._write.energy_j(pulse), read, mux


@lru_cache(maxsize=16)
def _generator(generator: str, mtj: InPlaneMtj) -> Sng:
    return Sng(generator, mtj)


def sng_energy_j(
    p: ArrayLike, generator: str = "bms", mtj: InPlaneMtj | None = None
) -> NDArray[np.float64]:
    """Expected energy in J of a bit of `p` (any shape, in [0, 1]); raises `InputError`."""
    return _generator(generator, mtj or InPlaneMtj()).energy_j(p)


def sng_power_w(
    p: ArrayLike,
    generator: str = "bms",
    reading: str = "energy",
    mtj: InPlaneMtj | None = None,
) -> NDArray[np.float64]:
    """Mean power in W of a generator of `p` (any shape, in [0, 1]).

    Of a bipolar weight or input w, p = (w + 1)/2. `reading` is one of `READINGS`. Raises
    `InputError` for a p outside [0, 1].
    """
    return _generator(generator, mtj or InPlaneMtj()).power_w(p, reading)
