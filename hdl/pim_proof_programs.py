"""Programs for proofs: short ones that use all that a step may have, and sums that can be told."""

from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_integers import add_into
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO

__all__ = ["every_write", "ripple_adder", "search_program"]


def every_write() -> PimProgram:
    """Writes with every gate and value that there are: rows, the latch and constants."""
    builder = Builder("writes", pack_steps=False)
    a, c, b = (builder.input(name, 1)[0] for name in "acb")
    other = builder.input("d", 1)[0]
    builder.search([a], [c])
    for gate in (ONE, ZERO, a, ~a, b, ~b, MATCH, ~MATCH):
        for value in (ONE, a, b, c, MATCH):
            # Two rows that are written at once, of which one may read itself.
            builder.together((b, gate, value), (other, gate, ~value))
    builder.output("b after", [b])
    builder.output("d after", [other])
    return builder.build()


def search_program() -> PimProgram:
    """Searches of 1, 3, 4 and 9 rows, two of which pass steps over, with writes between them.

    Nine rows are three words of the ROM at k = 3, as many as the longest search of any program.
    """
    builder = Builder("search", pack_steps=False)
    a = builder.input("a", 9)
    found = builder.input("found", 2)
    builder.search(a[:2], a[2:3])
    builder.together((found[0], ONE, MATCH), (a[3], ~a[0], ~a[3]), (a[4], MATCH, ZERO))
    with builder.unless_none(a[5]):
        builder.together((a[6], MATCH, a[7]), (a[7], MATCH, ~a[6]))
        builder.search([a[8], a[0]], [a[1], a[6]])
        builder.copy(found[1], ~MATCH)
    with builder.unless_none(~a[6]):
        builder.together((a[0], ~MATCH, ONE), (a[1], a[0], a[2]))
    builder.search(a[::2], a[1::2])
    builder.together((found[0], MATCH, ~found[1]), (found[1], ~MATCH, found[0]))
    builder.output("same", found)
    return builder.build()


def ripple_adder(bits: int) -> PimProgram:
    """`x + y + z` as `sum` and `carry`, by the chain of carries that float programs use."""
    builder = Builder(f"ripple-{bits}")
    x, y = builder.input("x", bits), builder.input("y", bits)
    (z,) = builder.input("z", 1)
    total, carry = add_into(builder, x, y, z)
    builder.output("sum", total)
    builder.output("carry", [carry])
    return builder.build()
