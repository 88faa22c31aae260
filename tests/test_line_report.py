"""Costs a write and lifetimes, against the golden lines' own work and a simulated leveller."""

import json

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_report import LEVELLERS, LineReport, lifetime
from nvmcosim.pymodel.line_tracker import LineTracker
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.word_kernels import NATIVE

LINES, WORDS, WRITES = 5, 3, 40


def written(plan: LinePlan) -> tuple[LineReport, GoldenLine, list[np.ndarray]]:
    """Skewed words written to a tracker and to golden lines; also each write's flips."""
    rng = np.random.default_rng(4)
    tracker, golden = LineTracker(plan, [LINES * WORDS]), GoldenLine(plan, LINES)
    each = []
    for _ in range(WRITES):
        words = rng.normal(0, 1, (LINES, WORDS)).astype(np.float32)
        # One line, and one word of every line, hardly ever change.
        words[2], words[:, 1] = 1.0, 0.5
        bits = words.view(np.uint32)
        tracker.write([bits.ctypes.data], NATIVE, False, 1)
        before = golden.flips.copy()
        for line in range(LINES):
            golden.write(line, bits[line])
        each.append(golden.flips - before)
    return LineReport.of(tracker), golden, each


@pytest.mark.parametrize("scheme", ["dcw", "preset", "wom-set", "appwom-ping-pong"])
def test_costs_are_the_golden_works_by_word_and_line(scheme: str) -> None:
    plan = LinePlan("fp32", scheme, line_words=WORDS)
    report, golden, _ = written(plan)
    work, words, lines = golden.work, LINES * WORDS * WRITES, LINES * WRITES
    assert report.pulse_pj == pytest.approx(work.write_energy_pj(plan.pcm) / words)
    assert report.set_pulses * words == pytest.approx(work.sets)
    assert report.reset_pulses * words == pytest.approx(work.resets)
    assert report.read_pj == pytest.approx(work.senses * plan.line_cells * 2.0 / words)
    assert report.place_ns == pytest.approx(work.place_ps / 1000 / lines)
    assert report.turn_ns == pytest.approx(work.turn_ps / 1000 / lines)
    assert report.sense_ns == pytest.approx(work.sense_ps / 1000 / lines)
    assert report.turns == pytest.approx(work.turns / lines)
    assert (report.ignored + report.cleared) * words == pytest.approx(work.ignored + work.cleared)
    assert report.word_flips * words == pytest.approx(work.flips)
    flips = golden.flips.sum(axis=(0, 1))
    np.testing.assert_allclose(report.flips * words, flips)
    if plan.coded:
        np.testing.assert_allclose(report.group_flips * words, flips.reshape(-1, 3).sum(axis=1))
    values = report.to_dict()
    assert values["lifetime_writes"]["none"] == lifetime(report, "none")
    with pytest.raises(InputError, match="leveller is 'best'; it must be one of none, start-gap"):
        lifetime(report, "best")


def test_lifetimes_are_those_of_simulated_levellers() -> None:
    endurance = 20_000
    plan = LinePlan("fp32", "appwom-ping-pong", line_words=WORDS, cell=PcmCell(endurance=endurance))
    report, golden, each = written(plan)
    assert lifetime(report, "none") == endurance * WRITES / golden.flips.max()
    assert lifetime(report, "ideal") == pytest.approx(endurance * WRITES / golden.flips.mean())
    # Start-Gap: one line of cells more than lines; after 100 line writes the line next to the gap
    # moves into it, which writes all its cells that differ: as many as a write does on average.
    wear = np.zeros((LINES + 1, *golden.flips.shape[1:]))
    place = list(range(LINES))
    gap, since, writes = LINES, 0, 0
    while wear.max() < endurance:
        flips = each[writes % WRITES]
        for line in range(LINES):
            wear[place[line]] += flips[line]
            since += 1
            if since == 100:
                since = 0
                mover = place.index((gap - 1) % (LINES + 1))
                place[mover], gap = gap, place[mover]
                wear[place[mover]] += flips[line]
        writes += 1
    # Of LINES + 1 lines of cells one is always empty.
    expected = lifetime(report, "start-gap") * (LINES + 1) / LINES
    assert writes == pytest.approx(expected, rel=0.05)
    assert list(LEVELLERS) == ["none", "start-gap", "ideal"]
    shares = [lifetime(report, leveller) for leveller in LEVELLERS]
    assert shares == sorted(shares)


def test_basic_wears_each_cell_with_every_write() -> None:
    report, _, _ = written(LinePlan("fp32", "basic", line_words=WORDS))
    assert report.word_flips == 32
    assert lifetime(report, "none") == lifetime(report, "ideal") == 1e8


def test_without_flips_a_lifetime_is_infinite_and_null_in_json() -> None:
    tracker = LineTracker(LinePlan("fp32", "dcw"), [5])
    with pytest.raises(InputError, match="the tracker has not written yet"):
        LineReport.of(tracker)
    # What a fresh memory holds already.
    words = np.zeros(5, np.uint32)
    tracker.write([words.ctypes.data], NATIVE, False, 1)
    report = LineReport.of(tracker)
    assert [lifetime(report, leveller) for leveller in LEVELLERS] == [float("inf")] * 3
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["lifetime_writes"] == dict.fromkeys(LEVELLERS)
    # As soon as one cell flips, every leveller has a number.
    words[2] = 4
    tracker.write([words.ctypes.data], NATIVE, False, 1)
    values = LineReport.of(tracker).to_dict()["lifetime_writes"]
    assert values["none"] == 2e8
    assert all(isinstance(value, float) for value in values.values())


@pytest.mark.parametrize("refresh", ["line", "group"])
@pytest.mark.parametrize("idle", ["none", "any"])
def test_polarity_counts_as_a_cell_of_each_unit_where_it_is_asked_for(
    refresh: str, idle: str
) -> None:
    plan = LinePlan("fp32", line_words=WORDS, refresh=refresh, idle=idle)
    rng = np.random.default_rng(6)
    tracker, golden = LineTracker(plan, [LINES * WORDS]), GoldenLine(plan, LINES)
    polarity = golden.array.polarity.copy()
    sets, resets = np.zeros_like(polarity, np.int64), np.zeros_like(polarity, np.int64)

    def watch() -> None:
        now = golden.array.polarity
        np.add(sets, now > polarity, out=sets)
        np.add(resets, now < polarity, out=resets)
        polarity[...] = now

    for _ in range(WRITES):
        bits = rng.normal(0, 1, (LINES, WORDS)).astype(np.float32).view(np.uint32)
        tracker.write([bits.ctypes.data], NATIVE, False, 1)
        for line in range(LINES):
            golden.write(line, bits[line])
            watch()
            if idle != "none":
                golden.refresh(line)
                watch()
    plain, report = (LineReport.of(tracker, count_polarity=c) for c in (False, True))
    words, cell, units = LINES * WORDS * WRITES, plan.pcm, polarity.size
    flips = int((sets + resets).sum())
    assert flips > 0
    assert plain.polarity_flips == report.polarity_flips == flips / words
    assert report.set_pulses * words == pytest.approx(golden.work.sets + sets.sum())
    assert report.reset_pulses * words == pytest.approx(golden.work.resets + resets.sum())
    pulses = sets.sum() * cell.set_pj + resets.sum() * cell.reset_pj
    energy = golden.work.write_energy_pj(cell)
    assert plain.pulse_pj * words == pytest.approx(energy)
    assert report.pulse_pj * words == pytest.approx(energy + pulses)
    assert report.word_flips * words == pytest.approx(golden.work.flips + flips)
    cells = LINES * plan.line_cells + units
    assert report.cells * LINES * WORDS == pytest.approx(cells)
    assert report.read_pj * words == pytest.approx(golden.work.senses / LINES * cells * 2.0)
    mean = (golden.work.flips + flips) / cells / WRITES
    assert lifetime(report, "ideal") == pytest.approx(cell.endurance / mean)
    # A unit's polarity never flips more often than any of its cells.
    by_unit = golden.flips.reshape(LINES, polarity.shape[1], -1)
    assert ((sets + resets) <= by_unit.min(axis=2)).all()
    for leveller in ("none", "start-gap"):
        assert lifetime(report, leveller) == lifetime(plain, leveller)
    assert report.to_dict()["count_polarity"]


def test_without_ping_pong_there_is_no_polarity_to_count() -> None:
    for scheme in ("dcw", "appwom"):
        report, _, _ = written(LinePlan("fp32", scheme, line_words=WORDS))
        assert (report.polarity_flips, report.cells) == (0, report.plan.word_cells)
