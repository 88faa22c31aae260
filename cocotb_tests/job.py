"""What the cocotb side of the bench needs to know, as arrays that a file can carry."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.stimulus import Stimulus
from nvmcosim.hdl.write_controller import WriteController
from nvmcosim.pymodel.store import to_bits
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["command_job", "planned_job", "threshold_job"]


def command_job(
    controllers: Sequence[WriteController], stimuli: Sequence[Stimulus], longest: int
) -> dict[str, NDArray[Any]]:
    """Commands and shapes, by controller `[..., controllers]` or column `[..., columns]`.

    `longest` is the most clocks that a command takes. Keys: `array_rows`, `row_bits`,
    `counter_bits` and `limit` (clocks without any progress after which the bench gives up), each
    one number; by controller `counters` (how many it has), `rows` and `stalls`; by column `owner`,
    `tick_ps` and `data`.
    """
    plans = [controller.plan for controller in controllers]
    sizes = [plan.bank_words * plan.width for plan in plans]
    first = controllers[0]
    data = [
        to_bits(stimulus.words, plan.width).reshape(stimulus.rows.size, -1)
        for plan, stimulus in zip(plans, stimuli, strict=True)
    ]
    return {
        "array_rows": np.array(first.rows),
        "row_bits": np.array(len(first.array.row)),
        "counter_bits": np.array(first.counter_bits),
        "limit": np.array(2 * longest + 64),
        "counters": np.array([len(controller.counter_names) for controller in controllers]),
        "rows": np.stack([stimulus.rows for stimulus in stimuli], axis=1),
        "stalls": np.stack([stimulus.stalls for stimulus in stimuli], axis=1),
        "owner": np.repeat(np.arange(len(plans)), sizes),
        "tick_ps": np.repeat([plan.tick_ps for plan in plans], sizes),
        "data": np.concatenate(data, axis=1),
    }


def planned_job(plans: Sequence[StorePlan]) -> dict[str, NDArray[Any]]:
    """`planned`, clocks of each column's pulse, `[columns]`."""
    cycles = [np.tile(np.array(p.cycles)[p.bit_domain], p.bank_words) for p in plans]
    return {"planned": np.concatenate(cycles)}


def threshold_job(
    plans: Sequence[StorePlan], stimuli: Sequence[Stimulus]
) -> dict[str, NDArray[Any]]:
    """The fields of a `ThresholdTable` for all columns, each name after `threshold_`."""
    bases, strides, start = [], [], 0
    for plan, stimulus in zip(plans, stimuli, strict=True):
        cells, attempts = plan.bank_words * plan.width, 1 + plan.retry_limit
        bases.append(start + np.arange(cells))
        # Strides of row, command and attempt, and how many attempts there are.
        own = (cells, 0, 0, 1)
        if plan.variation == "cycle":
            own = (0, attempts * cells, cells, attempts)
        strides.append(np.tile(np.array(own, np.int64)[:, None], cells))
        start += stimulus.thresholds_ps.size
    row, command, attempt, attempts_each = np.concatenate(strides, axis=1)
    return {
        "threshold_values": np.concatenate([s.thresholds_ps.ravel() for s in stimuli]),
        "threshold_base": np.concatenate(bases),
        "threshold_row_stride": row,
        "threshold_command_stride": command,
        "threshold_attempt_stride": attempt,
        "threshold_attempts": attempts_each,
        "threshold_select_stride": np.zeros_like(row),
    }
