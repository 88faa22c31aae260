"""The RTL with junctions in ngspice: choosing cells, and the whole loop on both simulators."""

from pathlib import Path

import numpy as np
import pytest

from nvmcosim.cocotb_tests.analog import ANALOG_PLAN, run_analog
from nvmcosim.cocotb_tests.cell_times import choose_cells
from nvmcosim.cocotb_tests.design import elaborate
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import Domain, StorePlan

pytest.importorskip("PySpice")

SPEC = preset("stt-65nm")


def test_chosen_cells_are_sure_for_every_history() -> None:
    # Two cells that are written, 7.5 and 5 ns: of 12 (mean time about 8 ns) some are not sure.
    plan = StorePlan(
        "bf16",
        (Domain(1, 7500), Domain(1, 5000), Domain(14, 0)),
        tick_ps=2500,
        retry_limit=2,
    )
    chosen = choose_cells(plan, SPEC, rows=2, seed=3)
    margin = chosen.array.margin_ps
    assert chosen.columns == (14, 15)
    assert chosen.array.cells == len(chosen.which) == len(chosen.times_ps) == 4
    assert chosen.passed_over == max(chosen.which) + 1 - 4
    for cell, by_bit in enumerate(chosen.times_ps):
        pulse = (5000, 7500)[cell % 2]
        for times in by_bit:
            assert all(abs(time - pulse) > margin for time in times.values())
            for history, time in times.items():
                pauses = {2500} if pulse == 7500 else {2500, 5000}
                assert set(history) <= pauses
                assert list(history) == sorted(history, reverse=True)
                if history:
                    # It was measured since the pulse before had failed, which only helps.
                    assert times[history[:-1]] > pulse
                    assert time <= times[history[:-1]] + 1
                elif time < pulse:
                    assert set(times) == {()}


def test_thresholds_follow_bit_and_history() -> None:
    plan = StorePlan("bf16", (Domain(1, 5000), Domain(15, 0)), tick_ps=2500, retry_limit=1)
    chosen = choose_cells(plan, SPEC, rows=1, seed=1)
    to_zero, to_one = chosen.times_ps[0]
    for bit, times in enumerate((to_zero, to_one)):
        bits = np.zeros((1, 16), bool)
        bits[0, 15] = bit
        first = chosen.thresholds_ps(plan, 0, bits, [(), ()])
        assert first[0, 15] == times[()]
        assert np.isinf(first[0, :15]).all()
        second = chosen.thresholds_ps(plan, 0, bits, [(2500,), ()])
        assert second[0, 15] == times.get((2500,), times[()])


@pytest.mark.parametrize(
    ("plan", "rows", "sentence"),
    [
        (StorePlan("bf16", (Domain(16, 0),)), 1, "the plan has no pulse"),
        (ANALOG_PLAN.replace(bank_words=8), 2, "are 192 written cells; .* 1 to 128"),
        (ANALOG_PLAN, 0, "0 rows of 1 words of bf16"),
    ],
)
def test_what_cannot_run_is_refused(plan: StorePlan, rows: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        run_analog(plan, SPEC, [Simulator.ICARUS], vectors=2, rows=rows)


def test_contents_equal_the_golden_stores_on_both_simulators(tmp_path: Path) -> None:
    results = run_analog(ANALOG_PLAN, SPEC, vectors=5, rows=1, waveforms=tmp_path)
    assert [result.simulator for result in results] == ["icarus", "verilator"]
    for result in results:
        assert result.mismatches == 0, result.failures
        assert result.vectors == 5
        # The loop was closed through physics: verification found failed cells, and some retries
        # wrote what the first pulse could not.
        assert result.facts["retries"] > 0
        assert result.facts["bits_only_a_retry_wrote"] > 0
    saved = [np.load(tmp_path / f"analog-{result.simulator}.npz") for result in results]
    for waveforms in saved:
        assert waveforms["mz"].shape == (12, waveforms["time_ps"].size)
        assert waveforms["mz"].min() < -0.9
    # The same pulses at the same times: both simulators' cells moved alike.
    assert np.array_equal(saved[0]["mz"], saved[1]["mz"])


def test_a_wrong_controller_is_found() -> None:
    shorter = (Domain(6, 12_500), Domain(6, 7500), Domain(4, 0))
    (result,) = run_analog(
        ANALOG_PLAN,
        SPEC,
        [Simulator.ICARUS],
        vectors=2,
        rows=1,
        edit=lambda _: elaborate([ANALOG_PLAN.replace(domains=shorter)], 1).catalogue,
    )
    assert result.mismatches == 2
    assert result.failures[0]["got"]["faults"] == ["PULSE"]
