"""The ledger's sums and its state."""

import numpy as np
import pytest

from nvmcosim.pymodel.bit_curves import bit_energy
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.ledger import Ledger
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.pymodel.store_record import StoreRecord

CURVE = law_curve("ono2021")
TWO = StorePlan.two_domain("bf16", 2, "20 ns", "5 ns")
THREE = StorePlan("bf16", (Domain(8, 20_000), Domain(4, 10_000), Domain(4, 0)))


def record(index, plan):
    counters = StoreCounters.zero(plan)
    counters.driven_bits += 100 * (plan.bit_pulse_ps > 0)
    counters.failed_bits += np.arange(16)
    counters.changed_bits += 3
    counters.pulses += 7
    counters.commands, counters.retries = 100, index
    return StoreRecord(
        index=index,
        epoch=index + 1,
        step=10 * index,
        plan=plan,
        exact=False,
        counters=counters,
        bit_energy=bit_energy(plan, CURVE),
        stores=1,
        words=100,
        reference_energy=100 * 16 * 20.0,
    )


@pytest.fixture
def ledger():
    return Ledger(16, CURVE, [record(0, TWO), record(1, THREE), record(2, TWO)])


def test_energy_is_the_papers_share(ledger):
    # Table III: BSP 2 with T_R = 5 ns saves 9.4% = 2 / 16 * 15 / 20.
    assert ledger.records[0].relative_energy == 1 - 2 / 16 * 15 / 20
    assert ledger.records[1].relative_energy == (8 + 4 / 2) / 16
    total = (2 * (1 - 2 / 16 * 15 / 20) + (8 + 4 / 2) / 16) / 3
    assert ledger.relative_energy == pytest.approx(total)
    assert ledger.records[0].energy_by_domain.tolist() == [[28_000.0, 1000.0], [0.0, 0.0]]


def test_sums_are_over_all_records(ledger):
    assert len(ledger) == 3
    assert ledger.words == 300
    assert ledger.failed_bits.tolist() == [3 * n for n in range(16)]
    assert ledger.driven_bits.tolist() == [200] * 4 + [300] * 12
    assert ledger.records[0].failed_bits == 120
    assert ledger.to_dict()["energy_unit"] == "relative"


def test_a_memory_that_reads_first_pays_for_what_changes(ledger):
    # 3 of 100 bits a position change; a pulse of 20 or 5 ns each.
    assert ledger.records[0].energy_by_rewrite == {
        "all": 100 * (14 * 20 + 2 * 5.0),
        "changed": 3 * (14 * 20 + 2 * 5.0),
    }
    first = TWO.replace(rewrite="changed")
    read_first = record(0, first)
    read_first.counters.driven_bits[:] = read_first.counters.changed_bits
    assert read_first.energy_by_rewrite == ledger.records[0].energy_by_rewrite
    assert ledger.to_dict()["changed_bits"] == [9] * 16


def test_an_empty_ledger_has_no_energy():
    empty = Ledger(16, CURVE)
    assert empty.relative_energy == 0
    assert empty.energy.shape == (2, 16)
    assert not empty.failed_bits.any()
    assert not Ledger.from_state(16, CURVE, empty.to_state()).records


def test_state_gives_the_same_ledger(ledger):
    again = Ledger.from_state(16, CURVE, ledger.to_state())
    assert again.to_dict() == ledger.to_dict()
    for one, other in zip(again.records, ledger.records, strict=True):
        assert one.to_dict() == other.to_dict()
        assert one.plan == other.plan
        assert one.counters.commands == other.counters.commands
        np.testing.assert_array_equal(one.counters.pulses, other.counters.pulses)
        np.testing.assert_array_equal(one.energy, other.energy)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plans", ["{}"]),
        ("plan", np.array([0, 9, 0])),
        ("words", np.array([1])),
        ("pulses", np.zeros((3, 4), np.int64)),
        ("epoch", None),
    ],
)
def test_a_damaged_state_is_refused(ledger, name, value):
    with pytest.raises(InputError):
        Ledger.from_state(16, CURVE, ledger.to_state() | {name: value})
