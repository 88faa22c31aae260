"""Products of significands as programs: shift and add (wang2020, Fig. 4b).

Shifting is renaming: with each digit of the multiplier the sum's lowest bits leave it.
"""

from collections.abc import Sequence

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_integers import add_into, clear, copied, every_second
from nvmcosim.pymodel.pim_step import MATCH, ZERO, Signal

__all__ = ["product"]


def product(
    builder: Builder,
    left: Sequence[Signal],
    right: Sequence[Signal],
    skip_zeros: bool = False,
    radix: int = 4,
) -> list[Signal]:
    """The upper half of `left` times `right`, both N bits; `right` is kept.

    Digits of `right` have `radix` values, 2 or 4; with `skip_zeros`, which takes radix 2, a digit
    that is 0 in every column is skipped. Returns N + 3 rows: what is sticky, the highest bit of
    the lower half, and the upper half with one bit more.

    The highest bit of `right` is taken to be 1; where it is 0, what comes out is 0 if `left` is.
    """
    if radix not in (2, 4) or (skip_zeros and radix != 2):
        raise InputError(f"radix is {radix!r}; it must be 2, or 4 where no digit is skipped")
    if skip_zeros:
        return _skipping(builder, left, right)
    bits = radix // 2
    tripled = _tripled(builder, left) if radix == 4 else []
    below = _Below(builder)
    total: list[Signal] = []
    for j in range(0, len(right), bits):
        digit = right[j : j + bits]
        if len(digit) == 2:
            if j + bits == len(right):
                addend = _last_multiple(builder, left, tripled, digit[0])
            else:
                addend = _multiple(builder, left, tripled, digit)
        elif j + 1 == len(right):
            addend = list(left)
        else:
            builder.search(digit)
            addend = _gated(builder, left)
        if total:
            carries = len(digit) == 1
            # Few multiples are left to be made in the steps of the last two sums.
            start = {1: len(total) // 2, 2: 0}.get(-(-(len(right) - j) // bits), len(total))
            narrow = every_second(builder, start, len(total))
            addend, carry = add_into(builder, addend, total, ZERO, carry_out=carries, narrow=narrow)
            # With two bits a digit the addend is long enough for the whole sum.
            total = [*addend, carry] if carries else addend
        else:
            total = addend if len(digit) == 2 else [*addend, ZERO]
        if j + bits < len(right):
            below.take(total[:bits])
            total = total[bits:]
    return below.joined(total, len(left) + 2)


class _Below:
    """The product's bits that have left the sum: the last of them, and whether others were 1."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._sticky = clear(builder, "sticky")
        self._last = ZERO

    def take(self, bits: Sequence[Signal]) -> None:
        """Add the next `bits`."""
        for bit in bits:
            if self._last != ZERO:
                self._builder.or_(self._sticky, self._last)
            self._last = bit

    def joined(self, total: list[Signal], count: int) -> list[Signal]:
        """What is sticky, then the product's highest `count` bits; `total` has the highest."""
        more = len(total) - count
        if more >= 0:
            self.take(total[:more])
            if self._last != ZERO:
                self._builder.or_(self._sticky, self._last)
            return [self._sticky, *total[more:]]
        return [self._sticky, self._last, *total]


def _skipping(builder: Builder, left: Sequence[Signal], right: Sequence[Signal]) -> list[Signal]:
    below = _Below(builder)
    total = [clear(builder, f"sum[{i}]") for i in range(len(left))]
    for j, digit in enumerate(right):
        top = clear(builder, f"sum[{len(left) + j}]")
        with builder.unless_none(digit):
            total, carry = add_into(builder, total, _gated(builder, left), ZERO)
            builder.copy(top, carry)
        total = [*total, top]
        if j + 1 < len(right):
            below.take(total[:1])
            total = total[1:]
    return below.joined(total, len(left) + 2)


def _gated(builder: Builder, rows: Sequence[Signal]) -> list[Signal]:
    """New rows that hold `rows` in the columns that match, and 0 in the others."""
    gated = builder.rows("addend", len(rows))
    for row, source in zip(gated, rows, strict=True):
        builder.copy(row, source)
        builder.select(row, ~MATCH, ZERO)
    return gated


def _tripled(builder: Builder, rows: Sequence[Signal]) -> list[Signal]:
    """New rows that hold three times `rows`."""
    total = copied(builder, "triple", [*rows, rows[-1]])
    for row, below in zip(total[1:-1], rows, strict=False):
        builder.xor(row, below)
    carry = builder.row("triple")
    builder.copy(carry, rows[0])
    builder.and_(carry, rows[1])
    # Where a bit and the one below it differ the carry stays, elsewhere it is the bit.
    for row, bit in zip(total[2:], [*rows[2:], ZERO], strict=True):
        builder.together((carry, ~row, bit), (row, carry, ~row))
    return [*total, carry]


def _multiple(
    builder: Builder, single: Sequence[Signal], triple: Sequence[Signal], digit: Sequence[Signal]
) -> list[Signal]:
    """New rows, two more than `single`, that hold `digit`, of two bits, times `single`."""
    low, high = digit
    size = len(single)
    rows = builder.rows("addend", size + 2)
    for row, source in zip(rows, [*single, ZERO, ZERO], strict=True):
        builder.copy(row, source)
    builder.search([high], [low])
    for row, source in zip(rows[:-1], [ZERO, *single], strict=True):
        builder.select(row, MATCH, source)
    builder.search([high, low])
    for row, source in zip(rows, triple, strict=True):
        builder.select(row, MATCH, source)
    builder.search(zeros=[high, low])
    for row in rows[:size]:
        builder.select(row, MATCH, ZERO)
    return rows


def _last_multiple(
    builder: Builder, single: Sequence[Signal], triple: list[Signal], low: Signal
) -> list[Signal]:
    """The same of the last digit, which is taken to be 2 or 3, in place of `triple`."""
    builder.search(zeros=[low])
    for row, source in zip(triple, [ZERO, *single, ZERO], strict=True):
        builder.select(row, MATCH, source)
    return triple
