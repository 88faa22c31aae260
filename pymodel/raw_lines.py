"""Golden model of lines without a code: a cell holds a bit (ho2021, Fig. 2 and 10; Flip-N-Write).

`basic` drives every cell of a written line. `dcw` (data-comparison write) reads, and drives the
cells that differ. `flip-n-write` does so too, and writes the complement of a word, which a further
cell then says, where fewer cells differ. `preset` SETs all cells of a line before it is written,
and a write RESETs the zeros; `prereset` RESETs all cells, and a write SETs the ones. Lines are made
ready so in idle time, by `prepare`, which reads and drives the cells that are not; a write to a
line that is not ready does it first.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.arrays import array_of
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.units import check_whole

__all__ = ["RawLines"]

#: Where cells are before a write, of the schemes that make lines ready.
_READY = {"preset": True, "prereset": False}
_COMPARES = ("dcw", "flip-n-write")


class RawLines:
    """`lines` lines of words of `width` bits each.

    Attributes:
        cells: `[lines, words, width]`, bit 0 of a word first; of `flip-n-write` one more cell a
            word, which is 1 where the word is held inverted.
        fresh: whether a line has been made ready and not written since, `[lines]`.
        flips: of each cell since the beginning, like `cells`.
        work: what all commands took.

    Cells are at first 0, but of `preset` 1; a line holds zeros until it is written. Raises
    `InputError` for a number of lines, a line or data out of range.
    """

    def __init__(
        self, scheme: str, words: int, width: int, lines: int, cell: PcmCell | None = None
    ) -> None:
        check_whole(lines, "lines", 1, 2**32)
        self.scheme, self.width, self.lines, self.cell = scheme, width, lines, cell or PcmCell()
        columns = width + (scheme == "flip-n-write")
        self.cells = np.full((lines, words, columns), _READY.get(scheme, False))
        self.fresh = np.ones(lines, bool)
        self.flips = np.zeros(self.cells.shape, np.int64)
        self.work = LineWork()

    @property
    def bits(self) -> NDArray[np.bool_]:
        """The bits that all lines hold, `[lines, words, width]`."""
        bits = self.cells[..., : self.width]
        if self.scheme == "flip-n-write":
            bits = bits ^ self.cells[..., self.width :]
        if self.scheme in _READY:
            bits = bits & ~self.fresh[:, None, None]
        return bits

    def read(self, line: int) -> NDArray[np.bool_]:
        """The bits of one line, `[words, width]`; counts as a command."""
        self._check(line)
        self._count(LineWork(reads=1, senses=1, sense_ps=self.cell.read_ps))
        return self.bits[line]

    def write(self, line: int, bits: ArrayLike) -> LineWork:
        """Write `bits`, `[words, width]`, to one line; returns what that took."""
        self._check(line)
        wanted = array_of(bits, "bits")
        if wanted.shape != self.bits.shape[1:] or wanted.dtype != bool:
            raise InputError(
                f"bits are {wanted.dtype} {wanted.shape}; they must be bool {self.bits.shape[1:]}"
            )
        work = LineWork(writes=1, senses=int(self.scheme in _COMPARES))
        start = self.cells[line]
        if self.scheme in _READY and not self.fresh[line]:
            start = self._make_ready(line, work)
        after = self._coded(start, wanted)
        if self.scheme == "basic":
            work.place_sets, work.place_resets = int(after.sum()), int((~after).sum())
            work.flips = sum(self._pulse(line, after))
        else:
            work.place_sets, work.place_resets = self._pulse(line, after)
            work.flips = work.sets + work.resets
        self.fresh[line] = False
        return self._finish(work)

    def prepare(self, line: int) -> LineWork:
        """Make a line ready for a write, where the scheme does; its data are given up."""
        self._check(line)
        work = LineWork(prepares=1)
        if self.scheme in _READY:
            self._make_ready(line, work)
            work.flips = work.sets + work.resets
            self.fresh[line] = True
        return self._finish(work)

    def refresh(self, line: int) -> LineWork:
        """What idle time does to one line whose data are to stay: nothing."""
        self._check(line)
        return self._finish(LineWork(refreshes=1))

    def _make_ready(self, line: int, work: LineWork) -> NDArray[np.bool_]:
        ready = np.full_like(self.cells[line], _READY[self.scheme])
        work.senses = 1
        work.turn_sets, work.turn_resets = self._pulse(line, ready)
        return ready

    def _coded(self, old: NDArray[np.bool_], bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The cells that hold `bits`; of two ways, the one that differs less from `old`."""
        if self.scheme != "flip-n-write":
            return bits
        plain = np.pad(bits, ((0, 0), (0, 1)))
        fewer = (plain != old).sum(axis=1) > (~plain != old).sum(axis=1)
        return plain ^ fewer[:, None]

    def _pulse(self, line: int, after: NDArray[np.bool_]) -> tuple[int, int]:
        """Make `after` of what a line's cells are; returns the SETs and RESETs."""
        before = self.cells[line].copy()
        self.flips[line] += before != after
        self.cells[line] = after
        return int((after & ~before).sum()), int((before & ~after).sum())

    def _finish(self, work: LineWork) -> LineWork:
        work.time(self.cell, turn_set=work.turn_sets > 0, turn_reset=work.turn_resets > 0)
        return self._count(work)

    def _count(self, work: LineWork) -> LineWork:
        self.work.add(work)
        return work

    def _check(self, line: int) -> None:
        whole = isinstance(line, int | np.integer) and not isinstance(line, bool)
        if not whole or not 0 <= line < self.lines:
            raise InputError(f"line is {line!r}; it must be from 0 to {self.lines - 1}")
