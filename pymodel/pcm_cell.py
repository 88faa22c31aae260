"""Phase-change memory cells: how long they take, what they cost, how long they last."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import check_whole, picoseconds, quantity

__all__ = ["PCM_CELLS", "PcmCell"]

_TIMES = ("read_ps", "set_ps", "reset_ps")
_ENERGIES = ("read_pj", "set_pj", "reset_pj")
#: The most energy that an operation of one cell may take, in pJ.
_MOST_PJ = 1e6


@dataclass(frozen=True)
class PcmCell:
    """A cell that SET makes 1 and RESET makes 0.

    Fields:
        read_ps, set_ps, reset_ps: how long each operation takes, in ps.
        read_pj, set_pj, reset_pj: what it takes of each bit, in pJ.
        endurance: flips until the cell is worn out.

    Defaults are ho2021's Table II. Raises `InputError` for anything out of range.
    """

    read_ps: int = 125_000
    set_ps: int = 1_000_000
    reset_ps: int = 125_000
    read_pj: float = 2.0
    set_pj: float = 13.5
    reset_pj: float = 19.2
    endurance: int = 10**8

    def __post_init__(self) -> None:
        for name in _TIMES:
            if picoseconds(getattr(self, name), name) == 0:
                raise InputError(f"{name} is 0; it must be longer")
        for name in _ENERGIES:
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value <= _MOST_PJ:
                raise InputError(
                    f"{name} is {value!r}; it must be a number from 0 to {_MOST_PJ:g} pJ"
                )
        check_whole(self.endurance, "endurance", 1, 2**62)

    def to_dict(self) -> dict[str, Any]:
        """The cell as JSON-ready values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base: "PcmCell | None" = None) -> Self:
        """The cell that `values` state; what they leave out is as in `base`.

        A time may be text with its unit, `set = "1 us"` for `set_ps`, and an energy likewise,
        `set_energy = "13.5 pJ"` for `set_pj`. Raises `InputError`.
        """
        stated = dict((base or cls()).to_dict())
        for name, value in values.items():
            if name in stated:
                field, number = name, value
            elif f"{name}_ps" in _TIMES:
                field, number = f"{name}_ps", picoseconds(value, f"cell.{name}")
            elif f"{name.removesuffix('_energy')}_pj" in _ENERGIES and name.endswith("_energy"):
                field = f"{name.removesuffix('_energy')}_pj"
                # Rounded, as scaling by 1e12 puts an error into the last digit.
                number = round(quantity(value, "J", f"cell.{name}") * 1e12, 9)
            else:
                raise InputError(f"a cell has no {name!r}; it has {', '.join(stated)}")
            if field != name and field in values:
                raise InputError(f"{name} and {field} are both given; give one")
            stated[field] = number
        return cls(**stated)


#: The cells by the name that a plan's `device` gives.
PCM_CELLS = {"ho2021": PcmCell()}
