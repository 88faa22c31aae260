"""What all junctions' parameters have alike: checks, changes, their form in files, their name."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from nvmcosim.pymodel.device.fields import NumberField, merge, read_fields, read_number
from nvmcosim.pymodel.files import digest_of

__all__ = ["Parameters"]


@dataclass(frozen=True)
class Parameters:
    """Base of a junction's parameters, which are the fields of a frozen dataclass.

    Raises `InputError` for a number that is not finite or out of range.
    """

    #: Each number's unit, scale and range.
    NUMBERS: ClassVar[Mapping[str, NumberField]]
    #: What errors call it.
    WHAT: ClassVar[str] = "junction"

    def __post_init__(self) -> None:
        for name, field in self.NUMBERS.items():
            value = read_number(getattr(self, name), name, field.low, field.high)
            object.__setattr__(self, name, value)

    def replace(self, **changes: Any) -> Self:
        """The same junction with other values in some fields."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values; `from_dict` takes them back."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def digest(self) -> str:
        """SHA-256 of the parameters: equal junctions have equal digests."""
        return digest_of(self.to_dict())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base: Self | None = None) -> Self:
        """The junction that `values` state, on top of `base` if given, else of the defaults.

        Keys are field names with numbers (`width_nm = 20`), or without the unit and with text
        (`width = "20 nm"`). Raises `InputError` for anything unknown, missing or doubled.
        """
        stated = read_fields(values, cls.NUMBERS, cls.WHAT)
        return cls(**merge(cls, base, stated, cls.WHAT))
