"""What a bench feeds a controller: commands, pauses between them, and cells' thresholds.

All of it follows from the plan, the seed and the number of the batch, so that every simulator, and
the golden model, see the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_thresholds_ps
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Stimulus", "key_of", "rows_of", "stimulus_for", "words_of"]


@dataclass(frozen=True)
class Stimulus:
    """The commands of one batch for one plan, and the cells they meet.

    Fields:
        rows: row of each command, shape `[vectors]`.
        words: data of each command, shape `[vectors, bank_words]`.
        stalls: clocks that the source waits before it offers each command, shape `[vectors]`.
        thresholds_ps: switching thresholds; `[vectors, attempts, bank_words, width]` where the plan
            draws them at each write, `[array rows, bank_words, width]` where a cell has its own.
    """

    rows: NDArray[np.int64]
    words: NDArray[Any]
    stalls: NDArray[np.int64]
    thresholds_ps: NDArray[np.float64]

    def thresholds_of(self, vector: int, plan: StorePlan) -> NDArray[np.float64]:
        """Thresholds that command number `vector` meets, as `GoldenStore.write_row` takes them."""
        if plan.variation == "cell":
            return self.thresholds_ps[self.rows[vector]]
        return self.thresholds_ps[vector]


def stimulus_for(
    plan: StorePlan, curve: DeviceCurve, rows: int, vectors: int, seed: int, batch: int
) -> Stimulus:
    """Commands and thresholds for `vectors` commands to an array of `rows` rows.

    The first half of the commands comes as fast as the controller takes them, the second half with
    pauses of random length. Rows repeat, step on and jump; words are random, corners, or close to
    the word before, so that there are commands with few changed bits and with none.
    """
    random = np.random.Generator(np.random.Philox(key_of(plan, seed, batch)))
    stalls = random.geometric(0.4, vectors) - 1
    stalls[: (vectors + 1) // 2] = 0
    if plan.variation == "cell":
        shape: tuple[int, ...] = (rows, plan.bank_words, plan.width)
    else:
        shape = (vectors, 1 + plan.retry_limit, plan.bank_words, plan.width)
    return Stimulus(
        rows=rows_of(random, rows, vectors),
        words=words_of(random, plan, vectors),
        stalls=stalls,
        thresholds_ps=bit_thresholds_ps(plan, curve, 1 - random.random(shape)),
    )


def key_of(plan: StorePlan, seed: int, batch: int) -> np.random.SeedSequence:
    """The key of all that is drawn for `plan` in a batch."""
    return np.random.SeedSequence([seed, batch, int(plan.digest()[:16], 16)])


def rows_of(random: np.random.Generator, rows: int, vectors: int) -> NDArray[np.int64]:
    """Rows of commands, `[vectors]`, to an array of `rows` rows."""
    # 0 writes the same row again, 1 the next; the rest jump anywhere.
    steps = random.choice([0, 1, rows], vectors, p=[0.3, 0.3, 0.4])
    steps = np.where(steps == rows, random.integers(0, rows, vectors), steps)
    return np.cumsum(steps) % rows


def words_of(random: np.random.Generator, plan: StorePlan, vectors: int) -> NDArray[Any]:
    """Words of commands, `[vectors, bank_words]`."""
    shape = (vectors, plan.bank_words)
    mask = plan.number_format.mask
    words = random.integers(0, mask, shape, dtype=np.uint64, endpoint=True)
    corners = np.array([0, mask, mask // 3, mask - mask // 3, 1, 1 << (plan.width - 1)], np.uint64)
    kind = random.choice(4, vectors, p=[0.6, 0.15, 0.15, 0.1])
    chosen = random.choice(corners, shape)
    flips = np.left_shift(np.uint64(1), random.integers(0, plan.width, shape, dtype=np.uint64))
    words[kind == 1] = chosen[kind == 1]
    for vector in range(1, vectors):
        if kind[vector] == 2:
            words[vector] = words[vector - 1] ^ flips[vector]
        elif kind[vector] == 3:
            words[vector] = words[vector - 1]
    return words.astype(plan.number_format.dtype)
