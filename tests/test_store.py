"""The golden store against a scalar model that shares no code with it: one cell at a time."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim import Domain, GoldenStore, InputError, StorePlan
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.store import StoreCounters, from_bits, to_bits

CURVE = law_curve("ono2021")


@dataclasses.dataclass
class ScalarBank:
    """One row of cells as plain Python, straight from the rules of the plan."""

    plan: StorePlan
    cells: dict = dataclasses.field(default_factory=dict)
    pulses: dict = dataclasses.field(default_factory=dict)
    cycles: dict = dataclasses.field(default_factory=dict)
    driven: dict = dataclasses.field(default_factory=dict)
    failed: dict = dataclasses.field(default_factory=dict)
    changed: dict = dataclasses.field(default_factory=dict)
    retries: int = 0
    given_up: int = 0

    def write(self, words: list[int], thresholds) -> list[int]:
        plan = self.plan
        owner = [d for d, domain in enumerate(plan.domains) for _ in range(domain.bits)][::-1]
        todo = []
        for w, word in enumerate(words):
            for b in range(plan.width):
                same = self.cells.get((w, b), 0) == word >> b & 1
                self.changed[b] = self.changed.get(b, 0) + (not same)
                if plan.domains[owner[b]].pulse_ps and not (plan.rewrite == "changed" and same):
                    todo.append((w, b))
        attempt = 0
        while todo:
            for d, domain in enumerate(plan.domains):
                mine = [bit for w, bit in todo if owner[bit] == d]
                if mine:
                    self.pulses[d] = self.pulses.get(d, 0) + 1
                    steps = domain.pulse_ps // plan.tick_ps
                    self.cycles[d] = self.cycles.get(d, 0) + len(mine) * steps
            for w, b in todo:
                self.driven[b] = self.driven.get(b, 0) + 1
                if plan.domains[owner[b]].pulse_ps > thresholds[attempt][w][b]:
                    self.cells[w, b] = words[w] >> b & 1
            todo = [
                (w, b)
                for w in range(len(words))
                for b in range(plan.width)
                if plan.domains[owner[b]].pulse_ps
                and self.cells.get((w, b), 0) != words[w] >> b & 1
            ]
            if attempt == plan.retry_limit:
                break
            attempt += 1
            self.retries += bool(todo)
        self.given_up += bool(todo) and plan.retry_limit > 0
        for w, word in enumerate(words):
            for b in range(plan.width):
                if self.cells.get((w, b), 0) != word >> b & 1:
                    self.failed[b] = self.failed.get(b, 0) + 1
        return [
            sum(self.cells.get((w, b), 0) << b for b in range(plan.width))
            for w in range(len(words))
        ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[StorePlan, int]:
    width = 16
    cuts = sorted(draw(st.sets(st.integers(1, width - 1), max_size=4)) | {0, width})
    pulses = st.sampled_from([0, 5000, 10_000, 20_000])
    plan = StorePlan(
        "bf16",
        tuple(Domain(b - a, draw(pulses)) for a, b in itertools.pairwise(cuts)),
        rewrite=draw(st.sampled_from(["all", "changed"])),
        bank_words=draw(st.integers(1, 3)),
        retry_limit=draw(st.integers(0, 3)),
    )
    return plan, draw(st.integers(0, 2**32))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_rows_hold_what_the_scalar_model_says(case) -> None:
    plan, seed = case
    random = np.random.default_rng(seed)
    golden = GoldenStore(plan, CURVE, rows=1)
    scalar = ScalarBank(plan)
    for _ in range(6):
        words = random.integers(0, 1 << 16, plan.bank_words)
        shape = (1 + plan.retry_limit, plan.bank_words, plan.width)
        # On a grid that holds the pulses themselves: a threshold equal to the pulse is a failure.
        thresholds = random.integers(0, 5, shape) * 5000 + random.integers(0, 2, shape)
        held = golden.write_row(0, words, thresholds)
        assert held.tolist() == scalar.write(words.tolist(), thresholds.tolist()), words
    counters = golden.counters
    width, domains = range(plan.width), range(len(plan.domains))
    assert counters.pulses.tolist() == [scalar.pulses.get(d, 0) for d in domains]
    assert counters.driven_cycles.tolist() == [scalar.cycles.get(d, 0) for d in domains]
    assert counters.driven_bits.tolist() == [scalar.driven.get(b, 0) for b in width]
    assert counters.failed_bits.tolist() == [scalar.failed.get(b, 0) for b in width]
    assert counters.changed_bits.tolist() == [scalar.changed.get(b, 0) for b in width]
    assert counters.retries == scalar.retries
    assert counters.failed == scalar.given_up
    assert counters.commands == 6


@pytest.mark.parametrize("retry_limit", [0, 2])
def test_many_rows_at_once_are_the_rows_one_by_one(retry_limit) -> None:
    plan = StorePlan.two_domain(
        "fp16", 5, "15 ns", "5 ns", bank_words=2, retry_limit=retry_limit, rewrite="changed"
    )
    random = np.random.default_rng(5)
    together, one_by_one = GoldenStore(plan, CURVE, 7), GoldenStore(plan, CURVE, 7)
    for _ in range(3):
        words = random.integers(0, 1 << 16, (7, 2))
        thresholds = random.normal(8000, 3000, (1 + retry_limit, 7, 2, 16))
        together.store(words, thresholds)
        for row in range(7):
            one_by_one.write_row(row, words[row], thresholds[:, row])
    np.testing.assert_array_equal(together.contents, one_by_one.contents)
    expected = dataclasses.asdict(one_by_one.counters)
    for name, counted in dataclasses.asdict(together.counters).items():
        np.testing.assert_array_equal(counted, expected[name], name)


def test_a_failed_bit_keeps_its_old_value_and_memory_starts_at_0() -> None:
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns")
    golden = GoldenStore(plan, CURVE, 1)
    assert golden.contents.tolist() == [[0]]
    never, at_once = np.full((1, 16), np.inf), np.zeros((1, 16))
    assert golden.write_row(0, [0xFFFF], at_once) == [0xFFC0]
    assert golden.write_row(0, [0x0000], never) == [0xFFC0]
    assert golden.counters.failed_bits.tolist() == [1] * 6 + [1] * 10
    assert golden.counters.changed_bits.tolist() == [1] * 6 + [2] * 10


def test_one_set_of_thresholds_serves_all_attempts() -> None:
    plan = StorePlan.two_domain("bf16", 4, "20 ns", "5 ns", retry_limit=3)
    golden = GoldenStore(plan, CURVE, 1)
    # Every second bit switches at 10 ns: the low ones never, however often they are driven.
    thresholds = np.tile([0, 10_000], (1, 8))
    assert golden.write_row(0, [0xFFFF], thresholds) == [0xFFF5]
    assert golden.counters.retries == 3
    assert golden.counters.driven_bits.tolist() == [1, 4, 1, 4] + [1] * 12
    assert golden.counters.failed == 1


def test_the_shortest_pulse_that_can_be_stated_is_a_pulse() -> None:
    plan = StorePlan("bf16", (Domain(15, 0), Domain(1, 1)), tick_ps=1, retry_limit=1)
    golden = GoldenStore(plan, CURVE, 1)
    thresholds = np.array([[[2.0] * 16], [[0.5] * 16]])
    assert golden.write_row(0, [0xFFFF], thresholds) == [0x0001]
    assert golden.counters.driven_cycles.tolist() == [0, 2]


def test_random_failures_have_the_rate_of_the_curve() -> None:
    plan = StorePlan.two_domain("bf16", 7, "10 ns", "5 ns", seed=11)
    rows = 40_000
    golden = GoldenStore(plan, CURVE, rows)
    golden.store(np.full((rows, 1), 0xFFFF))
    for bits, pulse in (((0, 7), 5000), ((7, 16), 10_000)):
        failed = golden.counters.failed_bits[slice(*bits)]
        rate = float(CURVE.failure_rate(pulse))
        # Five standard deviations of a binomial: one run in 100,000 would fail by chance.
        assert np.abs(failed - rows * rate).max() < 5 * np.sqrt(rows * rate * (1 - rate))


def test_frozen_cells_fail_alike_and_redrawn_cells_do_not() -> None:
    for variation, alike in (("cell", True), ("cycle", False)):
        plan = StorePlan.two_domain("bf16", 0, "10 ns", 0, variation=variation, seed=4)
        golden = GoldenStore(plan, CURVE, 500)
        first = golden.store(np.full((500, 1), 0xFFFF))
        golden.contents[:] = 0
        second = golden.store(np.full((500, 1), 0xFFFF))
        assert (first == second).all() == alike


def test_the_seed_decides() -> None:
    plan = StorePlan.two_domain("bf16", 7, "10 ns", "5 ns", seed=1)
    stores = [GoldenStore(p, CURVE, 300) for p in (plan, plan, plan.replace(seed=2))]
    held = [s.store(np.full((300, 1), 0xFFFF)) for s in stores]
    np.testing.assert_array_equal(held[0], held[1])
    assert (held[0] != held[2]).any()


def test_energy_is_driven_bits_times_pulse() -> None:
    # ono2021, Table III: MP at BSP 6 and T_R 0 saves 6 of 16 bits, 37.5%; MN at BSP 2, T_R 5 9.4%.
    words = np.zeros((10, 1), int)
    spent = []
    for bsp, short in ((0, 0), (6, "0 ns"), (2, "5 ns")):
        golden = GoldenStore(StorePlan.two_domain("bf16", bsp, "20 ns", short), CURVE, 10)
        golden.store(words)
        spent.append(golden.counters.energy(golden.plan, CURVE).sum())
    assert 1 - spent[1] / spent[0] == pytest.approx(0.375)
    assert 1 - spent[2] / spent[0] == pytest.approx(0.09375)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1))
def test_bits_and_words_are_inverse(words) -> None:
    array = np.array(words, np.uint32)
    bits = to_bits(array, 32)
    expected = [[bool(w >> b & 1) for b in range(32)] for w in words]
    assert bits.tolist() == expected
    np.testing.assert_array_equal(from_bits(bits, np.dtype(np.uint32)), array)


def test_wrong_writes_are_refused_and_change_nothing() -> None:
    golden = GoldenStore(StorePlan.two_domain("bf16", 0, "20 ns", 0, retry_limit=1), CURVE, 2)
    for write, sentence in (
        (lambda: golden.write_row(2, [0]), "row is 2; it must be from 0 to 1"),
        (lambda: golden.write_row(-1, [0]), "row is -1"),
        (lambda: golden.write_row(0, [0x10000]), "outside 0 to 0xffff"),
        (lambda: golden.write_row(0, [-1]), "outside 0 to 0xffff"),
        (lambda: golden.write_row(0, [1.5]), "must be integers"),
        (lambda: golden.write_row(0, [1, 2]), r"must be integers \(1, 1\)"),
        (lambda: golden.store([[1]]), r"must be integers \(2, 1\)"),
        (lambda: golden.store([[1], [2, 3]]), r"words is '\[\[1\], \[2, 3\]\]'; .*equal lengths"),
        (lambda: golden.write_row(0, [1, [2]]), r"data is '\[1, \[2\]\]'; .*equal lengths"),
        (lambda: golden.write_row(0, [1], [[1.0], []]), "thresholds_ps is .*equal lengths"),
        (lambda: golden.write_row(0, [1], np.zeros((1, 8))), "thresholds_ps has"),
        (lambda: golden.write_row(0, [1], np.zeros((3, 1, 16))), "3 attempts; it must have 1 or 2"),
    ):
        with pytest.raises(InputError, match=sentence):
            write()
    with pytest.raises(InputError, match="rows is 0"):
        GoldenStore(golden.plan, CURVE, 0)
    assert golden.contents.tolist() == [[0], [0]]
    assert golden.counters.commands == 0
    assert golden.counters.driven_bits.sum() == 0


def test_counters_add_up() -> None:
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", retry_limit=1)
    sizes = {"pulses": 2, "driven_cycles": 2}
    names = list(StoreCounters.__dataclass_fields__)
    counters = []
    for start in (1, 1000):
        made = StoreCounters.zero(plan)
        for n, name in enumerate(names):
            value = getattr(made, name)
            if isinstance(value, np.ndarray):
                assert value.shape == (sizes.get(name, 16),)
                value += start * (n + 1) + np.arange(value.size)
            else:
                setattr(made, name, start * (n + 1))
        counters.append(made)
    first, second = counters
    expected = {name: getattr(first, name) + getattr(second, name) for name in names}
    first.add(second)
    for name in names:
        np.testing.assert_array_equal(getattr(first, name), expected[name], err_msg=name)
