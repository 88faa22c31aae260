"""Plans of computing in memory: which program an array of which size obeys (wang2020)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FloatFormat, float_format
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_step import PUBLISHED_K
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.units import check_whole, picoseconds

__all__ = ["PimPlan"]

_RANGES = {
    "columns": (64, 1 << 16),
    "rows": (1, 1 << 16),
    "tick_ps": (1, 10**6),
    "seed": (0, 2**63 - 1),
}


@dataclass(frozen=True)
class PimPlan(Plan):
    """One operation on a column each of an array that computes while it is written.

    Fields:
        format: `fp32`, `fp16` or `bf16`.
        operation: what is computed, one of `pim_programs.OPERATIONS`.
        rounding: `rne`, IEEE 754's to nearest even, or `rne-flush`, without subnormals.
        columns, rows: of an array (a subarray of wang2020 has 1024 by 1024).
        rows_a_step: k, rows that one step may read, and may write.
        device: the cell.
        tick_ps: clock period of the sequencer, in ps.
        seed: of what cells hold at first.

    Raises `InputError` for anything out of range, and for a program that takes more rows than the
    array has.
    """

    kind: ClassVar[str] = "pim"

    format: str
    operation: str = "add"
    rounding: str = "rne"
    columns: int = 1024
    rows: int = 1024
    rows_a_step: int = PUBLISHED_K
    device: str = "wang2020"
    tick_ps: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        float_format(self.format)
        for name, (low, high) in _RANGES.items():
            check_whole(getattr(self, name), name, low, high)
        if self.columns % 64:
            raise InputError(f"columns is {self.columns}; it must be a multiple of 64")
        if self.device != "wang2020":
            raise InputError(f"device is {self.device!r}; it must be wang2020")
        self.program.check_fits(self.rows)

    @property
    def number_format(self) -> FloatFormat:
        """The format of a word."""
        return float_format(self.format)

    @property
    def program(self) -> PimProgram:
        """The program; model and hardware obey this one object."""
        return named_program(self.operation, self.format, self.rounding, self.rows_a_step)

    def replace(self, **changes: Any) -> Self:
        """The same plan with other values in some fields."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        return {"kind": self.kind, **{n: getattr(self, n) for n in self.__dataclass_fields__}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state; `tick = "5 ns"` may stand for `tick_ps`.

        Raises `InputError`.
        """
        cls._refuse_unknown(values, also=("tick",))
        rest = {name: value for name, value in values.items() if name != "kind"}
        if "format" not in rest:
            raise InputError("format is missing; it is fp32, fp16 or bf16")
        if "tick" in rest:
            if "tick_ps" in rest:
                raise InputError("tick and tick_ps are both given; give one")
            rest["tick_ps"] = picoseconds(rest.pop("tick"), "tick")
        return cls(**rest)
