"""What float programs share: flags of operands, flushing, normalising, rounding and packing."""

from collections.abc import Sequence
from dataclasses import dataclass

from nvmcosim.pymodel.formats import FloatFormat
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_integers import (
    decrement_from,
    increment,
    set_all,
    shift_left,
    subtract_into,
)
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, Signal

__all__ = ["Operand", "new_builder", "normalise", "normalise_sum", "round_and_pack"]


def new_builder(name: str, fmt: FloatFormat, k: int) -> Builder:
    """A builder whose searches compare as many rows as those of wang2020: an exponent and a bit."""
    return Builder(name, k, search_rows=fmt.exponent_bits + 1)


@dataclass(frozen=True)
class Operand:
    """The rows of a float, from the least significant fraction bit up."""

    fmt: FloatFormat
    rows: Sequence[Signal]

    @property
    def fraction(self) -> Sequence[Signal]:
        """Fraction bits."""
        return self.rows[: self.fmt.fraction_bits]

    @property
    def exponent(self) -> Sequence[Signal]:
        """Exponent bits."""
        return self.rows[self.fmt.fraction_bits : -1]

    @property
    def magnitude(self) -> Sequence[Signal]:
        """All but the sign."""
        return self.rows[:-1]

    @property
    def sign(self) -> Signal:
        """The sign."""
        return self.rows[-1]

    def flushed(self, builder: Builder, name: str) -> "Operand":
        """A copy whose fraction is 0 where the exponent is."""
        rows = builder.rows(name, self.fmt.width)
        for row, source in zip(rows, self.rows, strict=True):
            builder.copy(row, source)
        copy = Operand(self.fmt, rows)
        builder.search(zeros=self.exponent)
        set_all(builder, copy.fraction, MATCH, ZERO)
        return copy


def normalise_sum(builder: Builder, rows: list[Signal], exponent: Sequence[Signal]) -> None:
    """Shift an addition's `rows` left to a leading 1, and take as much from `exponent`.

    Never by more than `exponent` holds, so that it does not pass 0: what then has no leading 1 is
    subnormal. The first row is what is sticky. It stays as it is, and is what is shifted in. Where
    a shift by 4 or more is needed, the operands' exponents differed by 1 at most, so that the
    second row is like it.
    """
    taken: list[Signal] = []
    bits = (len(rows) - 1).bit_length()
    for j in range(bits - 1, -1, -1):
        by = 1 << j
        # 1 where less than 2^j is left of the exponent: its bits above j are those taken.
        small = builder.row("small")
        builder.search(zeros=exponent[j:])
        builder.copy(small, MATCH)
        builder.search(zeros=[*rows[len(rows) - by :], small])
        taken.insert(0, builder.row("taken"))
        builder.copy(taken[0], MATCH)
        first = 2 if by >= 4 else 1
        for i in range(len(rows) - 1, first - 1, -1):
            builder.select(rows[i], MATCH, rows[i - by] if i - by >= first else rows[0])
        builder.xor(exponent[j], taken[0])
    borrow = taken[0]
    builder.and_(borrow, exponent[0])
    for bit, other in zip(exponent[1:bits], taken[1:], strict=True):
        builder.together((other, ~bit, borrow), (bit, borrow, ~bit))
        borrow = other
    if len(exponent) > bits:
        decrement_from(builder, exponent[bits:], borrow)


def normalise(builder: Builder, rows: list[Signal], exponent: Sequence[Signal]) -> None:
    """Shift `rows` left to a leading 1, and take as much from `exponent`, in two's complement."""
    taken: list[Signal] = []
    for j in range((len(rows) - 1).bit_length() - 1, -1, -1):
        builder.search(zeros=rows[len(rows) - (1 << j) :])
        taken.insert(0, builder.row("taken"))
        builder.copy(taken[0], MATCH)
        shift_left(builder, rows, 1 << j)
    subtract_into(builder, exponent, taken)


def round_and_pack(
    builder: Builder,
    fmt: FloatFormat,
    rows: Sequence[Signal],
    exponent: Sequence[Signal],
    infinite: Signal,
    not_a_number: Signal,
    nothing: Signal | None = None,
    count: Signal | None = None,
    marked: bool = False,
) -> list[Signal]:
    """Round to nearest even and make fraction and exponent of `rows` and `exponent`, in place.

    `rows` run down from the bit before the point (the last one) through the fraction and the bit
    after it to what is sticky. The value is `rows` times 2 to `exponent` + 1, less the bias;
    `exponent` is in two's complement; instead of the bit before the point `count` is added to it,
    if given. `infinite` and `not_a_number` are where that is the result
    whatever the rest says; with `marked` it says so too of what is too large.

    Without `nothing`, `exponent` counts only if the bit before the point is 1, and then is not
    negative: a subnormal has exponent 0. With it, that bit is 1, and what is subnormal once rounded
    becomes 0, as does what has `nothing` set.
    """
    point = len(rows) - 1
    low = point - fmt.fraction_bits
    fraction, half, rest = rows[low:point], rows[low - 1], rows[: low - 1]
    lead = rows[point]
    if nothing is None:
        # A zero has no leading 1 either.
        builder.search(zeros=[lead])
        set_all(builder, exponent, MATCH, ZERO)
    field, above = exponent[: fmt.exponent_bits], exponent[fmt.exponent_bits :]
    count = count or lead
    if not marked:
        _mark_infinite(builder, infinite, field, above, count)
    # Half way between two values the even one is taken.
    builder.search(zeros=[fraction[0], *rest])
    carry = builder.row("round")
    builder.copy(carry, half)
    builder.and_(carry, ~MATCH)
    # What is infinite is made so first, and nothing is added to it: rounding alone overflows to
    # infinity by itself.
    builder.search([infinite])
    set_all(builder, [carry, count, *fraction, *above], MATCH, ZERO)
    set_all(builder, field, MATCH, ONE)
    builder.or_(fraction[-1], not_a_number)
    increment(builder, fraction, carry)
    # The bit before the point counts in the exponent, and so does what rounding carries to it.
    builder.xor(exponent[0], count)
    builder.together((count, exponent[0], carry), (exponent[0], carry, ~exponent[0]))
    increment(builder, exponent[1:], count, carry_out=False)
    if nothing is not None:
        builder.or_(nothing, above[-1])
        builder.search(zeros=exponent)
        builder.or_(nothing, MATCH)
        builder.and_(nothing, ~infinite)
        builder.search([nothing])
        set_all(builder, [*fraction, *field], MATCH, ZERO)
    return [*fraction, *field]


def _mark_infinite(
    builder: Builder,
    infinite: Signal,
    field: Sequence[Signal],
    above: Sequence[Signal],
    count: Signal,
) -> None:
    """Set `infinite` where an exponent of `field` and `above`, with `count`, is too large."""
    for pattern in ([*field], [*field[1:], count]):
        builder.search(pattern, above[-1:])
        builder.or_(infinite, MATCH)
    for bit in above[:-1]:
        builder.search([bit], above[-1:])
        builder.or_(infinite, MATCH)


def zero_flag(builder: Builder, name: str, rows: Sequence[Signal]) -> Signal:
    """A new row that is 1 where all of `rows` are 0."""
    row = builder.row(name)
    builder.search(zeros=rows)
    builder.copy(row, MATCH)
    return row
