"""Tidies the RTLIL that Amaranth emits, so that its Verilog passes lint without blanket waivers.

Amaranth writes correct RTLIL that Verilog lint tools dislike: nets that nothing reads, sums whose
carry nothing reads, operands of unequal widths. Each rewrite here keeps the meaning, and its
docstring says by which rule.

Vocabulary: an *item* is a wire, cell, process or connection of a module, with the lines that spell
it; a *net* is a wire's name as RTLIL spells it; a *reader* of a net is an item that uses its value.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Tidied", "tidy"]

_NET = re.compile(r"(?<![\w\\$.\]])([\\$][^\s]+)(?: \[(\d+)(?::(\d+))?\])?")
_WIRE = re.compile(r"wire width (\d+)(?: (input|output) \d+)?\s+(\S+)")
_BINARY = ("$add", "$sub", "$eq", "$ne", "$lt", "$le", "$gt", "$ge", "$and", "$or", "$xor")
_SUMS = ("$add", "$sub")
#: The output of each kind of cell of which an unread output makes the cell useless.
_OUTPUTS = {"$dff": "Q", "$mux": "Y", "$not": "Y", "$reduce_or": "Y", "$reduce_bool": "Y"}
_OUTPUTS |= dict.fromkeys(_BINARY, "Y")


@dataclass(frozen=True)
class Tidied:
    """Tidied RTLIL, and by module the input ports of which some bit is never read."""

    text: str
    unread_inputs: dict[str, tuple[str, ...]]


@dataclass
class _Item:
    kind: str  # "wire", "cell", "process" or "connect"
    lines: list[str]

    @property
    def head(self) -> str:
        """The line that names the item; attributes stand before it."""
        return next(line for line in self.lines if not line.lstrip().startswith("attribute"))

    @property
    def type(self) -> str:
        """Type of a cell."""
        return self.head.split()[1]

    def driven(self) -> str | None:
        """The net that the item drives and does nothing else."""
        if self.kind == "connect":
            return self.head.split()[1]
        if self.kind == "cell" and self.type in _OUTPUTS:
            return self.port(_OUTPUTS[self.type]).split()[0]
        return None

    def port(self, name: str) -> str:
        """What a port of the cell is connected to."""
        start = f"connect \\{name} "
        line = next(line for line in self.lines if line.lstrip().startswith(start))
        return line.strip().removeprefix(start)

    def set(self, words: str, value: object) -> None:
        """Replace what follows `words` on the line that starts with them."""
        for n, line in enumerate(self.lines):
            if line.lstrip().startswith(words + " "):
                indent = line[: len(line) - len(line.lstrip())]
                self.lines[n] = f"{indent}{words} {value}"

    def reads(self) -> Iterator[tuple[str, int | None]]:
        """Nets that the item uses, each with the highest bit of it, None for all bits."""
        driven = self.driven()
        # Wires and cells only name themselves on their first line.
        names = self.head if self.kind in ("wire", "cell") else None
        for line in self.lines:
            if line.lstrip().startswith("attribute") or line == names:
                continue
            text = line.strip()
            if self.kind == "connect":
                text = text.split(maxsplit=2)[2]
            elif text.startswith("connect "):
                text = text.split(maxsplit=2)[2]
                if driven is not None and text.split()[0] == driven:
                    continue
            elif text.startswith("assign "):
                text = _NET.sub("", text.removeprefix("assign "), count=1)
            for net, high, _ in _NET.findall(text):
                yield net, int(high) if high else None


def tidy(text: str) -> Tidied:
    """Tidy the RTLIL `text`, as `amaranth.back.rtlil.convert` wrote it without source lines."""
    lines = text.splitlines()
    result: list[str] = []
    unread: dict[str, tuple[str, ...]] = {}
    position = 0
    while position < len(lines):
        line = lines[position]
        result.append(line)
        position += 1
        if not line.startswith("module "):
            continue
        end = lines.index("end", position)
        items = list(_items(lines[position:end]))
        for item in items:
            if item.kind == "cell" and item.type in _BINARY:
                _equalise(item)
        items = _without_unread(items)
        _trim_carries(items)
        unread[line.split()[1].removeprefix("\\")] = tuple(_unread_inputs(items))
        result += [each for item in items for each in item.lines]
        position = end
    return Tidied("\n".join(result) + "\n", unread)


def _items(lines: Iterable[str]) -> Iterator[_Item]:
    pending: list[str] = []
    depth = 0
    for line in lines:
        word = line.split(maxsplit=1)[0] if line.strip() else ""
        if not word:
            continue
        pending.append(line)
        if word in ("cell", "process", "switch"):
            depth += 1
        elif word == "end":
            depth -= 1
        if depth == 0 and word != "attribute":
            kind = next(
                first
                for first in (each.split(maxsplit=1)[0] for each in pending)
                if first != "attribute"
            )
            yield _Item(kind, pending)
            pending = []


def _equalise(cell: _Item) -> None:
    """Extend the narrower operand with zeros, as Verilog does (IEEE 1364-2005, 5.4)."""
    widths = {port: int(_parameter(cell, f"{port}_WIDTH")) for port in "AB"}
    if any(int(_parameter(cell, f"{port}_SIGNED")) for port in "AB"):
        return
    wide = max(widths.values())
    for port, width in widths.items():
        if width < wide:
            zeros = "0" * (wide - width)
            operand = cell.port(port)
            constant = re.fullmatch(r"\d+'([01]+)", operand)
            operand = (
                f"{wide}'{zeros}{constant[1]}"
                if constant
                else f"{{ {wide - width}'{zeros} {operand} }}"
            )
            cell.set(f"connect \\{port}", operand)
            cell.set(f"parameter \\{port}_WIDTH", wide)


def _parameter(cell: _Item, name: str) -> str:
    start = f"parameter \\{name} "
    line = next(line for line in cell.lines if line.lstrip().startswith(start))
    value = line.strip().removeprefix(start)
    return {"1'0": "0", "1'1": "1"}.get(value, value)


def _without_unread(items: list[_Item]) -> list[_Item]:
    """Leave out nets that nothing reads and what drives only them; outputs count as read."""
    while True:
        read = {net for item in items for net, _ in item.reads()}
        ports = {wire[3] for item in items if (wire := _wire(item)) and wire[2]}
        live = read | ports
        kept = []
        for item in items:
            wire = _wire(item)
            driven = wire[3] if wire else item.driven()
            if driven is None or driven in live:
                kept.append(item)
        if len(kept) == len(items):
            return kept
        items = kept


def _wire(item: _Item) -> re.Match[str] | None:
    return _WIRE.search(item.head) if item.kind == "wire" else None


def _trim_carries(items: list[_Item]) -> None:
    """Narrow sums to the bits that are read; a sum's low bits do not depend on its high ones."""
    highest = _highest_bits(items)
    wires = {wire[3]: item for item in items if (wire := _wire(item))}
    for cell in items:
        if cell.kind != "cell" or cell.type not in _SUMS:
            continue
        net = cell.port("Y")
        width, high = int(_parameter(cell, "Y_WIDTH")), highest.get(net)
        if net in wires and high is not None and high + 1 < width:
            lines = wires[net].lines
            lines[-1] = lines[-1].replace(f"width {width} ", f"width {high + 1} ")
            cell.set("parameter \\Y_WIDTH", high + 1)


def _highest_bits(items: list[_Item]) -> dict[str, int | None]:
    """The highest bit of each net that is read; None where all bits are."""
    highest: dict[str, int | None] = {}
    for item in items:
        for net, high in item.reads():
            before = highest.get(net, -1)
            highest[net] = None if high is None or before is None else max(high, before)
    return highest


def _unread_inputs(items: list[_Item]) -> Iterator[str]:
    bits: dict[str, set[int]] = {}
    whole = set()
    for item in items:
        for line in item.lines:
            for net, high, low in _NET.findall(line) if item.kind != "wire" else ():
                if not high:
                    whole.add(net)
                bits.setdefault(net, set()).update(
                    range(int(low or high), int(high) + 1) if high else ()
                )
    for item in items:
        wire = _wire(item)
        if wire is None or wire[2] != "input" or wire[3] in whole:
            continue
        if len(bits.get(wire[3], ())) < int(wire[1]):
            yield wire[3].removeprefix("\\")
