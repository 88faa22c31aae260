"""Plans of computing in memory and their golden model."""

from pathlib import Path
from typing import Any

import numpy as np
import pim_oracle as oracle
import pytest

from nvmcosim import GoldenPim, InputError, PimPlan, load_plan, view
from nvmcosim.pymodel.pim_programs import OPERATIONS, named_program
from nvmcosim.pymodel.plan import plan_from_dict

EXAMPLE = Path(__file__).parents[1] / "examples" / "wang2020.toml"


def test_example_adds() -> None:
    plan = load_plan(EXAMPLE)
    assert plan == PimPlan("fp32")
    golden = view(plan, "golden")(plan)
    assert isinstance(golden, GoldenPim)
    words = oracle.operands("fp32", 1024, 1)
    result = golden.run(a=words, b=words[::-1])["out"]
    oracle.check("fp32", result, oracle.expected("fp32", np.add, words, words[::-1].copy()))
    assert golden.counts == plan.program.counts


def test_plan_survives_json() -> None:
    plan = PimPlan("bf16", "mac-skip", "rne-flush", columns=256, tick_ps=2000)
    assert PimPlan.from_json(plan.to_json()) == plan
    assert plan.digest() != plan.replace(columns=64).digest()


@pytest.mark.parametrize("format", oracle.DTYPES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_a_program(operation: str, format: str) -> None:
    if operation == f"to-{format}":
        with pytest.raises(InputError, match="which converts nothing"):
            named_program(operation, format)
        return
    plan = PimPlan(format, operation)
    assert plan.program.rows <= plan.rows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "fp64"}, "format is 'fp64'; it must be one of fp32, fp16, bf16"),
        ({"operation": "divide"}, "operation is 'divide'; it must be one of add"),
        ({"rounding": "truncate"}, "rounding is 'truncate'; it must be one of rne, rne-flush"),
        ({"operation": "relu", "rounding": "rne-flush"}, "relu flushes nothing"),
        ({"columns": 100}, "columns is 100; it must be a multiple of 64"),
        ({"columns": 0}, "columns is 0"),
        ({"rows": 90}, "fp32-add takes [0-9]+ rows; the array has 90"),
        ({"rows_a_step": 2}, "rows_a_step is 2; it must be a whole number from 3 to 64"),
        ({"device": "sot"}, "device is 'sot'; it must be wang2020"),
        ({"lanes": 3}, "a pim plan has no 'lanes'"),
        ({"tick": "5 ns", "tick_ps": 5}, "both given"),
    ],
)
def test_wrong_plans_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_from_dict({"kind": "pim", "format": "fp32", **changes})


def test_wrong_operands_are_refused() -> None:
    golden = GoldenPim(PimPlan("fp32", columns=64))
    words = np.zeros(64, np.uint32)
    with pytest.raises(InputError, match="operands are a; fp32-add has a, b"):
        golden.run(a=words)
    with pytest.raises(InputError, match="operand b has 63 words for 64 columns"):
        golden.run(a=words, b=words[1:])
