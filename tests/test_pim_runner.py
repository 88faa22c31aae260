"""The fast interpreter against the plain one, and against numpy on many operands."""

import numpy as np
import pim_oracle as oracle
import pytest
from numpy.typing import NDArray
from test_pim_arithmetic import BINARY, FORMATS

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_add import add_program
from nvmcosim.pymodel.pim_float_multiply import multiply_program
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_runner import run_program
from nvmcosim.pymodel.pim_step import MATCH, ONE, PimCounts

#: Chosen operands that meet every word of a 16-bit format.
CHOSEN = 256


@pytest.mark.parametrize("name", ADDERS)
def test_adders_run_alike(name: str) -> None:
    program, words = ADDERS[name](), np.arange(200, dtype=np.uint8)
    operands = {"x": words & 1, "y": words >> 1 & 1, "z": words >> 2 & 1}
    plain, _ = interpret(program, operands)
    fast, _ = run_program(program, operands)
    for output in ("sum", "carry"):
        assert fast[output].tolist() == plain[output].tolist()


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_run_alike(seed: int) -> None:
    """Exchanges and rotations in one step, searches, and skips that depend on the columns."""
    random = np.random.default_rng(seed)
    builder = Builder("random")
    rows = builder.input("a", 9)
    builder.search([rows[0]])
    for _ in range(120):
        x, y, z = (rows[i] for i in random.choice(9, 3, replace=False))
        kind = random.integers(6)
        if kind == 0:
            builder.search([x, y], [z])
        elif kind == 1:
            builder.together((x, z, y), (y, z, x))
        elif kind == 2:
            builder.together((x, ONE, ~y), (y, ONE, z), (z, ~MATCH, x))
        elif kind == 3:
            builder.select(x, MATCH, ~y)
        elif kind == 4:
            seen = builder.row("seen")
            builder.search([x, y, z], [r for r in rows if r not in (x, y, z)][:4])
            builder.copy(seen, MATCH)
            with builder.unless_none(seen):
                builder.xor(x, seen)
                builder.copy(y, ~seen)
        else:
            builder.xor(x, ~y)
    builder.output("out", rows)
    program = builder.build()
    # 3 arrays of 64 columns, the last one not full; each decides for itself what it skips.
    words = random.integers(0, 2**9, 150, np.uint16)
    fast, counts = run_program(program, {"a": words}, columns=64)
    plain, total = [], PimCounts()
    for first in range(0, 150, 64):
        outputs, taken = interpret(program, {"a": words[first : first + 64]}, seed)
        plain += outputs["out"].tolist()
        total += taken
    assert fast["out"].tolist() == plain
    assert counts == total


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", BINARY)
def test_float_programs_run_alike(name: str, format: str) -> None:
    program = BINARY[name][0](format)
    a, b = oracle.pairs(oracle.operands(format, 130, 4))
    plain, counts = interpret(program, {"a": a, "b": b})
    fast, fast_counts = run_program(program, {"a": a, "b": b}, columns=1024, threads=2)
    assert fast["out"].tolist() == plain["out"].tolist()
    if not name.endswith("skip"):
        arrays = -(-a.size // 1024)
        assert fast_counts.steps == arrays * counts.steps


def _random_pairs(format: str, count: int, seed: int) -> tuple[NDArray, NDArray]:
    """Random words; in half of the pairs the exponents are near each other."""
    random = np.random.default_rng(seed)
    exponents, fraction = oracle.SHAPES[format]
    kind = oracle.word_type(format)
    a = random.integers(0, 1 << (1 + exponents + fraction), count, np.uint64).astype(kind)
    b = random.integers(0, 1 << (1 + exponents + fraction), count, np.uint64).astype(kind)
    step = random.integers(0, 2 * fraction + 8, count // 2).astype(kind) << kind.type(fraction)
    b[::2] = (b[::2] & kind.type((1 << fraction) - 1)) | (a[::2] & ~kind.type((1 << fraction) - 1))
    b[::2] -= step
    return a, b


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "count", [1 << 18, pytest.param(8_000_000, marks=pytest.mark.full)], ids=["some", "many"]
)
def test_random_pairs(name: str, format: str, count: int) -> None:
    make, result = BINARY[name]
    a, b = _random_pairs(format, count, 5)
    outputs, _ = run_program(make(format), {"a": a, "b": b})
    oracle.check(format, outputs["out"], result(format, a, b), a, b)


@pytest.mark.parametrize("format", ["fp16", "bf16"])
@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "chosen", [8, pytest.param(CHOSEN, marks=pytest.mark.full)], ids=["few", "256"]
)
def test_every_word_of_a_16_bit_format(name: str, format: str, chosen: int) -> None:
    make, result = BINARY[name]
    every = np.arange(1 << 16, dtype=np.uint16)
    for other in oracle.operands(format, CHOSEN, 6)[:: CHOSEN // chosen]:
        for a, b in ((every, np.full_like(every, other)), (np.full_like(every, other), every)):
            outputs, _ = run_program(make(format), {"a": a, "b": b})
            oracle.check(format, outputs["out"], result(format, a, b), a, b)


def test_skipped_digits_are_counted_by_array() -> None:
    program = multiply_program("bf16", skip_zeros=True)
    b = np.repeat(np.array([0x3F80, 0x3FFF], np.uint16), 1024)
    _, counts = run_program(program, {"a": b, "b": b})
    each = [interpret(program, {"a": b[at:][:1024], "b": b[at:][:1024]})[1] for at in (0, 1024)]
    assert counts == each[0] + each[1]
    assert each[0].steps < each[1].steps


@pytest.mark.parametrize(
    ("operands", "columns", "message"),
    [
        ({"a": np.zeros(3, np.uint32)}, 64, "operand b of fp32-add is missing"),
        ({"a": np.zeros(3, np.uint32), "b": np.zeros(4, np.uint32)}, 64, "must have as many"),
        ({}, 100, "columns is 100; it must be a multiple of 64"),
    ],
)
def test_wrong_operands_are_refused(
    operands: dict[str, NDArray], columns: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run_program(add_program("fp32"), operands, columns)
