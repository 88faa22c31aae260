"""The one-bit gates of a cell that is written: the writes of a step, and their truth tables.

A write sets `B' = V ? C : B` (wang2020, Fig. 1). V and C may be a row that is read, the match latch
or a constant, each true or inverted. Here are the gates that come of it, the paper's COPY, NOT,
AND, OR and XOR among them, with a formula of each that does not mention V or C.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, Signal

__all__ = ["GATES", "Gate", "gate_facts", "gate_program"]

_A, _C, _B = Signal(0), Signal(1), Signal(2)


@dataclass(frozen=True)
class Gate:
    """A write and what comes of it.

    Fields:
        gate, value: V and C, of rows a, c and b, which is the one that is written.
        formula: the written cell as an expression of a, b, c and the match latch m.
        says: the same in words.
    """

    gate: Signal
    value: Signal
    formula: str
    says: str


#: By name; the first five are those of wang2020's Fig. 1, the others their inverted forms.
GATES = {
    "copy": Gate(ONE, _A, "a", "V = 1, C = A copies A"),
    "not": Gate(ONE, ~_A, "~a", "V = 1, C = not A inverts A"),
    "and": Gate(~_A, ZERO, "b & a", "V = not A, C = 0 makes B and A"),
    "or": Gate(_A, ONE, "b | a", "V = A, C = 1 makes B or A"),
    "xor": Gate(_A, ~_B, "b ^ a", "V = A, C = not B makes B xor A"),
    "clear": Gate(ONE, ZERO, "0", "V = 1, C = 0 clears"),
    "set": Gate(ONE, ONE, "~0", "V = 1, C = 1 sets"),
    "and_not": Gate(_A, ZERO, "b & ~a", "V = A, C = 0 makes B and not A"),
    "or_not": Gate(~_A, ONE, "b | ~a", "V = not A, C = 1 makes B or not A"),
    "xnor": Gate(~_A, ~_B, "~(b ^ a)", "V = not A, C = not B makes the inverse of B xor A"),
    "select": Gate(_A, _C, "(a & c) | (~a & b)", "V = A, C = C takes C where A is 1"),
    "select_not": Gate(_A, ~_C, "(a & ~c) | (~a & b)", "V = A, C = not C takes its inverse"),
    "keep": Gate(~_A, _C, "(a & b) | (~a & c)", "V = not A, C = C takes C where A is 0"),
    "keep_not": Gate(~_A, ~_C, "(a & b) | (~a & ~c)", "V = not A, C = not C, its inverse there"),
    "matched": Gate(ONE, MATCH, "m", "V = 1, C = match copies the latch"),
    "unmatched": Gate(ONE, ~MATCH, "~m", "V = 1, C = not match its inverse"),
    "select_matched": Gate(MATCH, _C, "(m & c) | (~m & b)", "V = match takes C where it matched"),
    "select_unmatched": Gate(~MATCH, _C, "(m & b) | (~m & c)", "V = not match, where it did not"),
    "gated_match": Gate(_A, MATCH, "(a & m) | (~a & b)", "V = A, C = match takes it where A is 1"),
}
_A_STEP = 3


def gate_program() -> PimProgram:
    """A program that does every gate once, on three rows in turn, after a search."""
    builder = Builder("gates", pack_steps=False)
    rows = [builder.input(name, 1)[0] for name in "ac"]
    written = [builder.input(f"b{n}", 1)[0] for n in range(_A_STEP)]
    builder.search([rows[0]], [rows[1]])
    for step in _steps():
        writes = []
        for target, gate in zip(written, step, strict=False):
            at = dict(zip((_A.row, _C.row, _B.row), (*rows, target), strict=True))
            writes.append((target, _placed(gate.gate, at), _placed(gate.value, at)))
        builder.together(*writes)
    for row in (*rows, *written):
        builder.output(f"row {row.row} after", [row])
    return builder.build()


def gate_facts(program: PimProgram, columns: int) -> tuple[dict[str, str], str]:
    """Assertions for each of `GATES` in `gate_program`, and the wires that they need."""
    held = {name: f"cells_was[{rows[0] * columns} +: {columns}]" for name, rows in program.inputs}
    lines = [f"  wire [{columns - 1}:0] a = {held['a']}, c = {held['c']};"]
    facts = {}
    names = {id(gate): name for name, gate in GATES.items()}
    for at, step in enumerate(_steps(), start=1):
        for n, gate in enumerate(step):
            name = names[id(gate)]
            row = program.operand(f"b{n}")[0]
            lines.append(
                f"  reg [{columns - 1}:0] of_{name}; always @* begin : make_{name}\n"
                f"    reg [{columns - 1}:0] b, m; b = {held[f'b{n}']}; m = m_was;\n"
                f"    of_{name} = {gate.formula};\n  end"
            )
            facts[name] = (
                f"!wrote || at_was != {at} || cells[{row * columns} +: {columns}] == of_{name}"
            )
    return facts, "\n".join(lines)


def _steps() -> Iterator[list[Gate]]:
    """The gates as steps, which read at most k rows and so may hold fewer than k of them."""
    step: list[Gate] = []
    for gate in GATES.values():
        if len(step) == _A_STEP or (step and _reads([*step, gate]) > _A_STEP):
            yield step
            step = []
        step.append(gate)
    yield step


def _reads(step: list[Gate]) -> int:
    """Rows that a step reads: a and c once, and b of each gate that takes it."""
    signals = [(n, s.row) for n, g in enumerate(step) for s in (g.gate, g.value) if s.is_row]
    return len({(n if row == _B.row else 0, row) for n, row in signals})


def _placed(signal: Signal, at: dict[int, Signal]) -> Signal:
    return Signal(at[signal.row].row, signal.inverted) if signal.is_row else signal
