"""Programs run fast: compiled to a table of row operations that `pim_kernels` obeys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, PimCounts, Step, Write
from nvmcosim.pymodel.pim_words import operand_words, word_type
from nvmcosim.pymodel.units import check_whole

__all__ = ["run_program"]

#: Operations, as in `pim_kernels`.
_COPY, _SELECT, _AND, _OR, _XOR, _SET, _SEARCH, _SEARCH_MORE, _SKIP = range(9)
_MOST_COLUMNS = 1 << 16
#: Columns of a block whose rows still fit into the second-level cache.
_BLOCK = 4096


@dataclass(frozen=True)
class _Table:
    """A program as the kernel takes it.

    Fields:
        operations: int32 `[operations, 6]`.
        rows: rows, those that the table adds included; the match latch comes after them.
        skips: the steps that each skip passes over.
    """

    operations: NDArray[np.int32]
    rows: int
    skips: tuple[PimCounts, ...]


def run_program(
    program: PimProgram,
    operands: Mapping[str, ArrayLike],
    columns: int = 1024,
    threads: int = 1,
) -> tuple[dict[str, NDArray], PimCounts]:
    """Run `program` on unsigned words in arrays of `columns` columns; as many words as one likes.

    Returns the outputs as unsigned words, and what all arrays took
    together. Arrays are alike but for what they skip. Raises `InputError` as `operand_words` does,
    for a program without outputs, a number of columns that is no multiple of 64, and threads
    below 1.
    """
    from nvmcosim.pymodel.pim_kernels import run_blocks
    from nvmcosim.pymodel.teams import shared_out

    check_whole(columns, "columns", 64, _MOST_COLUMNS)
    if columns % 64:
        raise InputError(f"columns is {columns}; it must be a multiple of 64 up to {_MOST_COLUMNS}")
    check_whole(threads, "threads", 1, 1 << 10)
    for name, rows in (*program.inputs, *program.outputs):
        if len(rows) > 32:
            raise InputError(f"operand {name} of {program.name} has {len(rows)} bits; at most 32")
    # The kernel takes words of one type; a conversion has two.
    kinds = [
        word_type(max(len(r) for _, r in ports)) for ports in (program.inputs, program.outputs)
    ]
    taken = [w.astype(kinds[0], copy=False) for w in operand_words(program, operands).values()]
    table = _table(program)
    count = taken[0].size
    given = [np.empty(count, kinds[1]) for _ in program.outputs]
    # What skips nothing may as well run in larger blocks.
    block = columns if table.skips else columns * max(1, _BLOCK // columns)
    places = [_places([rows for _, rows in ports]) for ports in (program.inputs, program.outputs)]

    def work(low: int, high: int) -> NDArray[np.int64]:
        passed: NDArray[np.int64] = run_blocks(
            table.operations,
            table.rows,
            block // 64,
            tuple(taken),
            places[0],
            tuple(given),
            places[1],
            low,
            high,
        )
        return passed

    passed = np.sum(shared_out(work, -(-count // block), threads), axis=0)
    counts = _times(program.counts, -(-count // columns))
    for number, skipped in enumerate(table.skips):
        counts += _times(skipped, -int(passed[number]))
    outputs = zip(program.outputs, given, strict=True)
    return {
        n: words.astype(word_type(len(rows)), copy=False) for (n, rows), words in outputs
    }, counts


def _times(counts: PimCounts, factor: int) -> PimCounts:
    return PimCounts(**{name: factor * value for name, value in counts.to_dict().items()})


def _places(ports: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    places = np.full((len(ports), 32), -1, np.int64)
    for operand, rows in enumerate(ports):
        places[operand, : len(rows)] = rows
    return places


@lru_cache(maxsize=64)
def _table(program: PimProgram) -> _Table:
    operations: list[tuple[int, ...]] = []
    starts: list[int] = []
    skips: list[PimCounts] = []
    match, spare = program.rows + 1, program.rows
    pending: list[tuple[int, int]] = []
    for number, step in enumerate(program.steps):
        starts.append(len(operations))
        for place, (row, bit) in enumerate(step.search):
            operations.append((_SEARCH_MORE if place else _SEARCH, match, row, int(not bit), 0, 0))
        operations += _in_turn(step, match, spare)
        if step.skip:
            pending.append((len(operations), number))
            operations.append((_SKIP, match, 0, 0, len(skips), 0))
            over = program.steps[number + 1 : number + 1 + step.skip]
            skips.append(sum((PimCounts.of(s) for s in over), PimCounts()))
    starts.append(len(operations))
    for at, number in pending:
        beyond = starts[number + 1 + program.steps[number].skip]
        operations[at] = (*operations[at][:5], beyond - at - 1)
    table = np.array(operations or [(_SET, spare, 0, 0, 0, 0)], np.int32)
    return _Table(table, program.rows + 1, tuple(skips))


def _in_turn(step: Step, match: int, spare: int) -> list[tuple[int, ...]]:
    """The step's writes one after the other, so that each still finds what it needs."""
    left, made = list(step.writes), list[tuple[int, ...]]()
    moved: dict[int, int] = {}
    while left:
        for write in left:
            others = [w for w in left if w is not write]
            if not any(s.row == write.row for w in others for s in w.signals):
                break
        else:
            # A ring of writes: what the first one overwrites is kept aside.
            write = left[0]
            if moved:
                raise InputError("a step exchanges more rows than this interpreter can")
            moved[write.row] = spare
            made.append((_COPY, spare, 0, 0, write.row, 0))
        made += _operations(write, match, moved)
        left.remove(write)
    return made


def _operations(write: Write, match: int, moved: Mapping[int, int]) -> list[tuple[int, ...]]:
    def place(row: int) -> int:
        return match if row == MATCH.row else moved.get(row, row) if row != write.row else row

    to, value = write.row, write.value
    if write.gate == ZERO:
        return []
    if write.gate == ONE:
        if value in (ONE, ZERO):
            return [(_SET, to, 0, 0, 0, int(value == ONE))]
        return [(_COPY, to, 0, 0, place(value.row), int(value.inverted))]
    made: list[tuple[int, ...]] = []
    for signal in (write.gate, *write.also):
        gate = (place(signal.row), int(signal.inverted))
        if value == ZERO:
            made.append((_AND, to, *gate, 0, 0))
        elif value == ONE:
            made.append((_OR, to, *gate, 0, 0))
        elif value.row == to and value.inverted:
            made.append((_XOR, to, *gate, 0, 0))
        else:
            made.append((_SELECT, to, *gate, place(value.row), int(value.inverted)))
    return made
