"""The ports of the write controllers: the command stream and the side of the cell array."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["ArraySignature", "CommandLayout", "port_meanings"]


class CommandLayout(data.StructLayout):
    """Payload of the command stream: `row`, and `data`, an array of `plan.bank_words` words."""

    def __init__(self, plan: StorePlan, rows: int) -> None:
        # An array of one row still has an address line: a port of no width is no Verilog.
        row_bits = max(1, (rows - 1).bit_length())
        super().__init__({"row": row_bits, "data": data.ArrayLayout(plan.width, plan.bank_words)})


class ArraySignature(wiring.Signature):
    """What a controller and its cell array exchange, seen from the controller.

    Members:
        row: Out, the row that is written or read; registered.
        data: Out `[bank_words * width]`, what driven cells are written with; registered.
        drive: Out `[bank_words * width]`, registered (no glitches): a cell's write driver is on
            in exactly the clocks in which its bit is high. A cell's pulse is a run of clocks in
            which its bit is high and `row` stays the same.
        read: Out, the row is sensed in this clock; never in a clock that drives.
        sense: In `[bank_words * width]`, contents of `row` in the same clock as `read`. A cell's
            new state must be seen in the clock after its pulse.
        amplitude: Out, an array of `width` selects of `select_bits`, if there are any: by bit of a
            word, for all words of the bank, which supply its write driver takes.
    """

    def __init__(self, plan: StorePlan, rows: int, select_bits: int = 0) -> None:
        cells = plan.bank_words * plan.width
        members: dict[str, wiring.Member] = {
            "row": Out(CommandLayout(plan, rows)["row"].shape),
            "data": Out(cells),
            "drive": Out(cells),
            "read": Out(1),
            "sense": In(cells),
        }
        if select_bits:
            members["amplitude"] = Out(data.ArrayLayout(select_bits, plan.width))
        super().__init__(members)


def port_meanings(group: str, groups: int) -> dict[str, str]:
    """One line on each port of a controller's Verilog, by the port's name.

    Counters are by `group`, `domain` or `stage`, of which there are `groups`.
    """
    order = "bit 0 of word 0 first"
    meanings = {
        "words__payload": "command: row, and the words to write to it",
        "words__valid": "a command is offered",
        "words__ready": "an offered command is accepted in this clock",
        "array__row": "row that is written or read",
        "array__data": f"what driven cells are written with, {order}",
        "array__drive": f"write drivers that are on in this clock, a bit a cell, {order}",
        "array__read": "the row is sensed in this clock; no driver is on",
        "array__sense": f"contents of the row in the clock of array__read, {order}",
        "commands": "commands completed",
        "retries": "attempts after the first, over all commands",
        "failed": "commands given up with a written bit still wrong",
    }
    for n in range(groups):
        meanings[f"pulses_{n}"] = f"write pulses of {group} {n}"
        meanings[f"driven_cycles_{n}"] = f"driven bits times clocks in {group} {n}"
    return meanings
