"""Golden model of the lines of a line plan: what they hold and take, command by command.

This is the reference that RTL, kernels and plug-in are held to. `coded_lines` states the rules of
the schemes with a code, `raw_lines` those of the others.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.arrays import array_of
from nvmcosim.pymodel.coded_lines import CodedLines
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_words import groups_of_words, words_of_groups
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.raw_lines import RawLines
from nvmcosim.pymodel.store import from_bits, to_bits

__all__ = ["GoldenLine"]


class GoldenLine:
    """`lines` lines of `plan.line_words` words each, which hold zeros at first.

    Attributes:
        array: the cells, `CodedLines` or `RawLines`.

    Raises `InputError` for a number of lines, a line, or words out of range.
    """

    def __init__(self, plan: LinePlan, lines: int) -> None:
        self.plan = plan
        self.array: CodedLines | RawLines
        if plan.coded:
            self.array = CodedLines(plan.shape, lines, plan.pcm)
        else:
            self.array = RawLines(plan.scheme, plan.line_words, plan.width, lines, plan.pcm)

    @property
    def work(self) -> LineWork:
        """What all commands took."""
        return self.array.work

    @property
    def contents(self) -> NDArray[Any]:
        """The words that all lines hold, `[lines, line_words]`."""
        if isinstance(self.array, CodedLines):
            return self._words(self.array.data)
        return from_bits(self.array.bits, self.plan.number_format.dtype)

    @property
    def flips(self) -> NDArray[np.int64]:
        """Flips of each cell, `[lines, line_words, word_cells]`.

        Of a scheme with a code the cells of group 0 come first, each group's from bit 0 of its
        word up; otherwise those of bit 0.
        """
        shape = (self.array.lines, self.plan.line_words, self.plan.word_cells)
        return self.array.flips.reshape(shape)

    def read(self, line: int) -> NDArray[Any]:
        """The words of one line, `[line_words]`."""
        self.array.read(line)
        return self.contents[line]

    def write(self, line: int, words: ArrayLike) -> LineWork:
        """Write `words`, `[line_words]`, to one line; returns what that took."""
        data = array_of(words, "words")
        if data.shape != (self.plan.line_words,) or data.dtype.kind not in "ui":
            raise InputError(
                f"words are {data.dtype} {data.shape}; they must be {self.plan.line_words} integers"
            )
        if not 0 <= int(data.min()) <= int(data.max()) <= self.plan.number_format.mask:
            raise InputError(f"a word is outside 0 to {self.plan.number_format.mask:#x}")
        if isinstance(self.array, CodedLines):
            return self.array.write(line, groups_of_words(self.plan, data).ravel())
        return self.array.write(line, to_bits(data.astype(self._dtype), self.plan.width))

    def refresh(self, line: int) -> LineWork:
        """What idle time does to one line whose data are to stay, by `plan.idle`."""
        return self.array.refresh(line)

    def prepare(self, line: int) -> LineWork:
        """What idle time does to one line before a write that is known to come.

        The line is as fresh as its scheme makes it, and its data are given up.
        """
        return self.array.prepare(line)

    @property
    def _dtype(self) -> np.dtype:
        return self.plan.number_format.dtype

    def _words(self, data: NDArray[np.uint8]) -> NDArray[Any]:
        by_word = data.reshape(len(data), self.plan.line_words, -1)
        return words_of_groups(self.plan, by_word)
