"""What the line bench feeds a controller: what lines hold at first, commands, pauses, restarts.

All of it follows from the plan, the seed and the number of the batch, so that every simulator, and
the golden model, see the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.coded_lines import CodedLines
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["LineStimulus", "line_stimulus_for", "restarts_for"]

#: Commands that are kept between restarts, on the average, where there are any.
_BETWEEN_RESTARTS = 5
#: How often commands read, write, refresh and prepare, in the order of `Opcode`.
_SHARES = (0.17, 0.6, 0.18, 0.05)


@dataclass(frozen=True)
class LineStimulus:
    """The commands of one batch for one plan, and the lines that they meet.

    Fields:
        opcodes: `Opcode` values, `[vectors]`.
        lines: of each command, `[vectors]`.
        words: data of each command, `[vectors, line_words]`; only a write's count.
        stalls: clocks that the source waits before it offers each command, `[vectors]`.
        waits: clocks for which the reply of each command, if it is a read, is not taken.
        groups, polarity: what lines hold at first, as in `CodedLines`.
    """

    opcodes: NDArray[np.int64]
    lines: NDArray[np.int64]
    words: NDArray[Any]
    stalls: NDArray[np.int64]
    waits: NDArray[np.int64]
    groups: NDArray[np.uint8]
    polarity: NDArray[np.uint8]


def line_stimulus_for(
    plan: LinePlan, lines: int, vectors: int, seed: int, batch: int
) -> LineStimulus:
    """Commands for an array of `lines` lines.

    The first half of the commands comes as fast as the controller takes them, the second half with
    pauses. Words are random, close to what the line was last written with, or corners. Every
    second line is fresh at first; the others are in any state, most of them impossible.
    """
    key = np.random.SeedSequence([seed, batch, int(plan.digest()[:16], 16)])
    random = np.random.Generator(np.random.Philox(key))
    stalls, waits = random.geometric(0.4, (2, vectors)) - 1
    stalls[: (vectors + 1) // 2] = waits[: (vectors + 1) // 2] = 0
    where = random.integers(0, lines, vectors)
    array = GoldenLine(plan, lines).array
    assert isinstance(array, CodedLines)
    groups, polarity = array.words, array.polarity
    groups[1::2] = random.integers(0, 8, groups[1::2].shape)
    if array.shape.ping_pong:
        polarity[1::2] = random.integers(0, 2, polarity[1::2].shape)
    return LineStimulus(
        opcodes=random.choice(len(_SHARES), vectors, p=_SHARES),
        lines=where,
        words=_words(random, plan, where),
        stalls=stalls,
        waits=waits,
        groups=groups,
        polarity=polarity,
    )


def _words(random: np.random.Generator, plan: LinePlan, where: NDArray[np.int64]) -> NDArray[Any]:
    mask = plan.number_format.mask
    shape = (where.size, plan.line_words)
    words = random.integers(0, mask, (3, *shape), dtype=np.uint64, endpoint=True)
    near = words[0] & words[1] & words[2]
    corners = random.choice(np.array([0, mask, mask // 3, mask - mask // 3], np.uint64), shape)
    kind = random.choice(3, where.size, p=[0.4, 0.4, 0.2])
    last = np.zeros((int(where.max(initial=0)) + 1, plan.line_words), np.uint64)
    for vector, line in enumerate(where):
        last[line] = [words[0][vector], last[line] ^ near[vector], corners[vector]][kind[vector]]
        words[0][vector] = last[line]
    return words[0].astype(plan.number_format.dtype)


def restarts_for(
    vectors: int, clocks: int, cells: int, seed: int, batch: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Clocks between one restart and the next, and what cells do whose pulse one cuts.

    Restarts begin when half of the commands are done, so there are some for a quarter of them, and
    a command takes `clocks` on the average. Shapes `[restarts]` and `[restarts, cells]`; where a
    bit is set the cell has switched.
    """
    random = np.random.default_rng([seed, batch, 1])
    count = -(-vectors // (4 * _BETWEEN_RESTARTS))
    gaps = random.integers(2, 2 * _BETWEEN_RESTARTS * clocks, count)
    return gaps, random.random((count, cells)) < 0.5
