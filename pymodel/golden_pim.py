"""Golden model of a plan of computing in memory: one array that obeys the plan's program.

This is the reference that RTL and the compiled interpreter are held to; `pim_interpreter` states
the rules, `pim_runner` is for many arrays.
"""

from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_interpreter import PimArray
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.pim_step import PimCounts
from nvmcosim.pymodel.pim_words import whole_words, word_type

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
        operand that the program does not have, that is missing, that is no whole number that its
        rows can hold, or of another length.
        """
        program = self.plan.program
        names = [name for name, _ in program.inputs]
        if sorted(operands) != sorted(names):
            raise InputError(
                f"operands are {', '.join(sorted(operands)) or 'none'}; "
                f"{program.name} has {', '.join(names)}"
            )
        # Nothing is written before all operands are known to be words.
        words = {name: whole_words(program, name, operands[name]) for name in names}
        for name, given in words.items():
            self.array.put(program, name, given)
        self.array.run(program)
        return {
            name: self.array.get(program, name, word_type(len(rows)))
            for name, rows in program.outputs
        }
