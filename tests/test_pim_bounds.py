"""Bounds on steps: by hand for small programs, and below what the programs take."""

from pathlib import Path

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_bounds import StepBounds
from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_float_add import add_bounds
from nvmcosim.pymodel.pim_float_multiply import multiply_bounds
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_step import MATCH, ZERO
from nvmcosim.studies.wang2020.printed import equation_2, equation_3_steps


@pytest.mark.parametrize("format", ["fp32", "fp16", "bf16"])
def test_programs_take_no_fewer_steps_than_their_bounds(format: str) -> None:
    for operation, bounds in (("add", add_bounds(format)), ("multiply", multiply_bounds(format))):
        steps = named_program(operation, format).counts.steps
        assert max(bounds.writes, bounds.searches, bounds.chain) <= bounds.least <= steps


def test_bounds_of_copies_and_of_a_chain() -> None:
    copies = Builder("copies")
    rows = copies.input("a", 7)
    for row in rows:
        copies.copy(copies.row("copy"), row)
    assert copies.bounds() == StepBounds(writes=3, searches=3, chain=1, least=3)
    chain = Builder("chain")
    (row,), others = chain.input("a", 1), chain.input("b", 5)
    for other in others:
        chain.xor(row, other)
    # Five rows are read, and the one as each write found it: ten values.
    assert chain.bounds() == StepBounds(writes=2, searches=4, chain=5, least=5)


def test_bounds_of_a_search_and_what_comes_after_it() -> None:
    builder = Builder("search")
    rows = builder.input("a", 4)
    builder.search(rows)
    for row in rows:
        builder.select(row, MATCH, ZERO)
    # What reads nothing may be written in the search's own step, three of it.
    assert builder.bounds() == StepBounds(writes=2, searches=1, chain=1, least=2)
    for row in rows:
        builder.xor(row, builder.row("one"))
    # The last four read eight values, and wait for what clears their rows.
    assert builder.bounds() == StepBounds(writes=3, searches=4, chain=2, least=4)


def test_bounds_of_what_skips_are_refused() -> None:
    builder = Builder("skips")
    (row,) = builder.input("a", 1)
    with builder.unless_none(row):
        builder.copy(row, ZERO)
    with pytest.raises(InputError, match="bounds are of programs that skip none"):
        builder.bounds()


def test_documented_steps_and_bounds_are_those_of_the_programs() -> None:
    text = (Path(__file__).parent.parent / "docs" / "pim.md").read_text(encoding="utf-8")
    for operation, word, find in (
        ("add", "addition", add_bounds),
        ("multiply", "multiplication", multiply_bounds),
    ):
        for format, fmt in FORMATS.items():
            steps, bounds = named_program(operation, format).counts.steps, find(format)
            paper = equation_2(fmt)
            equation = paper.reads + paper.searches
            if operation == "multiply":
                equation = equation_3_steps(fmt)
            values = (steps, bounds.least, bounds.writes, bounds.searches, bounds.chain)
            row = " | ".join((f"{format} {word}", *map(str, values), f"{equation:,}"))
            assert f"| {row.removesuffix('.0')} |" in text
