"""Junctions for an array whose every write has a known outcome: chosen, measured one by one.

A cell's *time* is its own switching time, measured in a circuit of that cell alone. A retry may
follow before the cell is at rest, so there is a time for each *history*: the pauses after the
pulses that failed before. The outcome is sure where the time is further than the device's margin
from the plan's pulse; cells of which that is not so are passed over, so that a difference between
array and golden model is never put down to a hair's breadth.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.spice.lockstep import CellArray

__all__ = ["ChosenCells", "History", "choose_cells"]

#: Pauses in ps, after each of the pulses before.
History = tuple[int, ...]
#: Cells that are drawn for each one that is needed.
_CANDIDATES = 8


@dataclass(frozen=True)
class ChosenCells:
    """Cells of a drawn array and their times; columns that no pulse reaches have no cells.

    Fields:
        array: the cells, row by row, each row's `columns` upwards.
        drawn, which: how many cells were drawn, and the numbers among them of those chosen.
        columns: the columns that have cells; bit 0 of word 0 is column 0.
        times_ps: of each cell, for writing a 0 and a 1, the time by history. A history that begins
            with one after which the cell switches is not there.
        passed_over: how many cells were measured and not taken.
    """

    array: CellArray
    drawn: int
    which: tuple[int, ...]
    columns: tuple[int, ...]
    times_ps: tuple[tuple[dict[History, float], dict[History, float]], ...]
    passed_over: int

    def thresholds_ps(
        self, plan: StorePlan, row: int, bits: NDArray[np.bool_], histories: list[History]
    ) -> NDArray[np.float64]:
        """Times for writing `bits`, `[bank_words, width]`, to `row`; histories by domain.

        Infinite where there is no cell.
        """
        times = np.full(bits.size, np.inf)
        for place, column in enumerate(self.columns):
            by_history = self.times_ps[row * len(self.columns) + place][int(bits.ravel()[column])]
            history = histories[plan.bit_domain[column % plan.width]]
            # Past the attempt that switches the cell its time does not matter: the last known.
            while history not in by_history:
                history = history[:-1]
            times[column] = by_history[history]
        return times.reshape(bits.shape)


def choose_cells(
    plan: StorePlan,
    spec: DeviceSpec,
    rows: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> ChosenCells:
    """Draw and measure the cells of an array of `rows` rows for `plan` on device `spec`.

    `progress` is called with how many cells are chosen and how many will be. Raises `InputError` if
    the plan writes nothing, or the device leaves too few sure cells.
    """
    pulses = np.tile(plan.bit_pulse_ps, plan.bank_words)
    columns = np.flatnonzero(pulses)
    if not columns.size:
        raise InputError("the plan has no pulse: no cell would ever be driven")
    needed = rows * columns.size
    pool = CellArray(spec, needed * _CANDIDATES, seed, plan.tick_ps)
    which: list[int] = []
    times: list[tuple[dict[History, float], dict[History, float]]] = []
    for candidate in range(pool.cells):
        pulse = int(pulses[columns[len(which) % columns.size]])
        to_zero, to_one = (_times(pool, candidate, bit, plan, pulse) for bit in (0, 1))
        if to_zero is None or to_one is None:
            continue
        which.append(candidate)
        times.append((to_zero, to_one))
        if progress is not None:
            progress(len(which), needed)
        if len(which) == needed:
            return ChosenCells(
                array=pool.chosen(which),
                drawn=pool.cells,
                which=tuple(which),
                columns=tuple(columns.tolist()),
                times_ps=tuple(times),
                passed_over=candidate + 1 - needed,
            )
    raise InputError(
        f"of {pool.cells} cells of {spec.name} all but {len(which)} switch within "
        f"{pool.margin_ps:.0f} ps of their pulse, too near to say how a write ends"
    )


def _times(
    pool: CellArray, cell: int, bit: int, plan: StorePlan, pulse_ps: int
) -> dict[History, float] | None:
    """Times for writing `bit` with pulses of `pulse_ps` by history, or None if one is not sure."""
    times: dict[History, float] = {}
    # The clock of the read, and longer by as much as another domain's pulse is longer.
    pauses = {
        domain.pulse_ps - pulse_ps + plan.tick_ps
        for domain in plan.domains
        if domain.pulse_ps >= pulse_ps
    }
    histories: list[History] = [()]
    while histories:
        history = histories.pop()
        before = [(pulse_ps, pause) for pause in history]
        time = pool.threshold_ps(cell, DIRECTIONS[1 - bit], before)
        if abs(time - pulse_ps) < pool.margin_ps:
            return None
        times[history] = time
        if time > pulse_ps and len(history) < plan.retry_limit:
            # An attempt drives no domain that the one before it did not: pauses get no longer.
            shorter = {pause for pause in pauses if not history or pause <= history[-1]}
            histories += [(*history, pause) for pause in shorter]
    return times
