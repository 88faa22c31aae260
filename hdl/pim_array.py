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

    Members, each an array of one for each port:
        row: In, the row that is read or written.
        sense: Out `[columns]`, what it holds.
        write: In, whether it is written.
        gate, value: In `[columns]`, V and C of the write.
    """

    def __init__(self, rows: int, columns: int, ports: int) -> None:
        self.rows = rows
        self.columns = columns
        self.ports = ports
        #: What the cells hold; a port of its own may look on.
        self.held = Memory(shape=columns, depth=rows, init=[])
        self._ports = [
            (self.held.read_port(domain="comb"), self.held.write_port()) for _ in range(ports)
        ]
        wide = data.ArrayLayout(columns, ports)
        super().__init__(
            {
                "row": In(data.ArrayLayout(address_bits(rows), ports)),
                "sense": Out(wide),
                "write": In(ports),
                "gate": In(wide),
                "value": In(wide),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit."""
        m = Module()
        m.submodules.held = self.held
        for n, (reader, writer) in enumerate(self._ports):
            m.d.comb += [
                reader.addr.eq(self.row[n]),
                self.sense[n].eq(reader.data),
                writer.addr.eq(self.row[n]),
                writer.en.eq(self.write[n]),
                writer.data.eq(cell(self.gate[n], self.value[n], reader.data)),
            ]
        return m
