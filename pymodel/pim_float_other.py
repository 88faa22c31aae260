"""Comparison, maximum, rectifier and multiply-accumulate of floats as programs."""

from functools import cache

from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_add import emit_add
from nvmcosim.pymodel.pim_float_multiply import emit_multiply
from nvmcosim.pymodel.pim_float_parts import Operand, new_builder, zero_flag
from nvmcosim.pymodel.pim_integers import clear, set_all
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, Signal

__all__ = ["compare_program", "mac_program", "maximum_program", "nan_flag", "relu_program"]


def nan_flag(builder: Builder, operand: Operand) -> Signal:
    """A new row that is 1 where `operand` is no number."""
    row, empty = builder.row("not a number"), zero_flag(builder, "empty", operand.fraction)
    builder.search(operand.exponent)
    builder.copy(row, MATCH)
    builder.and_(row, ~empty)
    return row


def _order(builder: Builder, a: Operand, b: Operand) -> tuple[Signal, Signal]:
    """Whether a is before b, -0 being before +0 and NaNs where their bits put them; and alike.

    The second row is 1 where the magnitudes are equal.
    """
    differ = builder.rows("differ", len(a.magnitude))
    less = clear(builder, "less")
    for i, row in enumerate(differ):
        builder.copy(row, a.rows[i])
        builder.xor(row, b.rows[i])
        builder.select(less, row, b.rows[i])
    equal = zero_flag(builder, "equal", differ)
    # Of two negative numbers the larger magnitude comes first; of unlike signs the negative one.
    builder.search([a.sign], [equal])
    builder.select(less, MATCH, ~less)
    signs = builder.row("signs")
    builder.copy(signs, a.sign)
    builder.xor(signs, b.sign)
    builder.select(less, signs, a.sign)
    return less, equal


@cache
def compare_program(format: str, k: int = PUBLISHED_K) -> PimProgram:
    """Three flags of `a` and `b`: `less`, `equal` and `unordered`, as IEEE 754 compares."""
    fmt = float_format(format)
    builder = new_builder(f"{format}-compare", fmt, k)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    unordered = nan_flag(builder, a)
    builder.or_(unordered, nan_flag(builder, b))
    less, equal = _order(builder, a, b)
    # Zeros are equal whatever their signs; nothing else of unlike signs is.
    zeros = builder.row("zeros")
    builder.search([equal], a.magnitude)
    builder.copy(zeros, MATCH)
    builder.and_(less, ~zeros)
    signs = builder.row("signs")
    builder.copy(signs, a.sign)
    builder.xor(signs, b.sign)
    builder.and_(signs, ~zeros)
    builder.and_(equal, ~signs)
    for flag in (less, equal):
        builder.and_(flag, ~unordered)
    for name, flag in (("less", less), ("equal", equal), ("unordered", unordered)):
        builder.output(name, [flag])
    return builder.build()


@cache
def maximum_program(format: str, k: int = PUBLISHED_K) -> PimProgram:
    """The larger of `a` and `b`, +0 being larger than -0; a NaN if either is one.

    IEEE 754-2019's `maximum`.
    """
    fmt = float_format(format)
    builder = new_builder(f"{format}-maximum", fmt, k)
    a, b = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b"))
    no_number = nan_flag(builder, a)
    builder.or_(no_number, nan_flag(builder, b))
    less, _ = _order(builder, a, b)
    out = builder.rows("out", fmt.width)
    for row, source in zip(out, a.rows, strict=True):
        builder.copy(row, source)
    builder.search([less])
    for row, source in zip(out, b.rows, strict=True):
        builder.select(row, MATCH, source)
    result = Operand(fmt, out)
    builder.search([no_number])
    set_all(builder, [*result.exponent, result.fraction[-1]], MATCH, ONE)
    builder.output("out", out)
    return builder.build()


@cache
def relu_program(format: str, k: int = PUBLISHED_K) -> PimProgram:
    """`a` where it is positive or a NaN, else +0."""
    fmt = float_format(format)
    builder = new_builder(f"{format}-relu", fmt, k)
    a = Operand(fmt, builder.input("a", fmt.width))
    no_number = nan_flag(builder, a)
    out = builder.rows("out", fmt.width)
    for row, source in zip(out, a.rows, strict=True):
        builder.copy(row, source)
    builder.search([a.sign], [no_number])
    set_all(builder, out, MATCH, ZERO)
    builder.output("out", out)
    return builder.build()


@cache
def mac_program(
    format: str, flush: bool = False, skip_zeros: bool = False, k: int = PUBLISHED_K
) -> PimProgram:
    """`out = c + a * b`, rounded twice as a multiplication and an addition are; operands are kept.

    One program, so that steps of one are filled with what the other can do meanwhile, and the
    product needs no rows of its own.
    """
    fmt = float_format(format)
    name = f"{format}-mac{'-flush' if flush else ''}{'-skip' if skip_zeros else ''}"
    builder = new_builder(name, fmt, k)
    a, b, c = (Operand(fmt, builder.input(operand, fmt.width)) for operand in ("a", "b", "c"))
    product = emit_multiply(builder, a, b, flush, skip_zeros)
    builder.output("out", emit_add(builder, c, product, flush=flush).rows)
    return builder.build()
