"""In-memory units against the golden model on both simulators; a wrong one is found out."""

import re

import pytest

from nvmcosim.cocotb_tests import pim_unit
from nvmcosim.cocotb_tests.pim_stimulus import GRID, grid_words, operand_words
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_plan import PimPlan

PLANS = [
    PimPlan("bf16", "add", columns=64, rows=128),
    PimPlan("bf16", "multiply-skip", columns=64, rows=128),
]


def check(result: BenchResult, vectors: int) -> None:
    assert result.mismatches == 0, result.failures
    assert result.vectors == vectors


def test_units_on_both_simulators() -> None:
    for result in pim_unit.run(PLANS, vectors=4, seed=1):
        check(result, 8)
        assert result.facts["operations"] == 8 * 64


def test_the_grid_is_every_pair() -> None:
    plan = PimPlan("fp16", columns=1024)
    words, pairs = grid_words("fp16", 3), set()
    assert len(set(words.tolist())) > GRID - 30
    vectors = pim_unit.grid_vectors(plan)
    for vector in range(vectors):
        operands = operand_words(plan, 3, vector)
        pairs |= set(zip(operands["a"].tolist(), operands["b"].tolist(), strict=True))
    assert vectors == 324
    assert len(pairs) == len(set(words.tolist())) ** 2


@pytest.mark.full
@pytest.mark.parametrize("format", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("operation", ["add", "multiply"])
def test_grid_at_1024_columns(operation: str, format: str) -> None:
    plan = PimPlan(format, operation, rows=512)
    vectors = pim_unit.grid_vectors(plan)
    (result,) = pim_unit.run(plan, [Simulator.VERILATOR], vectors=vectors)
    check(result, vectors)


def test_no_plan_is_refused() -> None:
    with pytest.raises(InputError, match="no plan is given"):
        pim_unit.run([])


@pytest.mark.parametrize("n", [0, pytest.param(5, marks=pytest.mark.full), 8])
def test_wrong_units_are_found_out(n: int) -> None:
    """An OR for one of the XORs that invert gates and values, and that compare in a search."""

    def edit(text: str) -> str:
        places = [match.start() for match in re.finditer(r"\^", text)]
        assert len(places) == 9
        return text[: places[n]] + "|" + text[places[n] + 1 :]

    (result,) = pim_unit.run(PLANS[0], [Simulator.ICARUS], vectors=2, edit=edit)
    assert result.mismatches == 2
