"""The cocotb side of the bench through physics: the array's cells are junctions in ngspice.

Time is in lock-step: in each clock the simulator's drive signals are put on the cells' drivers, and
ngspice runs on to the end of the clock before the simulator does.
"""

import json
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.left_job import left_job
from nvmcosim.cocotb_tests.mtj_array import MtjArrays, ThresholdTable
from nvmcosim.cocotb_tests.store_domain_tb import StoreBench
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.spice.lockstep import CellArray

__all__ = ["AnalogBench", "SpiceArray", "analog"]


class SpiceArray(MtjArrays):
    """One array of ngspice cells under the same interface; pulses are still counted in clocks.

    `cells` holds the cells of `with_cells`, columns of `columns`, row by row; the others have none
    and hold 0.
    """

    def __init__(
        self, cells: CellArray, rows: int, columns: int, with_cells: NDArray[np.int64]
    ) -> None:
        self.cells = cells
        self._with_cells = with_cells
        none = np.zeros(columns, np.int64)
        never = ThresholdTable(np.array([np.inf]), none, none, none, none, none + 1, none)
        super().__init__(none, none + cells.tick_ps, rows, never)
        self._driven: list[int | None] = [None] * cells.cells
        # The circuit's clocks begin with its first whole one.
        self._now_ps = float(cells.tick_ps)
        cells.advance(self._now_ps)

    def drive(
        self,
        row: NDArray[np.int64],
        data: NDArray[np.bool_],
        drive: NDArray[np.bool_],
        select: NDArray[np.int64] | None = None,
        *,
        clocks: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Put the waveform on the cells' drivers and run ngspice on by `clocks` clocks."""
        ended = super().drive(row, data, drive, select, clocks=clocks)
        wanted: list[int | None] = [None] * self.cells.cells
        first = int(row[0]) * self._with_cells.size
        for place in np.flatnonzero(drive[self._with_cells]):
            wanted[first + place] = int(data[self._with_cells[place]])
        for cell, value in enumerate(wanted):
            if value != self._driven[cell]:
                self.cells.drive(cell, value)
        self._driven = wanted
        self._now_ps += clocks * self.cells.tick_ps
        self.cells.advance(self._now_ps)
        self.contents[:, self._with_cells] = self.cells.sense_all().reshape(self.rows, -1)
        return ended


class AnalogBench(StoreBench):
    """The bench with a source that lets a row's cells come to rest before it writes them again."""

    def __init__(self, dut: Any, job: dict[str, NDArray[Any]], array: SpiceArray) -> None:
        super().__init__(dut, job, array)
        self.sleeps = False
        self._rest = int(job["rest_clocks"])
        self._driven_at = np.full(self.rows, -self._rest)

    def _offer(self, passed: int) -> None:
        array = self.arrays
        assert isinstance(array, SpiceArray)
        if array.clocks.any():
            self._driven_at[array._row[array.clocks > 0]] = self.clock
        following = self.next[0]
        if following < self.vectors:
            row = self.job["rows"][following, 0]
            if self.clock - self._driven_at[row] <= self._rest:
                return
        super()._offer(passed)

    def observed(self) -> dict[str, NDArray[Any]]:
        """What is judged, and the waveforms of all cells: `time_ps` and `mz`."""
        array = self.arrays
        assert isinstance(array, SpiceArray)
        time_ps, mz = array.cells.waveforms()
        return {**super().observed(), "time_ps": time_ps, "mz": mz.astype(np.float32)}


@cocotb.test()
async def analog(dut: Any) -> None:
    """Run the job that the runner left."""
    folder, values = left_job()
    spec = DeviceSpec.from_dict(json.loads(str(values["spec"])))
    pool = CellArray(spec, int(values["drawn"]), int(values["cell_seed"]), int(values["tick"]))
    with pool.chosen(values["which"].tolist()) as cells:
        rows, columns = int(values["array_rows"]), values["owner"].size
        array = SpiceArray(cells, rows, columns, values["with_cells"])
        await AnalogBench(dut, values, array).run(folder)
