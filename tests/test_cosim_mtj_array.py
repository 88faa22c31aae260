"""The cell array switches by drive waveforms alone; expected values are worked out by hand."""

import numpy as np
import pytest

from nvmcosim.cocotb_tests.mtj_array import MtjArrays, ThresholdTable

# Two arrays of 3 rows: array 0 has columns 0 and 1, array 1 has column 2; clocks of 5, 5 and 2 ns.
OWNER = np.array([0, 0, 1])
TICK = np.array([5000, 5000, 2000])
HIGH = np.ones(3, bool)
LOW = np.zeros(3, bool)
TOP = np.zeros(2, int)


def arrays(values: list[float], commands: int = 0, attempts: int = 1) -> MtjArrays:
    """Arrays with thresholds by column, or by command, attempt and column if `commands`."""
    thresholds = np.array(values, float)
    own = np.ones(3, int)
    table = ThresholdTable(
        values=thresholds,
        base=np.arange(3),
        row_stride=0 * own,
        command_stride=(3 * attempts if commands else 0) * own,
        attempt_stride=(3 if commands else 0) * own,
        attempts=attempts * own,
        select_stride=0 * own,
    )
    made = MtjArrays(OWNER, TICK, 3, table)
    made.accept(np.array([True, True]))
    return made


def apply(cells: MtjArrays, clocks: int, drive=HIGH, data=HIGH, row=TOP):  # type: ignore[no-untyped-def]
    return [cells.drive(row, data, drive) for _ in range(clocks)]


def test_a_cell_takes_its_data_once_the_pulse_is_longer_than_its_threshold() -> None:
    cells = arrays([9999, 10_000, 10_000])
    apply(cells, 2)
    # 10 ns is longer than 9.999 ns, not longer than 10 ns; the other array's clock is shorter.
    assert cells.contents[0].tolist() == [True, False, False]
    apply(cells, 1)
    assert cells.contents[0].tolist() == [True, True, False]
    apply(cells, 3)
    assert cells.contents[0].tolist() == [True, True, True]
    assert not cells.contents[1:].any()


def test_a_shorter_pulse_leaves_the_old_value_and_time_does_not_add_up() -> None:
    cells = arrays([8000] * 3)
    for _ in range(5):
        apply(cells, 1)
        apply(cells, 1, drive=LOW)
    assert not cells.contents.any()


def test_a_pulse_ends_where_row_or_data_change() -> None:
    cells = arrays([8000] * 3)
    apply(cells, 1)
    ended = cells.drive(np.array([1, 1]), HIGH, HIGH)
    assert [part.tolist() for part in ended] == [[0, 1, 2], [1, 1, 1]]
    ended = cells.drive(np.array([1, 1]), LOW, HIGH)
    assert [part.tolist() for part in ended] == [[0, 1, 2], [1, 1, 1]]
    assert not cells.contents.any()


def test_the_same_data_for_the_same_row_without_a_gap_is_one_long_pulse() -> None:
    cells = arrays([8000] * 3)
    apply(cells, 1)
    cells.accept(np.array([True, True]))
    apply(cells, 1)
    assert cells.contents[0].tolist() == [True, True, False]


def test_ended_pulses_are_told_with_their_clocks() -> None:
    cells = arrays([1e9] * 3)
    apply(cells, 3, drive=np.array([True, False, True]))
    columns, clocks = cells.drive(TOP, HIGH, np.array([False, True, True]))
    assert (columns.tolist(), clocks.tolist()) == ([0], [3])


def test_sense_reads_each_array_at_its_own_row() -> None:
    cells = arrays([0] * 3)
    apply(cells, 1, row=np.array([1, 2]))
    assert cells.sense(np.array([1, 2])).tolist() == [True, True, True]
    assert cells.sense(np.array([2, 1])).tolist() == [False, False, False]


def test_thresholds_follow_command_and_attempt() -> None:
    never = np.inf
    # Command 0: attempt 0 fails, attempt 1 and all after it write; command 1: fails.
    cells = arrays([never] * 3 + [0] * 3 + [never] * 6, commands=2, attempts=2)
    apply(cells, 1)
    assert not cells.contents.any()
    apply(cells, 1, drive=LOW)
    apply(cells, 1)
    assert cells.contents[0].all()
    cells.accept(np.array([True, True]))
    apply(cells, 1, data=LOW)
    assert cells.contents[0].all()


def test_thresholds_follow_the_amplitude_and_another_amplitude_is_another_pulse() -> None:
    cells = arrays([8000] * 3 + [4000] * 3)
    cells.thresholds.select_stride = np.full(3, 3)
    one, other = np.array([0, 1, 0]), np.array([1, 1, 0])
    cells.drive(TOP, HIGH, HIGH, one)
    assert cells.contents[0].tolist() == [False, True, False]
    # Column 0 goes on to the other amplitude: its first pulse, of one clock, is over.
    columns, clocks = cells.drive(TOP, HIGH, HIGH, other)
    assert (columns.tolist(), clocks.tolist()) == ([0], [1])
    assert cells.contents[0].tolist() == [True, True, False]


@pytest.mark.parametrize("clocks", [2, 3, 7])
def test_many_clocks_at_once_are_the_same_as_one_by_one(clocks: int) -> None:
    random = np.random.default_rng(1)
    slow = arrays([9000, 14_000, 5000])
    fast = arrays([9000, 14_000, 5000])
    for _ in range(50):
        drive, data = random.random(3) < 0.6, random.random(3) < 0.5
        row = random.integers(0, 3, 2)
        apply(slow, clocks, drive, data, row)
        fast.drive(row, data, drive, clocks=clocks)
        assert (slow.contents == fast.contents).all()
        assert (slow.clocks == fast.clocks).all()
