"""The programmable table of a pulse gate: stages of pulse and amplitude, and each bit's stage.

Vocabulary: a *stage* is a pulse and a write amplitude that bits of a word share; locatelli2018,
Section IV, has two, for high and low significance bits. Unlike a domain of a `StorePlan`, a stage's
bits need not be adjacent. A pulse is a *code*, its length in clocks; an amplitude is a *select*,
its place among the supplies of the write drivers.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["ConfigKind", "ConfigWrite", "PulseTable", "pulse_codes"]


class ConfigKind(enum.IntEnum):
    """What a config write sets; its index is a stage, or for `MAP` a bit of a word."""

    #: Clocks of a stage's pulse; 0: its bits are never driven.
    CODE = 0
    #: Amplitude select of a stage.
    AMPLITUDE = 1
    #: The stage that a bit belongs to.
    MAP = 2


@dataclass(frozen=True)
class ConfigWrite:
    """One write to a gate's table or map."""

    kind: ConfigKind
    index: int
    value: int


@dataclass(frozen=True)
class PulseTable:
    """What a gate of `shape` holds: a code and a select a stage, and a stage a bit.

    Fields: `codes`, `selects`, by stage; `stage_map`, by bit, index 0 the least significant.
    Raises `InputError` for anything that the shape has no room for.
    """

    shape: GateShape
    codes: tuple[int, ...]
    selects: tuple[int, ...]
    stage_map: tuple[int, ...]

    def __post_init__(self) -> None:
        shape = self.shape
        for name, size, limit in (
            ("codes", shape.stages, (1 << shape.code_bits) - 1),
            ("selects", shape.stages, len(shape.amplitudes) - 1),
            ("stage_map", shape.width, shape.stages - 1),
        ):
            values = getattr(self, name)
            if len(values) != size:
                raise InputError(f"{name} has {len(values)} entries; it must have {size}")
            for n, value in enumerate(values):
                check_whole(value, f"{name}[{n}]", 0, limit)

    @classmethod
    def of(cls, plan: StorePlan, shape: GateShape, stages: Sequence[int] | None = None) -> Self:
        """The table of `plan`: its domains are the stages, in order, and the other entries are 0.

        `stages` names a stage for each domain instead; those of one stage must have the same pulse
        and amplitude. Raises `InputError` if the plan is for other hardware, or does not fit.
        """
        shape.check(plan)
        chosen = tuple(range(len(plan.domains))) if stages is None else tuple(stages)
        if len(chosen) != len(plan.domains):
            raise InputError(
                f"stages has {len(chosen)} entries; the plan has {len(plan.domains)} domains"
            )
        used = max(chosen) + 1
        if used > shape.stages:
            raise InputError(f"the plan takes {used} stages; the gate has {shape.stages}")
        entries: dict[int, tuple[int, int]] = {}
        for n, (domain, stage) in enumerate(zip(plan.domains, chosen, strict=True)):
            entry = (
                shape.code(domain.pulse_ps, f"domains[{n}].pulse_ps"),
                shape.select(domain.amplitude_v, f"domains[{n}].amplitude_v"),
            )
            if entries.setdefault(stage, entry) != entry:
                raise InputError(f"domains[{n}] differs from another domain of stage {stage}")
        listed = [entries.get(stage, (0, 0)) for stage in range(shape.stages)]
        stage_map = tuple(chosen[domain] for domain in plan.bit_domain)
        return cls(shape, tuple(c for c, _ in listed), tuple(s for _, s in listed), stage_map)

    def plan(self, plan: StorePlan) -> StorePlan:
        """`plan` with the domains that the table and map express.

        Each run of adjacent bits of one stage is a domain; `domain_stages` says of which. Raises
        `InputError` if `plan` is for other hardware.
        """
        self.shape.check(plan)
        domains = tuple(
            Domain(
                bits,
                self.codes[stage] * self.shape.tick_ps,
                self.shape.amplitudes[self.selects[stage]],
            )
            for stage, bits in self._runs
        )
        return plan.replace(domains=domains, tick_ps=self.shape.tick_ps)

    @property
    def domain_stages(self) -> tuple[int, ...]:
        """The stage of each domain of `plan(...)`."""
        return tuple(stage for stage, _ in self._runs)

    @property
    def _runs(self) -> list[tuple[int, int]]:
        return [(stage, len([*run])) for stage, run in groupby(reversed(self.stage_map))]

    @property
    def bit_cycles(self) -> NDArray[np.int64]:
        """Clocks of each bit's pulse, shape `[width]`, index 0 least significant."""
        return np.array(self.codes, np.int64)[list(self.stage_map)]

    @property
    def bit_selects(self) -> NDArray[np.int64]:
        """Amplitude select of each bit, shape `[width]`, index 0 least significant."""
        return np.array(self.selects, np.int64)[list(self.stage_map)]

    def writes(self, before: "PulseTable | None" = None) -> list[ConfigWrite]:
        """The config writes that give a gate this table; only those needed where it holds `before`.

        The map comes last. Raises `InputError` if `before` is of another shape.
        """
        if before is not None and before.shape != self.shape:
            raise InputError("before is the table of another gate")
        parts = {
            ConfigKind.CODE: "codes",
            ConfigKind.AMPLITUDE: "selects",
            ConfigKind.MAP: "stage_map",
        }
        return [
            ConfigWrite(kind, index, value)
            for kind, name in parts.items()
            for index, value in enumerate(getattr(self, name))
            if before is None or getattr(before, name)[index] != value
        ]

    def after(self, writes: Iterable[ConfigWrite]) -> Self:
        """The table after `writes`; raises `InputError` for an entry that it has not."""
        entries = {
            ConfigKind.CODE: list(self.codes),
            ConfigKind.AMPLITUDE: list(self.selects),
            ConfigKind.MAP: list(self.stage_map),
        }
        for write in writes:
            part = entries[write.kind]
            check_whole(write.index, f"index of a {write.kind.name} write", 0, len(part) - 1)
            part[write.index] = write.value
        codes, selects, stage_map = (tuple(part) for part in entries.values())
        return replace(self, codes=codes, selects=selects, stage_map=stage_map)


def pulse_codes(curve: WriteCurve, rates: Iterable[float], shape: GateShape) -> tuple[int, ...]:
    """For each of `rates` the code of the shortest pulse that fails at most so often on `curve`.

    A rate of 1 has the code 0: such bits need no pulse. Raises `InputError` for a rate outside
    (0, 1], one that the curve does not reach, or a pulse that the gate's codes do not.
    """
    codes = []
    for n, rate in enumerate(rates):
        pulse_ps = curve.pulse_on_grid(rate, shape.tick_ps, f"rates[{n}]")
        codes.append(shape.code(pulse_ps, f"the pulse in ps for the rate {rate:g}"))
    return tuple(codes)
