"""Float addition and subtraction as programs (wang2020, 3.3)."""

from functools import cache

from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_parts import (
    Operand,
    new_builder,
    normalise,
    round_and_pack,
    zero_flag,
)
from nvmcosim.pymodel.pim_integers import add_into, clear, set_all, shift_right
from nvmcosim.pymodel.pim_program import (
    MATCH,
    ONE,
    PUBLISHED_K,
    ZERO,
    PimCounts,
    PimProgram,
    Signal,
)

__all__ = ["add_parts", "add_program", "emit_add"]


@cache
def add_program(
    format: str, subtract: bool = False, flush: bool = False, k: int = PUBLISHED_K
) -> PimProgram:
    """`out = a + b`, or `a - b`, in IEEE 754's `format`, to nearest even; `a` and `b` are kept.

    A NaN comes out as the positive quiet one. With `flush` subnormal operands count as zeros, and
    a result that is subnormal becomes a zero of its sign.
    """
    fmt = float_format(format)
    name = f"{format}-{'subtract' if subtract else 'add'}{'-flush' if flush else ''}"
    builder = new_builder(name, fmt, k)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    result = emit_add(builder, a, b, subtract, flush)
    builder.output("out", result.rows)
    return builder.build()


def add_parts(format: str, flush: bool = False) -> dict[str, PimCounts]:
    """What each part of an addition takes if it shares no step with another."""
    fmt = float_format(format)
    builder = new_builder("parts", fmt, PUBLISHED_K)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    emit_add(builder, a, b, flush=flush)
    return builder.parts


def emit_add(
    builder: Builder, a: Operand, b: Operand, subtract: bool = False, flush: bool = False
) -> Operand:
    """Emit an addition; returns the rows of its result.

    In order: larger and smaller magnitude, difference of exponents, alignment, addition or
    subtraction in two's complement, normalisation, rounding.
    """
    fmt = a.fmt
    if flush:
        a, b = a.flushed(builder, "a"), b.flushed(builder, "b")
    b_sign = ~b.sign if subtract else b.sign
    size, count = fmt.fraction_bits, len(a.magnitude)
    # Larger and smaller by magnitude: the borrow of a - b.
    differ, large = builder.rows("differ", count), builder.rows("large", count)
    small = builder.rows("small", size)
    less = clear(builder, "less")
    for i in range(count):
        builder.together((differ[i], ONE, a.rows[i]), (large[i], ONE, a.rows[i]))
        builder.xor(differ[i], b.rows[i])
        if i < size:
            builder.copy(small[i], b.rows[i])
        builder.select(less, differ[i], b.rows[i])
    sign, opposite = builder.row("sign"), builder.row("opposite")
    builder.together((sign, ONE, a.sign), (opposite, ONE, a.sign))
    builder.select(opposite, b_sign, ~opposite)
    # Flags: a zero exponent means no leading 1; all ones, infinity or NaN.
    leading, leading_small = builder.row("leading"), builder.row("leading of small")
    builder.search(zeros=a.exponent)
    builder.together((leading, ONE, ~MATCH), (leading_small, ONE, ~MATCH))
    builder.search(zeros=b.exponent)
    builder.together((leading, ~MATCH, ONE), (leading_small, MATCH, ZERO))
    special, both = builder.row("special"), builder.row("both special")
    builder.search(a.exponent)
    builder.together((special, ONE, MATCH), (both, ONE, MATCH))
    builder.search(b.exponent)
    builder.together((special, MATCH, ONE), (both, ~MATCH, ZERO))
    equal = zero_flag(builder, "equal", differ)
    builder.search([less])
    for i in range(count):
        writes = [(large[i], MATCH, b.rows[i])]
        if i < size:
            writes.append((small[i], MATCH, a.rows[i]))
        builder.together(*writes)
    builder.select(sign, MATCH, b_sign)
    # Equal magnitudes of opposite signs give +0.
    builder.search([equal, opposite])
    builder.select(sign, MATCH, ZERO)
    no_number = builder.row("not a number")
    builder.search(zeros=large[:size])
    builder.copy(no_number, ~MATCH)
    builder.and_(no_number, special)
    builder.search([both, opposite])
    builder.or_(no_number, MATCH)
    builder.select(sign, no_number, ZERO)
    # How much larger the exponent is; a subnormal's exponent counts as 1.
    exponent, distance = large[size:], differ[size:]
    borrow = builder.row("borrow")
    builder.copy(borrow, leading)
    builder.and_(borrow, ~leading_small)
    for far, bit in zip(distance, exponent, strict=True):
        builder.together((far, borrow, ~far), (borrow, far, ~bit))
    # The exponent of the bit before the point, less 1, if that bit is the one that addition
    # carries to: the larger operand's, a subnormal's being 1.
    builder.or_(exponent[0], ~leading)
    rows = _aligned(builder, [*small, leading_small], distance)
    total = _signed_sum(builder, rows, [*large[:size], leading], opposite)
    top = clear(builder, "exponent top")
    normalise(builder, total, exponent, limited=True)
    exponent = [*exponent, top]
    packed = round_and_pack(builder, fmt, total, exponent, special, no_number)
    if flush:
        builder.search(zeros=packed[size:])
        set_all(builder, packed[:size], MATCH, ZERO)
    return Operand(fmt, [*packed, sign])


def _aligned(builder: Builder, small: list[Signal], distance: list[Signal]) -> list[Signal]:
    """The smaller significand, two bits and what is sticky below it, shifted by `distance`."""
    sticky = clear(builder, "sticky")
    amount = distance[: (len(small) + 2).bit_length()]
    builder.search(zeros=distance[len(amount) :])
    # So far that nothing is left: the longest shift does that too.
    set_all(builder, amount, ~MATCH, ONE)
    return [sticky, *shift_right(builder, [ZERO, ZERO, *small], amount, sticky)]


def _signed_sum(
    builder: Builder, small: list[Signal], large: list[Signal], opposite: Signal
) -> list[Signal]:
    """`large`, three zeros below it, plus `small`, or minus it; with the bit that is carried to."""
    builder.search([opposite])
    for row in small:
        builder.select(row, MATCH, ~row)
    carry = builder.row("carry")
    builder.copy(carry, opposite)
    total, carry = add_into(builder, [ZERO] * 3 + large, small, carry)
    # In two's complement the carry out of a difference is no bit of it.
    builder.and_(carry, ~opposite)
    return [*total, carry]
