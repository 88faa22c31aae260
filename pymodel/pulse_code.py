"""Pulse codes: the write pulse of each number that a junction is to generate as a bit stream.

Vocabulary: a *number* n of `p_bits` bits stands for p = n/2^p_bits; a junction is *reset* to
antiparallel (logic 1), *written* to parallel with some probability, and *read*. The write pulse is
whole clock cycles, the *coarse* code, and steps of an external delay line, the *fine* code.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.precessional import CERTAIN, PrecessionalPulse, bias_for
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.units import check_whole

__all__ = ["CERTAIN", "GENERATORS", "MUX_ENERGY_J", "READ_BIAS_V", "RESET_RULES", "PulseCodes"]

#: `normal` writes with 1 - p; `bms` with the smaller of p and 1 - p, and inverts below a half.
GENERATORS = ("bms", "normal")
#: A reset before each write, or only where the last one switched (mondal2018, III-B, step i).
RESET_RULES = ("changed", "always")
#: Bias of a read (mondal2018, III-B), in V.
READ_BIAS_V = 0.1
#: Inverter and 2:1 mux of a `bms`, in J a bit. Assumed, of the size of a few 45 nm gates: the
#: paper counts it in its Fig. 4b but does not print it.
MUX_ENERGY_J = 1e-15

_RANGES = {
    "p_bits": (1, 14),
    "tick_ps": (1, 10**6),
    "reset_ps": (1, 10**6),
    "read_ps": (1, 10**6),
}


@dataclass(frozen=True, eq=False)
class PulseCodes:
    """Codes, probabilities and energies of the numbers n = 0 to 2^p_bits, which index the arrays.

    Fields:
        mtj: the junction; `generator`: `bms` or `normal`.
        p_bits, tick_ps, fine_ps: bits of a number, clock period and step of the delay line, in ps.
        bias_v: of the write, in V; reset_ps, read_ps: lengths of the other phases.
        reset_rule: `changed`, a reset where the last write switched, or `always`.
        coarse, fine: the write pulse is `coarse` cycles and `fine` steps; int64 `[2^p_bits + 1]`.
        invert: whether the sensed bit is inverted; bool.
        switch_probability: of antiparallel to parallel in that very pulse.
        probability: that the output bit is 1: the number that is really generated.
        energy_j: expected energy a bit in J: reset by `reset_rule`, write, read, a `bms`'s mux.

    The reset counts as certain, and 1 - p as `CERTAIN` at most. Frozen, the arrays as well.
    """

    mtj: InPlaneMtj
    generator: str
    p_bits: int
    tick_ps: int
    fine_ps: float
    bias_v: float
    reset_ps: int
    read_ps: int
    reset_rule: str
    coarse: NDArray[np.int64]
    fine: NDArray[np.int64]
    invert: NDArray[np.bool_]
    switch_probability: NDArray[np.float64]
    probability: NDArray[np.float64]
    energy_j: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        mtj: InPlaneMtj,
        p_bits: int = 8,
        tick_ps: int = 1000,
        fine_ps: float = 3.0,
        generator: str = "bms",
        bias_v: float = 1.2,
        reset_ps: int = 4330,
        read_ps: int = 2000,
        reset_rule: str = "changed",
    ) -> "PulseCodes":
        """The codes of a junction, times in ps and bias in V; equal calls share one object.

        The reset's bias follows from its length: that at which it is `CERTAIN`. Raises
        `InputError` for a value out of range, and where no bias or pulse does the work.
        """
        if not isinstance(mtj, InPlaneMtj):
            raise InputError(f"the junction is {mtj!r}; it must be an InPlaneMtj")
        whole = {"p_bits": p_bits, "tick_ps": tick_ps, "reset_ps": reset_ps, "read_ps": read_ps}
        for name, (low, high) in _RANGES.items():
            check_whole(whole[name], name, low, high)
        if generator not in GENERATORS:
            raise InputError(
                f"generator is {generator!r}; it must be one of {', '.join(GENERATORS)}"
            )
        if reset_rule not in RESET_RULES:
            raise InputError(
                f"reset_rule is {reset_rule!r}; it must be one of {', '.join(RESET_RULES)}"
            )
        number = isinstance(fine_ps, int | float) and not isinstance(fine_ps, bool)
        if not number or not 0.1 <= fine_ps <= tick_ps:
            raise InputError(
                f"fine_ps is {fine_ps!r}; it must be a number from 0.1 to tick_ps ({tick_ps})"
            )
        own = {"fine_ps": float(fine_ps), "bias_v": _volts(bias_v), "reset_rule": reset_rule}
        return _codes(mtj, generator, **own, **whole)

    # Lengths in cycles

    @property
    def reset_cycles(self) -> int:
        """Cycles of the reset, its pulse rounded up."""
        return -(-self.reset_ps // self.tick_ps)

    @property
    def write_cycles(self) -> int:
        """Cycles of the longest write, fine part included."""
        return int((self.coarse + (self.fine > 0)).max())

    @property
    def read_cycles(self) -> int:
        """Cycles of the read, rounded up."""
        return -(-self.read_ps // self.tick_ps)

    @property
    def bit_cycles(self) -> int:
        """Cycles of a bit: one reset, the longest write and one read."""
        return self.reset_cycles + self.write_cycles + self.read_cycles

    @property
    def pulse_ps(self) -> NDArray[np.float64]:
        """Length of each number's write pulse, in ps."""
        return self.coarse * self.tick_ps + self.fine * self.fine_ps

    # Forms

    def to_dict(self) -> dict[str, Any]:
        """What the codes were made from, as JSON-ready values; `from_dict` makes them again."""
        names = ["p_bits", "tick_ps", "fine_ps", "generator", "bias_v", "reset_ps", "read_ps"]
        names.append("reset_rule")
        return {"mtj": self.mtj.to_dict(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "PulseCodes":
        """The codes that `to_dict` states; raises `InputError`."""
        known = {"mtj", "p_bits", "tick_ps", "fine_ps", "generator", "bias_v"}
        known |= {"reset_ps", "read_ps", "reset_rule"}
        if not isinstance(values, dict) or set(values) - known:
            raise InputError(f"pulse codes have the fields {', '.join(sorted(known))}")
        rest = {name: value for name, value in values.items() if name != "mtj"}
        return cls.of(InPlaneMtj.from_dict(values.get("mtj", {})), **rest)

    def digest(self) -> str:
        """SHA-256 of what the codes were made from and of the codes themselves."""
        codes = {name: getattr(self, name).tolist() for name in ("coarse", "fine", "invert")}
        return digest_of({**self.to_dict(), **codes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PulseCodes) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.mtj, self.generator, self.p_bits, self.tick_ps, self.fine_ps))


def _volts(bias_v: object) -> float:
    if isinstance(bias_v, bool) or not isinstance(bias_v, int | float):
        raise InputError(f"bias_v is {bias_v!r}; it must be a number of volts")
    return float(bias_v)


@lru_cache(maxsize=32)
def _codes(mtj: InPlaneMtj, generator: str, **at: Any) -> PulseCodes:
    p_bits, tick_ps, fine_ps = at["p_bits"], at["tick_ps"], at["fine_ps"]
    numbers = np.arange((1 << p_bits) + 1) / (1 << p_bits)
    write = PrecessionalPulse(mtj, "AP-P", at["bias_v"])
    reset_v = bias_for(mtj, "P-AP", at["reset_ps"] * 1e-12, CERTAIN)
    reset = PrecessionalPulse(mtj, "P-AP", reset_v)
    biased = generator == "bms"
    invert = (numbers < 0.5) & biased
    wanted_ps = write.pulse_for(np.minimum(np.where(invert, numbers, 1 - numbers), CERTAIN)) * 1e12
    coarse = np.floor(wanted_ps / tick_ps).astype(np.int64)
    fine = np.rint((wanted_ps - coarse * tick_ps) / fine_ps).astype(np.int64)
    # Steps that come to a cycle are one; and where steps do not divide it, it may be nearer.
    rest_ps = wanted_ps - coarse * tick_ps
    nearer = tick_ps - rest_ps < np.abs(fine * fine_ps - rest_ps)
    over = (fine * fine_ps >= tick_ps) | nearer
    coarse, fine = np.where(over, coarse + 1, coarse), np.where(over, 0, fine)
    pulse_s = (coarse * tick_ps + fine * fine_ps) * 1e-12
    switched = write.probability(pulse_s)
    read_w = READ_BIAS_V * (
        switched * mtj.current_a("P", READ_BIAS_V)
        + (1 - switched) * mtj.current_a("AP", READ_BIAS_V)
    )
    reset_s = at["reset_ps"] * 1e-12
    # A reset of a junction that has not switched drives it where it is: antiparallel.
    idle_j = reset_v * float(mtj.current_a("AP", reset_v)) * reset_s
    energy = (
        switched * float(reset.energy_j(reset_s))
        + ((1 - switched) * idle_j if at["reset_rule"] == "always" else 0.0)
        + write.energy_j(pulse_s)
        + read_w * at["read_ps"] * 1e-12
        + (MUX_ENERGY_J if biased else 0.0)
    )
    arrays = {
        "coarse": coarse,
        "fine": fine,
        "invert": invert,
        "switch_probability": switched,
        "probability": np.where(invert, switched, 1 - switched),
        "energy_j": energy,
    }
    for array in arrays.values():
        array.setflags(write=False)
    return PulseCodes(mtj=mtj, generator=generator, **at, **arrays)
