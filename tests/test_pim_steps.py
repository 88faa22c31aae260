"""Programs of a few steps: what they are refused for, what they read as, and what they do."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_interpreter import PimArray, interpret
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, PimCounts, Signal, Step, Write

A, B = Signal(0), Signal(1)
X = np.array([0, 1, 2, 3] * 20, np.uint8)


def program_of(steps: Sequence[Step], rows: int = 4, **options: int) -> PimProgram:
    """A program of an operand in rows 0 and 1, whose result is row 1."""
    names = tuple(f"r{n}" for n in range(rows))
    return PimProgram("p", names, (("a", (0, 1)),), (("out", (1,)),), tuple(steps), **options)


#: One of every kind of step.
KINDS = [
    Step((Write(2, ONE, ONE), Write(3, ONE, ZERO))),
    Step((Write(2, A, ZERO, (~B, Signal(3))),)),
    Step((Write(3, MATCH, ONE), Write(1, ~MATCH, ZERO)), ((0, 1), (2, 0)), 1),
    Step((Write(3, ONE, ~A), Write(2, Signal(3), B))),
    Step(),
]
KINDS_PROGRAM = program_of(KINDS, gates=3)


def test_listing_by_hand() -> None:
    assert list(KINDS_PROGRAM.listing()) == [
        "0: r2 = 1 ? 1; r3 = 1 ? 0",
        "1: r2 = r0 | ~r1 | r3 ? 0",
        "2: search r0=1, r2=0; r3 = match ? 1; r1 = ~match ? 0; skip 1 unless any",
        "3: r3 = 1 ? ~r0; r2 = r3 ? r1",
        "4: ",
    ]


def test_values_by_hand_and_back() -> None:
    values = KINDS_PROGRAM.to_dict()
    assert values == {
        "name": "p",
        "row_names": ["r0", "r1", "r2", "r3"],
        "inputs": [["a", [0, 1]]],
        "outputs": [["out", [1]]],
        "k": 3,
        "search_rows": 9,
        "gates": 3,
        "steps": [
            {"writes": [[2, -1, 0, -1, 0], [3, -1, 1, -1, 0]]},
            {"writes": [[2, -1, 1, 0, 0, 1, 1, 3, 0]]},
            {
                "writes": [[3, -1, 0, -2, 0], [1, -1, 1, -2, 1]],
                "search": [[0, 1], [2, 0]],
                "skip": 1,
            },
            {"writes": [[3, 0, 1, -1, 0], [2, 1, 0, 3, 0]]},
            {"writes": []},
        ],
    }
    assert PimProgram.from_dict(json.loads(KINDS_PROGRAM.to_json())) == KINDS_PROGRAM
    with pytest.raises(InputError, match=r"^p: step 0 writes 2 rows; at most 1"):
        PimProgram.from_dict({**values, "k": 1})


def test_what_steps_take_and_are_called() -> None:
    assert PimCounts().to_dict() == dict.fromkeys(PimCounts().to_dict(), 0)
    assert [PimCounts.of(step) for step in KINDS] == [
        PimCounts(steps=1, writes=1, cell_writes=2),
        PimCounts(steps=1, reads=1, writes=1, cell_reads=3, cell_writes=1),
        PimCounts(steps=1, writes=1, searches=1, cell_writes=2, cell_searches=2),
        PimCounts(steps=1, reads=1, writes=1, cell_reads=3, cell_writes=2),
        PimCounts(steps=1),
    ]
    assert KINDS_PROGRAM.counts == PimCounts(5, 2, 4, 1, 6, 7, 2)
    writes = [write.operation for step in KINDS for write in step.writes]
    assert writes == ["set", "clear", "nor", "or", "and", "not", "select"]
    assert Write(2, ONE, A).operation == "copy"
    assert Write(2, A, ONE).operation == "or"
    assert [Write(2, A, Signal(2, inverted)).operation for inverted in (False, True)] == [
        "select",
        "xor",
    ]
    assert Write(2, ~A, ZERO).operation == "and"


def test_rows_and_operands() -> None:
    assert (KINDS_PROGRAM.rows, KINDS_PROGRAM.scratch_rows) == (4, 2)
    assert (KINDS_PROGRAM.operand("a"), KINDS_PROGRAM.operand("out")) == ((0, 1), (1,))
    with pytest.raises(InputError, match="p has no operand 'b'; it has a, out"):
        KINDS_PROGRAM.operand("b")
    KINDS_PROGRAM.check_fits(4)
    with pytest.raises(InputError, match="p takes 4 rows; the array has 3"):
        KINDS_PROGRAM.check_fits(3)


@pytest.mark.parametrize(
    ("steps", "options", "message"),
    [
        ([Step((Write(4, ONE, ONE),))], {}, "uses row 4; it has rows 0 to 3"),
        ([Step((Write(2, ONE, Signal(4)),))], {}, "uses row 4; it has rows 0 to 3"),
        ([Step((), ((-3, 1),))], {}, "uses row -3; it has rows 0 to 3"),
        ([Step((), ((2, 1),))], {}, "uses row r2, which holds nothing yet"),
        ([Step((Write(1, ONE, A), Write(0, ONE, B)))], {"k": 1}, "reads 2 rows; at most 1"),
        ([Step((Write(1, ONE, ONE), Write(0, ONE, ONE)))], {"k": 1}, "writes 2 rows; at most 1"),
        ([Step((), ((0, 1),) * 10)], {}, "searches 10 rows; at most 9"),
        ([Step((Write(1, ONE, A, (B,)),))], {"gates": 2}, "has a write with 2 gates"),
        ([Step((Write(1, MATCH, ONE),)), Step((), ((0, 1),))], {}, "before any search"),
        ([Step((), ((0, 1),), 1), Step(), Step((), (), 1), Step()], {}, "skips without a search"),
        ([Step((), ((0, 1),), -1), Step()], {}, "skips -1 steps, beyond the end"),
        ([Step((), ((0, 1),), 2), Step()], {}, "skips 2 steps, beyond the end"),
        ([Step(), Step((), ((0, 1),), 2), Step()], {}, "skips 2 steps, beyond the end"),
    ],
)
def test_what_is_just_too_much_is_refused(
    steps: list[Step], options: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        program_of(steps, **options)


def test_what_is_just_enough_is_taken() -> None:
    program_of([Step((), ((0, 1),) * 9)])
    program_of([Step((), ((0, 1),), 1), Step()])
    program_of([Step((Write(1, ONE, A),))], k=1)
    program_of([Step((Write(1, A, ZERO, (B,)),))], gates=2)
    program_of([Step((Write(0, MATCH, A),), ()) if n else Step((), ((0, 1),)) for n in range(3)])
    with pytest.raises(InputError, match="output out has rows that are never written"):
        PimProgram("p", ("r0", "r1"), (("a", (0,)),), (("out", (1,)),), ())
    for row in (-1, 2):
        with pytest.raises(InputError, match=f"operand a uses row {row}; it has rows 0 to 1"):
            PimProgram("p", ("r0", "r1"), (("a", (0, row)),), (("out", (0,)),), ())


def test_every_kind_of_step_does_what_it_says() -> None:
    """Worked out by hand for the four operands; r2 is the NOR that the search wants to be 0."""
    outputs, counts = interpret(KINDS_PROGRAM, {"a": X})
    low, high = X & 1, X >> 1
    nor = 1 & ~(low | ~high)
    matched = low & (1 - nor)
    assert outputs["out"].tolist() == np.where(matched, high, 0).tolist()
    assert counts == KINDS_PROGRAM.counts
    # Without an odd operand nothing matches, and the step after the search is passed over.
    even = X & 2
    outputs, counts = interpret(KINDS_PROGRAM, {"a": even})
    assert not outputs["out"].any()
    assert counts == KINDS_PROGRAM.counts + PimCounts(-1, -1, -1, 0, -3, -2)


def test_columns_beyond_the_last_do_not_keep_a_step_from_being_skipped() -> None:
    """Of 70 columns the last word has 6; what its other bits hold is never looked at."""
    program = program_of([Step((Write(1, ONE, ~A),)), Step((), ((0, 1),), 1), Step()])
    array = PimArray(4, 70)
    array.planes[:] = np.uint64(2**64 - 1)
    array.put(program, "a", np.zeros(70, np.uint8))
    array.planes[0, 1] = np.uint64(1 << 6)
    assert array.run(program).steps == 2
    array.planes[0, 1] = np.uint64(1 << 5)
    assert array.run(program).steps == 3
    assert array.counts.steps == 5


def test_arrays_hold_random_bits_of_their_seed() -> None:
    arrays = [PimArray(3, 130, seed) for seed in (0, 0, 1)]
    assert arrays[0].planes.shape == (3, 3)
    assert arrays[0].planes.tolist() == arrays[1].planes.tolist() != arrays[2].planes.tolist()
    assert PimArray(3, 130).planes.tolist() == arrays[0].planes.tolist()
    assert len(np.unique(arrays[0].planes)) == 9
    assert PimArray(1, 64).planes.shape == (1, 1)


@pytest.mark.parametrize("width", [1, 8, 9, 16, 17, 32])
def test_words_come_back_in_the_smallest_type(width: int) -> None:
    names = tuple(f"r{n}" for n in range(width))
    rows = tuple(range(width))
    program = PimProgram("p", names, (("a", rows),), (("b", rows),), ())
    words = np.random.default_rng(width).integers(0, 2**width, 100, np.uint32)
    outputs, counts = interpret(program, {"a": words})
    assert outputs["b"].tolist() == words.tolist()
    assert outputs["b"].dtype == (np.uint8 if width < 9 else np.uint16 if width < 17 else np.uint32)
    assert counts == PimCounts()


def test_wrong_operands_are_refused() -> None:
    array, program = PimArray(4, 10), program_of([])
    with pytest.raises(InputError, match="operand a has 9 words for 10 columns"):
        array.put(program, "a", np.zeros(9, np.uint8))
    with pytest.raises(InputError, match="p takes 4 rows; the array has 3"):
        PimArray(3, 10).run(program)
    three, four = np.zeros(3, np.uint8), np.zeros(4, np.uint8)
    two = PimProgram("two", ("a", "b"), (("a", (0,)), ("b", (1,))), (("b", (1,)),), ())
    with pytest.raises(InputError, match=r"operands have \[3, 4\] words; all must have as many"):
        interpret(two, {"a": three, "b": four})
    for operands in ({}, {"a": three}, {"a": three, "b": three, "c": three}):
        with pytest.raises(InputError):
            interpret(two, operands)
