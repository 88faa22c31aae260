"""Golden model of a plan of computing in memory: one array that obeys the plan's program.

This is the reference that RTL and the compiled interpreter are held to; `pim_interpreter` states
the rules, `pim_runner` is for many arrays.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_interpreter import PimArray
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.pim_step import PimCounts

__all__ = ["GoldenPim"]


class GoldenPim:
    """An array of `plan.rows` by `plan.columns` cells, which hold random bits at first.

    Attributes:
        array: the cells and what all runs took.
    """

    def __init__(self, plan: PimPlan) -> None:
        self.plan = plan
        self.array = PimArray(plan.rows, plan.columns, plan.seed)

    @property
    def counts(self) -> PimCounts:
        """What all runs took."""
        return self.array.counts

    def run(self, **operands: ArrayLike) -> dict[str, NDArray]:
        """Put a word of each operand into each column, run the program, and read its outputs.

        Operands are unsigned words of the inputs' names, `[columns]`. Raises `InputError` for an
        operand that the program does not have, that is missing, or of another length.
        """
        program = self.plan.program
        names = [name for name, _ in program.inputs]
        if sorted(operands) != sorted(names):
            raise InputError(
                f"operands are {', '.join(sorted(operands)) or 'none'}; "
                f"{program.name} has {', '.join(names)}"
            )
        for name in names:
            self.array.put(program, name, np.asarray(operands[name]))
        self.array.run(program)
        return {
            name: self.array.get(program, name, np.dtype(np.uint32)).astype(_kind(len(rows)))
            for name, rows in program.outputs
        }


def _kind(width: int) -> np.dtype:
    return np.dtype(np.uint8 if width <= 8 else np.uint16 if width <= 16 else np.uint32)
