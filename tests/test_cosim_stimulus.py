"""Stimuli follow from plan, seed and batch, and cover what a controller may meet."""

import numpy as np
import pytest

from nvmcosim.cocotb_tests.stimulus import stimulus_for
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.store_plan import StorePlan

CURVE = law_curve("ono2021")
PLAN = StorePlan.two_domain("bf16", 5, "20 ns", "5 ns", bank_words=2, retry_limit=1)


def test_same_seed_same_stimulus_and_another_seed_plan_or_batch_another() -> None:
    def made(plan: StorePlan = PLAN, seed: int = 1, batch: int = 0) -> tuple[bytes, ...]:
        s = stimulus_for(plan, CURVE, 5, 40, seed, batch)
        return s.rows.tobytes(), s.words.tobytes(), s.stalls.tobytes(), s.thresholds_ps.tobytes()

    first = made()
    assert made() == first
    for other in (made(seed=2), made(batch=1), made(PLAN.replace(seed=9))):
        assert all(a != b for a, b in zip(first, other, strict=True))


def test_first_half_has_no_pauses_and_the_second_has() -> None:
    stimulus = stimulus_for(PLAN, CURVE, 5, 400, 0, 0)
    assert not stimulus.stalls[:200].any()
    assert (stimulus.stalls[200:] == 0).any()
    assert stimulus.stalls[200:].max() >= 3


def test_rows_repeat_step_and_jump_and_words_change_much_little_and_not_at_all() -> None:
    stimulus = stimulus_for(PLAN, CURVE, 5, 400, 0, 0)
    assert set(stimulus.rows.tolist()) == set(range(5))
    assert set((np.diff(stimulus.rows) % 5).tolist()) == set(range(5))
    changed = (stimulus.words[1:] ^ stimulus.words[:-1])[:, 0]
    counts = {int(word).bit_count() for word in changed}
    assert {0, 1} <= counts
    assert max(counts) > 8
    assert {0, 0xFFFF} <= set(stimulus.words.ravel().tolist())


@pytest.mark.parametrize(("variation", "shape"), [("cycle", (40, 2, 2, 16)), ("cell", (5, 2, 16))])
def test_thresholds_are_drawn_for_each_write_or_once_a_cell(
    variation: str, shape: tuple[int, ...]
) -> None:
    plan = PLAN.replace(variation=variation)
    stimulus = stimulus_for(plan, CURVE, 5, 40, 0, 0)
    assert stimulus.thresholds_ps.shape == shape
    expected = stimulus.thresholds_ps[7 if variation == "cycle" else stimulus.rows[7]]
    assert (stimulus.thresholds_of(7, plan) == expected).all()


def test_thresholds_have_the_distribution_of_the_curve() -> None:
    thresholds = stimulus_for(PLAN, CURVE, 5, 1000, 0, 0).thresholds_ps
    # N(8 ns, 3 ns), 64,000 draws; a draw below 0 counts as just above it.
    assert abs(thresholds.mean() - 8000) < 60
    assert abs(thresholds.std() - 3000) < 60
    assert abs((thresholds >= 5000).mean() - 0.8413) < 0.006


def test_a_word_uses_all_its_bits() -> None:
    plan = StorePlan.two_domain("fp32", 9, "20 ns", "5 ns")
    words = stimulus_for(plan, CURVE, 5, 100, 0, 0).words
    assert words.dtype == np.uint32
    assert np.bitwise_or.reduce(words.ravel()) == 0xFFFFFFFF
