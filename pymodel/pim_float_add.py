"""Float addition and subtraction as programs (wang2020, 3.3)."""

from dataclasses import dataclass
from functools import cache

from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_bounds import StepBounds
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_parts import (
    Operand,
    new_builder,
    normalise_sum,
    round_and_pack,
)
from nvmcosim.pymodel.pim_integers import (
    add_into,
    any_of,
    clear,
    enough,
    every_second,
    set_all,
    shift_right,
)
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, PimCounts, Signal

__all__ = ["add_bounds", "add_parts", "add_program", "emit_add"]


@cache
def add_program(
    format: str, subtract: bool = False, flush: bool = False, k: int = PUBLISHED_K
) -> PimProgram:
    """`out = a + b`, or `a - b`, in IEEE 754's `format`, to nearest even; `a` and `b` are kept.

    A NaN comes out as the positive quiet one. With `flush` subnormal operands count as zeros, and
    a result that is subnormal becomes a zero of its sign.
    """
    return _emitted(format, subtract, flush, k).build()


def add_parts(format: str, flush: bool = False) -> dict[str, PimCounts]:
    """What each part of an addition takes if it shares no step with another."""
    return _emitted(format, flush=flush).parts


def add_bounds(format: str) -> StepBounds:
    """Steps that no order of an addition's writes and searches can go below."""
    return _emitted(format).bounds()


def _emitted(
    format: str, subtract: bool = False, flush: bool = False, k: int = PUBLISHED_K
) -> Builder:
    """An addition that is yet to be packed into steps."""
    fmt = float_format(format)
    name = f"{format}-{'subtract' if subtract else 'add'}{'-flush' if flush else ''}"
    builder = new_builder(name, fmt, k)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    builder.output("out", emit_add(builder, a, b, subtract, flush).rows)
    return builder


def emit_add(
    builder: Builder, a: Operand, b: Operand, subtract: bool = False, flush: bool = False
) -> Operand:
    """Emit an addition; returns the rows of its result.

    In order: the operand with the larger exponent and the other, difference of exponents,
    alignment, addition or subtraction, normalisation, rounding. Operands of one exponent are not
    compared: a difference that comes out negative is inverted.
    """
    fmt, size = a.fmt, a.fmt.fraction_bits
    if flush:
        with builder.part("flush"):
            a, b = a.flushed(builder, "a"), b.flushed(builder, "b")
    with builder.part("specials"):
        flags = _flags(builder, a, b, ~b.sign if subtract else b.sign)
    with builder.part("compare"):
        large, small, differ = _ordered(builder, a, b, flags)
    exponent = large[size:]
    with builder.part("align"):
        distance = _distance(builder, exponent, differ, flags)
        rows = _aligned(builder, [*small, flags.leading_small], distance, flags)
    with builder.part("normalise"):
        # The exponent of the bit before the point, less 1, if that bit is the one that addition
        # carries to: the larger operand's, a subnormal's being 1.
        builder.or_(exponent[0], ~flags.leading)
    with builder.part("add"):
        total = _signed_sum(builder, rows, [*large[:size], flags.leading], flags)
    with builder.part("specials"):
        _mark_no_number(builder, flags, total[3:-2], total[-2])
        # The largest exponent and a carry.
        builder.search([*exponent[1:], total[-1]])
        builder.or_(flags.special, MATCH)
    with builder.part("normalise"):
        normalise_sum(builder, total, exponent)
    with builder.part("round"):
        # No bit more is needed: the sum of two fractions that carries is not rounded up to another
        # carry, for if it is all ones in the fraction's length it is even there.
        packed = round_and_pack(
            builder, fmt, total, exponent, flags.special, flags.no_number, marked=True
        )
    if flush:
        with builder.part("flush"):
            builder.search(zeros=packed[size:])
            set_all(builder, packed[:size], MATCH, ZERO)
    return Operand(fmt, [*packed, flags.sign])


@dataclass(frozen=True)
class _Flags:
    """Rows that say what the operands are.

    Fields:
        sign: the result's.
        opposite: whether signs differ, so that magnitudes are subtracted.
        leading, leading_small: the bit before the point of the larger and the smaller operand.
        special, one: whether any, and whether one alone, is infinite or no number.
        no_number: whether the result is none.
        b_sign: the second operand's sign, inverted for a subtraction.
    """

    sign: Signal
    opposite: Signal
    leading: Signal
    leading_small: Signal
    special: Signal
    one: Signal
    no_number: Signal
    b_sign: Signal


def _flags(builder: Builder, a: Operand, b: Operand, b_sign: Signal) -> _Flags:
    names = ("sign", "opposite", "leading", "leading_small", "special", "one", "no_number")
    flags = _Flags(**{name: builder.row(name) for name in names}, b_sign=b_sign)
    builder.together((flags.sign, ONE, a.sign), (flags.opposite, ONE, a.sign))
    builder.select(flags.opposite, b_sign, ~flags.opposite)
    # Of the larger operand the exponent is 0 only if both are, of the smaller if either is.
    builder.search(zeros=a.exponent)
    builder.together((flags.leading, ONE, ~MATCH), (flags.leading_small, ONE, ~MATCH))
    builder.search(zeros=b.exponent)
    builder.together((flags.leading, ~MATCH, ONE), (flags.leading_small, MATCH, ZERO))
    builder.search(a.exponent)
    builder.together((flags.special, ONE, MATCH), (flags.one, ONE, MATCH))
    builder.search(b.exponent)
    builder.select(flags.special, MATCH, ONE)
    builder.select(flags.one, MATCH, ~flags.one)
    return flags


def _ordered(
    builder: Builder, a: Operand, b: Operand, flags: _Flags
) -> tuple[list[Signal], list[Signal], list[Signal]]:
    """The operand of the larger exponent, the other's fraction, and the exponents' a ^ b.

    Of two operands of one exponent and opposite signs the first is the positive one, so that their
    difference has the sign of what comes out, and +0 if it is 0. Sets the result's sign.
    """
    size, count = a.fmt.fraction_bits, len(a.exponent)
    differ, large = builder.rows("differ", count), builder.rows("large", size + count)
    small = builder.rows("small", size)
    # What a - b borrows.
    less = builder.row("less")
    builder.copy(less, a.sign)
    for i in range(count):
        bit, other = a.exponent[i], b.exponent[i]
        builder.together((differ[i], ONE, bit), (large[size + i], ONE, bit))
        builder.xor(differ[i], other)
        builder.select(less, differ[i], other)
    for i in range(size):
        builder.copy(small[i], b.rows[i])
    builder.search([less])
    for i in range(size + count):
        if i < size:
            builder.together((large[i], ONE, a.rows[i]), (small[i], MATCH, a.rows[i]))
        builder.select(large[i], MATCH, b.rows[i])
    builder.select(flags.sign, MATCH, flags.b_sign)
    return large, small, differ


def _mark_no_number(builder: Builder, flags: _Flags, fraction: list[Signal], lead: Signal) -> None:
    """Special operands whose sum is no infinity: only that of infinities has no fraction.

    Where one is special the other does not count. Where both are, the fractions' sum is 0 but for
    its carry, or else its carry is made of two that are not 0.
    """
    builder.copy(flags.no_number, flags.special)
    # Two searches look at as much of the fraction as they can, others at the rest.
    room = builder.search_rows - (2 if len(fraction) + 2 <= builder.search_rows else 3)
    rest = fraction[room:]
    none = [~any_of(builder, "fraction", rest)] if rest else []
    for ones, zeros in (([], [flags.opposite, lead]), ([flags.one], [])):
        builder.search([*none, *ones], [*fraction[:room], *zeros])
        builder.select(flags.no_number, MATCH, ZERO)
    builder.select(flags.sign, flags.no_number, ZERO)


def _distance(
    builder: Builder, exponent: list[Signal], differ: list[Signal], flags: _Flags
) -> list[Signal]:
    """How much larger the larger exponent is, in place of `differ`; a subnormal's counts as 1."""
    borrow = builder.row("borrow")
    builder.copy(borrow, flags.leading)
    builder.and_(borrow, ~flags.leading_small)
    for far, bit in zip(differ[:-1], exponent[:-1], strict=True):
        builder.together((far, borrow, ~far), (borrow, far, ~bit))
    builder.xor(differ[-1], borrow)
    return differ


def _aligned(
    builder: Builder, small: list[Signal], distance: list[Signal], flags: _Flags
) -> list[Signal]:
    """The smaller significand, two bits and what is sticky below it, shifted by `distance`."""
    sticky = clear(builder, "sticky")
    amount = distance[: (len(small) + 2).bit_length()]
    builder.search(zeros=[*distance[len(amount) :], flags.one])
    # So far that nothing is left: a shift by all rows does that too.
    far = [amount[j] for j in enough(len(small) + 2, len(amount))]
    set_all(builder, far, ~MATCH, ONE)
    shifted = shift_right(builder, [ZERO, ZERO, *small], amount, sticky)
    builder.and_(sticky, ~flags.one)
    return [sticky, *shifted]


def _signed_sum(
    builder: Builder, small: list[Signal], large: list[Signal], flags: _Flags
) -> list[Signal]:
    """`large`, three zeros below it, plus or minus `small`; with the bit that is carried to.

    The first row is what is sticky: what is below the others, between 0 and 1 of them. A negative
    difference of a bit less than it is has all ones there: rounding adds what is missing.
    """
    sticky, opposite = small[0], flags.opposite
    builder.search([opposite])
    for row in small[1:]:
        builder.select(row, MATCH, ~row)
    carry = builder.row("carry")
    builder.copy(carry, opposite)
    builder.and_(carry, ~sticky)
    bits = len(small) - 1
    # Nothing else goes into the steps of the upper half's carries.
    narrow = every_second(builder, bits - bits // 2, bits)
    total, carry = add_into(builder, [ZERO] * 2 + large, small[1:], carry, narrow=narrow)
    builder.search([opposite], [carry])
    set_all(builder, [flags.sign, sticky, *total[:2]], MATCH, ONE)
    for row in total[2:]:
        builder.select(row, MATCH, ~row)
    # In two's complement the carry out of a difference is no bit of it.
    builder.and_(carry, ~opposite)
    return [sticky, *total, carry]
