"""The microcode of a program: what the sequencer's ROM holds, generated from the program itself."""

from collections.abc import Iterator
from typing import Any

from amaranth.lib import data, enum

from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, Signal, Step, Write

__all__ = ["MicroWord", "Select", "address_bits", "advance_bits", "microcode"]


class Select(enum.Enum, shape=2):  # type: ignore[call-arg]
    """What a gate or a value is taken from."""

    #: The constant 1.
    ONE = 0
    #: The columns that the last search matched.
    MATCH = 1
    #: The row buffer whose number stands beside it.
    BUFFER = 2


def address_bits(rows: int) -> int:
    """Width of a row's address; an array of one row still has an address line."""
    return max(1, (rows - 1).bit_length())


def advance_bits(program: PimProgram) -> int:
    """Width of a distance in the ROM."""
    return max(1, (len(microcode(program)) - 1).bit_length())


class _Source(data.StructLayout):
    def __init__(self, k: int) -> None:
        buffer = max(1, (k - 1).bit_length())
        super().__init__({"select": Select, "buffer": buffer, "inverted": 1})


class MicroWord(data.StructLayout):
    """One word of the ROM: a step, or a part of a search that is longer than k rows.

    Fields:
        stop: the program ends; the word does nothing else.
        ends_step: the word is the last one of its step.
        search, first: the rows are compared; with the first of them a comparison begins.
        advance: how far the next word is if no column matches; else it is the next in the ROM.
        reads: for each row buffer whether it is used, its row, and the bit it is compared with.
        writes: for each write whether there is one, its row, gate and value.
    """

    def __init__(self, rows: int, k: int, advance: int) -> None:
        address = address_bits(rows)
        read = data.StructLayout({"used": 1, "row": address, "bit": 1})
        write = data.StructLayout(
            {"used": 1, "row": address, "gate": _Source(k), "value": _Source(k)}
        )
        super().__init__(
            {
                "stop": 1,
                "ends_step": 1,
                "search": 1,
                "first": 1,
                "advance": advance,
                "reads": data.ArrayLayout(read, k),
                "writes": data.ArrayLayout(write, k),
            }
        )


def microcode(program: PimProgram) -> list[dict[str, Any]]:
    """The words of `program`'s ROM, as initial values of `MicroWord`, a stop at the end."""
    words: list[dict[str, Any]] = []
    starts: list[int] = []
    for step in program.steps:
        starts.append(len(words))
        words += _words(step, program.k)
    starts.append(len(words))
    for number, step in enumerate(program.steps):
        if step.skip:
            last = starts[number + 1] - 1
            words[last]["advance"] = starts[number + 1 + step.skip] - last
    return [*words, {"stop": 1}]


def _words(step: Step, k: int) -> Iterator[dict[str, Any]]:
    parts = [step.search[i : i + k] for i in range(0, len(step.search), k)] or [()]
    for number, part in enumerate(parts):
        word: dict[str, Any] = {"advance": 1, "first": int(number == 0)}
        word["search"] = int(bool(step.search))
        word["reads"] = [{"used": 1, "row": row, "bit": bit} for row, bit in part]
        if not step.search:
            word["reads"] = [{"used": 1, "row": row} for row in step.reads]
        if number == len(parts) - 1:
            word["ends_step"] = 1
            word["writes"] = [_write(step, write) for write in step.writes]
        yield word


def _write(step: Step, write: Write) -> dict[str, Any]:
    return {
        "used": 1,
        "row": write.row,
        "gate": _source(step, write.gate),
        "value": _source(step, write.value),
    }


def _source(step: Step, signal: Signal) -> dict[str, Any]:
    if signal.is_row:
        select, buffer = Select.BUFFER, step.reads.index(signal.row)
    else:
        select, buffer = (Select.ONE if signal.row == ONE.row else Select.MATCH), 0
        assert signal.row in (ONE.row, MATCH.row)
    return {"select": select, "buffer": buffer, "inverted": int(signal.inverted)}
