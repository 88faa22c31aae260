"""Programs as data, the builder's packing, and the one-bit adders."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nvmcosim.hdl.pim_proof_programs import ripple_adder
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, PimCounts, Signal, Step, Write

BITS = np.arange(8, dtype=np.uint8)
X, Y, Z = BITS & 1, BITS >> 1 & 1, BITS >> 2


@pytest.mark.parametrize("name", ADDERS)
def test_adders_add(name: str) -> None:
    program = ADDERS[name]()
    outputs, _ = interpret(program, {"x": X, "y": Y, "z": Z})
    assert outputs["sum"].tolist() == [b.bit_count() % 2 for b in range(8)]
    assert outputs["carry"].tolist() == [b.bit_count() // 2 for b in range(8)]


@pytest.mark.parametrize(
    ("name", "steps", "cells"), [("published", 4, 4), ("nor", 13, 12), ("destructive", 5, 4)]
)
def test_adders_take_the_steps_and_cells_that_the_paper_states(
    name: str, steps: int, cells: int
) -> None:
    program = ADDERS[name]()
    assert program.counts.steps == steps
    operands = 0 if name == "destructive" else 3
    assert program.rows - operands == cells


#: By hand, from docs/pim.md's rules: rows that each step reads, each once however often it is used
#: (an XOR reads the row that it inverts), and rows that it writes.
BY_HAND = {
    "published": ([3, 2, 2, 3], [3, 2, 2, 2]),
    "short": ([2, 2, 2], [3, 1, 2]),
    "destructive": ([1, 2, 1, 2, 1], [1, 2, 1, 2, 1]),
    # All twelve cells are set at once, then each NOR reads its inputs.
    "nor": ([0, 2, 2, 2, 3, 1, 1, 1, 3, 3, 2, 2, 1], [12] + [1] * 12),
}


@pytest.mark.parametrize("name", ADDERS)
def test_adders_take_what_is_counted_by_hand(name: str) -> None:
    reads, writes = BY_HAND[name]
    counts = PimCounts(
        steps=len(reads),
        reads=sum(map(bool, reads)),
        writes=len(writes),
        cell_reads=sum(reads),
        cell_writes=sum(writes),
    )
    program = ADDERS[name]()
    assert program.counts == counts
    assert interpret(program, {"x": X, "y": Y, "z": Z})[1] == counts


def test_a_sum_of_four_bits_takes_what_is_counted_by_hand() -> None:
    # A bit: X ^ Y reads both and writes one; carry and sum read X ^ Y and the carry and write two.
    # Two reads of two rows do not fit into one step, so that no two bits share one.
    counts = PimCounts(steps=8, reads=8, writes=8, cell_reads=16, cell_writes=12)
    program = ripple_adder(4)
    assert program.counts == counts
    places = np.arange(512)
    x, y, z = (np.asarray(v, np.uint8) for v in (places & 15, places >> 4 & 15, places >> 8))
    outputs, found = interpret(program, {"x": x, "y": y, "z": z})
    total = x.astype(int) + y + z
    assert (outputs["sum"] == (total & 15)).all()
    assert (outputs["carry"] == (total >> 4)).all()
    assert found == counts


def test_published_and_short_adder_keep_their_operands() -> None:
    for name in ("published", "short"):
        program = ADDERS[name]()
        operands = {row for _, rows in program.inputs for row in rows}
        assert operands.isdisjoint(w.row for step in program.steps for w in step.writes)
        assert program.k == 3


def test_one_write_computes_fig_1() -> None:
    """wang2020, Fig. 1: what each combination of A and the initial B gives."""
    old, other = BITS & 1, BITS >> 1 & 1
    expected = {
        "and": (lambda b, r, a: b.and_(r, a), old & other),
        "or": (lambda b, r, a: b.or_(r, a), old | other),
        "xor": (lambda b, r, a: b.xor(r, a), old ^ other),
        "copy": (lambda b, r, a: b.copy(r, a), other),
        "not": (lambda b, r, a: b.copy(r, ~a), other ^ 1),
    }
    for name, (emit, result) in expected.items():
        builder = Builder(name)
        (row,), (operand,) = builder.input("b", 1), builder.input("a", 1)
        emit(builder, row, operand)
        builder.output("out", [row])
        program = builder.build()
        assert program.steps[0].writes[0].operation == name
        outputs, _ = interpret(program, {"b": old, "a": other})
        assert outputs["out"].tolist() == result.tolist()


@pytest.mark.parametrize("name", ADDERS)
def test_program_survives_json(name: str) -> None:
    program = ADDERS[name]()
    again = PimProgram.from_dict(json.loads(program.to_json()))
    assert again == program
    assert again.digest() == program.digest()
    assert replace(program, name="other").digest() != program.digest()


def _program(*steps: Step, rows: int = 4, **options: int) -> PimProgram:
    names = tuple(f"r{i}" for i in range(rows))
    return PimProgram("p", names, (("a", (0, 1)),), (("out", (1,)),), steps, **options)


@pytest.mark.parametrize(
    ("steps", "options", "message"),
    [
        ([Step((Write(7, ONE, ONE),))], {}, "uses row 7; it has rows 0 to 3"),
        ([Step((Write(2, ONE, Signal(3)),))], {}, "uses row r3, which holds nothing yet"),
        ([Step((Write(2, Signal(0), ONE),))], {}, "uses row r2, which holds nothing yet"),
        ([Step((Write(1, ONE, MATCH),))], {}, "uses the match latch before any search"),
        ([Step((Write(1, ONE, ONE), Write(1, ONE, ZERO)))], {}, "writes a row twice"),
        ([Step((Write(1, ONE, Signal(0)),), ((0, 1),))], {}, "both searches and reads"),
        ([Step((Write(1, ONE, ONE),), ((0, 1),), 1)], {}, "skips 1 steps, beyond the end"),
        ([Step((Write(1, ONE, ONE),), (), -1)], {}, "skips without a search"),
        ([Step((Write(1, Signal(0), ONE),))], {"k": 0}, "reads 1 rows; at most 0"),
        ([Step((), ((0, 1), (1, 1)))], {"search_rows": 1}, "searches 2 rows; at most 1"),
        ([Step((Write(1, ONE, ONE, (ZERO,)),))], {}, "has a write with 2 gates; a cell has 1"),
    ],
)
def test_wrong_programs_are_refused_in_a_sentence(
    steps: list[Step], options: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        _program(*steps, **options)


def test_program_that_overruns_its_rows_is_refused() -> None:
    with pytest.raises(InputError, match="takes 7 rows; the array has 6"):
        ADDERS["published"]().check_fits(6)


def test_values_that_are_no_program_are_refused() -> None:
    for values in ({}, {**ADDERS["nor"]().to_dict(), "steps": [{"writes": [[1, 2]]}]}):
        with pytest.raises(InputError, match="are no program"):
            PimProgram.from_dict(values)


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("seed", range(6))
def test_packing_changes_steps_but_no_result(seed: int, k: int) -> None:
    generator = np.random.default_rng(seed)
    programs = []
    for pack_steps in (True, False):
        random = np.random.default_rng(seed)
        builder = Builder("random", k, pack_steps=pack_steps)
        rows = builder.input("a", 12)
        searched = False
        for _ in range(300):
            row, gate, value = (rows[i] for i in random.choice(12, 3, replace=False))
            kind = random.integers(7)
            if kind == 0:
                builder.search([gate], [value])
                searched = True
            elif kind == 1 and searched:
                builder.select(row, MATCH, value)
            elif kind == 2:
                builder.together((row, gate, value), (value, ONE, gate))
            elif kind == 3:
                fresh = builder.row("scratch")
                builder.copy(fresh, gate)
                builder.xor(row, fresh)
            else:
                builder.select(row, gate, ~value)
        builder.output("out", rows)
        programs.append(builder.build())
    packed, plain = programs
    words = generator.integers(0, 2**12, 500, np.uint16)
    assert packed.counts.steps < plain.counts.steps
    results = [interpret(p, {"a": words}, seed)[0]["out"] for p in programs]
    assert results[0].tolist() == results[1].tolist()


def test_skipped_steps_are_neither_run_nor_counted() -> None:
    builder = Builder("skip")
    (a,), (b,) = builder.input("a", 1), builder.input("b", 1)
    with builder.unless_none(a):
        builder.xor(b, a)
    builder.output("out", [b])
    program = builder.build()
    for word, steps in ((0, 1), (1, 2)):
        operands = {"a": np.full(70, word, np.uint8), "b": np.arange(70, dtype=np.uint8) & 1}
        outputs, counts = interpret(program, operands)
        assert counts.steps == steps
        assert outputs["out"].tolist() == (operands["b"] ^ word).tolist()
