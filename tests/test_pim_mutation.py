"""Wrong microprograms and wrong microcode are found out."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pim_oracle as oracle
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_runner import run_program
from nvmcosim.pymodel.pim_step import Step

#: Of the mutants at most so many may give every result that is asked for: a write that is made
#: again before it counts, that sets a bit of a distance of which less would do, or that clears
#: what operands like these leave clear.
_MOST_ALIKE = 0.05


def _mutants(step: Step) -> Iterator[Step]:
    """The step with one write left out, or one gate, value or compared bit inverted."""
    for n, write in enumerate(step.writes):
        others = [*step.writes[:n], *step.writes[n + 1 :]]
        yield replace(step, writes=tuple(others))
        for wrong in (replace(write, gate=~write.gate), replace(write, value=~write.value)):
            yield replace(step, writes=(*others[:n], wrong, *others[n:]))
    for n, (row, bit) in enumerate(step.search):
        pairs = [*step.search]
        pairs[n] = (row, 1 - bit)
        yield replace(step, search=tuple(pairs))


def _wrong_programs(program: PimProgram, every: int) -> Iterator[PimProgram]:
    mutants = [(n, m) for n, step in enumerate(program.steps) for m in _mutants(step)]
    for n, mutant in mutants[::every]:
        try:
            yield replace(program, steps=(*program.steps[:n], mutant, *program.steps[n + 1 :]))
        except InputError:
            # It would use a row that holds nothing yet.
            continue


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize(("operation", "ufunc"), [("add", np.add), ("multiply", np.multiply)])
def test_wrong_programs_give_wrong_results(operation: str, ufunc: np.ufunc, every: int) -> None:
    program = named_program(operation, "bf16")
    a, b = oracle.pairs(oracle.operands("bf16", 576, 1))
    wanted = oracle.expected("bf16", ufunc, a, b)
    alike = []
    for wrong in _wrong_programs(program, every):
        outputs, _ = run_program(wrong, {"a": a, "b": b})
        alike.append(not oracle.mismatches("bf16", outputs["out"], wanted).size)
    assert len(alike) > 100 / every
    assert sum(alike) <= _MOST_ALIKE * len(alike)
