"""Conversion between float formats as programs."""

from functools import cache

from nvmcosim.pymodel.formats import FloatFormat, float_format
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_multiply import denormalise
from nvmcosim.pymodel.pim_float_other import nan_flag
from nvmcosim.pymodel.pim_float_parts import Operand, new_builder, normalise, round_and_pack
from nvmcosim.pymodel.pim_integers import add_into, clear, increment, set_all
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, Signal

__all__ = ["convert_program"]


@cache
def convert_program(source: str, target: str, k: int = PUBLISHED_K) -> PimProgram:
    """`out` is `a`, of format `source`, in format `target`, to nearest even; a NaN stays one."""
    old, new = float_format(source), float_format(target)
    wide = old if old.exponent_bits >= new.exponent_bits else new
    builder = new_builder(f"{source}-to-{target}", wide, k)
    a = Operand(old, builder.input("a", old.width))
    no_number = nan_flag(builder, a)
    if old.exponent_bits == new.exponent_bits:
        magnitude = _same_exponent(builder, a, new, no_number)
    else:
        magnitude = _rescaled(builder, a, new, no_number)
    sign = builder.row("sign")
    builder.copy(sign, a.sign)
    builder.output("out", [*magnitude, sign])
    return builder.build()


def _same_exponent(
    builder: Builder, a: Operand, new: FloatFormat, no_number: Signal
) -> list[Signal]:
    """Words as integers: rounding carries into the exponent, and to infinity, by itself."""
    cut = a.fmt.fraction_bits - new.fraction_bits
    out = builder.rows("out", new.width - 1)
    for i, row in enumerate(out):
        builder.copy(row, a.rows[i + cut] if i + cut >= 0 else ZERO)
    if cut > 0:
        carry = builder.row("round")
        builder.search(zeros=[out[0], *a.rows[: cut - 1]])
        builder.copy(carry, a.rows[cut - 1])
        builder.and_(carry, ~MATCH)
        increment(builder, out, carry)
    builder.search([no_number])
    set_all(builder, out[new.fraction_bits - 1 :], MATCH, ONE)
    return out


def _rescaled(builder: Builder, a: Operand, new: FloatFormat, no_number: Signal) -> list[Signal]:
    old, bits = a.fmt, max(a.fmt.exponent_bits, new.exponent_bits) + 2
    lead, infinite = builder.row("leading"), builder.row("infinite")
    builder.search(zeros=a.exponent)
    builder.copy(lead, ~MATCH)
    builder.search(a.exponent)
    builder.copy(infinite, MATCH)
    exponent = builder.rows("exponent", bits)
    for i, row in enumerate(exponent):
        builder.copy(row, a.exponent[i] if i < old.exponent_bits else ZERO)
    builder.or_(exponent[0], ~lead)
    # Other bias, and 1 less: round_and_pack adds the leading bit.
    offset = (1 << (new.exponent_bits - 1)) - (1 << (old.exponent_bits - 1)) - 1
    constant = builder.rows("offset", bits)
    for i, row in enumerate(constant):
        builder.copy(row, ONE if offset >> i & 1 else ZERO)
    exponent, _ = add_into(builder, exponent, constant, ZERO)
    # What is sticky, the bit after the fraction, and the fraction: as many rows as there must be.
    below = max(new.fraction_bits + 2 - old.fraction_bits, 0)
    rows = [clear(builder, f"below[{i}]") for i in range(below)]
    for source in a.fraction:
        rows.append(builder.row("significand"))
        builder.copy(rows[-1], source)
    rows.append(lead)
    if new.exponent_bits > old.exponent_bits:
        normalise(builder, rows, exponent)
    else:
        rows = denormalise(builder, rows, exponent)
    return round_and_pack(builder, new, rows, exponent, infinite, no_number)
