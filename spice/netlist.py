"""Netlists made of fixed text and finite numbers: nothing else can get into one."""

import math
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of

__all__ = ["Netlist", "number", "pwl_expression"]

_FIELD = re.compile(r"\{(\w+)\}")


def number(value: object, name: str = "a netlist parameter") -> str:
    """`value` as a netlist number with 12 significant digits.

    This is the only way for a value into a netlist. Raises `InputError` for anything but a finite
    real number: text is refused even if it looks like one.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        raise InputError(f"{name} is {value!r}; it must be a number")
    # A whole number may be beyond every float: that is no netlist number either.
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise InputError(f"{name} is {value!r}; it must be finite")
    return f"{real:.12g}"


def pwl_expression(step_s: float, values: NDArray[np.float64]) -> str:
    """`pwl(time, ...)` for a B source: `values` `[n]` at multiples of `step_s`, linear between.

    Unlike a PWL voltage source it sets no breakpoints, so the integrator keeps its second-order
    steps: 7 times faster for noise, at the same accuracy.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        raise InputError("noise must be a list of at least two finite numbers")
    number(step_s, "the noise step")
    points = [f"{n * step_s:.9g},{value:.9g}" for n, value in enumerate(values.tolist())]
    rows = (",".join(points[n : n + 32]) for n in range(0, len(points), 32))
    return "pwl(time," + ",\n+ ".join(rows) + ")"


class Netlist:
    """A netlist as text: `add` puts numbers into fixed lines, `text` is what ngspice reads."""

    def __init__(self, title: str) -> None:
        self._lines = [f"* {title}"]

    def add(self, template: str, /, **values: object) -> None:
        """Append `template`, each `{name}` in it replaced by the number of that name.

        `template` is the program's own text. Raises `InputError` for what is no finite number.
        """

        def fill(match: re.Match[str]) -> str:
            return number(values[match[1]], match[1])

        self._lines.append(_FIELD.sub(fill, template))

    def add_fixed(self, lines: str | Iterable[str]) -> None:
        """Append the program's own text as it is: subcircuits, and models from the card file."""
        self._lines.extend(lines.splitlines() if isinstance(lines, str) else lines)

    @property
    def text(self) -> str:
        """The whole netlist, `.end` included."""
        return "\n".join([*self._lines, ".end"]) + "\n"

    def digest(self) -> str:
        """SHA-256 of the netlist's text."""
        return digest_of(self.text)
