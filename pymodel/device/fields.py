"""Reading the numbers of a device file: by field name, or as text with a unit."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

import numpy as np

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import quantity

__all__ = ["NumberField", "merge", "read_fields", "read_number"]


class NumberField(NamedTuple):
    """How a number field may be written in a file, and its range."""

    #: Name under which text with a unit is taken, such as `diameter` for `diameter_nm`.
    short: str
    #: Unit of such text; empty for a ratio.
    unit: str
    #: From that unit to the field's own.
    scale: float
    low: float
    high: float


def read_number(value: Any, name: str, low: float, high: float) -> float:
    """`value` as a float from `low` to `high`; raises `InputError` for anything else."""
    number = isinstance(value, int | float | np.integer | np.floating)
    number = number and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}")
    return float(value)


def read_fields(
    values: Any, table: Mapping[str, NumberField], what: str, others: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Field names and values that the mapping `values` states for a `what`.

    A field of `table` is given by its own name with a number, or by its short name with a number
    in its unit or text; `others` are passed through. Raises `InputError` for anything else.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"a {what} is a table of values, not {values!r}")
    shorts = {field.short: name for name, field in table.items()}
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = shorts.get(str(key), str(key))
        if name in result:
            raise InputError(f"{key} is given twice in a {what}, as {name} and as {key}")
        if name in table and key != name:
            field = table[name]
            # "60 nm" is 60, and not 59.99999999999999: the same device has the same digest.
            value = float(f"{quantity(value, field.unit, key) * field.scale:.12g}")
        elif name not in table and name not in others:
            known = ", ".join([*table, *others])
            raise InputError(f"a {what} has no {key!r}; it has {known}")
        result[name] = value
    return result


def merge(cls: Any, base: Any, stated: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The fields of `base` (or none) overlaid with those `stated`.

    Raises `InputError` if a field of the dataclass `cls` without a default is missing.
    """
    merged = {**(base.to_dict() if base is not None else {}), **stated}
    for field in fields(cls):
        if field.name not in merged and field.default is MISSING:
            raise InputError(f"{field.name} is missing from a {what}")
    return merged
