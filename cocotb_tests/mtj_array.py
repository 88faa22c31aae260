"""A model of MTJ cells that switch by the drive waveform alone; it knows nothing of plans.

Many arrays stand side by side in one object, so that one call a clock serves all the controllers
of a simulation. Vocabulary: an *array* belongs to one controller; a *column* is one write driver
and the cells, one in each row, that it can drive; columns of all arrays are counted through.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MtjArrays", "ThresholdTable"]


@dataclass
class ThresholdTable:
    """Each cell's switching thresholds in ps, for every pulse that it may get.

    The threshold of a column's cell in `row`, at pulse `attempt` since command number `command`
    was accepted, on the amplitude `select`, is `values[base + row * row_stride
    + command * command_stride + min(attempt, attempts - 1) * attempt_stride
    + select * select_stride]`, each of those by column, shape `[columns]`.
    """

    values: NDArray[np.float64]
    base: NDArray[np.int64]
    row_stride: NDArray[np.int64]
    command_stride: NDArray[np.int64]
    attempt_stride: NDArray[np.int64]
    attempts: NDArray[np.int64]
    select_stride: NDArray[np.int64]

    def of(
        self,
        columns: NDArray[Any],
        row: NDArray[Any],
        command: NDArray[Any],
        attempt: NDArray[Any],
        select: NDArray[Any],
    ) -> NDArray[np.float64]:
        """Thresholds of these columns' cells; every argument has the shape `[n]`."""
        place = self.base[columns] + row * self.row_stride[columns]
        place += command * self.command_stride[columns] + select * self.select_stride[columns]
        attempt = np.minimum(attempt, self.attempts[columns] - 1)
        return self.values[place + attempt * self.attempt_stride[columns]]


@dataclass
class MtjArrays:
    """Cells of all arrays, switched by how long their drivers stay on.

    A *pulse* is a run of clocks in which a column's drive is high and its row, data and amplitude
    stay the same. The cell takes the data at the end of the first clock by which the pulse has
    lasted longer than the cell's threshold; a cell whose pulse ends earlier keeps what it held.
    Memory starts as all 0.

    Attributes:
        owner: array of each column, shape `[columns]`.
        tick_ps: clock period by column, shape `[columns]`.
        rows: rows of every array.
        thresholds: the cells' thresholds.
        contents: what the cells hold, bool `[rows, columns]`.
        clocks: how many clocks the current pulse has lasted, or 0, shape `[columns]`.
    """

    owner: NDArray[np.int64]
    tick_ps: NDArray[np.int64]
    rows: int
    thresholds: ThresholdTable
    contents: NDArray[np.bool_] = field(init=False)
    clocks: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        columns = self.owner.size
        self._columns = np.arange(columns)
        self.contents = np.zeros((self.rows, columns), bool)
        self.clocks = np.zeros(columns, np.int64)
        self._row = np.zeros(columns, np.int64)
        self._data = np.zeros(columns, bool)
        self._select = self._one_amplitude = np.zeros(columns, np.int64)
        self._threshold = np.full(columns, np.inf)
        self._command = np.full(columns, -1)
        self._attempt = np.full(columns, -1)

    def accept(self, arrays: NDArray[np.bool_]) -> None:
        """These `arrays`' controllers have accepted a command: later pulses have new thresholds."""
        columns = arrays[self.owner]
        self._command[columns] += 1
        self._attempt[columns] = -1

    def sense(self, row: NDArray[np.int64]) -> NDArray[np.bool_]:
        """What a read of each array's `row`, `[arrays]`, senses, by column."""
        return self.contents[row[self.owner], self._columns]

    def drive(
        self,
        row: NDArray[np.int64],
        data: NDArray[np.bool_],
        drive: NDArray[np.bool_],
        select: NDArray[np.int64] | None = None,
        *,
        clocks: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Apply one waveform for `clocks` clocks; `row` is `[arrays]`, the others `[columns]`.

        `select` are the amplitudes; without it there is one, select 0. Returns the columns whose
        pulse ended before, and how many clocks each of those lasted.
        """
        rows, select = row[self.owner], self._one_amplitude if select is None else select
        goes_on = drive & (self.clocks > 0) & (rows == self._row) & (data == self._data)
        goes_on &= select == self._select
        ended = np.flatnonzero((self.clocks > 0) & ~goes_on)
        lengths = self.clocks[ended]
        starts = np.flatnonzero(drive & ~goes_on)
        if starts.size:
            self._attempt[starts] += 1
            self._threshold[starts] = self.thresholds.of(
                starts, rows[starts], self._command[starts], self._attempt[starts], select[starts]
            )
        self.clocks = np.where(goes_on, self.clocks, 0) + clocks * drive
        switched = np.flatnonzero(drive & (self.clocks * self.tick_ps > self._threshold))
        self.contents[rows[switched], switched] = data[switched]
        self._row, self._data, self._select = rows, data, select
        return ended, lengths
