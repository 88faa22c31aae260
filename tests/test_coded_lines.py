"""Lines in WOM codes: Fig. 7, and an oracle that knows stages but no cells."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.coded_lines import CodedLines, LineShape
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.wom import APPWOM01, APPWOM10

#: Fig. 7: what a flip takes there, and the three updates as the data of four groups.
CELL_7 = PcmCell(set_pj=14, reset_pj=20)
UPDATES_7 = ([0b00, 0b01, 0b10, 0b11], [0b11, 0b10, 0b11, 0b10], [0b01, 0b01, 0b01, 0b01])


def figure_7(shape: LineShape, *, last_turn: bool) -> tuple[int, float]:
    lines = CodedLines(shape, 1, CELL_7)
    for data in UPDATES_7:
        lines.write(0, data)
    if last_turn:
        lines.prepare(0)
    assert lines.work.flips == lines.flips.sum()
    return lines.work.flips, lines.work.write_energy_pj(CELL_7)


def test_figure_7_appwom_turns_the_remaining_cells_over_at_the_end() -> None:
    near = (True,) * 4
    assert figure_7(LineShape(near, polarity=1), last_turn=True) == (12, 240)
    assert figure_7(LineShape(near, polarity=0), last_turn=True) == (12, 168)


def test_figure_7_plain_wom_depends_on_the_refresh_rule() -> None:
    def wom(by_group: bool) -> LineShape:
        return LineShape((False,) * 4, by_group=by_group, ping_pong=False)

    assert figure_7(wom(by_group=False), last_turn=False) == (18, 318)
    assert figure_7(wom(by_group=False), last_turn=True) == (22, 374)
    assert figure_7(wom(by_group=True), last_turn=False) == (17, 304)


@dataclass
class Oracle:
    """A line as data, stage and polarity of each group: the rules in words, without cells."""

    shape: LineShape
    data: list[int] = field(default_factory=list)
    stage: list[int] = field(default_factory=list)
    polarity: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    ignored: int = 0
    cleared: int = 0

    def __post_init__(self) -> None:
        n = self.shape.groups
        self.data, self.stage, self.turns = [0] * n, [0] * n, [0] * n
        self.polarity = [self.shape.polarity] * n

    def takes(self, group: int, wanted: int) -> int | None:
        """The stage after writing `wanted`; None if the group is exhausted."""
        held, stage = self.data[group], self.stage[group]
        if held == wanted or (self.shape.approximate[group] and held >> 1 == wanted >> 1):
            return stage
        return None if stage == 2 else stage + 1

    def units(self) -> list[list[int]]:
        groups = list(range(self.shape.groups))
        return [[group] for group in groups] if self.shape.by_group else [groups]

    def place(self, wanted: list[int], turned: list[bool]) -> None:
        for unit, turn in zip(self.units(), turned, strict=True):
            if turn or any(self.takes(group, wanted[group]) is None for group in unit):
                held = {group: self.data[group] for group in unit}
                for group in unit:
                    self.data[group] = self.stage[group] = 0
                    self.polarity[group] ^= self.shape.ping_pong
                    self.turns[group] += 1
            else:
                held = {}
            for group in unit:
                stage = self.takes(group, wanted[group])
                assert stage is not None
                if stage > self.stage[group]:
                    self.data[group] = wanted[group]
                elif self.data[group] != wanted[group]:
                    cleared = group in held and held[group] & wanted[group] & 1
                    self.cleared += bool(cleared)
                    self.ignored += not cleared
                self.stage[group] = stage

    def refresh(self) -> None:
        spent = [[self.stage[group] == 2 for group in unit] for unit in self.units()]
        some = {"none": lambda _: False, "any": any, "all": all}[self.shape.idle]
        self.place(list(self.data), [some(unit) for unit in spent])


shapes = st.builds(
    LineShape,
    approximate=st.lists(st.booleans(), min_size=1, max_size=6).map(tuple),
    by_group=st.booleans(),
    idle=st.sampled_from(["none", "any", "all"]),
    ping_pong=st.booleans(),
    polarity=st.integers(0, 1),
)


@given(shapes, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_sequence_is_the_oracle_s(shape: LineShape, seed: int) -> None:
    random = np.random.default_rng(seed)
    lines, oracle = CodedLines(shape, 2), Oracle(shape)
    turns = 0
    for _ in range(40):
        kind = random.choice(["write", "small", "refresh", "prepare"], p=[0.5, 0.3, 0.15, 0.05])
        before, turned_before = lines.flips[1].copy(), list(oracle.turns)
        if kind == "refresh":
            oracle.refresh()
            work = lines.refresh(1)
        elif kind == "prepare":
            oracle.place([0] * shape.groups, [True] * shape.units)
            work = lines.prepare(1)
        else:
            wanted = random.integers(0, 4, shape.groups)
            if kind == "small":
                wanted = np.where(random.random(shape.groups) < 0.7, oracle.data, wanted)
            oracle.place(wanted.tolist(), [False] * shape.units)
            work = lines.write(1, wanted)
        assert lines.read(1).tolist() == oracle.data
        assert np.broadcast_to(lines.polarity[1], (shape.groups,)).tolist() == oracle.polarity
        flips = lines.flips[1] - before
        assert flips.sum() == work.flips == work.sets + work.resets
        turned = np.array(oracle.turns) - turned_before
        assert work.turns == (turned.sum() if shape.by_group else turned.max())
        turns += work.turns
        # A cell moves once between turns: here, once before a turn in the command and once after.
        assert (flips <= 1 + turned[:, None]).all()
    assert (lines.work.ignored, lines.work.cleared) == (oracle.ignored, oracle.cleared)
    assert lines.work.turns == turns
    if shape.ping_pong:
        # Cells have flipped with every turn, and some of them once since.
        moved = lines.words[1][:, None] >> np.arange(3) & 1 != lines.polarity[1].reshape(-1, 1)
        assert (lines.flips[1] == np.array(oracle.turns)[:, None] + moved).all()
    assert not lines.flips[0].any()


def test_latency_is_the_slowest_bit_s_in_each_step() -> None:
    shape, cell = LineShape((True, True), by_group=True), PcmCell(read_ps=3, set_ps=70, reset_ps=5)

    def latency(work: LineWork) -> tuple[int, int, int]:
        return work.sense_ps, work.turn_ps, work.place_ps

    lines = CodedLines(shape, 1, cell)
    assert latency(lines.write(0, [0, 1])) == (3, 0, 0)
    assert latency(lines.write(0, [2, 0])) == (3, 0, 5)
    assert latency(lines.write(0, [0, 0])) == (3, 0, 5)
    # Group 0 is 000: its turn flips no cell of it, only the polarity's; its data are SETs.
    assert latency(lines.write(0, [2, 0])) == (3, 5, 70)
    # Both polarities at once: the SET of group 0 is the slower.
    assert latency(lines.write(0, [0, 2])) == (3, 0, 70)
    assert latency(lines.write(0, [2, 2])) == (3, 70, 5)
    assert lines.work.latency_ps == 6 * 3 + 75 + 5 + 5 + 70 + 70 + 5
    before = lines.work.latency_ps
    lines.read(0)
    assert lines.work.latency_ps == before + 3
    assert (lines.work.reads, lines.work.writes, lines.work.senses) == (1, 6, 7)
    assert latency(lines.refresh(0)) == (3, 0, 0)
    # Both units have polarity 1, and so go to 0 first, and then to 1.
    assert latency(lines.prepare(0)) == (3, 5, 0)
    assert latency(lines.prepare(0)) == (3, 70, 0)
    assert (lines.work.refreshes, lines.work.prepares) == (1, 2)


@pytest.mark.parametrize(("polarity", "turn", "place"), [(1, 70, 5), (0, 5, 70)])
def test_one_cell_takes_as_long_as_many(polarity: int, turn: int, place: int) -> None:
    cell = PcmCell(read_ps=3, set_ps=70, reset_ps=5)
    lines = CodedLines(LineShape((True,), ping_pong=False, polarity=polarity), 1, cell)
    # Nothing to turn; one cell moves; it is turned back.
    times = [lines.prepare(0), lines.write(0, [2]), lines.prepare(0)]
    assert [(w.turn_ps, w.place_ps) for w in times] == [(0, 0), (0, place), (turn, 0)]
    assert [(w.flips, w.turns) for w in times] == [(0, 1), (1, 0), (1, 1)]


def test_a_line_is_one_unit_unless_each_group_is() -> None:
    assert (LineShape((True,) * 3).units, LineShape((True,) * 3, by_group=True).units) == (1, 3)
    assert (LineShape((True,)).idle, LineShape((True,)).ping_pong) == ("none", True)


def test_idle_time_turns_what_is_spent_and_keeps_the_important_bits() -> None:
    # First words, then second ones in groups 0 and 1; group 1 holds 01.
    writes = ([2, 2, 2], [0, 1, 2])
    found = {}
    for idle in ("none", "any", "all"):
        for by_group in (False, True):
            lines = CodedLines(LineShape((True,) * 3, by_group=by_group, idle=idle), 1)
            for data in writes:
                lines.write(0, data)
            assert lines.read(0).tolist() == [0, 1, 2]
            work = lines.refresh(0)
            found[idle, by_group] = (lines.read(0).tolist(), work.turns, work.cleared, work.flips)
    assert found["none", False] == found["none", True] == ([0, 1, 2], 0, 0, 0)
    # Line: 000, 001, 101 go to 000 in 3 flips, and 10 is placed again in 1.
    assert found["any", False] == ([0, 0, 2], 1, 1, 4)
    assert found["all", False] == ([0, 1, 2], 0, 0, 0)
    # Group: 001 loses its cell, 101 stays as it is.
    assert found["any", True] == found["all", True] == ([0, 0, 2], 2, 1, 1)


@pytest.mark.parametrize("polarity", [0, 1])
def test_impossible_words_read_by_majority_and_heal_with_the_next_command(polarity: int) -> None:
    code = APPWOM10 if polarity else APPWOM01
    impossible = [word for word in range(8) if code.stage[word] == 3]
    assert len(impossible) == 3
    for word in impossible:
        for data in range(4):
            for by_group in (False, True):
                lines = CodedLines(LineShape((True,) * 3, by_group, polarity=polarity), 1)
                lines.words[0, 0] = word
                assert lines.read(0)[0] == code.decode[word]
                assert lines.work.impossible == 1
                work = lines.write(0, [data, 0, 0])
                assert (work.turns, work.impossible) == (1, 1)
                assert lines.read(0)[0] >> 1 == data >> 1
                assert lines.polarity[0, 0] == 1 - polarity
        lines = CodedLines(LineShape((True, True), polarity=polarity), 1)
        lines.words[0, 0] = word
        lines.refresh(0)
        assert lines.read(0)[0] >> 1 == code.decode[word] >> 1
        assert lines.polarity[0, 0] == 1 - polarity


@pytest.mark.parametrize(
    ("lines", "line", "data", "sentence"),
    [
        (0, 0, [0], "lines is 0; it must be a whole number from 1"),
        (2, 2, [0], "line is 2; it must be from 0 to 1"),
        (2, -1, [0], "line is -1; it must be from 0 to 1"),
        (2, 0, [4], r"data is \[4\]; it must be 1 numbers from 0 to 3"),
        (2, 0, [-1], r"data is \[-1\]; it must be 1 numbers from 0 to 3"),
        (2, 0, [0, 0], r"data is \[0, 0\]; it must be 1 numbers from 0 to 3"),
        (2, 0, [0.5], r"data is \[0.5\]; it must be 1 numbers from 0 to 3"),
    ],
)
def test_wrong_input_is_one_sentence(lines, line, data, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        CodedLines(LineShape((True,)), lines).write(line, data)
