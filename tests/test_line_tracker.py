"""The tracker of lines against the golden lines, command by command."""

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import SCHEMES, LinePlan
from nvmcosim.pymodel.line_tracker import LineTracker
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.word_kernels import MODES, NATIVE

#: Policies of refresh, idle time and first cells.
POLICIES = (("line", "none", "preset"), ("group", "any", "prereset"), ("line", "all", "prereset"))
CODED = [
    LinePlan(format, scheme, refresh=refresh, idle=idle, initial=initial, line_words=line_words)
    for format, scheme, line_words in (
        ("fp32", "wom-set", 16),
        ("fp32", "appwom", 3),
        ("fp32", "appwom-ping-pong", 16),
        ("fp32", "appwom-ping-pong", 1),
        ("bf16", "appwom-ping-pong", 4),
        ("bf16", "wom-set", 6),
        ("fp16", "appwom", 5),
    )
    for refresh, idle, initial in (
        *POLICIES,
        ("group", "none", "preset"),
        ("line", "any", "preset"),
    )
]
RAW = [
    LinePlan(format, scheme, line_words=line_words)
    for format, line_words in (("fp32", 16), ("fp32", 3), ("bf16", 4), ("fp16", 7))
    for scheme in SCHEMES[:5]
]


_SOON = 140


def named(plan: LinePlan) -> str:
    return (
        f"{plan.format}-{plan.scheme}-{plan.line_words}-{plan.refresh}-{plan.idle}-{plan.initial}"
    )


def random_words(plan: LinePlan, before: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """New words: some as before, some changed in a few low bits, some altogether."""
    dtype = plan.number_format.dtype
    anything = rng.integers(0, 1 << plan.width, before.size).astype(dtype)
    kind = rng.integers(0, 3, before.size)
    few = (anything & dtype.type((1 << plan.width // 3) - 1)).astype(dtype)
    return np.select([kind == 0, kind == 1], [before, before ^ few], anything).astype(dtype)


class Pair:
    """A tracker of arrays and the golden lines of the same words."""

    def __init__(self, plan: LinePlan, sizes: list[int]) -> None:
        self.plan, self.sizes = plan, sizes
        self.tracker = LineTracker(plan, sizes)
        # What a line lacks at the end of an array is a shorter line of its own.
        self.golden = []
        for size in sizes:
            whole, rest = divmod(size, plan.line_words)
            shapes = [(plan, whole)] if whole else []
            if rest:
                shapes.append((plan.replace(line_words=rest), 1))
            self.golden.append([GoldenLine(p, lines) for p, lines in shapes])

    def write(self, arrays: list[np.ndarray], threads: int = 1) -> None:
        given = [array.copy() for array in arrays]
        addresses = [array.ctypes.data for array in given]
        self.tracker.write(addresses, NATIVE, True, threads)
        for n, (array, held, parts) in enumerate(zip(arrays, given, self.golden, strict=True)):
            np.testing.assert_array_equal(held, self._golden_write(array, parts))
            np.testing.assert_array_equal(self.tracker.held(n), held)

    def _golden_write(self, array: np.ndarray, parts: list[GoldenLine]) -> np.ndarray:
        held, first = [], 0
        for golden in parts:
            for line in range(golden.array.lines):
                words = golden.plan.line_words
                golden.write(line, array[first : first + words])
                first += words
                if golden.plan.coded and golden.plan.idle != "none":
                    golden.refresh(line)
            held.append(golden.contents.ravel())
        return np.concatenate(held)

    def compare(self) -> None:
        total = LineWork()
        for n, parts in enumerate(self.golden):
            flips = [g.flips.reshape(-1, self.plan.word_cells) for g in parts]
            np.testing.assert_array_equal(self.tracker.flips(n), np.concatenate(flips))
            for golden in parts:
                total.add(golden.work)
        ours = LineWork()
        ours.add(self.tracker.work)
        ours.add(self.tracker.idle_work)
        assert ours == total


@pytest.mark.parametrize("plan", [*CODED, *RAW], ids=named)
def test_holds_costs_and_wears_as_the_golden_lines(plan: LinePlan) -> None:
    rng = np.random.default_rng(plan.line_words)
    sizes = [3 * plan.line_words + 1, 1, 2 * plan.line_words]
    pair = Pair(plan, sizes)
    arrays = [np.zeros(size, plan.number_format.dtype) for size in sizes]
    for _ in range(12):
        arrays = [random_words(plan, array, rng) for array in arrays]
        pair.write(arrays)
    pair.compare()


@pytest.mark.parametrize("plan", [CODED[1], CODED[9], RAW[4]], ids=named)
def test_counters_promote_before_they_overflow_and_threads_change_nothing(
    plan: LinePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if counters ended sooner: 300 steps then promote, as 70,000 do with sixteen bits.
    monkeypatch.setattr("nvmcosim.pymodel.line_tracker._COUNTER_MOST", _SOON)
    monkeypatch.setattr(
        "nvmcosim.pymodel.teams.parts_of", lambda blocks, threads: min(blocks, threads)
    )
    rng = np.random.default_rng(7)
    sizes = [7 * plan.line_words]
    pair = Pair(plan, sizes)
    words = np.zeros(sizes[0], plan.number_format.dtype)
    for n in range(300):
        words = random_words(plan, words, rng)
        pair.write([words], threads=1 + n % 3)
    pair.compare()
    assert pair.tracker._wide
    assert pair.tracker._counts.max() <= _SOON
    assert pair.tracker.flips(0).max() > _SOON


def test_a_state_goes_on_as_if_never_interrupted() -> None:
    plan, sizes = CODED[10], [700, 5]
    rng = np.random.default_rng(3)
    whole, other = (LineTracker(plan, sizes) for _ in range(2))
    steps = [[rng.integers(0, 2**32, n).astype(np.uint32) for n in sizes] for _ in range(60)]

    def write(tracker: LineTracker, arrays: list[np.ndarray]) -> None:
        tracker.write([array.ctypes.data for array in arrays], NATIVE, False, 1)

    for n, arrays in enumerate(steps):
        write(whole, arrays)
        if n == 40:
            other.load_state(whole.to_state())
        if n > 40:
            write(other, arrays)
    assert other.work == whole.work
    assert other.writes == whole.writes == 60
    for n in range(2):
        np.testing.assert_array_equal(other.flips(n), whole.flips(n))


def test_a_wrong_state_is_refused_and_changes_nothing() -> None:
    tracker = LineTracker(CODED[0], [40])
    before = tracker.to_state()
    with pytest.raises(InputError, match=r"must have .*cells"):
        tracker.load_state({"cells": before["cells"]})
    with pytest.raises(InputError, match="counts must be int16"):
        tracker.load_state({**before, "counts": before["counts"][:, :3]})
    with pytest.raises(InputError, match="wide must be"):
        tracker.load_state({**before, "wide_blocks": np.array([5])})
    tracker = LineTracker(CODED[1 + 5], [40])
    state = tracker.to_state()
    for impossible in (0b110, 0b010, 0b100):
        cells = state["cells"].copy()
        for vector in range(3):
            cells[0, vector, 0] ^= 1 - (impossible >> vector & 1)
        with pytest.raises(InputError, match="words that no write of AppWOM makes"):
            tracker.load_state({**state, "cells": cells})
    tracker.load_state(state)
    with pytest.raises(InputError, match="at least 1 word"):
        LineTracker(CODED[0], [])


def test_a_state_of_arrays_of_other_sizes_is_refused_though_its_cells_have_the_same_shape() -> None:
    plan = LinePlan("fp32")
    state = LineTracker(plan, [40, 30]).to_state()
    for sizes, sentence in (
        ([40, 31], "the state's array 1 has 30 words; this tracker's has 31"),
        ([40], "the state is of 2 arrays; this tracker has 1"),
        ([30, 40], "the state's array 0 has 40 words; this tracker's has 30"),
    ):
        with pytest.raises(InputError, match=sentence):
            LineTracker(plan, sizes).load_state(state)
    for wrong in ([40, 30], np.array([40.0, 30.0]), np.array([[40, 30]])):
        with pytest.raises(InputError, match="sizes must be int64, a number of words"):
            LineTracker(plan, [40, 30]).load_state({**state, "sizes": wrong})


def test_a_damaged_state_is_refused_and_changes_nothing() -> None:
    tracker = LineTracker(LinePlan("fp32"), [40])
    values = np.random.default_rng(0).integers(0, 2**32, 40).astype(np.uint32)
    for _ in range(7):
        values ^= values >> 1
        tracker.write([values.ctypes.data], NATIVE, False, 1)
    state, held = tracker.to_state(), tracker.held(0)
    flips = tracker.flips(0)
    work, wide = state["work"], np.zeros((1, 48, 1024), np.int64)
    polarity, cells = state["polarity"].copy(), state["cells"].copy()
    polarity[0, 0] ^= 1
    cells[0, :, 0] ^= 1
    for wrong, sentence in (
        ({"writes": "x"}, "writes is 'x'; it must be a whole number"),
        ({"writes": True}, "writes is True; it must be a whole number"),
        ({"writes": 6}, "work.writes is 21; after 6 writes of 3 lines it must be 18"),
        ({"work": {**work, "flips": -1}}, "work.flips is -1; it must be a whole number"),
        ({"idle_work": {**work, "turn_ps": "1"}}, "idle_work.turn_ps is '1'"),
        ({"cells": None}, "cells must be int64"),
        ({"wide": None}, "wide must be int64"),
        ({"wide_blocks": np.array(0)}, "wide must be"),
        ({"wide_blocks": np.array([0.5]), "wide": wide}, "wide_blocks must be int64"),
        ({"wide_blocks": np.array([0]), "wide": wide.astype(float)}, "wide must be int64"),
        ({"wide_blocks": np.array([0, 0]), "wide": wide.repeat(2, 0)}, "wide must be"),
        ({"wide": wide}, "wide must be"),
        ({"polarity": polarity, "cells": cells}, "polarity differs within 1 lines"),
    ):
        with pytest.raises(InputError, match=sentence):
            tracker.load_state({**state, **wrong})
        np.testing.assert_array_equal(tracker.held(0), held)
        np.testing.assert_array_equal(tracker.flips(0), flips)


def test_a_state_of_one_polarity_or_one_flag_has_no_other() -> None:
    tracker = LineTracker(LinePlan("fp32", "appwom", initial="prereset"), [40])
    state = tracker.to_state()
    with pytest.raises(InputError, match="polarity has changed, which it never does in appwom"):
        tracker.load_state({**state, "polarity": ~state["polarity"], "cells": ~state["cells"]})
    tracker.load_state(state)
    for format in ("fp32", "bf16"):
        tracker = LineTracker(LinePlan(format, "flip-n-write"), [40])
        state = tracker.to_state()
        cells = state["cells"].copy()
        cells[0, 1, 0] = 2
        with pytest.raises(InputError, match="whose last cell is more than one bit"):
            tracker.load_state({**state, "cells": cells})
        cells[0, 1, 0] = 1
        tracker.load_state({**state, "cells": cells})


@pytest.mark.parametrize(
    ("format", "rounding"), [("bf16", "rne"), ("bf16", "truncate"), ("fp16", "rne")]
)
@pytest.mark.parametrize("scheme", ["dcw", "wom-set"])
def test_fp32_values_become_words_as_the_format_rounds(
    format: str, rounding: str, scheme: str
) -> None:
    plan = LinePlan(format, scheme, rounding=rounding)
    values = np.random.default_rng(0).normal(0, 1, 100).astype(np.float32)
    words = plan.number_format.encode(values, rounding)
    held = values.copy()
    LineTracker(plan, [100]).write([held.ctypes.data], MODES[format, rounding], True, 1)
    np.testing.assert_array_equal(held, plan.number_format.decode(words))
