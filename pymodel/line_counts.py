"""What the kernels of lines count, as the work of commands."""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.line_kernels import (
    CLEARED,
    FLIPS,
    IGNORED,
    PLACE,
    PLACE_RESETS,
    PLACE_SETS,
    TURN,
    TURN_RESETS,
    TURN_SETS,
    TURNED_RESET,
    TURNED_SET,
)
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_work import LineWork

__all__ = ["counted_work"]


def counted_work(
    plan: LinePlan, counts: NDArray[np.int64], senses: int, **commands: int
) -> LineWork:
    """The work of so many `commands`, by name, in which lines were read `senses` times."""
    work = LineWork(**commands, senses=senses)
    work.turn_sets, work.turn_resets = int(counts[TURN_SETS]), int(counts[TURN_RESETS])
    work.place_sets, work.place_resets = int(counts[PLACE_SETS]), int(counts[PLACE_RESETS])
    work.flips = work.sets + work.resets if plan.coded else int(counts[FLIPS])
    if plan.coded:
        by_group = plan.refresh == "group"
        work.turned_set = int(counts[TURNED_SET if by_group else TURN])
        work.turned_reset = int(counts[TURNED_RESET if by_group else TURN + 1])
    work.ignored, work.cleared = int(counts[IGNORED]), int(counts[CLEARED])
    cell = plan.pcm
    work.sense_ps = senses * cell.read_ps
    pulses = np.array([cell.set_ps, cell.reset_ps, max(cell.set_ps, cell.reset_ps)])
    work.turn_ps = int(counts[TURN : TURN + 3] @ pulses)
    work.place_ps = int(counts[PLACE : PLACE + 3] @ pulses)
    return work
