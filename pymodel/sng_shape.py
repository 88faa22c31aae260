"""What the hardware of a stochastic number generator depends on: pulse codes and phase lengths.

Vocabulary: a *frame* is the making of one bit. It has a reset, a write and a read phase of fixed
lengths, so that its rhythm does not depend on the number.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["SngShape"]


@dataclass(frozen=True)
class SngShape:
    """Codes of all numbers and the lengths of a frame's phases.

    Fields:
        coarse, fine: of number n, whole clocks of its write pulse and steps of the delay line after
            them; `[2^p_bits + 1]`.
        invert: whether number n's sensed bits are inverted.
        reset_cycles, write_cycles, read_cycles: clocks of each phase, at least 1.
        skips_reset: whether a junction that its last write left antiparallel is not reset.

    Raises `InputError` for tables of different or odd sizes, and pulses longer than their phase.
    """

    coarse: tuple[int, ...]
    fine: tuple[int, ...]
    invert: tuple[bool, ...]
    reset_cycles: int
    write_cycles: int
    read_cycles: int
    skips_reset: bool = True

    def __post_init__(self) -> None:
        for name in ("reset_cycles", "write_cycles", "read_cycles"):
            check_whole(getattr(self, name), name, 1, 2**16)
        sizes = {len(self.coarse), len(self.fine), len(self.invert)}
        top = len(self.coarse) - 1
        if len(sizes) > 1 or top < 2 or top & (top - 1):
            raise InputError(
                f"codes are for {sorted(sizes)} numbers; it must be 2**p_bits + 1 for all"
            )
        longest = max(c + (f > 0) for c, f in zip(self.coarse, self.fine, strict=True))
        if longest > self.write_cycles:
            raise InputError(
                f"write_cycles is {self.write_cycles}; the longest pulse takes {longest}"
            )

    @classmethod
    def of(cls, plan: StreamPlan) -> Self:
        """The shape of the generators of `plan`."""
        codes = plan.codes
        return cls(
            tuple(codes.coarse.tolist()),
            tuple(codes.fine.tolist()),
            tuple(codes.invert.tolist()),
            codes.reset_cycles,
            max(1, codes.write_cycles),
            codes.read_cycles,
            plan.reset_rule == "changed",
        )

    @property
    def p_bits(self) -> int:
        """Bits of a number below 1."""
        return (len(self.coarse) - 1).bit_length() - 1

    @property
    def number_bits(self) -> int:
        """Bits of a number: one more, as 2^p_bits stands for p = 1."""
        return self.p_bits + 1

    @property
    def frame_cycles(self) -> int:
        """Clocks of a frame."""
        return self.reset_cycles + self.write_cycles + self.read_cycles

    @cached_property
    def coarse_bits(self) -> int:
        """Width of a coarse code."""
        return max(1, max(self.coarse).bit_length())

    @cached_property
    def fine_bits(self) -> int:
        """Width of a fine code."""
        return max(1, max(self.fine).bit_length())

    @cached_property
    def folded(self) -> bool:
        """Whether n and 2^p_bits - n have one pulse, and n is inverted below a half: a BMS."""
        half = 1 << (self.p_bits - 1)
        return (
            self.coarse == self.coarse[::-1]
            and self.fine == self.fine[::-1]
            and all(flag == (n < half) for n, flag in enumerate(self.invert))
        )

    def codes(self, number: int) -> tuple[int, int, bool]:
        """Coarse code, fine code and inversion of `number`; above 2^p_bits, those of 2^p_bits."""
        n = min(number, 1 << self.p_bits)
        return self.coarse[n], self.fine[n], self.invert[n]
