"""The Verilog harness around a catalogue of controllers: all their ports as a few wide vectors.

A Python bench pays for each signal it touches and each time it wakes up, so the harness packs what
all controllers need into one `stimulus` vector and what they say into one `response` vector. Bits
are grouped by meaning: all `valid` bits, all rows, and so on, in the order of the controllers.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

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
        config_bits: width of its config stream's payload; 0 where it has none.
        select_bits: width of a bit's amplitude select; 0 where it has none.
        width: bits of a word.
    """

    prefix: str
    columns: int
    row_bits: int
    counters: tuple[str, ...]
    counter_bits: int
    config_bits: int = 0
    select_bits: int = 0
    width: int = 0


@dataclass(frozen=True)
class Harness:
    """The harness' module around `controllers`, ports of the Verilog module `catalogue`.

    Ports: `clk`; `rst`; `stimulus` (`stimulus_groups`); `response` (`response_groups`), taken in
    the middle of the clock; `counters_<n>`, the counters of controller n. Controllers with a config
    stream have further groups; their payloads and selects take as many bits as the widest has.
    """

    catalogue: str
    controllers: tuple[Controller, ...]

    @cached_property
    def stimulus_groups(self) -> dict[str, int]:
        """Groups of the stimulus vector, from bit 0 up, and their bits."""
        n, rows, columns = self._sizes
        groups = {"valid": n, "row": rows, "data": columns, "sense": columns}
        if self.config_bits:
            groups |= {"config_valid": n, "config": n * self.config_bits}
        return groups

    @cached_property
    def response_groups(self) -> dict[str, int]:
        """Groups of the response vector, from bit 0 up, and their bits.

        `ready` and `accepted` are of the clock before: what ready was, and whether a command was
        accepted, at the rising edge; so are those of the config streams. The others are of this
        clock; `select` is the amplitude by bit of a word, controller by controller.
        """
        n, rows, columns = self._sizes
        groups = {
            "ready": n,
            "accepted": n,
            "read": n,
            "row": rows,
            "data": columns,
            "drive": columns,
        }
        if self.config_bits:
            groups |= {
                "config_ready": n,
                "config_accepted": n,
                "select": sum(c.width for c in self.controllers) * self.select_bits,
            }
        return groups

    @property
    def ports(self) -> tuple[str, ...]:
        """The module's ports."""
        counters = (f"counters_{n}" for n in range(len(self.controllers)))
        return ("clk", "rst", "stimulus", "response", *counters)

    @property
    def config_bits(self) -> int:
        """Bits of a config payload in the stimulus."""
        return max(c.config_bits for c in self.controllers)

    @property
    def select_bits(self) -> int:
        """Bits of an amplitude select in the response."""
        return max(c.select_bits for c in self.controllers)

    @property
    def _sizes(self) -> tuple[int, int, int]:
        rows = sum(c.row_bits for c in self.controllers)
        return len(self.controllers), rows, sum(c.columns for c in self.controllers)

    def verilog(self) -> str:
        """The module's text."""
        stimulus = sum(self.stimulus_groups.values())
        response = sum(self.response_groups.values())
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
        registered = {"ready": "ready_before", "config_ready": "config_ready_before"}
        registered |= {"accepted": "accepted", "config_accepted": "config_accepted"}
        for name, width in self.response_groups.items():
            if not name.endswith("accepted"):
                lines.append(f"  wire [{width - 1}:0] {name};")
            if name in registered:
                lines.append(f"  reg [{width - 1}:0] {registered[name]};")
        lines += self._selects() if self.config_bits else []
        lines += ["  always @(posedge clk) begin", *self._handshake("valid", "ready", "accepted")]
        if self.config_bits:
            lines += self._handshake("config_valid", "config_ready", "config_accepted")
        packed = ", ".join(registered.get(name, name) for name in reversed(self.response_groups))
        lines += [
            "  end",
            f"  always @(negedge clk) response <= {{{packed}}};",
            f"  {self.catalogue} dut(.clk(clk), .rst(rst)",
            *self._connections(),
            "  );",
            "endmodule",
            "",
        ]
        return "\n".join(lines)

    def _handshake(self, valid: str, ready: str, accepted: str) -> list[str]:
        """What a stream's handshake was at the rising edge; nothing is accepted in reset."""
        n = len(self.controllers)
        offered = f"stimulus[{self._starts[valid]} +: {n}]"
        return [
            f"    {ready}_before <= {ready};",
            f"    {accepted} <= rst ? {n}'d0 : {ready} & {offered};",
        ]

    @cached_property
    def _starts(self) -> dict[str, int]:
        """The first bit of each group of the stimulus."""
        widths = self.stimulus_groups.values()
        return dict(zip(self.stimulus_groups, accumulate(widths, initial=0), strict=False))

    def _connections(self) -> list[str]:
        starts, lines, row, column = self._starts, [], 0, 0
        for number, c in enumerate(self.controllers):
            rows, columns = f"{row} +: {c.row_bits}", f"{column} +: {c.columns}"
            payload = (
                f"{{stimulus[{starts['data'] + column} +: {c.columns}], "
                f"stimulus[{starts['row'] + row} +: {c.row_bits}]}}"
            )
            ports = {
                "words__valid": f"stimulus[{number}]",
                "words__ready": f"ready[{number}]",
                "words__payload": payload,
                "array__row": f"row[{rows}]",
                "array__data": f"data[{columns}]",
                "array__drive": f"drive[{columns}]",
                "array__read": f"read[{number}]",
                "array__sense": f"stimulus[{starts['sense'] + column} +: {c.columns}]",
            }
            if c.config_bits:
                at = starts["config"] + number * self.config_bits
                ports |= {
                    "config__valid": f"stimulus[{starts['config_valid'] + number}]",
                    "config__ready": f"config_ready[{number}]",
                    "config__payload": f"stimulus[{at} +: {c.config_bits}]",
                    "array__amplitude": f"amplitude_{number}",
                }
            for place, name in enumerate(c.counters):
                ports[name] = f"counters_{number}[{place * c.counter_bits} +: {c.counter_bits}]"
            lines += [f"    , .{c.prefix}{name}({net})" for name, net in ports.items()]
            row += c.row_bits
            column += c.columns
        return lines

    def _selects(self) -> list[str]:
        """Each controller's amplitude selects, in the low bits of their places."""
        lines, at = [], 0
        for number, c in enumerate(self.controllers):
            lines.append(f"  wire [{c.width * c.select_bits - 1}:0] amplitude_{number};")
            rest = self.select_bits - c.select_bits
            for bit in range(c.width):
                own = f"amplitude_{number}[{bit * c.select_bits} +: {c.select_bits}]"
                value = f"{{{rest}'d0, {own}}}" if rest else own
                lines.append(f"  assign select[{at} +: {self.select_bits}] = {value};")
                at += self.select_bits
        return lines
