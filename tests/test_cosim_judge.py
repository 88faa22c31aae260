"""The judge alone: whatever is wrong with one vector is a mismatch, and only that vector's."""

from dataclasses import replace

import numpy as np
import pytest

from nvmcosim.cocotb_tests.design import elaborate
from nvmcosim.cocotb_tests.judge import Expectation, Observation, expectation, judge
from nvmcosim.cocotb_tests.protocol import Fault
from nvmcosim.cocotb_tests.stimulus import Stimulus, stimulus_for
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.store_plan import StorePlan

VECTORS = 12
WRONG = 5


@pytest.fixture
def scene() -> tuple[Stimulus, Expectation, Observation]:
    """Commands, what is expected, and an observation that agrees."""
    curve = law_curve("ono2021")
    plan = StorePlan.two_domain("bf16", 5, "20 ns", "5 ns", retry_limit=1)
    controller = elaborate([plan], 3).controllers[0]
    stimulus = stimulus_for(plan, curve, 3, VECTORS, seed=1, batch=0)
    stimulus = replace(stimulus, stalls=np.zeros(VECTORS, np.int64))
    expected = expectation(controller, curve, stimulus)
    clocks = expected.clocks
    seen = Observation(
        contents=expected.contents.copy(),
        counters=expected.counters.copy(),
        accepted_at=np.concatenate(([3], 3 + np.cumsum(clocks)[:-1])),
        clocks=clocks.copy(),
        faults=np.zeros(VECTORS, np.uint8),
        done=VECTORS,
        configured=np.zeros(VECTORS, np.int64),
    )
    return stimulus, expected, seen


def test_what_agrees_is_no_mismatch(scene) -> None:
    wrong, stated = judge(*scene)
    assert not wrong.any()
    np.testing.assert_array_equal(stated, scene[1].clocks)


@pytest.mark.parametrize("field", ["contents", "counters", "clocks", "faults"])
def test_any_difference_is_a_mismatch(scene, field: str) -> None:
    stimulus, expected, seen = scene
    values = getattr(seen, field).copy()
    if field == "contents":
        values[WRONG, 2, 0] ^= True
    elif field == "counters":
        values[WRONG, -1] += 1
    elif field == "clocks":
        values[WRONG] += 1
    else:
        values[WRONG] = Fault.READ.value
    changed = replace(seen, **{field: values})
    if field == "clocks":
        # The commands after it still come at once.
        later = changed.accepted_at.copy()
        later[WRONG + 1 :] += 1
        changed = replace(changed, accepted_at=later)
    wrong, _ = judge(stimulus, expected, changed)
    assert np.flatnonzero(wrong).tolist() == [WRONG]


def test_a_command_that_was_kept_waiting_is_a_mismatch(scene) -> None:
    stimulus, expected, seen = scene
    later = seen.accepted_at.copy()
    later[WRONG:] += 1
    wrong, _ = judge(stimulus, expected, replace(seen, accepted_at=later))
    assert np.flatnonzero(wrong).tolist() == [WRONG]
    stalls = stimulus.stalls.copy()
    stalls[WRONG] = 1
    patient = replace(stimulus, stalls=stalls)
    assert not judge(patient, expected, replace(seen, accepted_at=later))[0].any()


def test_what_never_ended_is_a_mismatch(scene) -> None:
    stimulus, expected, seen = scene
    wrong, _ = judge(stimulus, expected, replace(seen, done=VECTORS - 2))
    assert np.flatnonzero(wrong).tolist() == [VECTORS - 2, VECTORS - 1]
