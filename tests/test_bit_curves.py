"""Bits of a plan on the curve of their own amplitude."""

import numpy as np
import pytest

from nvmcosim.pymodel.bit_curves import (
    CurveSet,
    bit_energy,
    bit_failure_rates,
    bit_thresholds_ps,
)
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store import GoldenStore
from nvmcosim.pymodel.store_plan import Domain, StorePlan


def curve_at(amplitude: float | None, device: str = "d", scale: float = 1.0) -> WriteCurve:
    pulse = np.arange(0, 41) * 500.0
    p_fail = np.concatenate([[1.0], np.exp(-scale * np.arange(1, 41) / 4)])
    return WriteCurve(device, "both", amplitude, pulse, p_fail, pulse * scale, 0 * pulse)


LOW, HIGH = curve_at(1.0), curve_at(1.5, scale=2.0)
BOTH = CurveSet(LOW, (HIGH,))
PLAN = StorePlan("bf16", (Domain(4, 10_000, 1.5), Domain(8, 10_000), Domain(4, 0, 1.5)))


def test_each_bit_is_on_its_own_curve():
    rates, energy = bit_failure_rates(PLAN, BOTH), bit_energy(PLAN, BOTH).sum(axis=0)
    assert rates[15] == pytest.approx(np.exp(-10))
    assert rates[8] == pytest.approx(np.exp(-5))
    assert (rates[:4] == 1).all()
    assert list(energy) == [0.0] * 4 + [10_000.0] * 8 + [20_000.0] * 4


def test_thresholds_are_each_curves_own():
    uniform = np.random.default_rng(0).random((50, 16))
    thresholds = bit_thresholds_ps(PLAN, BOTH, uniform)
    np.testing.assert_array_equal(thresholds[:, 12:], HIGH.threshold_ps(uniform[:, 12:]))
    np.testing.assert_array_equal(thresholds[:, 4:12], LOW.threshold_ps(uniform[:, 4:12]))


def test_the_golden_store_fails_at_the_rate_of_the_amplitude():
    store = GoldenStore(PLAN, BOTH, rows=20_000)
    store.store(np.full((20_000, 1), 0xFFFF, np.uint16))
    share = store.counters.failed_bits / 20_000
    assert share[4:12].mean() == pytest.approx(np.exp(-5), abs=6e-4)
    assert share[12:].mean() < 3e-4
    np.testing.assert_array_equal(
        store.counters.energy(PLAN, BOTH)[0], 20_000 * bit_energy(PLAN, BOTH)[0]
    )


def test_one_curve_does_for_a_plan_at_its_amplitude():
    plan = PLAN.replace(domains=(Domain(16, 10_000, 1.0),))
    np.testing.assert_array_equal(bit_failure_rates(plan, LOW), LOW.failure_rate([10_000] * 16))
    with pytest.raises(InputError, match=r"amplitude 1\.5 V; the curves of d have 1 V$"):
        bit_failure_rates(PLAN, LOW)
    with pytest.raises(InputError, match="have none"):
        bit_failure_rates(PLAN, curve_at(None))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((curve_at(1.0),), r"amplitudes are \[1\.0, 1\.0\]"),
        ((curve_at(None),), "amplitudes are"),
        ((curve_at(2.0, device="e"),), "device is 'e' in one curve and 'd' in another"),
    ],
)
def test_a_set_is_of_one_device_and_an_amplitude_each(others, words):
    with pytest.raises(InputError, match=words):
        CurveSet(LOW, others)


def test_the_digest_is_of_all_curves_in_any_order():
    third = curve_at(2.0)
    assert CurveSet(LOW, (HIGH, third)).digest == CurveSet(LOW, (third, HIGH)).digest
    assert CurveSet(LOW, (HIGH,)).digest != CurveSet(LOW, (third,)).digest
    assert (BOTH.device, BOTH.energy_unit) == ("d", "J")
