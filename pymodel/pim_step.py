"""Steps of an array that computes while it is written (wang2020, Fig. 1 and 3).

Vocabulary: a number lies in a *column*, one bit a *row*. A *write* sets `B' = V ? C : B` in one row
of every column: the gate V switches the cell to C or leaves it alone (wang2020, Fig. 1). V and C
are *signals*: a row that this step has read, the match latch, or 1, each true or inverted. A
*search* compares rows with a pattern in every column and latches which columns match (Fig. 4a).
A *step* reads or searches first and then writes, all columns in parallel. *k* is how many rows
one step may read, and how many it may write.
"""

from dataclasses import dataclass
from typing import Self

__all__ = [
    "MATCH",
    "ONE",
    "PUBLISHED_K",
    "ZERO",
    "PimCounts",
    "Signal",
    "Step",
    "Write",
]

#: Rows that a step of the published full adder reads at most, and writes at most: its first step
#: copies X, Y and Z, its last reads Z, X xor Y and Z(X xor Y) (wang2020, Fig. 3). Its 9 writes in
#: 4 steps are also the ratio of Eq. 3's terms in Nm squared, 4.5 cells to 2 steps.
PUBLISHED_K = 3
_ONE, _MATCH = -1, -2


@dataclass(frozen=True)
class Signal:
    """What drives a gate or a value: `row` (or 1, or the match latch), inverted or not."""

    row: int
    inverted: bool = False

    def __invert__(self) -> "Signal":
        return Signal(self.row, not self.inverted)

    @property
    def is_row(self) -> bool:
        """Whether a row has to be read for it."""
        return self.row >= 0


ONE = Signal(_ONE)
ZERO = Signal(_ONE, True)
#: The columns that the last search matched.
MATCH = Signal(_MATCH)


@dataclass(frozen=True)
class Write:
    """`row` becomes `value` where `gate` is 1, and stays as it is elsewhere.

    `also` are further gates, any of which is enough: a voltage-gated cell has none, a NOR of
    resistive memory, which pulls a set cell to 0, has one for each further input.
    """

    row: int
    gate: Signal
    value: Signal
    also: tuple[Signal, ...] = ()

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Gates and value."""
        return (self.gate, *self.also, self.value)

    @property
    def operation(self) -> str:
        """What Fig. 1 calls it: copy, not, and, or, xor; `select` gates one row by another."""
        if self.also:
            return "nor"
        if self.gate == ONE:
            if self.value.row == _ONE:
                return "clear" if self.value.inverted else "set"
            return "not" if self.value.inverted else "copy"
        if self.value == ZERO:
            return "and"
        if self.value == ONE:
            return "or"
        if self.value == Signal(self.row, True):
            return "xor"
        return "select"


@dataclass(frozen=True)
class Step:
    """One step: a search or reads, then writes.

    `search` is pairs of row and bit; all must match. With `skip`, the next `skip` steps are passed
    over if no column matches: the controller sees the match lines' wired OR.
    """

    writes: tuple[Write, ...] = ()
    search: tuple[tuple[int, int], ...] = ()
    skip: int = 0

    @property
    def reads(self) -> tuple[int, ...]:
        """Rows that are read, in the order of their first use."""
        rows = [s.row for write in self.writes for s in write.signals if s.is_row]
        return tuple(dict.fromkeys(rows))


@dataclass(frozen=True)
class PimCounts:
    """What a run takes.

    Fields:
        steps: all steps.
        reads, writes, searches: steps that read, write, search: the T terms of Eq. 2 and 3.
        cell_reads, cell_writes: rows read and written: the E terms.
        cell_searches: rows that searches compare.
    """

    steps: int = 0
    reads: int = 0
    writes: int = 0
    searches: int = 0
    cell_reads: int = 0
    cell_writes: int = 0
    cell_searches: int = 0

    def __add__(self, other: "PimCounts") -> "PimCounts":
        mine, theirs = vars(self), vars(other)
        return PimCounts(**{name: mine[name] + theirs[name] for name in mine})

    def to_dict(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))

    @classmethod
    def of(cls, step: Step) -> Self:
        """What one step takes."""
        reads = step.reads
        return cls(
            steps=1,
            reads=int(bool(reads)),
            writes=int(bool(step.writes)),
            searches=int(bool(step.search)),
            cell_reads=len(reads),
            cell_writes=len(step.writes),
            cell_searches=len(step.search),
        )
