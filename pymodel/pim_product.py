"""Products of significands as programs: shift and add (wang2020, Fig. 4b)."""

from collections.abc import Sequence

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_integers import add_into, clear
from nvmcosim.pymodel.pim_program import MATCH, ZERO, Signal

__all__ = ["product"]


def product(
    builder: Builder,
    left: Sequence[Signal],
    right: Sequence[Signal],
    skip_zeros: bool = False,
    radix: int = 2,
) -> list[Signal]:
    """The upper half of `left` times `right`, both N bits, which are kept.

    Returns N + 3 rows: what is sticky, the highest bit of the lower half, and the upper half with
    one bit more. Shifting is renaming: the sum's lowest bit leaves it with each digit.
    """
    if radix != 2:
        raise InputError(f"radix is {radix!r}; it must be 2")
    size = len(left)
    sticky = clear(builder, "sticky")
    total: list[Signal] = [ZERO] * size
    if skip_zeros:
        total = [clear(builder, f"sum[{i}]") for i in range(size)]
    half = ZERO
    for j, digit in enumerate(right):
        if skip_zeros:
            top = clear(builder, f"sum[{size + j}]")
            with builder.unless_none(digit):
                total, carry = add_into(builder, total, _gated(builder, left), ZERO)
                builder.copy(top, carry)
        else:
            builder.search([digit])
            total, top = add_into(builder, total, _gated(builder, left), ZERO)
        total = [*total, top]
        if j + 1 < size:
            if half != ZERO:
                builder.or_(sticky, half)
            half, total = total[0], total[1:]
    return [sticky, half, *total]


def _gated(builder: Builder, rows: Sequence[Signal]) -> list[Signal]:
    """New rows that hold `rows` in the columns that match, and 0 in the others."""
    gated = builder.rows("addend", len(rows))
    for row, source in zip(gated, rows, strict=True):
        builder.copy(row, source)
        builder.select(row, ~MATCH, ZERO)
    return gated
