"""What is no word of an operand is refused, by whichever interpreter; words are taken as given."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_pim import GoldenPim
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_runner import run_program

COLUMNS = 64
ZEROS = np.zeros(COLUMNS, np.uint16)
PLAN = PimPlan("fp16", "add", columns=COLUMNS)

RUNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "golden": lambda operands: GoldenPim(PLAN).run(**operands),
    "plain": lambda operands: interpret(PLAN.program, operands)[0],
    "fast": lambda operands: run_program(PLAN.program, operands, COLUMNS)[0],
}

WRONG = {
    "float": (np.ones(COLUMNS), "type float64; it must be unsigned words"),
    "nan": (np.full(COLUMNS, np.nan, np.float32), "type float32"),
    "bool": (np.ones(COLUMNS, bool), "type bool"),
    "complex": (np.ones(COLUMNS, complex), "type complex128"),
    "text": (np.array(["1"] * COLUMNS), "must be unsigned words"),
    "none": (None, "must be unsigned words"),
    "date": (np.zeros(COLUMNS, "M8[s]"), "must be unsigned words"),
    "ragged": ([[1], [1, 2]], "operand a of fp16-add"),
    "negative": (np.full(COLUMNS, -1), "has the word -1; its 16 rows hold 0 to 65535"),
    "wide": (np.full(COLUMNS, 1 << 16, np.uint32), "has the word 65536"),
    "huge": ([1 << 80] * COLUMNS, "must be unsigned words"),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_word_is_refused(run: Callable[..., Any], words: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run({"a": words, "b": ZEROS})


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_operands_are_those_of_the_program(run: Callable[..., Any]) -> None:
    for operands in ({}, {"a": ZEROS}, {"a": ZEROS, "b": ZEROS, "c": ZEROS}):
        with pytest.raises(InputError, match="operand"):
            run(operands)
    with pytest.raises(InputError, match="words"):
        run({"a": ZEROS, "b": ZEROS[:5]})


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_any_whole_numbers_that_fit_are_words(run: Callable[..., Any]) -> None:
    # 1.0 + 2.0 = 3.0 in fp16.
    for kind in (np.uint16, ">u2", np.int64, np.uint64):
        out = run({"a": np.full(COLUMNS, 0x3C00, kind), "b": [0x4000] * COLUMNS})["out"]
        assert out.dtype == np.uint16
        assert set(out.tolist()) == {0x4200}


def test_a_bit_is_a_bit() -> None:
    program = ADDERS["short"]()
    bits = np.arange(COLUMNS, dtype=np.uint8) & 1
    with pytest.raises(InputError, match="has the word 2; its 1 rows hold 0 to 1"):
        run_program(program, {"x": bits, "y": bits, "z": 2 * bits})


def test_an_array_has_columns() -> None:
    with pytest.raises(InputError, match="have no words"):
        interpret(PLAN.program, {"a": ZEROS[:0], "b": ZEROS[:0]})
    # No arrays at all take nothing.
    outputs, counts = run_program(PLAN.program, {"a": ZEROS[:0], "b": ZEROS[:0]})
    assert (outputs["out"].size, counts.steps) == (0, 0)


def test_nothing_is_written_before_all_operands_are_known_to_be_words() -> None:
    golden = GoldenPim(PLAN)
    before = golden.array.planes.copy()
    with pytest.raises(InputError, match="operand b"):
        golden.run(a=ZEROS, b=-1 * np.ones(COLUMNS, np.int64))
    assert np.array_equal(golden.array.planes, before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("columns", value) for value in (0, -64, 64.0, "64", None, True, 1 << 17)),
        *(("threads", value) for value in (0, -1, 1.5, "2", None, True)),
    ],
)
def test_columns_and_threads_are_whole_numbers(name: str, value: Any) -> None:
    program = named_program("relu", "bf16")
    with pytest.raises(InputError, match=f"{name} is {value!r}; it must be a whole number"):
        run_program(program, {"a": ZEROS}, **{name: value})
