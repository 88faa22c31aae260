"""Quantities with units, as users write them (`"20 ns"`, `"1.2 V"`), whole numbers and arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["check_bit", "check_whole", "picoseconds", "quantity", "real_array"]


def quantity(value: Any, unit: str, name: str) -> float:
    """`value` in `unit`: a number is taken as it is, text such as `"0.5 um"` is scaled.

    Raises `InputError` if `value` is no number, not finite, or in another unit.
    """
    import math

    from quantiphy import QuantiPhyError, Quantity

    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"{name} is {value!r}; it must be a number or text such as '1 {unit}'")
    if isinstance(value, str):
        # The unit is cut off first: left on, quantiphy reads a lone T or K as tera or kilo.
        number = value.strip().removesuffix(unit) or value
        wrong = f"{name} is {value!r}; it must be a quantity in {unit}"
        try:
            parsed = Quantity(number)
        except (QuantiPhyError, ValueError):
            raise InputError(wrong) from None
        if parsed.units not in ("", unit):
            raise InputError(wrong)
        value = float(parsed)
    try:
        result = float(value)
    except OverflowError:
        raise InputError(f"{name} is too large a number; it must be finite") from None
    if not math.isfinite(result):
        raise InputError(f"{name} is {value!r}; it must be finite")
    return result


def picoseconds(value: Any, name: str) -> int:
    """A time as whole picoseconds: an integer is picoseconds already, text carries its unit.

    Raises `InputError` for a negative time, a fraction of a picosecond, or another unit.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        result = value
    else:
        if not isinstance(value, str):
            raise InputError(
                f"{name} is {value!r}; it must be whole picoseconds or text such as '20 ns'"
            )
        exact = quantity(value, "s", name) * 1e12
        result = round(exact)
        if abs(exact - result) > 1e-6 * max(1.0, abs(exact)):
            raise InputError(f"{name} is {value!r}; it must be a whole number of picoseconds")
    if not 0 <= result <= 10**9:
        raise InputError(f"{name} is {value!r}; it must be between 0 ns and 1 ms")
    return result


def check_bit(value: object, name: str) -> None:
    """Raise `InputError` unless `value` is a truth value, or 0 or 1."""
    if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
        raise InputError(f"{name} is {value!r}; it must be 0 or 1")


def check_whole(value: object, name: str, low: int, high: int) -> None:
    """Raise `InputError` unless `value` is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; it must be a whole number from {low} to {high}")


def real_array(values: Any, name: str) -> NDArray[np.float64]:
    """`values` as an array of float64, the same one if it is one already.

    Raises `InputError` for what are no numbers, or rows of different lengths.
    """
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, in rows of one length") from None
