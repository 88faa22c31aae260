"""Lines of all schemes: raw ones counted by hand, coded ones as words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.coded_lines import CodedLines, LineShape
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import RAW_SCHEMES, SCHEMES, LinePlan
from nvmcosim.pymodel.line_words import groups_of_words, words_of_groups
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.raw_lines import RawLines


def bits(text: str) -> np.ndarray:
    """One word of Fig. 7, left bit last."""
    return np.array([[symbol == "1" for symbol in reversed(text)]])


def test_figure_7_raw_data_are_preset_after_every_write() -> None:
    cell = PcmCell(set_pj=14, reset_pj=20)
    lines = RawLines("preset", 1, 8, 1, cell)
    for word in ("00011011", "11101110", "01010101"):
        lines.write(0, bits(word))
        assert (lines.bits[0] == bits(word)).all()
        lines.prepare(0)
        assert not lines.bits.any()
    assert (lines.work.flips, lines.work.write_energy_pj(cell)) == (20, 340)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        # sets, resets, flips, senses of: 0b0111 then 0b1110 then 0b1110 on four cells that are 0.
        ("basic", (9, 3, 5, 0)),
        ("dcw", (4, 1, 5, 3)),
        # 0b0111 is written inverted, 0b1000 with the flag: 2 flips; 0b1110 then plain or inverted,
        # 0b0001 with the flag, in 2 flips.
        ("flip-n-write", (3, 1, 4, 3)),
        # A PreSET of the cells that are 0 before the second and the third write.
        ("preset", (2, 3, 5, 2)),
        # Cells are 0 at first; a PreRESET of those that are 1.
        ("prereset", (9, 6, 15, 2)),
    ],
)
def test_raw_schemes_counted_by_hand(scheme: str, expected: tuple[int, ...]) -> None:
    lines = RawLines(scheme, 1, 4, 1)
    for word in ("0111", "1110", "1110"):
        lines.write(0, bits(word))
        assert (lines.read(0) == bits(word)).all()
    work = lines.work
    assert (work.sets, work.resets, work.flips, work.senses - work.reads) == expected
    assert work.flips == lines.flips.sum()


def test_raw_latencies() -> None:
    cell = PcmCell(read_ps=3, set_ps=70, reset_ps=5)
    found = {}
    for scheme in RAW_SCHEMES:
        lines = RawLines(scheme, 1, 4, 1, cell)
        lines.write(0, bits("0111"))
        first = lines.write(0, bits("0011"))
        lines.prepare(0)
        second = lines.write(0, bits("0001"))
        found[scheme] = [(w.sense_ps, w.turn_ps, w.place_ps) for w in (first, second)]
        lines.refresh(0)
        work = lines.work
        assert (work.writes, work.prepares, work.refreshes) == (3, 1, 1)
        assert work.flips == lines.flips.sum()
    assert found["basic"] == [(0, 0, 70), (0, 0, 70)]
    assert found["dcw"] == [(3, 0, 5), (3, 0, 5)]
    # Not ready: PreSET or PreRESET first. Ready: one kind of pulse.
    assert found["preset"] == [(3, 70, 5), (0, 0, 5)]
    assert found["prereset"] == [(3, 5, 70), (0, 0, 70)]


@pytest.mark.parametrize(("scheme", "turn"), [("preset", 70), ("prereset", 5)])
def test_one_raw_cell_takes_as_long_as_many(scheme: str, turn: int) -> None:
    lines = RawLines(scheme, 1, 4, 1, PcmCell(read_ps=3, set_ps=70, reset_ps=5))
    lines.write(0, bits("1110" if scheme == "preset" else "0001"))
    assert [lines.prepare(0).turn_ps for _ in range(2)] == [turn, 0]


def test_flip_n_write_flips_at_most_half_the_cells_of_a_word() -> None:
    random = np.random.default_rng(4)
    lines, plain = RawLines("flip-n-write", 3, 16, 1), RawLines("dcw", 3, 16, 1)
    for _ in range(200):
        word = random.random((3, 16)) < random.random()
        before = lines.flips.copy()
        lines.write(0, word)
        plain.write(0, word)
        assert (lines.bits[0] == word).all()
        assert ((lines.flips - before).sum(axis=-1) <= 8).all()
    assert lines.work.flips < plain.work.flips


@given(st.sampled_from(["fp32", "bf16", "fp16"]), st.integers(0, 2**32), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_words_and_groups_are_the_same_bits(name: str, seed: int, near: int) -> None:
    plan = LinePlan(name, app_groups=near)
    words = np.random.default_rng(seed).integers(0, plan.number_format.mask + 1, (3, 4))
    data = groups_of_words(plan, words)
    assert data.shape == (3, 4, plan.width // 2)
    assert (words_of_groups(plan, data) == words).all()
    for n, group in enumerate(plan.groups):
        expected = 2 * (words >> group.important & 1) + (words >> group.other & 1)
        assert (data[..., n] == expected).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contents_are_the_words_but_for_what_appwom_may_ignore(scheme: str) -> None:
    plan = LinePlan("bf16", scheme=scheme, line_words=3)
    if plan.coded:
        plan = plan.replace(refresh="group", idle="any")
    near = sum(1 << g.other for g in plan.groups if g.approximate)
    assert (near != 0) == scheme.startswith("appwom")
    exact = 0xFFFF ^ near
    random = np.random.default_rng(5)
    line = GoldenLine(plan, 2)
    assert line.contents.tolist() == [[0] * 3] * 2
    ignored = 0
    for _ in range(30):
        words = random.integers(0, 1 << 16, 3).astype(np.uint16)
        work = line.write(1, words)
        held = line.read(1)
        assert (held & exact).tolist() == (words & exact).tolist()
        assert work.ignored + work.cleared == sum(int(x).bit_count() for x in held ^ words)
        ignored += work.ignored
        line.refresh(1)
        assert (line.contents[1] & exact).tolist() == (words & exact).tolist()
    assert (ignored > 0) == (near != 0)
    assert (line.contents[0] == 0).all()
    assert line.flips.shape == (2, 3, plan.word_cells)
    assert line.flips.sum() == line.work.flips
    assert (line.work.writes, line.work.reads, line.work.refreshes) == (30, 30, 30)
    line.prepare(1)
    kept = scheme in ("basic", "dcw", "flip-n-write")
    assert (line.contents[1] == (held if kept else 0)).all()


def test_ping_pong_takes_half_the_latency_of_prereset_or_more_of_the_read() -> None:
    """ho2021, Fig. 10(c): 31 to 46%; every half-cycle's writes are all RESETs, or all SETs."""
    plan = LinePlan("fp32", line_words=1)
    pcm = plan.pcm
    half = (pcm.set_ps + pcm.reset_ps) / 2
    assert 1 - half / pcm.set_ps == pytest.approx(0.4375)
    assert 1 - (half + pcm.read_ps) / pcm.set_ps == pytest.approx(0.3125)
    line = GoldenLine(plan, 1)
    assert isinstance(line.array, CodedLines)
    placed = []
    for _ in range(2):
        for word in (0xFFFFFFFF, 0):
            placed.append(line.write(0, [word]).place_ps)
        line.prepare(0)
    assert placed == [pcm.reset_ps] * 2 + [pcm.set_ps] * 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([1, 2], r"words are int64 \(2,\); they must be 3 integers"),
        ([1.0, 2, 3], r"words are float64 \(3,\); they must be 3 integers"),
        ([1, 2, 1 << 16], "a word is outside 0 to 0xffff"),
        ([1, 2, -1], "a word is outside 0 to 0xffff"),
        ([[1, 2], [3]], r"words is '\[\[1, 2\], \[3\]\]'; it must be an array, or lists of equal"),
        ([1, [2], 3], r"words is '\[1, \[2\], 3\]'; it must be an array"),
        ([1, 2, 1 << 70], r"words are object \(3,\); they must be 3 integers"),
    ],
)
def test_wrong_words_are_refused(words, sentence) -> None:
    for scheme in ("dcw", "appwom"):
        with pytest.raises(InputError, match=sentence):
            GoldenLine(LinePlan("bf16", scheme=scheme, line_words=3), 1).write(0, words)


def test_wrong_lines_and_bits_are_refused() -> None:
    for scheme in ("dcw", "appwom"):
        plan = LinePlan("bf16", scheme=scheme, line_words=3)
        with pytest.raises(InputError, match="lines is 0; it must be a whole number from 1"):
            GoldenLine(plan, 0)
        for act in ("read", "refresh", "prepare"):
            with pytest.raises(InputError, match="line is 1; it must be from 0 to 0"):
                getattr(GoldenLine(plan, 1), act)(1)
        for line in (-1, 0.5, "0", True, None):
            with pytest.raises(InputError, match=f"line is {line!r}; it must be from 0 to 0"):
                GoldenLine(plan, 1).write(line, [0, 0, 0])  # type: ignore[arg-type]
        assert GoldenLine(plan, 1).write(np.int64(0), [0, 0, 0]).writes == 1
    for wrong, told in (
        (np.zeros((1, 4), np.int64), r"int64 \(1, 4\)"),
        (np.zeros(4, bool), r"bool \(4,\)"),
    ):
        with pytest.raises(InputError, match=rf"bits are {told}; they must be bool \(1, 4\)"):
            RawLines("dcw", 1, 4, 1).write(0, wrong)
    with pytest.raises(InputError, match=r"bits is .* lists of equal lengths"):
        RawLines("dcw", 2, 2, 1).write(0, [[True, False], [True]])
    with pytest.raises(InputError, match=r"data is .* lists of equal lengths"):
        CodedLines(LineShape((True,) * 3), 1).write(0, [[1, 2], [3]])
