"""One-bit full adders as programs: the published one, those it is compared with, and a shorter one.

All take X, Y and the carry Z, and give `sum` and `carry`. Each step is as written here.
"""

from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import ONE, ZERO, Signal

__all__ = ["ADDERS", "destructive_adder", "nor_adder", "published_adder", "short_adder"]


def _operands(name: str, k: int = 3, gates: int = 1) -> tuple[Builder, Signal, Signal, Signal]:
    builder = Builder(name, k, pack_steps=False, gates=gates)
    x, y, z = (builder.input(operand, 1)[0] for operand in ("x", "y", "z"))
    return builder, x, y, z


def _built(builder: Builder, total: Signal, carry: Signal) -> PimProgram:
    builder.output("sum", [total])
    builder.output("carry", [carry])
    return builder.build()


def published_adder() -> PimProgram:
    """Four steps, four cells besides the operands, all three of which it keeps (wang2020, Fig. 3).

    Step 1 copies, 2 makes X^Y and XY, 3 copies X^Y next to Z and makes Z(X^Y), 4 makes sum and
    carry.
    """
    builder, x, y, z = _operands("adder-published")
    both, either, total, copied = (builder.row(n) for n in ("x&y", "x^y", "sum", "x^y copied"))
    builder.together((both, ONE, x), (either, ONE, y), (total, ONE, z))
    builder.together((both, ~y, ZERO), (either, x, ~y))
    builder.together((copied, ONE, either), (either, ~total, ZERO))
    builder.together((total, copied, ~total), (both, either, ONE))
    return _built(builder, total, both)


def short_adder() -> PimProgram:
    """Three steps, three cells, operands kept: the carry is Z where X and Y differ, else X.

    That is one write with X^Y at the gate and Z as the value, which the cell of wang2020, Fig. 1,
    takes as it takes an XOR.
    """
    builder, x, y, z = _operands("adder-short")
    differ, carry, total = (builder.row(n) for n in ("x^y", "carry", "sum"))
    builder.together((differ, ONE, x), (carry, ONE, x), (total, ONE, z))
    builder.together((differ, y, ~x))
    builder.together((carry, differ, z), (total, differ, ~z))
    return _built(builder, total, carry)


def destructive_adder() -> PimProgram:
    """Five steps and four cells, the operands' three included; they are overwritten.

    wang2020 states steps and cells of its reference [11] and that operands are lost; the sequence
    itself is ours.
    """
    builder, x, y, z = _operands("adder-destructive")
    both = builder.row("x&y")
    builder.together((both, ONE, x))
    builder.together((both, ~y, ZERO), (x, y, ~x))
    builder.together((y, ONE, z))
    builder.together((y, ~x, ZERO), (z, x, ~z))
    builder.together((both, y, ONE))
    return _built(builder, z, both)


def nor_adder() -> PimProgram:
    """Thirteen steps and twelve cells: twelve NORs of resistive memory, whose cells are first set.

    Carry and sum are FloatPIM's: Z' = ((X+Y)'+(Y+Z)'+(Z+X)')' and
    S = (((X'+Y'+Z')' + ((X+Y+Z)'+Z')')')', which give the steps and cells that wang2020 states.
    Setting all cells in one step takes k = 12.
    """
    builder, x, y, z = _operands("adder-nor", k=12, gates=3)
    cells = builder.rows("nor", 12)
    builder.together(*((cell, ONE, ONE) for cell in cells))
    inputs: list[tuple[Signal, ...]] = [(x, y), (y, z), (z, x), tuple(cells[:3])]
    inputs += [(x,), (y,), (z,), tuple(cells[4:7]), (x, y, z)]
    inputs += [(cells[8], cells[3]), (cells[7], cells[9]), (cells[10],)]
    for cell, taken in zip(cells, inputs, strict=True):
        builder.nor(cell, *taken)
    return _built(builder, cells[11], cells[3])


#: By name.
ADDERS = {
    "published": published_adder,
    "short": short_adder,
    "destructive": destructive_adder,
    "nor": nor_adder,
}
