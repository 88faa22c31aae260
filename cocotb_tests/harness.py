"""The Verilog harness around a catalogue of controllers: all their ports as a few wide vectors.

A Python bench pays for each signal it touches and each time it wakes up, so the harness packs what
all controllers need into one `stimulus` vector and what they say into one `response` vector. Bits
are grouped by meaning: all `valid` bits, all rows, and so on, in the order of the controllers.
"""

from dataclasses import dataclass
from functools import cached_property

__all__ = ["TOPLEVEL", "Controller", "Harness"]

#: Name of the harness' module.
TOPLEVEL = "store_bench"


@dataclass(frozen=True)
class Controller:
    """What the harness has to know about one controller of the catalogue.

    Fields:
        prefix: of its ports in the catalogue's module.
        columns: cells that it writes in parallel.
        row_bits: width of its row address.
        counters: its counters' ports, in the order they are packed, the first in the low bits.
        counter_bits: width of each counter.
    """

    prefix: str
    columns: int
    row_bits: int
    counters: tuple[str, ...]
    counter_bits: int


@dataclass(frozen=True)
class Harness:
    """The harness' module around `controllers`, ports of the Verilog module `catalogue`.

    Ports: `clk`; `rst`; `stimulus` (`stimulus_groups`); `response` (`response_groups`), taken in
    the middle of the clock; `counters_<n>`, the counters of controller n.
    """

    catalogue: str
    controllers: tuple[Controller, ...]

    @cached_property
    def stimulus_groups(self) -> dict[str, int]:
        """Groups of the stimulus vector, from bit 0 up, and their bits."""
        n, rows, columns = self._sizes
        return {"valid": n, "row": rows, "data": columns, "sense": columns}

    @cached_property
    def response_groups(self) -> dict[str, int]:
        """Groups of the response vector, from bit 0 up, and their bits.

        `ready` and `accepted` are of the clock before: what ready was, and whether a command was
        accepted, at the rising edge. The others are of this clock.
        """
        n, rows, columns = self._sizes
        return {
            "ready": n,
            "accepted": n,
            "read": n,
            "row": rows,
            "data": columns,
            "drive": columns,
        }

    @property
    def ports(self) -> tuple[str, ...]:
        """The module's ports."""
        counters = (f"counters_{n}" for n in range(len(self.controllers)))
        return ("clk", "rst", "stimulus", "response", *counters)

    @property
    def _sizes(self) -> tuple[int, int, int]:
        rows = sum(c.row_bits for c in self.controllers)
        return len(self.controllers), rows, sum(c.columns for c in self.controllers)

    def verilog(self) -> str:
        """The module's text."""
        stimulus = sum(self.stimulus_groups.values())
        response = sum(self.response_groups.values())
        n, rows, columns = self._sizes
        lines = [
            f"module {TOPLEVEL}(",
            "  input wire clk, input wire rst,",
            f"  input wire [{stimulus - 1}:0] stimulus,",
            f"  output reg [{response - 1}:0] response",
        ]
        for number, controller in enumerate(self.controllers):
            width = len(controller.counters) * controller.counter_bits
            lines.append(f"  , output wire [{width - 1}:0] counters_{number}")
        lines.append(");")
        for name, width in (
            ("ready", n),
            ("read", n),
            ("row", rows),
            ("data", columns),
            ("drive", columns),
        ):
            lines.append(f"  wire [{width - 1}:0] {name};")
        lines += [
            f"  reg [{n - 1}:0] ready_before, accepted;",
            "  always @(posedge clk) begin",
            "    ready_before <= ready;",
            f"    accepted <= rst ? {n}'d0 : ready & stimulus[{n - 1}:0];",
            "  end",
            "  always @(negedge clk)",
            "    response <= {drive, data, row, read, accepted, ready_before};",
            f"  {self.catalogue} dut(.clk(clk), .rst(rst)",
            *self._connections(),
            "  );",
            "endmodule",
            "",
        ]
        return "\n".join(lines)

    def _connections(self) -> list[str]:
        groups = self.stimulus_groups
        row_at = groups["valid"]
        data_at = row_at + groups["row"]
        sense_at = data_at + groups["data"]
        lines, row, column = [], 0, 0
        for number, c in enumerate(self.controllers):
            rows, columns = f"{row} +: {c.row_bits}", f"{column} +: {c.columns}"
            payload = (
                f"{{stimulus[{data_at + column} +: {c.columns}], "
                f"stimulus[{row_at + row} +: {c.row_bits}]}}"
            )
            ports = {
                "words__valid": f"stimulus[{number}]",
                "words__ready": f"ready[{number}]",
                "words__payload": payload,
                "array__row": f"row[{rows}]",
                "array__data": f"data[{columns}]",
                "array__drive": f"drive[{columns}]",
                "array__read": f"read[{number}]",
                "array__sense": f"stimulus[{sense_at + column} +: {c.columns}]",
            }
            for place, name in enumerate(c.counters):
                ports[name] = f"counters_{number}[{place * c.counter_bits} +: {c.counter_bits}]"
            lines += [f"    , .{c.prefix}{name}({net})" for name, net in ports.items()]
            row += c.row_bits
            column += c.columns
        return lines
