"""Programs kept as values: what is damaged, or was made to do harm, is refused in a sentence."""

import copy
from typing import Any

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_programs import OPERATIONS, named_program

#: A row is copied to an output through a search, so that each kind of step is there.
GOOD: dict[str, Any] = {
    "name": "p",
    "row_names": ["a", "b", "t", "out"],
    "inputs": [["a", [0]], ["b", [1]]],
    "outputs": [["out", [3]]],
    "k": 3,
    "search_rows": 2,
    "gates": 1,
    "steps": [
        {"writes": [], "search": [[0, 1]]},
        {"writes": [[2, -1, 1, -1, 0], [3, -1, 0, -1, 0]]},
        {"writes": [[2, 1, 0, -2, 0]]},
        {"writes": [[3, 2, 0, -1, 0]]},
    ],
}


def test_the_example_is_a_program() -> None:
    assert PimProgram.from_dict(GOOD).to_dict() == GOOD


@pytest.mark.parametrize("operation", OPERATIONS)
def test_programs_come_back_as_they_were(operation: str) -> None:
    format = "fp16" if operation != "to-fp16" else "bf16"
    program = named_program(operation, format)
    assert PimProgram.from_dict(program.to_dict()) == program


def test_adders_come_back_as_they_were() -> None:
    for make in ADDERS.values():
        assert PimProgram.from_dict(make().to_dict()) == make()


WRONG: list[tuple[str, Any, str]] = [
    ("k", 3.7, "3.7 is no whole number"),
    ("k", "3", "'3' is no whole number"),
    ("k", True, "True is no whole number"),
    ("k", -1, "k of p is -1; it must be a whole number from 0"),
    ("k", 10**9, "k of p is 1000000000"),
    ("search_rows", -1, "search_rows of p is -1"),
    ("gates", 0, "gates of p is 0"),
    ("name", None, "None is no name"),
    ("row_names", [1, 2, 3, 4], "1 is no name"),
    ("row_names", "abc", "uses row 3; it has rows 0 to 2"),
    ("inputs", [], "inputs are none"),
    ("outputs", [], "outputs are none"),
    ("inputs", [["a", []], ["b", [1]]], "operand a has no rows"),
    ("inputs", [["a", [0]], ["a", [1]]], "inputs are a, a"),
    ("inputs", [["a", [0]], ["b", [0, 1]]], "inputs share a row"),
    ("inputs", [["a", [0, 0]], ["b", [1]]], "inputs share a row"),
    ("inputs", [["a", [0.5]], ["b", [1]]], "0.5 is no whole number"),
    ("inputs", [["a", ["0"]], ["b", [1]]], "'0' is no whole number"),
    ("inputs", [["a", [-1]], ["b", [1]]], "uses row -1"),
    ("inputs", [[3, [0]], ["b", [1]]], "3 is no name"),
    ("outputs", [["a", [3]]], "a is an input and, in other rows, an output"),
    ("steps", None, "these values are no program"),
    ("steps", [[]], "these values are no program"),
    ("steps", [{}], "'writes'"),
    # A row below the latch's would be one that no array has.
    ("steps", [{"writes": [[3, -7, 0, -1, 0]]}], "a signal from row -7; -1 is a constant"),
    ("steps", [{"writes": [[3, 1, 0, -9, 0]]}], "a signal from row -9|holds nothing"),
    ("steps", [{"writes": [[3, 1, 7, -1, 0]]}], "7 is no bit"),
    ("steps", [{"writes": [[3, 1, 0.6, -1, 0]]}], "0.6 is no whole number"),
    ("steps", [{"writes": [[3, 1, 0, -1]]}], "they come in pairs"),
    ("steps", [{"writes": [], "search": [[0, 2]]}], "2 is no bit"),
    ("steps", [{"writes": [], "bogus": 0}], "a step has 'bogus'"),
    ("steps", [{"writes": [], "search": [[0, 1]], "skip": 0.9}], "0.9 is no whole number"),
    ("steps", [{"writes": [], "search": [[0, 1]], "skip": 1}], "skips 1 steps, beyond the end"),
]


@pytest.mark.parametrize(("field", "value", "message"), WRONG)
def test_values_that_are_no_program_are_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PimProgram.from_dict({**GOOD, field: value})


@pytest.mark.parametrize("values", [None, [], "x", 3, {}])
def test_what_is_no_mapping_is_refused(values: Any) -> None:
    with pytest.raises(InputError, match="these values are no program"):
        PimProgram.from_dict(values)


def skipping(skip: int, last: int) -> dict[str, Any]:
    """The output's first write may be passed over; `last` is the row that the output copies."""
    values = copy.deepcopy(GOOD)
    values["steps"] = [
        {"writes": [], "search": [[0, 1]], "skip": skip},
        {"writes": [[2, -1, 0, -1, 0]]},
        {"writes": [[3, last, 0, -1, 0]]},
        {"writes": []},
    ]
    return values


def test_what_a_skip_may_pass_over_holds_nothing_after_it() -> None:
    """With step 1 passed over, row t would hold what it held at first."""
    PimProgram.from_dict(skipping(1, last=1))
    with pytest.raises(InputError, match="step 2 uses row t, which holds nothing yet"):
        PimProgram.from_dict(skipping(1, last=2))
    with pytest.raises(InputError, match="output out has rows that are never written"):
        PimProgram.from_dict(skipping(2, last=2))
