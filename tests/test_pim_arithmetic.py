"""Float programs against numpy's float32 and float16 and ml_dtypes' bfloat16."""

from collections.abc import Callable

import numpy as np
import pim_oracle as oracle
import pytest
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_float_add import add_program
from nvmcosim.pymodel.pim_float_multiply import multiply_program
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_program import PimProgram

FORMATS = tuple(oracle.DTYPES)
#: Programs of two operands: how one is made, and what it has to give.
BINARY: dict[str, tuple[Callable[[str], PimProgram], Callable[[str, NDArray, NDArray], NDArray]]]
BINARY = {
    "add": (add_program, lambda f, a, b: oracle.expected(f, np.add, a, b)),
    "subtract": (
        lambda f: add_program(f, subtract=True),
        lambda f, a, b: oracle.expected(f, np.subtract, a, b),
    ),
    "multiply": (multiply_program, lambda f, a, b: oracle.expected(f, np.multiply, a, b)),
    "multiply-radix-2": (
        lambda f: multiply_program(f, radix=2),
        lambda f, a, b: oracle.expected(f, np.multiply, a, b),
    ),
    "multiply-skip": (
        lambda f: multiply_program(f, skip_zeros=True),
        lambda f, a, b: oracle.expected(f, np.multiply, a, b),
    ),
    "add-flush": (lambda f: add_program(f, flush=True), oracle.flushing_sum),
    "multiply-flush": (lambda f: multiply_program(f, flush=True), oracle.flushing_product),
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", BINARY)
def test_every_pair_of_special_and_random_operands(name: str, format: str) -> None:
    make, result = BINARY[name]
    a, b = oracle.pairs(oracle.operands(format, 576, 1))
    outputs, _ = interpret(make(format), {"a": a, "b": b})
    oracle.check(format, outputs["out"], result(format, a, b), a, b)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("make", [add_program, multiply_program])
def test_programs_keep_their_operands(make: Callable[[str], PimProgram], format: str) -> None:
    program = make(format)
    kept = {row for _, rows in program.inputs for row in rows}
    assert kept.isdisjoint(w.row for step in program.steps for w in step.writes)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("k", [4, 8])
def test_other_k_gives_the_same_results(k: int, format: str) -> None:
    a, b = oracle.pairs(oracle.operands(format, 120, 2))
    for make, operation in ((add_program, np.add), (multiply_program, np.multiply)):
        program = make(format, k=k)
        outputs, _ = interpret(program, {"a": a, "b": b})
        oracle.check(format, outputs["out"], oracle.expected(format, operation, a, b), a, b)


def test_broadcast_multiplier_skips_its_zeros() -> None:
    """One weight for all columns: the more of its bits are 0, the fewer steps."""
    program = multiply_program("fp32", skip_zeros=True)
    a = oracle.operands("fp32", 300, 3)
    steps = []
    for weight in (1.0, 1.5, 1.9999999):
        b = np.full(a.size, np.float32(weight).view(np.uint32))
        outputs, counts = interpret(program, {"a": a, "b": b})
        oracle.check("fp32", outputs["out"], oracle.expected("fp32", np.multiply, a, b), a, b)
        steps.append(counts.steps)
    assert steps[0] < steps[1] < steps[2] == program.counts.steps


def test_other_radix_is_refused() -> None:
    for options in ({"radix": 8}, {"radix": 4, "skip_zeros": True}):
        with pytest.raises(InputError, match="it must be 2, or 4 where no digit is skipped"):
            multiply_program("bf16", **options)
