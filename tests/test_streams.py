"""Packed streams and their random bits, against plain bits and an independent Threefry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mask_oracle import sfc64, threefry
from scipy import stats

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_source import (
    ONE,
    bank_of,
    codes_of,
    digits_of,
    drawn,
    thresholds_of,
)
from nvmcosim.pymodel.streams import (
    decoded,
    encoded,
    integral,
    multiplied,
    ones,
    packed,
    tail_mask,
    unpacked,
)

#: Chance of a statistical test to fail on right streams, all its comparisons together.
ALPHA = 1e-6


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_packing_there_and_back(cycles, seed):
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (3, cycles), np.uint8)
    words = packed(bits)
    assert words.shape == (3, -(-cycles // 64))
    assert (unpacked(words, cycles) == bits).all()
    assert (ones(words) == bits.sum(axis=1)).all()
    assert int(words[0, 0]) == sum(int(b) << t for t, b in enumerate(bits[0, :64]))
    assert (words & ~tail_mask(cycles) == 0).all()
    a, b = 2 * bits[0].astype(int) - 1, 2 * bits[1].astype(int) - 1
    product = unpacked(multiplied(words[0], words[1], cycles, "bipolar"), cycles)
    assert (2 * product.astype(int) - 1 == a * b).all()
    product = multiplied(words[0], words[1], cycles, "unipolar")
    assert (unpacked(product, cycles) == bits[0] * bits[1]).all()


def test_the_paper_s_example():
    # mondal2018, Section II-B.
    words = packed([int(c) for c in "0100101000"])
    assert decoded(words, 10, "unipolar") == pytest.approx(0.3)
    assert decoded(words, 10, "bipolar") == pytest.approx(-0.4)


@given(st.floats(-1, 1), st.integers(1, 20))
def test_encoding_is_undone_by_the_mean(value, most):
    p = encoded(most * value, "bipolar", most)
    assert most * (2 * p - 1) == pytest.approx(most * value, abs=1e-12)
    p = encoded(most * abs(value), "unipolar", most)
    assert most * p == pytest.approx(most * abs(value), abs=1e-12)


def test_integral_streams_are_sums():
    bits = np.array([[1, 0, 1], [1, 0, 0]], np.uint8)
    assert integral(bits, "unipolar").tolist() == [2, 0, 1]
    assert integral(bits, "bipolar").tolist() == [2, -2, 0]


@given(
    st.sampled_from([8, 32]),
    *[st.integers(0, 2**64 - 1)] * 3,
    st.integers(0, 100),
    st.integers(0, 300),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_a_bit_is_the_carry_of_its_number(digits, seed, bank, sample, stream, cycle, data):
    """The definition in Python's integers, by mask_oracle's Threefry and SFC64."""
    code = data.draw(st.integers(0, 2**digits))
    row, lane = divmod(stream, 32)
    a, b = threefry((sample, cycle // 64 << 8 | lane), (seed, bank))
    outputs = sfc64(a, b)
    words = [int(word) for word in outputs.random_raw((row + 1) * digits)[row * digits :]]
    u = sum((word >> cycle % 64 & 1) << n for n, word in enumerate(words))
    thresholds = np.zeros(stream + 1, np.uint64)
    thresholds[stream] = thresholds_of(code, digits)
    bits = unpacked(drawn(thresholds, cycle + 1, seed, bank, sample, digits), cycle + 1)
    assert bits[stream, cycle] == (u + code >= 2**digits)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 90))
@settings(max_examples=30, deadline=None)
def test_bits_do_not_depend_on_what_else_is_drawn(short, long, streams):
    thresholds = thresholds_of(np.arange(0, 257, 3), 8)
    short, long = sorted((short, long))
    whole = unpacked(drawn(thresholds, long, 7, 1), long)
    part = unpacked(drawn(thresholds[:streams], short, 7, 1), short)
    assert (part == whole[:streams, :short]).all()


def test_ones_are_as_probable_as_the_codes_say():
    """Every 8-bit p, 2^14 cycles of 3 samples: a binomial test each, at 1e-6 for all."""
    codes, cycles = np.arange(257), 2**14
    thresholds = thresholds_of(codes, 8)
    for sample in range(3):
        counts = ones(drawn(thresholds, cycles, 3, 0, sample))
        assert counts[0] == 0
        assert counts[256] == cycles
        for code in codes[1:-1]:
            test = stats.binomtest(int(counts[code]), cycles, code / 256)
            assert test.pvalue > ALPHA / (3 * 255), (sample, code, counts[code])


def test_bits_are_independent_in_every_direction():
    """Pairs of bits a cycle, a stream, a word, a sample or a bank apart: chi-square at 1e-6."""
    cycles, p = 2**12, 0.3
    thresholds = np.full(64, round(p * ONE), np.uint64)

    def bits(bank, sample):
        return unpacked(drawn(thresholds, cycles, 5, bank, sample, 32), cycles)

    base = bits(0, 0)
    pairs = {
        "cycle": (base[:, :-1], base[:, 1:]),
        "word": (base[:, :-64], base[:, 64:]),
        "stream": (base[:-1], base[1:]),
        "sample": (base, bits(0, 1)),
        "bank": (base, bits(1, 0)),
    }
    q = round(p * ONE) / ONE
    expected = np.array([(1 - q) ** 2, q * (1 - q), q * (1 - q), q * q])
    for name, (a, b) in pairs.items():
        # Every second pair alone, so that none shares a bit with another.
        a, b = (a[::2], b[::2]) if name == "stream" else (a, b)
        a, b = (a[:, ::2], b[:, ::2]) if name == "cycle" else (a, b)
        if name == "word":
            keep = (np.arange(a.shape[1]) // 64) % 2 == 0
            a, b = a[:, keep], b[:, keep]
        counts = np.bincount((2 * a.astype(int) + b).ravel(), minlength=4)
        assert stats.chisquare(counts, expected * counts.sum()).pvalue > ALPHA / 5, name


def test_codes_and_thresholds():
    assert codes_of([0, 0.5, 1, 0.3], 8).tolist() == [0, 128, 256, 77]
    assert thresholds_of([0, 1, 256], 8).tolist() == [0, 2**24, ONE]
    assert digits_of(thresholds_of([1, 256], 8)) == 8
    assert digits_of(thresholds_of([1], 9)) == 16
    assert digits_of(thresholds_of([1], 32)) == 32
    assert [bank_of(1, kind) for kind in ("inputs", "weights", "separate")] == [4, 5, 6]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: encoded([0.2, 1.5], "unipolar"), "the value 1.5 is no unipolar number"),
        (lambda: encoded([-2.5], "bipolar", 2), "the value -2.5 is no bipolar number"),
        (lambda: encoded([np.nan], "bipolar"), "the value nan"),
        (lambda: encoded([0], "ternary"), "the format is 'ternary'"),
        (lambda: codes_of([1.25], 8), "p is 1.25; it must be from 0 to 1"),
        (lambda: thresholds_of([257], 8), "codes are 257 to 257, not 0 to 256"),
        (lambda: tail_mask(0), "cycles is 0; it must be a whole number"),
        (lambda: packed([0, 2]), "neither 0 nor 1"),
        (lambda: unpacked(np.zeros((1, 2), np.uint64), 64), "64 cycles take 1"),
        (lambda: drawn(np.array([ONE + 1], np.uint64), 1, 0, 0), "a threshold is"),
        (lambda: drawn(np.array([1], np.uint64), 1, 0, 0), "a threshold takes 32 digits, not 8"),
        (lambda: drawn(np.array([0], np.uint64), 1, 0, 0, 0, 12), "digits are 12"),
        (lambda: drawn(np.array([0], np.uint64), 1, -1, 0), "seed is -1"),
        (lambda: bank_of(0, "noise"), "the kind of bank is 'noise'"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(call, says):
    with pytest.raises(InputError, match=says):
        call()
