"""Golden model of lines in WOM codes, refreshed in place or by ping-pong (ho2021, III-B and C).

Plain numpy, one rule a line. What the paper leaves open is decided so:

*A write* reads the line. Each group takes its data as its code's tables say, in the polarity of
its unit. If a group of a unit is exhausted, the whole unit is *turned*: every cell goes to one side
first, and then all of the unit's data are placed in fresh cells. A ping-pong turn goes to the side
that the cells were moving to, so each cell has flipped once since the turn before, and the unit's
polarity changes (Fig. 8); any other turn goes back to where the cells were.

*A refresh in idle time* (`idle`) turns units that are spent before a write finds them so, and
places again what they held. *A preparation* turns all units and gives up what they held, as a
memory controller does that knows of a write to come (PreSET).

*The other bit* of a group in AppWOM whose important bit is 0 has no word in fresh cells, so a turn
may clear it. That is counted as `cleared` if the bit was 1 and should have stayed so, and as
`ignored` if a write wanted to change it.

*A word that is impossible*, as a restart under a pulse can leave it, decodes like any other; the
next write or refresh turns its unit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.arrays import array_of
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.units import check_whole
from nvmcosim.pymodel.wom import APPWOM01, APPWOM10, CELLS, WOM01, WOM10, Outcome, Stage, WomCode

__all__ = ["CodedLines", "LineShape"]

_ALL_SET = (1 << CELLS) - 1


@dataclass(frozen=True)
class LineShape:
    """A line of groups, and when which of them are refreshed.

    Fields:
        approximate: of each group, whether its code is AppWOM.
        by_group: whether each group is a unit; otherwise the line is one.
        idle: which units are turned in idle time: `none`, those with `any` spent group, or those
            whose groups `all` are spent.
        ping_pong: whether a turn changes the polarity.
        polarity: of all units at first.
    """

    approximate: tuple[bool, ...]
    by_group: bool = False
    idle: str = "none"
    ping_pong: bool = True
    polarity: int = 1

    @property
    def groups(self) -> int:
        """Groups of the line."""
        return len(self.approximate)

    @property
    def units(self) -> int:
        """Units of the line."""
        return self.groups if self.by_group else 1

    def code(self, polarity: int, group: int) -> WomCode:
        """The code of a group whose unit has this polarity."""
        codes = ((WOM01, WOM10), (APPWOM01, APPWOM10))
        return codes[self.approximate[group]][polarity]

    @cached_property
    def encode(self) -> NDArray[np.uint8]:
        """The codes' `encode` tables, `[2 polarities, groups, 8 words, 4 data]`."""
        return self._tables("encode")

    @cached_property
    def outcome(self) -> NDArray[np.uint8]:
        """The codes' `outcome` tables, in the same shape."""
        return self._tables("outcome")

    @cached_property
    def stage(self) -> NDArray[np.uint8]:
        """The codes' `stage` tables, `[2 polarities, groups, 8 words]`."""
        return self._tables("stage")

    @property
    def decode(self) -> NDArray[np.uint8]:
        """What words hold, `[8 words]`; in every code and polarity the same."""
        return WOM10.decode

    def _tables(self, name: str) -> NDArray:
        return np.array(
            [
                [getattr(self.code(polarity, group), name) for group in range(self.groups)]
                for polarity in (0, 1)
            ]
        )


class CodedLines:
    """`lines` lines of one shape; all cells are at first as their polarity leaves fresh ones.

    Attributes:
        words: word of each group, `[lines, groups]`.
        polarity: of each unit, `[lines, units]`.
        flips: of each cell since the beginning, `[lines, groups, 3]`; the last axis counts from
            bit 0 of the word. A ping-pong turn also flips the cell that keeps the unit's polarity;
            that is none of these.
        turned: the units that the last command but a read turned, `[units]`; none at first.
        work: what all commands took.

    Raises `InputError` for a number of lines, a line, or data out of range.
    """

    def __init__(self, shape: LineShape, lines: int, cell: PcmCell | None = None) -> None:
        check_whole(lines, "lines", 1, 2**32)
        self.shape, self.lines, self.cell = shape, lines, cell or PcmCell()
        fresh = _ALL_SET * shape.polarity
        self.words = np.full((lines, shape.groups), fresh, np.uint8)
        self.polarity = np.full((lines, shape.units), shape.polarity, np.uint8)
        self.flips = np.zeros((lines, shape.groups, CELLS), np.int64)
        self.turned = np.zeros(shape.units, bool)
        self.work = LineWork()

    @property
    def data(self) -> NDArray[np.uint8]:
        """The data that all groups hold, `[lines, groups]`."""
        return self.shape.decode[self.words]

    def read(self, line: int) -> NDArray[np.uint8]:
        """The data of one line, `[groups]`; counts as a command."""
        self._check(line)
        work = LineWork(reads=1, senses=1, impossible=self._impossible(line))
        work.time(self.cell, turn_set=False, turn_reset=False)
        self._count(work)
        return self.data[line]

    def write(self, line: int, data: ArrayLike) -> LineWork:
        """Write `data`, `[groups]`, to one line; returns what that took."""
        wanted = array_of(data, "data")
        groups = (self.shape.groups,)
        if wanted.shape != groups or wanted.dtype.kind not in "ui" or (wanted >> 2).any():
            raise InputError(f"data is {data!r}; it must be {groups[0]} numbers from 0 to 3")
        return self._place(line, wanted, np.zeros(self.shape.units, bool), LineWork(writes=1))

    def refresh(self, line: int) -> LineWork:
        """What idle time does to one line: turn units that are spent, and keep the data."""
        self._check(line)
        polarity = self._group_polarity(line)
        groups = np.arange(self.shape.groups)
        spent = self.shape.stage[polarity, groups, self.words[line]] >= Stage.SECOND
        spent = spent.reshape(self.shape.units, -1)
        turned = {
            "none": np.zeros(self.shape.units, bool),
            "any": spent.any(axis=1),
            "all": spent.all(axis=1),
        }[self.shape.idle]
        return self._place(line, self.data[line], turned, LineWork(refreshes=1))

    def prepare(self, line: int) -> LineWork:
        """Turn all units of one line and give up its data: it then holds zeros in fresh cells."""
        nothing = np.zeros(self.shape.groups, np.uint8)
        return self._place(line, nothing, np.ones(self.shape.units, bool), LineWork(prepares=1))

    def _impossible(self, line: int) -> int:
        groups = np.arange(self.shape.groups)
        stages = self.shape.stage[self._group_polarity(line), groups, self.words[line]]
        return int((stages == Stage.IMPOSSIBLE).sum())

    def _group_polarity(self, line: int) -> NDArray[np.uint8]:
        """Polarity of each group's unit, `[groups]`."""
        return np.broadcast_to(self.polarity[line], (self.shape.groups,))

    def _place(
        self, line: int, wanted: NDArray, forced: NDArray[np.bool_], work: LineWork
    ) -> LineWork:
        """Turn the units in `forced` and those with an exhausted group, then place `wanted`."""
        self._check(line)
        work.impossible = self._impossible(line)
        shape, groups = self.shape, np.arange(self.shape.groups)
        old, polarity = self.words[line].copy(), self._group_polarity(line).copy()
        exhausted = shape.outcome[polarity, groups, old, wanted] == Outcome.EXHAUSTED
        turned = self.turned = forced | exhausted.reshape(shape.units, -1).any(axis=1)
        turned_groups = np.broadcast_to(turned, (shape.groups,))
        if shape.ping_pong:
            self.polarity[line] ^= turned
        after = self._group_polarity(line)
        start = np.where(turned_groups, _ALL_SET * after, old).astype(np.uint8)
        new = shape.encode[after, groups, start, wanted]
        work.senses = 1
        work.turn_sets, work.turn_resets = self._pulse(line, old, start)
        work.place_sets, work.place_resets = self._pulse(line, start, new)
        work.flips = work.sets + work.resets
        to_set = self.polarity[line] == 1
        work.turned_set = int(np.sum(turned & to_set))
        work.turned_reset = int(np.sum(turned & ~to_set))
        held, holds = shape.decode[old], shape.decode[new]
        lost = (holds ^ wanted) & 1 == 1
        # A turned group loses its other bit only as 0, where 1 is wanted.
        cleared = lost & turned_groups & (held & 1 == 1)
        work.cleared, work.ignored = int(cleared.sum()), int((lost & ~cleared).sum())
        # The cell of the polarity is turned in the same step, even where no other cell is.
        work.time(
            self.cell,
            turn_set=work.turn_sets > 0 or (shape.ping_pong and work.turned_set > 0),
            turn_reset=work.turn_resets > 0 or (shape.ping_pong and work.turned_reset > 0),
        )
        self.words[line] = new
        return self._count(work)

    def _pulse(self, line: int, before: NDArray, after: NDArray) -> tuple[int, int]:
        """Count the SETs and RESETs that make `after` of `before`, and each cell's flips."""
        places = np.arange(CELLS)
        was, is_set = (words[:, None] >> places & 1 == 1 for words in (before, after))
        self.flips[line] += was != is_set
        return int((is_set & ~was).sum()), int((was & ~is_set).sum())

    def _count(self, work: LineWork) -> LineWork:
        self.work.add(work)
        return work

    def _check(self, line: int) -> None:
        whole = isinstance(line, int | np.integer) and not isinstance(line, bool)
        if not whole or not 0 <= line < self.lines:
            raise InputError(f"line is {line!r}; it must be from 0 to {self.lines - 1}")
