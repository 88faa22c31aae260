"""What a pulse gate's hardware fixes, as parameters that golden model and RTL share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan, check_amplitude
from nvmcosim.pymodel.units import check_whole

__all__ = ["GateShape"]

#: Stages and code bits that a gate has at least, where none are asked for.
STAGES, CODE_BITS = 4, 8
#: The most of each: a stage a bit of the widest word; the longest pulse that a plan may have.
MOST_STAGES, MOST_CODE_BITS, MOST_AMPLITUDES = 32, 30, 16
#: Fields of a plan that a gate's hardware is made for.
_FIXED = ("bank_words", "rewrite", "retry_limit")


@dataclass(frozen=True)
class GateShape:
    """What a pulse gate's hardware fixes; its table says the rest.

    Fields:
        width: bits of a word.
        tick_ps: clock period in ps; a pulse is a multiple of it.
        bank_words, rewrite, retry_limit: as in `StorePlan`.
        stages: entries of the table.
        code_bits: width of a pulse code, so that a pulse has at most `2**code_bits - 1` clocks.
        amplitudes: supplies in V that can be selected, by select; None is the device's own.

    Raises `InputError` for anything out of range.
    """

    width: int
    tick_ps: int
    bank_words: int
    rewrite: str
    retry_limit: int
    stages: int
    code_bits: int
    amplitudes: tuple[float | None, ...]

    def __post_init__(self) -> None:
        check_whole(self.stages, "stages", 1, MOST_STAGES)
        check_whole(self.code_bits, "code_bits", 1, MOST_CODE_BITS)
        count = len(self.amplitudes)
        if not 1 <= count <= MOST_AMPLITUDES or len(set(self.amplitudes)) != count:
            raise InputError(
                f"amplitudes are {self.amplitudes}; they must be 1 to {MOST_AMPLITUDES}, all "
                "different"
            )
        for volts in self.amplitudes:
            if volts is not None:
                check_amplitude(volts, "amplitude")

    @classmethod
    def of(
        cls,
        plan: StorePlan,
        *,
        stages: int | None = None,
        code_bits: int | None = None,
        amplitudes: Sequence[float | None] | None = None,
    ) -> Self:
        """The shape of a gate for `plan`.

        Without a number there are `STAGES` stages and `CODE_BITS` bits, or more if the plan needs
        them. Numbers that the plan does not fit are its table's concern.
        """
        longest = max(plan.cycles).bit_length()
        return cls(
            plan.width,
            plan.tick_ps,
            plan.bank_words,
            plan.rewrite,
            plan.retry_limit,
            max(STAGES, len(plan.domains)) if stages is None else stages,
            max(CODE_BITS, longest) if code_bits is None else code_bits,
            plan.amplitudes if amplitudes is None else tuple(amplitudes),
        )

    @property
    def select_bits(self) -> int:
        """Width of an amplitude select; 1 even where there is one amplitude."""
        return max(1, (len(self.amplitudes) - 1).bit_length())

    def check(self, plan: StorePlan) -> None:
        """Raise `InputError` unless `plan` is for the same words, bank and options."""
        if plan.width != self.width:
            raise InputError(f"words of {plan.format} have {plan.width} bits, not {self.width}")
        for name in _FIXED:
            asked, own = getattr(plan, name), getattr(self, name)
            if asked != own:
                raise InputError(f"{name} is {asked!r}; the gate was made for {own!r}")

    def code(self, pulse_ps: int, name: str) -> int:
        """The code of a pulse; raises `InputError` calling it `name` if it has none."""
        code, rest = divmod(pulse_ps, self.tick_ps)
        if rest:
            raise InputError(
                f"{name} is {pulse_ps}; "
                f"it must be a multiple of the gate's clock period, {self.tick_ps} ps"
            )
        if code >> self.code_bits:
            raise InputError(
                f"{name} is {pulse_ps}, {code} clocks; codes of {self.code_bits} bits go up to "
                f"{(1 << self.code_bits) - 1}"
            )
        return code

    def select(self, amplitude_v: float | None, name: str) -> int:
        """The select of an amplitude; raises `InputError` calling it `name` if it has none."""
        if amplitude_v not in self.amplitudes:
            known = ", ".join(
                "the device's own" if v is None else f"{v} V" for v in self.amplitudes
            )
            asked = "the device's own" if amplitude_v is None else amplitude_v
            raise InputError(f"{name} is {asked}; the gate selects among: {known}")
        return self.amplitudes.index(amplitude_v)
