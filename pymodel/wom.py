"""Write-once-memory codes: two bits in three cells that move one way (ho2021, Fig. 1 and 6).

Vocabulary: a *group* is two data bits, the *important* one (bit 1 of the data) and the *other* one
(bit 0), in three cells. Between refreshes its cells move one way only: from 1 to 0 where a refresh
SETs them (polarity 1), from 0 to 1 where it RESETs them (polarity 0). A word of three cells is
written as in the paper: its left cell is bit 2. A word is *fresh* if no cell has moved, *first* or
*second* by the stage of the write that made it, or *impossible* if no write makes it. A group whose
word is second or impossible is *spent*.
"""

import enum
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["APPWOM01", "APPWOM10", "CELLS", "WOM01", "WOM10", "Outcome", "Stage", "WomCode"]

#: Cells of a group.
CELLS = 3
_WORDS, _DATA = 1 << CELLS, 4
_ALL_SET = _WORDS - 1
#: Data of the words in which most cells are 1; a word and its complement hold the same.
_MAJORITY = {0b111: 0b00, 0b110: 0b01, 0b101: 0b10, 0b011: 0b11}

Table = NDArray[np.uint8]


class Stage(enum.IntEnum):
    """How far the cells of a word have moved."""

    #: No cell has moved since the refresh; reads as 00.
    FRESH = 0
    #: One cell has moved.
    FIRST = 1
    #: Two or three cells have moved.
    SECOND = 2
    #: No write makes this word; it still decodes, and whatever is written on it is exhausted.
    IMPOSSIBLE = 3


class Outcome(enum.IntEnum):
    """What a write does to a group."""

    #: The group holds the data already.
    KEPT = 0
    #: Cells move, and the group holds the data.
    WRITTEN = 1
    #: Only the other bit differs, on which the code spends no stage; the group stays as it is.
    IGNORED = 2
    #: The cells left cannot hold the data: the group stays as it is, and must be refreshed first.
    EXHAUSTED = 3


@dataclass(frozen=True, eq=False)
class WomCode:
    """A code of one polarity, as tables that are read-only.

    Fields:
        name: what the paper calls it.
        polarity: 1 if cells move from 1 to 0, 0 if they move from 0 to 1.
        encode: `[8 words, 4 data]`, the word after the data are written on a word; the same word
            unless the outcome is `WRITTEN`.
        outcome: `[8 words, 4 data]`, an `Outcome`.
        decode: `[8 words]`, the data that a word holds.
        stage: `[8 words]`, a `Stage`.

    Raises `InputError` for tables of which a write moves a cell back, does not decode to what was
    written, loses an important bit, or is exhausted on fresh cells.
    """

    name: str
    polarity: int
    encode: Table
    outcome: Table
    decode: Table
    stage: Table

    def __post_init__(self) -> None:
        if self.polarity not in (0, 1):
            raise InputError(f"polarity is {self.polarity!r}; it must be 0 or 1")
        limits = {"encode": _WORDS, "outcome": len(Outcome), "decode": _DATA, "stage": len(Stage)}
        for name, limit in limits.items():
            table = np.array(getattr(self, name))
            shape = (_WORDS, _DATA) if name in ("encode", "outcome") else (_WORDS,)
            if table.shape != shape or not np.isin(table, np.arange(limit)).all():
                raise InputError(
                    f"{self.name}: {name} must hold whole numbers from 0 to {limit - 1}, "
                    f"in the shape {list(shape)}"
                )
            table = table.astype(np.uint8)
            table.flags.writeable = False
            object.__setattr__(self, name, table)
        if self.stage[self.fresh] != Stage.FRESH or np.sum(self.stage == Stage.FRESH) != 1:
            raise InputError(f"{self.name}: {self.fresh:03b}, and no other word, must be fresh")
        for old in range(_WORDS):
            for data in range(_DATA):
                if wrong := self._fault(old, data):
                    raise InputError(f"{self.name}: writing {data:02b} on {old:03b} {wrong}")

    def _fault(self, old: int, data: int) -> str:
        """What is wrong with one entry of the tables; nothing if it is right."""
        new, outcome = int(self.encode[old, data]), Outcome(int(self.outcome[old, data]))
        if (new != old) != (outcome == Outcome.WRITTEN):
            return f"gives {new:03b}, which is no outcome {outcome.name}"
        if (new & ~old if self.polarity else old & ~new) & _ALL_SET:
            return f"gives {new:03b}, which moves a cell back"
        if outcome == Outcome.EXHAUSTED:
            return "is exhausted, on fresh cells" if old == self.fresh else ""
        lost = int(self.decode[new]) ^ data
        if lost != (1 if outcome == Outcome.IGNORED else 0):
            return f"gives {new:03b}, which decodes as {self.decode[new]:02b}"
        return ""

    @property
    def fresh(self) -> int:
        """The word of fresh cells."""
        return _ALL_SET if self.polarity else 0

    @property
    def spent(self) -> NDArray[np.bool_]:
        """Whether a word is spent, `[8 words]`."""
        return self.stage >= Stage.SECOND

    def complement(self, name: str) -> Self:
        """The code of the other polarity: every word with all its cells inverted."""
        return type(self)(
            name,
            1 - self.polarity,
            _ALL_SET - self.encode[::-1],
            self.outcome[::-1],
            self.decode[::-1],
            self.stage[::-1],
        )


def _inverted_rivest_shamir() -> WomCode:
    """The conventional code: a word of two ones, then the complement of another.

    Data 00 is what fresh cells hold, and 000 in the second stage. A second word takes no other
    data, though 000 can still be reached: the code has two writes (Fig. 1).
    """
    decode = np.array([_MAJORITY.get(w, _MAJORITY.get(_ALL_SET - w)) for w in range(_WORDS)])
    ones = np.array([w.bit_count() for w in range(_WORDS)])
    stage = np.select([ones == CELLS, ones == CELLS - 1], [Stage.FRESH, Stage.FIRST], Stage.SECOND)
    first = {data: word for word, data in _MAJORITY.items()}
    encode = np.repeat(np.arange(_WORDS), _DATA).reshape(_WORDS, _DATA)
    outcome = np.full((_WORDS, _DATA), Outcome.EXHAUSTED)
    for old in range(_WORDS):
        for data in range(_DATA):
            if decode[old] == data:
                outcome[old, data] = Outcome.KEPT
            elif stage[old] < Stage.SECOND:
                new = first[data] if stage[old] == Stage.FRESH else _ALL_SET - first[data]
                encode[old, data], outcome[old, data] = new, Outcome.WRITTEN
    tables = (table.astype(np.uint8) for table in (encode, outcome, decode, stage))
    return WomCode("WOM10", 1, *tables)


def _approximate(code: WomCode, name: str) -> WomCode:
    """`code` without the writes that change the other bit alone, and the words that they lead to.

    The construction of Fig. 6(a) and (b).
    """
    encode, outcome = code.encode.copy(), code.outcome.copy()
    data = np.arange(_DATA)
    for old in range(_WORDS):
        only_other = (code.decode[old] ^ data) == 1
        encode[old, only_other] = old
        outcome[old, only_other] = Outcome.IGNORED
    reached = {code.fresh}
    while (further := reached | {int(w) for old in reached for w in encode[old]}) != reached:
        reached = further
    stage = code.stage.copy()
    for old in set(range(_WORDS)) - reached:
        encode[old], outcome[old], stage[old] = old, Outcome.EXHAUSTED, Stage.IMPOSSIBLE
    return WomCode(name, code.polarity, encode, outcome, code.decode, stage)


#: The conventional code, for cells that a refresh SETs (Fig. 1), and its complement.
WOM10 = _inverted_rivest_shamir()
WOM01 = WOM10.complement("WOM01")
#: AppWOM for cells that a refresh SETs (Fig. 6(b)), and its complement (Fig. 6(c)).
APPWOM10 = _approximate(WOM10, "AppWOM10")
APPWOM01 = APPWOM10.complement("AppWOM01")
