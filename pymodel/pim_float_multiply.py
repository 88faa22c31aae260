"""Float multiplication as programs (wang2020, 3.3 and Fig. 4b)."""

from dataclasses import dataclass
from functools import cache

from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_bounds import StepBounds
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_parts import (
    Operand,
    new_builder,
    normalise,
    round_and_pack,
    zero_flag,
)
from nvmcosim.pymodel.pim_integers import (
    add_into,
    clear,
    decrement_from,
    enough,
    increment,
    set_all,
    shift_left,
    shift_right,
)
from nvmcosim.pymodel.pim_product import product
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, PimCounts, Signal

__all__ = [
    "denormalise",
    "emit_multiply",
    "multiply_bounds",
    "multiply_parts",
    "multiply_program",
]


@cache
def multiply_program(
    format: str,
    flush: bool = False,
    skip_zeros: bool = False,
    k: int = PUBLISHED_K,
    radix: int | None = None,
) -> PimProgram:
    """`out = a * b` in IEEE 754's `format`, to nearest even; `a` and `b` are kept.

    A NaN comes out as the positive quiet one. With `flush` subnormal operands count as zeros, and
    a result that is subnormal once rounded becomes a zero of its sign. With `skip_zeros` a
    multiplier bit that is 0 in every column is skipped. `radix` is how many values a multiplier
    digit has, 2 or 4; without one it is 4, or 2 where bits are skipped.
    """
    return _emitted(format, flush, skip_zeros, k, radix).build()


def multiply_parts(format: str, flush: bool = False, radix: int = 4) -> dict[str, PimCounts]:
    """What each part of a multiplication takes if it shares no step with another."""
    return _emitted(format, flush, radix=radix).parts


def multiply_bounds(format: str) -> StepBounds:
    """Steps that no order of a multiplication's writes and searches can go below."""
    return _emitted(format).bounds()


def _emitted(
    format: str,
    flush: bool = False,
    skip_zeros: bool = False,
    k: int = PUBLISHED_K,
    radix: int | None = None,
) -> Builder:
    """A multiplication that is yet to be packed into steps."""
    fmt = float_format(format)
    name = f"{format}-multiply{'-flush' if flush else ''}{'-skip' if skip_zeros else ''}"
    if radix is not None:
        name += f"-radix-{radix}"
    builder = new_builder(name, fmt, k)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    builder.output("out", emit_multiply(builder, a, b, flush, skip_zeros, radix).rows)
    return builder


def emit_multiply(
    builder: Builder,
    a: Operand,
    b: Operand,
    flush: bool = False,
    skip_zeros: bool = False,
    radix: int | None = None,
) -> Operand:
    """Emit a multiplication; returns the rows of its result.

    In order: a leading 1 for a subnormal operand (if both are, the result is 0 or rounds to it),
    the exponents' sum, the significands' product, the shift to a subnormal result, rounding.
    """
    fmt = a.fmt
    with builder.part("specials"):
        flags = _flags(builder, a, b, flush)
    with builder.part("copy"):
        left, right = _significands(builder, a, b, flags, swap=not flush)
    with builder.part("exponent"):
        exponent = _exponent_sum(builder, a, b, flags)
    if not flush:
        with builder.part("subnormal operand"):
            normalise(builder, left, exponent)
    with builder.part("product"):
        rows = product(builder, left, right, skip_zeros, radix or (2 if skip_zeros else 4))
    with builder.part("normalise"):
        # The product of 1.x and 1.y may have two bits before its point. If it has one alone, it is
        # shifted to where it has two, unless that made it less than subnormal.
        count, low = builder.row("count"), []
        builder.copy(count, rows[-1])
        if not flush:
            builder.and_(count, ~exponent[-1])
            low.append(zero_flag(builder, "low", exponent[:-1]))
            builder.or_(low[0], exponent[-1])
        builder.search(zeros=[rows[-1], *low])
        shift_left(builder, rows, 1)
    nothing = None
    if flush:
        nothing = builder.row("nothing")
        builder.copy(nothing, ~flags.leading_a)
        builder.or_(nothing, ~flags.leading_b)
    else:
        with builder.part("subnormal result"):
            rows = denormalise(builder, rows, exponent)
    with builder.part("round"):
        packed = round_and_pack(
            builder, fmt, rows, exponent, flags.infinite, flags.not_a_number, nothing, count
        )
    return Operand(fmt, [*packed, flags.sign])


@dataclass(frozen=True)
class _Flags:
    """Rows that say what the operands are."""

    leading_a: Signal
    leading_b: Signal
    infinite: Signal
    not_a_number: Signal
    sign: Signal


def _flags(builder: Builder, a: Operand, b: Operand, flush: bool) -> _Flags:
    leading, special, empty = [], [], []
    for operand in (a, b):
        leading.append(builder.row("leading"))
        builder.search(zeros=operand.exponent)
        builder.copy(leading[-1], ~MATCH)
        special.append(builder.row("special"))
        builder.search(operand.exponent)
        builder.copy(special[-1], MATCH)
        empty.append(zero_flag(builder, "no fraction", operand.fraction))
    infinite, no_number = builder.row("infinite"), clear(builder, "not a number")
    builder.copy(infinite, special[0])
    builder.or_(infinite, special[1])
    for one, other in ((0, 1), (1, 0)):
        # A NaN, and infinity times 0, which what is flushed counts as.
        zero = [] if flush else [empty[other]]
        builder.search([special[one]], [empty[one]])
        builder.or_(no_number, MATCH)
        builder.search([special[one], *zero], [leading[other]])
        builder.or_(no_number, MATCH)
    sign = builder.row("sign")
    builder.copy(sign, a.sign)
    builder.xor(sign, b.sign)
    builder.and_(sign, ~no_number)
    return _Flags(leading[0], leading[1], infinite, no_number, sign)


def _significands(
    builder: Builder, a: Operand, b: Operand, flags: _Flags, swap: bool
) -> tuple[list[Signal], list[Signal]]:
    """Copies of both significands; with `swap` the first is the one without a leading 1, if any."""
    size = a.fmt.fraction_bits
    left, right = builder.rows("left", size + 1), builder.rows("right", size + 1)
    builder.copy(left[size], flags.leading_a)
    builder.copy(right[size], flags.leading_b)
    for i in range(size):
        builder.copy(right[i], b.rows[i])
        if not swap:
            builder.copy(left[i], a.rows[i])
    if swap:
        builder.search(zeros=[flags.leading_b])
        for i in range(size):
            builder.together((left[i], ONE, a.rows[i]), (right[i], MATCH, a.rows[i]))
            builder.select(left[i], MATCH, b.rows[i])
        builder.select(left[size], MATCH, ZERO)
        builder.select(right[size], MATCH, flags.leading_a)
    return left, right


def _exponent_sum(builder: Builder, a: Operand, b: Operand, flags: _Flags) -> list[Signal]:
    """Sum of the exponents less the bias, in two's complement, two bits longer than they are."""
    sides = []
    for operand, leading in ((a, flags.leading_a), (b, flags.leading_b)):
        rows = builder.rows("exponent", len(operand.exponent))
        for row, source in zip(rows, operand.exponent, strict=True):
            builder.copy(row, source)
        # A subnormal's exponent counts as 1.
        builder.or_(rows[0], ~leading)
        sides.append(rows)
    # Less the bias is 1 more, less 2 to the exponent's bits but one.
    carry, high = builder.row("carry"), builder.row("high")
    builder.copy(carry, ONE)
    total, carry = add_into(builder, sides[0], sides[1], carry)
    builder.select(high, ONE, ZERO)
    borrow = builder.row("borrow")
    builder.copy(borrow, ONE)
    rows = [*total, carry, high]
    decrement_from(builder, rows[len(total) - 1 :], borrow)
    return rows


def denormalise(builder: Builder, rows: list[Signal], exponent: list[Signal]) -> list[Signal]:
    """Shift `rows` right by what a negative `exponent` lacks to 0; the first row is sticky.

    There is then no leading 1, and the exponent does not count.
    """
    negative, carry = exponent[-1], builder.row("carry")
    amount = builder.rows("shift", (len(rows) - 1).bit_length())
    for row, bit in zip(amount, exponent, strict=False):
        builder.copy(row, ~bit)
    builder.copy(carry, negative)
    increment(builder, amount, carry)
    builder.search(ones=exponent[len(amount) :])
    builder.or_(carry, ~MATCH)
    # So far that nothing is left: a shift by all rows does that too.
    for j in enough(len(rows) - 1, len(amount)):
        builder.or_(amount[j], carry)
    builder.search(zeros=[negative])
    set_all(builder, amount, MATCH, ZERO)
    shifted = shift_right(builder, rows[1:], amount, rows[0], sticky_is_clear=False)
    return [rows[0], *shifted]
