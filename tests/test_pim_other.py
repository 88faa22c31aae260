"""Comparison, maximum, rectifier, conversion and multiply-accumulate against numpy."""

from itertools import permutations

import numpy as np
import pim_oracle as oracle
import pytest
from numpy.typing import NDArray

from nvmcosim.pymodel.pim_float_convert import convert_program
from nvmcosim.pymodel.pim_float_other import (
    compare_program,
    mac_program,
    maximum_program,
    relu_program,
)
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_runner import run_program

FORMATS = tuple(oracle.DTYPES)


def _values(format: str, words: NDArray) -> NDArray:
    """Values, exact in float64."""
    with np.errstate(all="ignore"):
        return words.view(oracle.DTYPES[format]).astype(np.float64)


@pytest.mark.parametrize("format", FORMATS)
def test_comparison(format: str) -> None:
    a, b = oracle.pairs(oracle.operands(format, 576, 1))
    outputs, _ = interpret(compare_program(format), {"a": a, "b": b})
    x, y = _values(format, a), _values(format, b)
    assert np.array_equal(outputs["less"], x < y)
    assert np.array_equal(outputs["equal"], x == y)
    assert np.array_equal(outputs["unordered"], np.isnan(x) | np.isnan(y))


@pytest.mark.parametrize("format", FORMATS)
def test_maximum_and_rectifier(format: str) -> None:
    a, b = oracle.pairs(oracle.operands(format, 576, 2))
    x, y = _values(format, a), _values(format, b)
    first = (x > y) | np.isnan(x) | ((x == y) & ~np.signbit(x))
    outputs, _ = interpret(maximum_program(format), {"a": a, "b": b})
    oracle.check(format, outputs["out"], np.where(first, a, b), a, b)
    outputs, _ = interpret(relu_program(format), {"a": a})
    oracle.check(format, outputs["out"], np.where((x > 0) | np.isnan(x), a, 0).astype(a.dtype), a)


@pytest.mark.parametrize(("source", "target"), list(permutations(FORMATS, 2)))
def test_conversion(source: str, target: str) -> None:
    if source == "fp32":
        # Every exponent, with fractions at, below and above half of the last bit that is kept.
        random = np.random.default_rng(7)
        words = random.integers(0, 1 << 32, 1 << 19, np.uint32)
        words[::2] &= np.uint32(0xFFFFE000)
        words[1::4] = (words[1::4] & np.uint32(0xFFFF8000)) | np.uint32(0x7FFF)
        words = np.concatenate([oracle.operands(source, 576, 3), words])
    else:
        words = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(all="ignore"):
        values = words.view(oracle.DTYPES[source]).astype(np.float32)
        wanted = values.astype(oracle.DTYPES[target]).view(oracle.word_type(target))
    program = convert_program(source, target)
    oracle.check(target, interpret(program, {"a": words})[0]["out"], wanted, words)
    oracle.check(target, run_program(program, {"a": words})[0]["out"], wanted, words)


@pytest.mark.parametrize("format", FORMATS)
def test_multiply_accumulate_rounds_twice(format: str) -> None:
    a, b = oracle.pairs(oracle.operands(format, 300, 4))
    c = np.roll(b, 12345)
    outputs, _ = run_program(mac_program(format), {"a": a, "b": b, "c": c})
    wanted = oracle.expected(format, np.add, c, oracle.expected(format, np.multiply, a, b))
    oracle.check(format, outputs["out"], wanted, a, b, c)
