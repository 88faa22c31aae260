"""The compiled store: against the golden store, a slow oracle of its masks, and statistics."""

import numba
import numpy as np
import pytest
import torch
from mask_oracle import oracle_mask, threefry
from scipy.stats import binom, chi2, norm

from nvmcosim.pymodel import draw_kernels, kernels
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.failures import FROZEN, Key, failure_recipe, full_recipe
from nvmcosim.pymodel.formats import number_format
from nvmcosim.pymodel.store import GoldenStore, to_bits
from nvmcosim.pymodel.store_job import StoreJob
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.pymodel.torch_masks import draw_mask
from nvmcosim.pymodel.torch_team import torch_team
from nvmcosim.pymodel.word_kernels import MODES, NATIVE, mode_of

#: Chance that any one of a test's statistics is beyond its bound by chance; seeds are fixed.
SIGNIFICANCE = 1e-6

ROUNDINGS = ("rne", "truncate")
RATES = {
    "dense": [0.5] * 8 + [0.01] * 8,
    "sparse": [1e-3] * 16,
    "rare": [1e-10] * 16,
    "paper": [1.0] * 6 + [3.2e-5] * 10,
    "high": [0.841] * 6 + [3.2e-5] * 10,
    "each its own": list(np.linspace(0.03, 0.98, 16)),
    "fp32": [0.5] * 8 + [0.841] * 8 + [0.01] * 8 + [0.0] * 8,
    "fp32 each": list(np.linspace(0.001, 0.999, 32)),
}


def draw(recipe, key, words, first_block=0, threads=1):
    mask = np.zeros(words, np.uint16 if recipe.width == 16 else np.uint32)
    row = (0, 0, mask.ctypes.data, words, first_block)
    kernels.draw_masks(np.array([row]), recipe, key, threads)
    return mask


def store(values, memory, recipe, key=None, mode=NATIVE, threads=1, first_block=0):
    row = (values.ctypes.data, memory.ctypes.data, 0, values.size, first_block)
    return StoreJob(np.array([row]), mode, recipe).run(key or Key(1, 0), threads)[0]


def random_words(rng, words, width):
    return rng.integers(0, 2**width, words).astype(np.uint16 if width == 16 else np.uint32)


@pytest.mark.parametrize("threefry_of", [threefry, lambda c, k: draw_kernels.threefry(*c, *k)])
def test_threefry_gives_the_published_vectors(threefry_of):
    # Random123's kat_vectors, threefry2x64 with 13 rounds.
    vectors = [
        ([0] * 4, (0xF167B032C3B480BD, 0xE91F9FEE4B7A6FB5)),
        ([2**64 - 1] * 4, (0xCCDEC5C917A874B1, 0x4DF53ABCA26CEB01)),
        (
            [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89],
            (0xC3AAC71561042993, 0x3FE7AE8801AFF316),
        ),
    ]
    for numbers, expected in vectors:
        given = [np.uint64(n) for n in numbers] if threefry_of is not threefry else numbers
        assert tuple(int(n) for n in threefry_of(given[:2], given[2:])) == expected


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
@pytest.mark.parametrize("make", [failure_recipe, full_recipe])
def test_masks_are_the_oracles_bit_for_bit(rates, make):
    recipe = make(rates)
    words = recipe.block_words + 777
    key = Key(2**63 - 25, 2**40 + 7, 3)
    expected = oracle_mask(recipe, key.seed, key.store, key.attempt, 5, words)
    np.testing.assert_array_equal(draw(recipe, key, words, first_block=5), expected)
    drawn = draw_mask(recipe, key, 5, words, torch.device("cpu"))
    np.testing.assert_array_equal(drawn.numpy().view(expected.dtype), expected)


@pytest.mark.parametrize("words", [1, 2, 3, 5, 127, 4095, 4096, 4097, 3 * 4096 + 1])
@pytest.mark.parametrize("rates", [RATES["dense"], RATES["fp32"]], ids=["16", "32"])
def test_a_store_keeps_old_bits_where_the_mask_says(words, rates):
    recipe = failure_recipe(rates)
    rng = np.random.default_rng(words)
    wanted, held = (random_words(rng, words, recipe.width) for _ in range(2))
    values, memory = wanted.copy(), held.copy()
    failed = store(values, memory, recipe, Key(3, 4), first_block=2)
    mask = oracle_mask(recipe, 3, 4, 0, 2, words)
    expected = wanted & ~mask | held & mask
    np.testing.assert_array_equal(memory, expected)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(failed, to_bits(expected ^ wanted, recipe.width).sum(axis=0))


@pytest.mark.parametrize("format", ["bf16", "fp16", "fp32", "sm0.15"])
def test_a_store_is_the_golden_stores_given_the_same_failures(format):
    width = number_format(format).width
    plan = StorePlan(
        format, (Domain(width - 9, 20_000), Domain(3, 10_000), Domain(4, 5_000), Domain(2, 0))
    )
    curve = law_curve("ono2021")
    recipe = failure_recipe(curve.failure_rate(plan.bit_pulse_ps))
    words, rng = 5001, np.random.default_rng(0)
    golden = GoldenStore(plan, curve, words)
    memory, failed = np.zeros(words, plan.number_format.dtype), np.zeros(width, np.int64)
    for number in range(3):
        wanted = random_words(rng, words, width)
        mask = oracle_mask(recipe, 9, number, 0, 0, words)
        thresholds = np.where(to_bits(mask, width), np.inf, 0.0)[:, None]
        held = golden.store(wanted[:, None], thresholds)[:, 0]
        failed += store(wanted, memory, recipe, Key(9, number))
        np.testing.assert_array_equal(memory, held)
        np.testing.assert_array_equal(wanted, held)
    np.testing.assert_array_equal(failed, golden.counters.failed_bits)


FIXED = [
    (name, rounding) for name in ("q0.15", "sm0.15", "q15.0", "sm11.4") for rounding in ROUNDINGS
]


@pytest.mark.parametrize(("format", "rounding"), [*MODES, *FIXED])
def test_fp32_values_are_rounded_as_the_format_does(format, rounding):
    bits = np.random.default_rng(1).integers(0, 2**32, 60_000).astype(np.uint32)
    # A third of them where fp16 is normal, a third where it is subnormal or rounds to nothing.
    bits[::3] = bits[::3] & 0x87FFFFFF | 0x38000000
    bits[1::3] = bits[1::3] & 0x80FFFFFF | 0x32000000 + (bits[1::3] >> 8 & 0x7) * 0x00800000
    special = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFFFFFFF, 0x7F7FFFFF, 1]
    ties = [0x3F808000, 0x3F818000, 0x3F807FFF, 0x3F808001, 0x3F801000, 0x3F803000, 0x3F800FFF]
    edges = [0x477FE000, 0x477FEFFF, 0x477FF000, 0x47800000, 0x387FFFFF, 0x38800000, 0x33000000]
    edges += [0x33000001, 0x33800000, 0x33C00000, 0x337FFFFF, 0x32FFFFFF]
    bits[: len(special + ties + edges)] = special + ties + edges
    values = bits.view(np.float32)
    if (format, rounding) in FIXED:
        # Half of them where fixed point neither saturates nor rounds to nothing.
        near = np.random.default_rng(2).normal(0, 2.0, values.size // 2).astype(np.float32)
        values[1::2] = near
    words = number_format(format)
    expected = words.encode(values, rounding)
    memory = np.zeros(values.size, np.uint16)
    kept = values.copy()
    store(kept, memory, failure_recipe([0.0] * 16), mode=mode_of(words, rounding))
    np.testing.assert_array_equal(memory, expected)
    decoded = words.decode(expected).view(np.uint32)
    np.testing.assert_array_equal(kept.view(np.uint32), decoded)


@pytest.mark.parametrize("rounding", ["rne", "truncate"])
def test_a_word_of_negative_zero_that_a_failed_write_leaves_is_zero(rounding):
    # Each bit pattern is held and never overwritten.
    words = number_format("sm0.15")
    memory = np.arange(1 << 16).astype(np.uint16)
    values = np.zeros(1 << 16, np.float32)
    store(values, memory, failure_recipe([1.0] * 16), mode=mode_of(words, rounding))
    expected = words.decode(np.arange(1 << 16).astype(np.uint16))
    np.testing.assert_array_equal(values.view(np.uint32), expected.view(np.uint32))


def test_addresses_need_no_alignment():
    recipe, rng = failure_recipe(RATES["dense"]), np.random.default_rng(2)
    wanted, held = (random_words(rng, 9001, 16) for _ in range(2))
    results = []
    for offset in (0, 1):
        values, memory = (
            np.concatenate((words[:offset], words))[offset:] for words in (wanted, held)
        )
        assert (values.ctypes.data % 8 == 0) == (offset == 0)
        store(values, memory, recipe)
        np.testing.assert_array_equal(values, memory)
        results.append(memory.tobytes())
    assert results[0] == results[1]


def test_threads_and_segments_change_nothing():
    recipe, rng = failure_recipe(RATES["high"]), np.random.default_rng(3)
    sizes = [70 * 4096 + 11, 1, 0, 4096, 33 * 4096 - 5, 7]
    blocks = np.cumsum([0] + [-(-size // 4096) for size in sizes])
    wanted = [random_words(rng, size, 16) for size in sizes]
    results = []
    team = torch_team()
    assert team is not None
    for threads, by in ((1, None), (2, None), (5, None), (2, team), (3, team)):
        values, memory = [w.copy() for w in wanted], [np.zeros_like(w) for w in wanted]
        rows = [
            (v.ctypes.data, m.ctypes.data, 0, v.size, block)
            for v, m, block in zip(values, memory, blocks, strict=False)
        ]
        failed, _ = StoreJob(np.array(rows), NATIVE, recipe).run(Key(1, 1), threads, by)
        results.append((failed.tolist(), [m.tobytes() for m in memory]))
    assert all(result == results[0] for result in results)
    alone = [np.zeros_like(w) for w in wanted]
    for values, memory, block in zip(wanted, alone, blocks, strict=False):
        store(values, memory, recipe, Key(1, 1), first_block=block)
    assert [m.tobytes() for m in alone] == results[0][1]


def test_counts_hold_past_a_byte_of_blocks():
    words = 4096 * 600 + 17
    ones = np.full(words, 0xFFFF, np.uint16)
    failed = store(ones, np.zeros(words, np.uint16), failure_recipe([1.0] * 16))
    assert failed.tolist() == [words] * 16
    mixed = np.random.default_rng(4).integers(0, 2**16, words).astype(np.uint16)
    counts = kernels.count_bits(mixed.ctypes.data, words, 16)
    assert counts.tolist() == [int((mixed >> bit & 1).sum()) for bit in range(16)]


def test_another_key_gives_another_mask():
    recipe = failure_recipe([0.5] * 16)
    masks = {
        draw(recipe, key, 64, block).tobytes()
        for key in (Key(0, 0), Key(1, 0), Key(0, 1), Key(0, 0, 1), Key(0, FROZEN))
        for block in (0, 1)
    }
    assert len(masks) == 10


def test_frozen_cells_that_fail_also_fail_at_a_higher_rate():
    key, words = Key(5, FROZEN), 40_000
    weak, strong = (draw(full_recipe([rate] * 16), key, words) for rate in (0.05, 0.0123))
    assert (strong & ~weak == 0).all()
    assert 0 < to_bits(strong, 16).sum() < to_bits(weak, 16).sum()


def z_bound(tests):
    """Bound of |z| that any of `tests` normal statistics passes with SIGNIFICANCE at most."""
    return norm.isf(SIGNIFICANCE / 2 / tests)


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_each_bit_fails_at_its_rate(rates):
    recipe, words = failure_recipe(rates), 2_000_000
    mask = draw(recipe, Key(6, 0), words, threads=2)
    counts = kernels.count_bits(mask.ctypes.data, words, recipe.width)
    for count, rate in zip(counts.tolist(), rates, strict=True):
        tail = min(binom.cdf(count, words, rate), binom.sf(count - 1, words, rate))
        assert tail > SIGNIFICANCE / 2 / recipe.width, (count, rate)


@pytest.mark.parametrize("make", [failure_recipe, full_recipe])
@pytest.mark.parametrize("rate", [0.5, 0.3, 0.01])
def test_failures_are_independent_of_their_neighbours(make, rate):
    """Each cell against the same word's next bit, the next words, lanes, rows, blocks and draws."""
    recipe, words = make([rate] * 16), 4096 * 40
    bits = to_bits(draw(recipe, Key(7, 0), words), 16)
    others = {f"{n} words on": (bits[:-n], bits[n:]) for n in (1, 2, 3, 4, 128, 4096)}
    others["next bit"] = (bits[:, :-1], bits[:, 1:])
    for name, key in (("store", Key(7, 1)), ("attempt", Key(7, 0, 1)), ("seed", Key(8, 0))):
        others[f"next {name}"] = (bits, to_bits(draw(recipe, key, words), 16))
    deviation = rate * (1 - rate)
    for name, (one, other) in others.items():
        covariance = ((one - rate) * (other - rate)).mean()
        z = covariance / (deviation / np.sqrt(one.size))
        assert abs(z) < z_bound(len(others)), name


def test_bytes_of_even_masks_are_uniform():
    mask = draw(failure_recipe([0.5] * 16), Key(10, 0), 2_000_000)
    for column in (mask.view(np.uint8)[::2], mask.view(np.uint8)[1::2]):
        counts = np.bincount(column, minlength=256)
        statistic = ((counts - column.size / 256) ** 2).sum() / (column.size / 256)
        assert SIGNIFICANCE < chi2.sf(statistic, 255) < 1 - SIGNIFICANCE


def test_corrections_are_spread_evenly_and_counted_binomially():
    """10 positions, so that a random index is passed over at times: words, positions, counts."""
    rates = [0.002] * 10 + [0.0] * 6
    blocks = 1000
    bits = to_bits(draw(failure_recipe(rates), Key(11, 0), 4096 * blocks, threads=2), 16)[:, :10]
    per_block = bits.reshape(blocks, -1).sum(axis=1)
    for counts in (
        bits.reshape(blocks, 4096, 10).sum(axis=(0, 2)),
        bits.sum(axis=0),
    ):
        mean = counts.mean()
        statistic = ((counts - mean) ** 2).sum() / mean
        assert SIGNIFICANCE < chi2.sf(statistic, counts.size - 1) < 1 - SIGNIFICANCE
    edges = [-1, 65, 72, 77, 81, 85, 90, 98, 40960]
    expected = np.diff(binom.cdf(edges, 40960, 0.002)) * blocks
    observed = np.histogram(per_block, np.array(edges) + 0.5)[0]
    statistic = ((observed - expected) ** 2 / expected).sum()
    assert SIGNIFICANCE < chi2.sf(statistic, expected.size - 1) < 1 - SIGNIFICANCE


def test_a_table_counts_its_entries_above_a_number():
    table = np.array([9, 7, 7, 3, 0], np.uint64)
    for number in range(11):
        found = draw_kernels._corrections(table, np.uint64(number))
        assert found == sum(entry > number for entry in table.tolist()), number


@numba.njit
def _blocks_with_a_failure(table, blocks, key0, key1):
    found = 0
    for block in range(blocks):
        uniform, _ = draw_kernels.threefry(np.uint64(block), np.uint64(1 << 32), key0, key1)
        found += draw_kernels._corrections(table, uniform)
    return found


def test_a_rate_of_1e_10_comes_out_over_a_trillion_cells():
    recipe, blocks = failure_recipe([1e-10] * 16), 20_000_000
    found = _blocks_with_a_failure(recipe.tables[0], blocks, np.uint64(12), np.uint64(0))
    expected = blocks * 65536 * 1e-10
    assert abs(found - expected) < z_bound(1) * np.sqrt(expected)


def test_a_curves_rates_are_what_fails():
    curve = WriteCurve(
        device="two points",
        direction="both",
        amplitude_v=None,
        pulse_ps=np.array([0.0, 5000.0, 20_000.0]),
        p_fail=np.array([1.0, 0.37, 0.0]),
        energy_mtj_j=np.array([0.0, 1.0, 2.0]),
        energy_driver_j=np.zeros(3),
        noise="law",
    )
    plan = StorePlan.two_domain("bf16", 7, "20 ns", "5 ns")
    recipe = failure_recipe(curve.failure_rate(plan.bit_pulse_ps))
    words = 500_000
    failed = store(np.full(words, 0xFFFF, np.uint16), np.zeros(words, np.uint16), recipe)
    deviation = np.sqrt(words * 0.37 * 0.63)
    assert (np.abs(failed[:7] - 0.37 * words) < z_bound(7) * deviation).all()
    assert not failed[7:].any()
