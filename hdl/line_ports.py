"""What goes in and out of a line controller: commands, replies, and the memory array."""

from typing import Any

from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LineArraySignature", "LineCommandLayout", "Opcode", "line_bits", "line_port_meanings"]


class Opcode(enum.Enum, shape=2):  # type: ignore[call-arg]
    """What a command asks for; `pymodel.coded_lines` says what each does."""

    #: Reply with what the line holds.
    READ = 0
    #: Write data to the line.
    WRITE = 1
    #: Idle time: turn what is spent, and keep the data.
    REFRESH = 2
    #: Idle time before a write: turn everything, and give up the data.
    PREPARE = 3


def line_bits(lines: int) -> int:
    """Width of a line's number; an array of one line still has an address line."""
    return max(1, (lines - 1).bit_length())


class LineCommandLayout(data.StructLayout):
    """A command: what to do, to which line, and for a write its data, of any `shape`."""

    def __init__(self, lines: int, name: str, shape: Any) -> None:
        super().__init__({"opcode": Opcode, "line": line_bits(lines), name: shape})


class LineArraySignature(wiring.Signature):
    """What a line controller and its memory array exchange, seen from the controller.

    Cells are those of the groups, group 0 first and each from bit 0 of its word up; then, with
    ping-pong, one cell for the polarity of each unit.

    Members:
        line: Out, the line that is read or driven; registered.
        read: Out, registered: the line is sensed while it is 1, for as many clocks as a read takes.
        sense: In `[cells]`, what the line holds; looked at in the last clock of a read.
        set, reset: Out `[cells]`, registered (no glitches): a cell's SET or RESET driver is on in
            exactly the clocks in which its bit is 1, as many as the pulse takes. The two are never
            on together in one cell, nor any of them during a read.
    """

    def __init__(self, lines: int, cells: int) -> None:
        super().__init__(
            {
                "line": Out(line_bits(lines)),
                "read": Out(1),
                "sense": In(cells),
                "set": Out(cells),
                "reset": Out(cells),
            }
        )


def line_port_meanings(cells: str) -> dict[str, str]:
    """One line on each port of a controller's Verilog, by its name; `cells` is their order."""
    return {
        "commands__payload": "command: opcode (0 read, 1 write, 2 refresh, 3 prepare), line, words",
        "commands__valid": "a command is offered",
        "commands__ready": "an offered command is accepted in this clock",
        "replies__payload": "what a read found, word 0 first",
        "replies__valid": "a reply is offered, and held until it is accepted",
        "replies__ready": "an offered reply is accepted in this clock",
        "array__line": "line that is read or driven",
        "array__read": "the line is sensed; no driver is on",
        "array__sense": f"what the line holds, in the last clock of array__read; {cells}",
        "array__set": f"SET drivers that are on in this clock; {cells}",
        "array__reset": f"RESET drivers that are on in this clock; {cells}",
        "writes": "write commands completed",
        "reads": "read commands completed",
        "refreshes": "refresh commands completed",
        "prepares": "prepare commands completed",
        "turns": "units refreshed",
        "sets": "SET pulses of groups' cells, each a flip",
        "resets": "RESET pulses of groups' cells, each a flip",
        "ignored": "unimportant bits that a write left as they were",
        "cleared": "unimportant bits that were 1, should have been 1, and that a refresh made 0",
        "impossible": "groups that a command found with a word which no write makes",
    }
