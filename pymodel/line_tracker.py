"""Millions of words in lines of phase-change memory: what they hold, cost, and wear.

`GoldenLine`'s rules at the speed of training: the kernels work on whole masks of cells, shared out
among threads. Words lie in blocks, and what belongs to a block lies together: cells, polarity, bit
planes of flips, and a counter of two bytes for each cell. A block whose counters come near their
end has them added to wide ones, which only such blocks have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.coded_kernels import IDLE, write_coded
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.flip_kernels import CAPACITY, PLANES, flush_range
from nvmcosim.pymodel.line_counts import counted_work
from nvmcosim.pymodel.line_kernels import COUNTS
from nvmcosim.pymodel.line_masks import bit_moves, cell_rows, exact_groups, first_cells
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_state import check_cells, check_shapes
from nvmcosim.pymodel.line_words import words_of_groups
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.raw_kernels import RULES, write_raw
from nvmcosim.pymodel.teams import shared_out

__all__ = ["LineTracker"]

#: Words of a block, or the least number of whole lines that has as many.
_BLOCK_WORDS = 1024
_COUNTER_MOST = 0xFFFF
#: The most flips of a cell in a turn and a placing.
_FLIPS = 2
_COMPARES = ("dcw", "flip-n-write")


class LineTracker:
    """The lines that arrays of words are written to, each array from a line of its own.

    Args:
        plan: how words are written.
        sizes: how many words each array has.

    Attributes:
        writes: how often all arrays were written.
        work: what writes took; of `basic` its pulses are more than its flips.
        idle_work: what refreshes in idle time took, one after each write.
        ones: of `basic`, ones written so far by bit position, `[width]`.

    All lines hold zeros at first, in cells as `GoldenLine` has them. Raises `InputError` for no
    words.
    """

    def __init__(self, plan: LinePlan, sizes: Sequence[int]) -> None:
        if not sizes or min(sizes) < 1:
            raise InputError(f"sizes are {list(sizes)}; each array must have at least 1 word")
        self.plan = plan
        self.sizes = np.array(sizes, np.int64)
        self.block_words = plan.line_words * max(1, -(-_BLOCK_WORDS // plan.line_words))
        # Whole lanes: four words of 16 bits each.
        while self.block_words % 4:
            self.block_words += plan.line_words
        self._starts = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(-(-self.sizes // self.block_words), out=self._starts[1:])
        self.lines = int((-(-self.sizes // plan.line_words)).sum())
        self._element = 16 if plan.coded else plan.width
        self._vectors, self._bits = cell_rows(plan)
        blocks, lanes = int(self._starts[-1]), self.block_words * self._element // 64
        count = int(self._vectors.max()) + 1
        self._cells = np.full((blocks, count, lanes), first_cells(plan), np.uint64)
        self._polarity = np.full(
            (blocks, lanes if plan.coded else 0), ~first_cells(plan), np.uint64
        )
        self._planes = np.zeros((blocks, PLANES, count, lanes), np.uint64)
        self._counts = np.zeros((blocks, plan.word_cells, self.block_words), np.uint16)
        self._wide: dict[int, NDArray[np.uint64]] = {}
        self._pending = 0
        self._moves, self._options = bit_moves(plan), _options(plan)
        self.writes = 0
        self.work, self.idle_work = LineWork(), LineWork()
        self.ones = np.zeros(plan.width if plan.scheme == "basic" else 0, np.int64)

    @property
    def words(self) -> int:
        """Words of all arrays."""
        return int(self.sizes.sum())

    @property
    def nbytes(self) -> int:
        """Bytes that all this takes."""
        kept: list[NDArray[Any]] = [self._cells, self._polarity, self._planes, self._counts]
        return sum(array.nbytes for array in (*kept, *self._wide.values()))

    def write(self, addresses: Sequence[int], mode: int, write_back: bool, threads: int) -> None:
        """Write the contiguous arrays at `addresses`, and do what idle time does.

        `mode` says what values are (`word_kernels`). With `write_back` the arrays get what the
        memory then holds. `threads` changes the time alone.
        """
        segments = np.stack([np.array(addresses, np.int64), self.sizes, self._starts[:-1]], axis=1)
        most = _FLIPS * (2 if self.plan.idle != "none" else 1)
        if self._pending + most > CAPACITY:
            self._flush(threads)
        self._pending += most

        def work(low: int, high: int) -> NDArray[np.int64]:
            return self._write_blocks(segments, low, high, mode, write_back)

        counts = np.sum(shared_out(work, int(self._starts[-1]), threads), axis=0)
        self.writes += 1
        self._add(counts)

    def _write_blocks(self, *args: Any) -> NDArray[np.int64]:
        segments, low, high, mode, write_back = args
        given = (segments, self._starts, low, high, mode)
        if self.plan.coded:
            memory = (self._cells, self._polarity, self._planes)
            return write_coded(*given, memory, self._moves, self._options, write_back)
        return write_raw(*given, (self._cells, self._planes), self._options, write_back)

    def _add(self, counts: NDArray[np.int64]) -> None:
        plan = self.plan
        if not plan.coded:
            if self.ones.size:
                self.ones += counts[COUNTS:]
            # A line is read to see what differs from it, or which cells are to be made ready.
            reads = plan.scheme != "basic" and (plan.scheme in _COMPARES or self.writes > 1)
            self.work.add(counted_work(plan, counts, self.lines if reads else 0, writes=self.lines))
            return
        self.work.add(counted_work(plan, counts[0], self.lines, writes=self.lines))
        if plan.idle != "none":
            self.idle_work.add(counted_work(plan, counts[1], self.lines, refreshes=self.lines))

    def _flush(self, threads: int) -> None:
        """Add the planes to the counters, and those that come near their end to wide ones."""
        if not self._pending:
            return
        blocks = len(self._counts)
        most = np.zeros(blocks, np.int64)

        def work(low: int, high: int) -> None:
            rows = (self._vectors, self._bits, self._element)
            flush_range(self._planes, self._counts, *rows, low, high, most)

        shared_out(work, blocks, threads)
        self._pending = 0
        for block in np.flatnonzero(most > _COUNTER_MOST - CAPACITY).tolist():
            wide = self._wide.setdefault(block, np.zeros(self._counts.shape[1:], np.uint64))
            wide += self._counts[block]
            self._counts[block] = 0

    def block_flips(self, block: int) -> NDArray[np.uint64]:
        """Flips of the cells of a block, `[word_cells, block_words]`; flushes first."""
        self._flush(1)
        flips = self._counts[block].astype(np.uint64)
        return flips + self._wide[block] if block in self._wide else flips

    def flips(self, array: int) -> NDArray[np.uint64]:
        """Flips of the cells of one array, `[words, word_cells]`, in `GoldenLine.flips`' order."""
        blocks = range(int(self._starts[array]), int(self._starts[array + 1]))
        found = np.concatenate([self.block_flips(block) for block in blocks], axis=1)
        return found[:, : int(self.sizes[array])].T

    def held(self, array: int) -> NDArray[Any]:
        """The words that an array's lines hold, `[words]`, of the format's unsigned type."""
        plan, first, last = self.plan, int(self._starts[array]), int(self._starts[array + 1])
        dtype = np.uint16 if self._element == 16 else np.uint32
        cells = self._cells[first:last].view(dtype).swapaxes(0, 1)
        vectors = cells.reshape(len(cells), -1)[:, : int(self.sizes[array])]
        if not plan.coded:
            inverted = plan.scheme == "flip-n-write" and vectors[1] == 1
            return np.where(inverted, ~vectors[0], vectors[0]).astype(plan.number_format.dtype)
        places = np.arange(len(plan.groups))[::-1].astype(dtype)
        right, middle, left = ((vector[:, None] >> places & 1) for vector in vectors)
        data = (left ^ middle) << 1 | (left ^ right)
        return words_of_groups(plan, data.astype(np.uint8))

    def used(self, block: int) -> int:
        """Words of a block that belong to an array."""
        array = int(np.searchsorted(self._starts, block, side="right")) - 1
        before = (block - int(self._starts[array])) * self.block_words
        return min(self.block_words, int(self.sizes[array]) - before)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return len(self._counts)

    def to_state(self) -> dict[str, Any]:
        """All that `load_state` needs to go on: arrays, numbers, lists and dicts."""
        self._flush(1)
        return {
            "sizes": self.sizes.copy(),
            "writes": self.writes,
            "work": dict(vars(self.work)),
            "idle_work": dict(vars(self.idle_work)),
            "ones": self.ones.copy(),
            "cells": self._cells.view(np.int64),
            "polarity": self._polarity.view(np.int64),
            "counts": self._counts.view(np.int16),
            "wide_blocks": np.array(sorted(self._wide), np.int64),
            "wide": np.array([self._wide[b] for b in sorted(self._wide)], np.uint64).view(np.int64),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take up a state of a tracker of the same plan and sizes.

        Raises `InputError` if it is not, and then changes nothing.
        """
        arrays: dict[str, NDArray[Any]] = {
            "cells": self._cells,
            "polarity": self._polarity,
            "counts": self._counts,
        }
        check_shapes(state, self.to_state(), self.lines)
        check_cells(state, self.plan, self.sizes, self._starts)
        for name, array in arrays.items():
            array[...] = state[name].view(array.dtype)
        self._wide = {
            int(block): values.view(np.uint64).copy()
            for block, values in zip(state["wide_blocks"], state["wide"], strict=True)
        }
        self.ones[...] = state["ones"]
        self.work, self.idle_work = LineWork(**state["work"]), LineWork(**state["idle_work"])
        self.writes = state["writes"]


def _options(plan: LinePlan) -> tuple[Any, ...]:
    """The plan as its kernel takes it."""
    if not plan.coded:
        return plan.width, plan.line_words, RULES[plan.scheme]
    masks = (1 << len(plan.groups)) - 1, exact_groups(plan)
    rules = plan.refresh == "group", plan.shape.ping_pong, IDLE[plan.idle]
    return plan.width, plan.line_words, *masks, *rules
