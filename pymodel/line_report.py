"""What writes to lines of phase-change memory cost a word and a line, and how long cells last."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_tracker import LineTracker

__all__ = ["LEVELLERS", "LineReport", "lifetime"]

#: Start-Gap moves one line after so many writes (Qureshi et al., MICRO 2009).
_GAP_INTERVAL = 100
#: How wear may be levelled. `none`: a cell keeps its place. `start-gap`: lines move round, so that
#: every line of cells takes every line's wear in turn, but a place in a line stays what it is; a
#: move after 100 writes adds a hundredth. `ideal`: every cell of the memory wears alike.
LEVELLERS = ("none", "start-gap", "ideal")


@dataclass(frozen=True, eq=False)
class LineReport:
    """What a tracker has counted, a write of a word or a line.

    Fields:
        plan: how words were written.
        writes, words, lines: writes of every word; words and lines of the memory.
        flips: of each cell of a word, flips a write, mean over words, `[word_cells]`; of `basic`
            its pulses, one each.
        most_flips: of the cell that flips most often, a write.
        place_flips: of the place in a line that flips most often, mean over lines, a write.
        set_pulses, reset_pulses: pulses a word and write.
        pulse_pj, read_pj: energy of pulses, and of reads of the line, a word and write.
        place_ns, turn_ns, sense_ns: time a line's write takes to place data, to refresh units
            that were exhausted, and to read the line first, as its slowest bit decides it.
        turns, ignored, cleared: units refreshed, other bits ignored, and other bits cleared, a
            line or word and write.
        polarity_flips: flips of the cells that keep units' polarity, a word and write; 0 without
            ping-pong.
        count_polarity: whether those are in the pulses, the energies, `word_flips` and `lifetime`.
            `most_flips` and `place_flips` are the same either way: such a cell flips with each turn
            of its unit, and so does every cell of the unit, or once more.
    """

    plan: LinePlan
    writes: int
    words: int
    lines: int
    flips: NDArray[np.float64]
    most_flips: float
    place_flips: float
    set_pulses: float
    reset_pulses: float
    pulse_pj: float
    read_pj: float
    place_ns: float
    turn_ns: float
    sense_ns: float
    turns: float
    ignored: float
    cleared: float
    polarity_flips: float = 0.0
    count_polarity: bool = False

    @classmethod
    def of(cls, tracker: LineTracker, *, count_polarity: bool = False) -> "LineReport":
        """The report of all that `tracker` has written.

        With `count_polarity` the cells that keep units' polarity count as all others do. Raises
        `InputError` if it has not written yet.
        """
        if not tracker.writes:
            raise InputError("the tracker has not written yet; a report is of 1 write or more")
        plan, cell = tracker.plan, tracker.plan.pcm
        both = [tracker.work, tracker.idle_work]
        words = tracker.words * tracker.writes
        lines = tracker.lines * tracker.writes
        sets, resets = sum(w.sets for w in both), sum(w.resets for w in both)
        polarity = sum(w.turns for w in both) if plan.keeps_polarity else 0
        cells: float = plan.word_cells
        if count_polarity and plan.keeps_polarity:
            # Whatever a unit is turned to, its polarity says: SET where its cells are.
            sets += sum(w.turned_set for w in both)
            resets += sum(w.turned_reset for w in both)
            cells += _polarity_cells(plan, tracker.words, tracker.lines)
        senses = sum(w.senses for w in both) / tracker.lines * tracker.words * cells
        flips, most, place = _wear(tracker)
        return cls(
            plan=plan,
            writes=tracker.writes,
            words=tracker.words,
            lines=tracker.lines,
            flips=flips,
            most_flips=most,
            place_flips=place,
            set_pulses=sets / words,
            reset_pulses=resets / words,
            pulse_pj=(sets * cell.set_pj + resets * cell.reset_pj) / words,
            read_pj=senses * cell.read_pj / words,
            place_ns=tracker.work.place_ps / lines / 1000,
            turn_ns=tracker.work.turn_ps / lines / 1000,
            sense_ns=tracker.work.sense_ps / lines / 1000,
            turns=sum(w.turns for w in both) / lines,
            ignored=sum(w.ignored for w in both) / words,
            cleared=sum(w.cleared for w in both) / words,
            polarity_flips=polarity / words,
            count_polarity=count_polarity,
        )

    @property
    def word_flips(self) -> float:
        """Flips a word and write."""
        return float(self.flips.sum()) + self.count_polarity * self.polarity_flips

    @property
    def cells(self) -> float:
        """Cells a word, as far as they are counted."""
        if not self.count_polarity:
            return self.plan.word_cells
        return self.plan.word_cells + _polarity_cells(self.plan, self.words, self.lines)

    @property
    def group_flips(self) -> NDArray[np.float64]:
        """Flips of each group of a word and write; of a scheme without a code, of each cell."""
        if not self.plan.coded:
            return self.flips
        return self.flips.reshape(len(self.plan.groups), -1).sum(axis=1)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values, all of them finite.

        `lifetime_writes` has the lifetime by each leveller: null where it is infinite, as no cell
        has flipped.
        """
        values: dict[str, Any] = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name != "plan"
        }
        values["flips"] = self.flips.tolist()
        values["plan"] = self.plan.to_dict()
        lifetimes = {name: lifetime(self, name) for name in LEVELLERS}
        values["lifetime_writes"] = {
            name: writes if isfinite(writes) else None for name, writes in lifetimes.items()
        }
        return values


def lifetime(report: LineReport, leveller: str) -> float:
    """Writes of every word until the first cell has flipped as often as it endures.

    `leveller` is one of `LEVELLERS`. Flips go on at the rate that `report` has; infinite where no
    cell flips. Raises `InputError` for another leveller.
    """
    if leveller not in LEVELLERS:
        raise InputError(f"leveller is {leveller!r}; it must be one of {', '.join(LEVELLERS)}")
    rate = {
        "none": report.most_flips,
        "start-gap": report.place_flips * (1 + 1 / _GAP_INTERVAL),
        "ideal": report.word_flips / report.cells,
    }[leveller]
    return report.plan.pcm.endurance / rate if rate else float("inf")


def _polarity_cells(plan: LinePlan, words: int, lines: int) -> float:
    """Cells a word that keep the polarity of units."""
    if not plan.keeps_polarity:
        return 0.0
    return len(plan.groups) if plan.refresh == "group" else lines / words


def _wear(tracker: LineTracker) -> tuple[NDArray[np.float64], float, float]:
    """Flips a write: of each cell of a word, of the cell that wears most, and of the place."""
    plan = tracker.plan
    if plan.scheme == "basic":
        return np.ones(plan.word_cells), 1.0, 1.0
    sums = np.zeros(plan.word_cells, np.int64)
    places = np.zeros((plan.word_cells, plan.line_words), np.int64)
    most = 0
    for block in range(tracker.blocks):
        used = tracker.used(block)
        flips = tracker.block_flips(block)[:, :used]
        most = max(most, int(flips.max()))
        sums += flips.sum(axis=1, dtype=np.int64)
        for word in range(min(used, plan.line_words)):
            places[:, word] += flips[:, word :: plan.line_words].sum(axis=1, dtype=np.int64)
    writes = tracker.writes
    means = sums / (tracker.words * writes)
    return means, most / writes, float(places.max()) / (tracker.lines * writes)
