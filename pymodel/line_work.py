"""What a command to a line of phase-change memory takes: pulses, reads, time and energy."""

from dataclasses import dataclass, fields

from nvmcosim.pymodel.pcm_cell import PcmCell

__all__ = ["LineWork"]


@dataclass
class LineWork:
    """Counts of one command, or of many, that add up.

    A command reads the line, then *turns* units: it refreshes them, all their cells to one side;
    then it *places* data in them. The pulses of each step start together, so that the slowest bit
    decides how long the step takes; a step without pulses takes no time.

    Fields:
        writes, reads, refreshes, prepares: commands by kind.
        senses: how often a line's cells were read.
        turn_sets, turn_resets: pulses that refreshed cells.
        place_sets, place_resets: pulses that wrote data.
        flips: cells that changed their state. A pulse flips its cell, but where the scheme drives
            cells without looking.
        turned_set, turned_reset: units refreshed to cells that are all SET, or all RESET.
        ignored: other bits that a write left as they were.
        cleared: other bits that were 1, should have been 1, and that a refresh made 0.
        impossible: groups that a command found with a word which no write makes.
        sense_ps, turn_ps, place_ps: time, in ps, by step.
    """

    writes: int = 0
    reads: int = 0
    refreshes: int = 0
    prepares: int = 0
    senses: int = 0
    turn_sets: int = 0
    turn_resets: int = 0
    place_sets: int = 0
    place_resets: int = 0
    flips: int = 0
    turned_set: int = 0
    turned_reset: int = 0
    ignored: int = 0
    cleared: int = 0
    impossible: int = 0
    sense_ps: int = 0
    turn_ps: int = 0
    place_ps: int = 0

    @property
    def sets(self) -> int:
        """All SET pulses."""
        return self.turn_sets + self.place_sets

    @property
    def resets(self) -> int:
        """All RESET pulses."""
        return self.turn_resets + self.place_resets

    @property
    def turns(self) -> int:
        """Units refreshed."""
        return self.turned_set + self.turned_reset

    @property
    def latency_ps(self) -> int:
        """Time of all steps."""
        return self.sense_ps + self.turn_ps + self.place_ps

    def write_energy_pj(self, cell: PcmCell) -> float:
        """Energy of all pulses, in pJ."""
        return self.sets * cell.set_pj + self.resets * cell.reset_pj

    def add(self, other: "LineWork") -> None:
        """Add what `other` counted."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def time(self, cell: PcmCell, *, turn_set: bool, turn_reset: bool) -> None:
        """Set the times of one command.

        `turn_set` and `turn_reset` say that the turning step has such a pulse; the other steps
        follow from the counts.
        """
        self.sense_ps = self.senses * cell.read_ps
        self.turn_ps = _slowest(cell, turn_set, turn_reset)
        self.place_ps = _slowest(cell, self.place_sets > 0, self.place_resets > 0)


def _slowest(cell: PcmCell, sets: bool, resets: bool) -> int:
    return max(cell.set_ps if sets else 0, cell.reset_ps if resets else 0)
