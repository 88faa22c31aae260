"""The codes against the paper's words (ho2021, Fig. 1 and 6), and what a wrong table is told."""

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.wom import APPWOM01, APPWOM10, WOM01, WOM10, Outcome, Stage, WomCode

CODES = (WOM10, WOM01, APPWOM10, APPWOM01)
#: Fig. 1: data, first word, second word; 00 has no first word but the fresh one.
FIG1 = {0b00: (0b111, 0b000), 0b01: (0b110, 0b001), 0b10: (0b101, 0b010), 0b11: (0b011, 0b100)}
#: Fig. 6(b): every word that AppWOM10 has, what it holds, and where each write leads. Data that are
#: missing are exhausted.
FIG6 = {
    0b111: (0b00, {0b00: 0b111, 0b01: 0b111, 0b10: 0b101, 0b11: 0b011}),
    0b101: (0b10, {0b00: 0b000, 0b01: 0b001, 0b10: 0b101, 0b11: 0b101}),
    0b011: (0b11, {0b00: 0b000, 0b01: 0b001, 0b10: 0b011, 0b11: 0b011}),
    0b001: (0b01, {0b00: 0b001, 0b01: 0b001}),
    0b000: (0b00, {0b00: 0b000, 0b01: 0b000}),
}


def inverted(word: int) -> int:
    return word ^ 0b111


def test_the_conventional_code_is_that_of_figure_1() -> None:
    for data, (first, second) in FIG1.items():
        assert WOM10.decode[first] == WOM10.decode[second] == data
        assert WOM10.encode[0b111, data] == first
        for before, (start, _) in FIG1.items():
            if start != 0b111 and before != data:
                assert WOM10.encode[start, data] == second
    assert WOM10.stage.tolist() == [2, 2, 2, 1, 2, 1, 1, 0]


@pytest.mark.parametrize("code", [APPWOM10, APPWOM01])
def test_appwom_is_that_of_figure_6(code: WomCode) -> None:
    turn = (lambda word: word) if code.polarity else inverted
    for shown in range(8):
        old = turn(shown)
        held, leads = FIG6.get(shown, (None, {}))
        for data in range(4):
            if data not in leads:
                assert code.outcome[old, data] == Outcome.EXHAUSTED
                assert code.encode[old, data] == old
            else:
                assert code.encode[old, data] == turn(leads[data])
                kept = Outcome.KEPT if held == data else Outcome.IGNORED
                expected = kept if leads[data] == shown else Outcome.WRITTEN
                assert code.outcome[old, data] == expected
        assert (code.stage[old] == Stage.IMPOSSIBLE) == (held is None)
        assert held is None or code.decode[old] == held


def test_the_stage_is_the_number_of_ones_as_the_paper_says() -> None:
    # III-B: two ones in the first write stage of AppWOM10, one or none in the second.
    for word in FIG6:
        ones = word.bit_count()
        assert APPWOM10.stage[word] == {3: Stage.FRESH, 2: Stage.FIRST}.get(ones, Stage.SECOND)


def test_polarities_are_each_others_complement_and_decode_alike() -> None:
    for ten, one in ((WOM10, WOM01), (APPWOM10, APPWOM01)):
        assert (ten.polarity, one.polarity) == (1, 0)
        assert (ten.fresh, one.fresh) == (0b111, 0b000)
        np.testing.assert_array_equal(ten.decode, one.decode)
        for old in range(8):
            assert one.encode[inverted(old)].tolist() == [inverted(w) for w in ten.encode[old]]
            assert one.outcome[inverted(old)].tolist() == ten.outcome[old].tolist()
        again = one.complement("again")
        assert again.polarity == 1
        np.testing.assert_array_equal(again.encode, ten.encode)


@pytest.mark.parametrize("code", CODES)
def test_any_sequence_of_writes_keeps_the_codes_promises(code: WomCode) -> None:
    """Walks all words that writes reach; a cell never moves back, a group takes two writes."""
    seen, todo = set(), [(code.fresh, 0)]
    while todo:
        old, writes = todo.pop()
        for data in range(4):
            new, outcome = int(code.encode[old, data]), code.outcome[old, data]
            assert (new & ~old if code.polarity else ~new & old) & 0b111 == 0
            if outcome == Outcome.WRITTEN:
                assert code.decode[new] == data
                assert writes < 2
                if (new, writes + 1) not in seen:
                    seen.add((new, writes + 1))
                    todo.append((new, writes + 1))
            elif outcome == Outcome.IGNORED:
                assert code.decode[old] >> 1 == data >> 1
            elif outcome == Outcome.EXHAUSTED:
                assert code.spent[old]
    reached = {word for word, _ in seen} | {code.fresh}
    assert reached == {w for w in range(8) if code.stage[w] != Stage.IMPOSSIBLE}


def test_tables_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        APPWOM10.encode[0, 0] = 7


def edited(table: str, entry: tuple[int, ...], value: int) -> dict[str, np.ndarray]:
    names = ("encode", "outcome", "decode", "stage")
    tables = {name: getattr(APPWOM10, name).copy() for name in names}
    tables[table][entry] = value
    return tables


@pytest.mark.parametrize(
    ("table", "entry", "value", "sentence"),
    [
        ("encode", (0b001, 0b01), 0b011, "01 on 001 gives 011, which is no outcome KEPT"),
        ("encode", (0b101, 0b00), 0b011, "00 on 101 gives 011, which moves a cell back"),
        ("encode", (0b101, 0b00), 0b001, "00 on 101 gives 001, which decodes as 01"),
        ("outcome", (0b101, 0b11), Outcome.KEPT, "11 on 101 gives 101, which decodes as 10"),
        ("outcome", (0b000, 0b11), Outcome.IGNORED, "11 on 000 gives 000, which decodes as 00"),
        ("outcome", (0b111, 0b00), Outcome.EXHAUSTED, "is exhausted, on fresh cells"),
        ("encode", (0, 0), 8, r"encode must hold whole numbers from 0 to 7, in the shape \[8, 4\]"),
        ("stage", (0b111,), Stage.FIRST, "111, and no other word, must be fresh"),
    ],
)
def test_wrong_tables_are_refused(
    table: str, entry: tuple[int, ...], value: int, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        WomCode("mine", 1, **edited(table, entry, value))


def test_a_wrong_polarity_is_refused() -> None:
    tables = edited("stage", (0,), Stage.SECOND)
    with pytest.raises(InputError, match="polarity is 2; it must be 0 or 1"):
        WomCode("mine", 2, **tables)
    with pytest.raises(InputError, match="000, and no other word, must be fresh"):
        WomCode("mine", 0, **tables)
