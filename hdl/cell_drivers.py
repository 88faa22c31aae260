"""Which cells of a row are driven: bits that differ, and the drivers that hold them on.

A row's *cells* are numbered from bit 0 of word 0 up: cell `word * width + bit`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["BitSelector", "DriveRegister", "WrittenDomain", "pick", "written_domains"]


@dataclass(frozen=True)
class WrittenDomain:
    """A domain with a pulse: its index in the plan, its clocks and, ascending, its cells."""

    index: int
    cycles: int
    cells: tuple[int, ...]


def written_domains(plan: StorePlan) -> list[WrittenDomain]:
    """The domains of `plan` that any pulse reaches."""
    return [
        WrittenDomain(
            index,
            cycles,
            tuple(
                word * plan.width + bit
                for word in range(plan.bank_words)
                for bit in range(plan.width)
                if plan.masks[index] >> bit & 1
            ),
        )
        for index, cycles in enumerate(plan.cycles)
        if cycles
    ]


def pick(vector: Value, cells: Iterable[int]) -> Value:
    """The bits of `vector` at `cells`, as one value that can be assigned to."""
    return Cat(vector[cell] for cell in cells)


class BitSelector(wiring.Component):
    """Chooses the cells of one domain that an attempt drives; combinational.

    Parameters:
        cells: number of cells.

    Members:
        wanted, held: In `[cells]`, what the cells should hold and what they hold.
        every: In, choose all cells without looking.
        bits: Out `[cells]`, the cells to drive.
        differ: Out, a cell does not hold what it should.
        select: Out, a cell is to be driven.
    """

    def __init__(self, cells: int) -> None:
        super().__init__(
            {
                "wanted": In(cells),
                "held": In(cells),
                "every": In(1),
                "bits": Out(cells),
                "differ": Out(1),
                "select": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: an exclusive or, overridden by `every`."""
        m = Module()
        wrong = self.wanted ^ self.held
        m.d.comb += [
            self.bits.eq(wrong | self.every.replicate(len(self.bits))),
            self.differ.eq(wrong.any()),
            self.select.eq(self.differ | self.every),
        ]
        return m


class DriveRegister(wiring.Component):
    """Holds the write drivers of one domain's cells on while its pulse lasts.

    Parameters:
        cells: number of cells.

    Members:
        start: In, drive `bits` from the next clock on.
        bits: In `[cells]`, the cells to drive.
        ends: In, the drivers go off after this clock, unless a pulse starts.
        drive: Out `[cells]`, registered.
    """

    def __init__(self, cells: int) -> None:
        super().__init__({"start": In(1), "bits": In(cells), "ends": In(1), "drive": Out(cells)})

    def elaborate(self, platform: object) -> Module:
        """The circuit: one flip-flop a cell."""
        m = Module()
        with m.If(self.start):
            m.d.sync += self.drive.eq(self.bits)
        with m.Elif(self.ends):
            m.d.sync += self.drive.eq(0)
        return m
