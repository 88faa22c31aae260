"""The memory array of the line bench: cells that pulses of the right length switch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.protocol import Fault

__all__ = ["LineArray"]

Bits = NDArray[np.bool_]


@dataclass
class LineArray:
    """One array; it knows neither codes nor plans, but how long its operations take.

    Attributes: `cells`, `[lines, cells]`; `faults`, breaches of protocol since they were taken.
    """

    cells: Bits
    read_cycles: int
    set_cycles: int
    reset_cycles: int

    def __post_init__(self) -> None:
        self.faults = Fault(0)
        count = self.cells.shape[1]
        # Of SET and RESET: which drivers were on in the clock before, and for how long.
        self._on = np.zeros((2, count), bool)
        self._lasted = np.zeros((2, count), np.int64)
        self._read, self._line = 0, 0

    def clock(self, line: int, read: bool, drive: Bits, cut: Bits | None) -> None:
        """One clock: the line, whether it is read, and the SET and RESET drivers, `[2, cells]`.

        `cut` says that reset was on in the clock before, and which cells it finds switched.
        """
        if line >= len(self.cells):
            self.faults |= Fault.ROW
            line = 0
        # Drivers may change in any clock; a pulse goes on where the line stays the same.
        ended = self._on & ~drive if line == self._line else self._on.copy()
        for kind, (value, planned) in enumerate(
            ((True, self.set_cycles), (False, self.reset_cycles))
        ):
            self._end(ended[kind], self._lasted[kind] != planned, value, cut)
        self._lasted = np.where(drive, np.where(ended, 0, self._lasted) + 1, 0)
        longest = np.array([[self.set_cycles], [self.reset_cycles]])
        if (drive[0] & drive[1]).any() or (self._lasted > longest).any():
            self.faults |= Fault.PULSE
        if read and drive.any():
            self.faults |= Fault.READ
        if not read and 0 < self._read < self.read_cycles and cut is None:
            self.faults |= Fault.READ
        self._read = self._read + 1 if read else 0
        if self._read > self.read_cycles:
            self.faults |= Fault.READ
        self._on, self._line = drive, line

    def _end(self, ended: Bits, short: Bits, value: bool, cut: Bits | None) -> None:
        """Pulses that have `ended`; some were `short`, which only reset excuses."""
        if not ended.any():
            return
        switched = ended
        if (ended & short).any():
            if cut is None:
                self.faults |= Fault.PULSE
            else:
                switched = ended & (~short | cut)
        self.cells[self._line, switched] = value

    @property
    def sense(self) -> Bits:
        """What the sense amplifiers show: the cells in the last clock of a read, else not."""
        held = self.cells[self._line]
        return held if self._read == self.read_cycles else ~held
