"""Programs of the in-memory unit as logic: do two of them give the same words for all operands?"""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from nvmcosim.pymodel.formats import FloatFormat
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, Signal

__all__ = ["Logic", "outputs_of", "where_they_differ"]

#: Literals: 0 is false, 1 true, 2n and 2n + 1 node n and its inverse.
FALSE, TRUE = 0, 1


class Logic:
    """And-gates with inverters, each made once, so that what is alike has one literal."""

    def __init__(self) -> None:
        #: Of each node its two operands, none of a free variable.
        self.nodes: list[tuple[int, int] | None] = [None]
        self._made: dict[tuple[int, int], int] = {}

    def variable(self) -> int:
        self.nodes.append(None)
        return 2 * len(self.nodes) - 2

    def both(self, a: int, b: int) -> int:
        a, b = min(a, b), max(a, b)
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        if (a, b) not in self._made:
            self.nodes.append((a, b))
            self._made[a, b] = 2 * len(self.nodes) - 2
        return self._made[a, b]

    def either(self, a: int, b: int) -> int:
        return self.both(a ^ 1, b ^ 1) ^ 1

    def choice(self, condition: int, then: int, other: int) -> int:
        if then == other:
            return then
        return self.either(self.both(condition, then), self.both(condition ^ 1, other))

    def every(self, literals: list[int]) -> int:
        found = TRUE
        for literal in literals:
            found = self.both(found, literal)
        return found

    def clauses(self, root: int) -> list[list[int]]:
        """Clauses that can be true together exactly where `root` is true; node n is variable n."""
        made, seen, left = [[_dimacs(root)]], set[int](), [root >> 1]
        while left:
            node = left.pop()
            operands = self.nodes[node]
            if node in seen or operands is None:
                continue
            seen.add(node)
            a, b = map(_dimacs, operands)
            made += [[-node, a], [-node, b], [node, -a, -b]]
            left += [operand >> 1 for operand in operands]
        return made


def _dimacs(literal: int) -> int:
    return -(literal >> 1) if literal & 1 else literal >> 1


def outputs_of(program: PimProgram, logic: Logic, rows: list[int]) -> dict[str, list[int]]:
    """The outputs' bits after a run of which no step is skipped; `rows` is held at first."""
    held, match = list(rows), FALSE

    def taken(signal: Signal) -> int:
        value = held[signal.row] if signal.is_row else match if signal.row == MATCH.row else TRUE
        return value ^ signal.inverted

    for step in program.steps:
        assert not step.skip
        if step.search:
            match = logic.every([held[row] ^ 1 ^ bit for row, bit in step.search])
        new = {}
        for write in step.writes:
            gate = taken(write.gate)
            for other in write.also:
                gate = logic.either(gate, taken(other))
            new[write.row] = logic.choice(gate, taken(write.value), held[write.row])
        for row, bit in new.items():
            held[row] = bit
    return {name: [held[row] for row in rows] for name, rows in program.outputs}


def where_they_differ(
    one: PimProgram, other: PimProgram, format: FloatFormat, folder: Path, seconds: int
) -> dict[str, int] | bool | None:
    """Operands for which the two give unlike words, but for which NaN it is.

    None where there are none, that is where the programs are proven alike; False where the solver
    did not find out in `seconds` of processor time.
    """
    logic = Logic()
    rows = [logic.variable() for _ in range(one.rows)]
    unlike = FALSE
    words = [outputs_of(program, logic, rows)["out"] for program in (one, other)]
    nans = [_is_nan(logic, word, format) for word in words]
    for a, b in zip(*words, strict=True):
        unlike = logic.either(unlike, logic.choice(a, b ^ 1, b))
    unlike = logic.both(unlike, logic.both(*nans) ^ 1)
    if unlike == FALSE:
        return None
    clauses = logic.clauses(unlike)
    text = [f"p cnf {len(logic.nodes)} {len(clauses)}"]
    text += [" ".join(map(str, [*clause, 0])) for clause in clauses]
    file = folder / "unlike.cnf"
    file.write_text("\n".join(text) + "\n")
    # The wheel puts the solver where Python's own programs are, which need not be on PATH.
    solver = shutil.which(
        "yices-sat", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert solver is not None, "yices-sat is not installed; it is in the extra prove"
    done = subprocess.run(
        [solver, "-m", str(file)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)),
    )
    if "sat" not in done.stdout:
        return False
    if "unsat" in done.stdout:
        return None
    true = {int(number) for number in done.stdout.split() if number.lstrip("-").isdigit()}
    return {
        name: sum((rows[row] >> 1 in true) << n for n, row in enumerate(of))
        for name, of in one.inputs
    }


def _is_nan(logic: Logic, word: list[int], format: FloatFormat) -> int:
    fraction, exponent = word[: format.fraction_bits], word[format.fraction_bits : -1]
    whole = logic.every([bit ^ 1 for bit in fraction])
    return logic.both(logic.every(exponent), whole ^ 1)
