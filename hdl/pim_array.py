"""The array of an in-memory unit: rows of voltage-gated cells (wang2020, Fig. 1 and 2)."""

from amaranth.hdl import Module, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.pim_rom import address_bits

__all__ = ["PimCells", "cell"]


def cell(gate: Value, value: Value, held: Value) -> Value:
    """What cells hold after a write: `value` where `gate` is 1, else what they held."""
    return (gate & value) | (~gate & held)


class PimCells(wiring.Component):
    """`rows` by `columns` cells with `ports` rows read, or written, at a time.

    Digital stand-in for the memory array: a cell that is written obeys `cell`. Rows are read in the
    clock in which they are addressed; writes are done at its end. No row may be written twice.

    Parameters:
        rows, columns, ports: sizes.
        looked_at: whether all cells are an output, for proofs.

    Members, each an array of one for each port:
        row: In, the row that is read or written.
        sense: Out `[columns]`, what it holds.
        write: In, whether it is written.
        gate, value: In `[columns]`, V and C of the write.
    And `cells`, Out `[rows * columns]`, row by row, if they are looked at.
    """

    def __init__(self, rows: int, columns: int, ports: int, *, looked_at: bool = False) -> None:
        self.rows = rows
        self.columns = columns
        self.ports = ports
        self.looked_at = looked_at
        wide = data.ArrayLayout(columns, ports)
        super().__init__(
            {
                "row": In(data.ArrayLayout(address_bits(rows), ports)),
                "sense": Out(wide),
                "write": In(ports),
                "gate": In(wide),
                "value": In(wide),
                **({"cells": Out(rows * columns)} if looked_at else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit."""
        m = Module()
        m.submodules.held = held = Memory(shape=self.columns, depth=self.rows, init=[])
        for n in range(self.ports):
            reader, writer = held.read_port(domain="comb"), held.write_port()
            m.d.comb += [
                reader.addr.eq(self.row[n]),
                self.sense[n].eq(reader.data),
                writer.addr.eq(self.row[n]),
                writer.en.eq(self.write[n]),
                writer.data.eq(cell(self.gate[n], self.value[n], reader.data)),
            ]
        for row in range(self.rows if self.looked_at else 0):
            looker = held.read_port(domain="comb")
            m.d.comb += [
                looker.addr.eq(row),
                self.cells.word_select(row, self.columns).eq(looker.data),
            ]
        return m
