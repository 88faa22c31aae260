"""The plain interpreter of programs: numpy on bit planes, one step after the other."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_planes import from_planes, to_planes
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, PimCounts, Signal, Step
from nvmcosim.pymodel.pim_words import operand_words, whole_words, word_type

__all__ = ["PimArray", "interpret"]

_ALL = np.uint64(2**64 - 1)


class PimArray:
    """An array of `rows` by `columns` cells that obeys programs.

    `planes` holds what the cells hold, uint64 `[rows, ceil(columns / 64)]`. Cells hold random bits
    at first: a program that relied on anything else would be found out. `counts` adds up what runs
    took.
    """

    def __init__(self, rows: int, columns: int, seed: int = 0) -> None:
        generator = np.random.Generator(np.random.Philox(key=seed))
        lanes = -(-columns // 64)
        self.columns = columns
        self.planes = generator.integers(0, 2**64, (rows, lanes), np.uint64)
        self.match = generator.integers(0, 2**64, lanes, np.uint64)
        self.counts = PimCounts()
        #: Columns beyond the last one, which no step may be taken for.
        self._real = to_planes(np.ones(columns, np.uint8), 1)[0]

    def run(self, program: PimProgram) -> PimCounts:
        """Run `program` on the array's first rows; returns what it took."""
        taken = PimCounts()
        for step in self.steps(program):
            taken += PimCounts.of(step)
        return taken

    def steps(self, program: PimProgram) -> Iterator[Step]:
        """Run `program` step by step: each is done, and counted, before it is yielded."""
        program.check_fits(len(self.planes))
        number = 0
        while number < len(program.steps):
            step = program.steps[number]
            self._run(step)
            self.counts += PimCounts.of(step)
            skips = step.skip and not np.any(self.match & self._real)
            yield step
            number += 1 + (step.skip if skips else 0)

    def _run(self, step: Step) -> None:
        if step.search:
            self.match = np.full_like(self.match, _ALL)
            for row, bit in step.search:
                self.match &= self.planes[row] if bit else ~self.planes[row]
        new = []
        for write in step.writes:
            gate = self._signal(write.gate)
            for other in write.also:
                gate = gate | self._signal(other)
            new.append((gate & self._signal(write.value)) | (~gate & self.planes[write.row]))
        for write, plane in zip(step.writes, new, strict=True):
            self.planes[write.row] = plane

    def _signal(self, signal: Signal) -> NDArray[np.uint64]:
        if signal.is_row:
            plane = self.planes[signal.row]
        elif signal.row == MATCH.row:
            plane = self.match
        else:
            plane = np.full_like(self.match, _ALL)
        return ~plane if signal.inverted else plane

    def put(self, program: PimProgram, operand: str, words: ArrayLike) -> None:
        """Write `words`, one a column, to the rows of an operand.

        Raises `InputError` for another number of words, and for what are no words of the operand.
        """
        rows = program.operand(operand)
        given = whole_words(program, operand, words)
        if given.size != self.columns:
            raise InputError(f"operand {operand} has {given.size} words for {self.columns} columns")
        self.planes[list(rows)] = to_planes(given, len(rows))

    def get(self, program: PimProgram, operand: str, dtype: np.dtype) -> NDArray:
        """The words in the rows of an operand."""
        return from_planes(self.planes[list(program.operand(operand))], self.columns, dtype)


def interpret(
    program: PimProgram, operands: Mapping[str, ArrayLike], seed: int = 0
) -> tuple[dict[str, NDArray], PimCounts]:
    """Run `program` on unsigned words, all of one length; returns its outputs and what it took.

    Raises `InputError` as `operand_words` does, and where there are no columns.
    """
    words = operand_words(program, operands)
    columns = next(iter(words.values())).size
    if not columns:
        raise InputError(f"operands of {program.name} have no words; an array has columns")
    array = PimArray(program.rows, columns, seed)
    for name, given in words.items():
        array.put(program, name, given)
    counts = array.run(program)
    outputs = {n: array.get(program, n, word_type(len(rows))) for n, rows in program.outputs}
    return outputs, counts
