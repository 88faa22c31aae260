"""From failure rates to random failure masks: which random bits decide that a cell fails.

A mask has one bit a cell: 1 where the write fails. This module states the draw once; `kernels`
(numba) and `torch_masks` (torch, any device) carry it out with the same bits.

Vocabulary: a *lane* is 64 bits, so 4 or 2 words side by side, the first in the low bits. A *block*
is 1024 lanes. The random bits of a block depend on the key, the block's number and nothing else,
so neither the number of threads nor the order of the work can change them.

A rate p is drawn in two parts. The *coarse* part p' has `steps` binary digits; a cell fails if a
random binary number is below p'. Digits are compared from the least: m = base; then at each step,
with a random bit t, m = (m | t) if the digit is 1 else (m & t). That makes P(m = 1) become
(P(m = 1) + digit) / 2, and p' at the end, for 64 cells at a time; a rate of 1/2 takes
exactly one random bit. `base` adds one unit of the last digit, so p' is p rounded down or up. The
*fine* part corrects the rest: with p' below p each cell is set with probability
q = (p - p') / (1 - p'), with p' above p it is cleared with q = 1 - p / p'. Cells that share q form
a group. The number of corrected cells of a group in a block is drawn from Binomial(cells, q) by
comparing one 64-bit number with a table; which ones, by drawing without replacement. The tables
are exact to 2^-64: a rate of 1e-10 is a rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = [
    "BLOCK_LANES",
    "FROZEN",
    "STREAMS",
    "VECTOR_LANES",
    "WARM_UP",
    "FailureRecipe",
    "Key",
    "failure_recipe",
    "full_recipe",
]

#: 64-bit lanes of a block.
BLOCK_LANES = 1024
#: Generators of a block; generator i makes the random bits of lanes i, i + STREAMS, ...
STREAMS = 32
#: Lanes of a vector in the kernels' code.
VECTOR_LANES = 4
#: Steps that a generator is run before its first random bits, as in numpy's SFC64.
WARM_UP = 12
#: Number of the store in the key of masks that no store changes, those of frozen thresholds.
FROZEN = 2**64 - 1
#: Digits that decide a cell's frozen threshold.
FULL_STEPS = 64
#: Costs that choose `steps`, in ns a lane: starting a block's generators, a step, a correction.
#: Another choice would give other random bits, not other rates.
_START_NS, _STEP_NS, _CORRECTION_NS = 0.25, 0.5, 3.5
_MOST_STEPS = 24


@dataclass(frozen=True)
class Key:
    """What the random bits of one attempt of one store depend on.

    Fields:
        seed: of the plan.
        store: number of the store, or `FROZEN`.
        attempt: 0, or the number of the retry.
    """

    seed: int
    store: int
    attempt: int = 0


@dataclass(frozen=True, eq=False)
class FailureRecipe:
    """How failure masks with given rates are drawn; made by `failure_recipe` or `full_recipe`.

    Fields:
        width: bits in a word, 16 or 32.
        base: the lane that coarse drawing starts from.
        digits: digit lanes, the least significant first, shape `[steps]`.
        group_bits: bit positions of each group, in its first `group_sizes` places,
            shape `[groups, width]`.
        group_sizes: bit positions in each group, shape `[groups]`.
        group_clears: whether a group's corrections clear cells or set them, shape `[groups]`.
        tables: `tables[g, n]` is 2^64 P(group g has more than n corrections in a block), not
            increasing, ending in 0, shape `[groups, most]`.
    """

    width: int
    base: np.uint64
    digits: NDArray[np.uint64]
    group_bits: NDArray[np.int64]
    group_sizes: NDArray[np.int64]
    group_clears: NDArray[np.bool_]
    tables: NDArray[np.uint64]

    @property
    def words_per_lane(self) -> int:
        """Words in a 64-bit lane."""
        return 64 // self.width

    @property
    def block_words(self) -> int:
        """Words in a block."""
        return BLOCK_LANES * self.words_per_lane

    @property
    def index_bits(self) -> NDArray[np.int64]:
        """Random bits that choose a position of each group, shape `[groups]`."""
        return np.array([(int(size) - 1).bit_length() for size in self.group_sizes], np.int64)

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """The recipe as the kernels take it; every digit lane as often as a vector has lanes."""
        return (
            self.width,
            self.base,
            np.repeat(self.digits, VECTOR_LANES),
            self.group_bits,
            self.group_sizes,
            self.index_bits,
            self.group_clears,
            self.tables,
        )


def failure_recipe(rates: ArrayLike) -> FailureRecipe:
    """The cheapest recipe for independent failures at `rates`, by bit position, shape `[width]`.

    Raises `InputError` if a rate is no probability, or there are not 16 or 32 of them.
    """
    values = _checked(rates)
    return _cheapest(values)


def full_recipe(rates: ArrayLike) -> FailureRecipe:
    """The recipe that compares one 64-bit number a cell with its rate.

    Drawn with the same key a cell that fails at some rate also fails at every higher one, as a
    cell with a frozen threshold does. Rates are exact to 2^-64.
    """
    values = _checked(rates)
    coarse = [min(int(Fraction(p) * 2**FULL_STEPS), 2**FULL_STEPS - 1) for p in values]
    return _recipe(len(values), FULL_STEPS, coarse, [p == 1.0 for p in values], {})


def _checked(rates: ArrayLike) -> tuple[float, ...]:
    values = np.asarray(rates, dtype=np.float64)
    if values.shape not in ((16,), (32,)):
        raise InputError(f"rates has shape {values.shape}; it must be (16,) or (32,)")
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"a rate in {values.tolist()} is not between 0 and 1")
    return tuple(values.tolist())


@dataclass(frozen=True)
class _Split:
    """The coarse part of one rate: digits, whether rounded up, and what is left to correct."""

    coarse: int
    up: bool
    rest: Fraction


def _split(rate: float, steps: int) -> _Split:
    exact, unit = Fraction(rate), Fraction(1, 2**steps)
    if rate == 1.0:
        return _Split(2**steps - 1, True, Fraction(0))
    coarse = exact // unit
    below = coarse * unit
    to_set = (exact - below) / (1 - below)
    to_clear = 1 - exact / (below + unit)
    if to_set <= to_clear:
        return _Split(coarse, False, to_set)
    return _Split(coarse, True, to_clear)


@lru_cache(maxsize=256)
def _cheapest(rates: tuple[float, ...]) -> FailureRecipe:
    per_lane = 64 // len(rates)
    best, splits = float("inf"), []
    for steps in range(_MOST_STEPS + 1):
        candidate = [_split(rate, steps) for rate in rates]
        corrections = per_lane * sum(float(split.rest) for split in candidate)
        cost = steps * _STEP_NS + (_START_NS if steps else 0) + corrections * _CORRECTION_NS
        if cost < best:
            best, splits, chosen = cost, candidate, steps
    groups: dict[tuple[Fraction, bool], list[int]] = {}
    for bit, split in enumerate(splits):
        if split.rest:
            groups.setdefault((split.rest, split.up), []).append(bit)
    return _recipe(len(rates), chosen, [s.coarse for s in splits], [s.up for s in splits], groups)


def _recipe(
    width: int,
    steps: int,
    coarse: Sequence[int],
    up: Sequence[bool],
    groups: dict[tuple[Fraction, bool], list[int]],
) -> FailureRecipe:
    digits = [_lane(width, [value >> step & 1 for value in coarse]) for step in range(steps)]
    bits = np.zeros((len(groups), width), np.int64)
    rows = []
    for n, ((rest, _), members) in enumerate(groups.items()):
        bits[n, : len(members)] = members
        rows.append(_tail_table(rest, len(members) * BLOCK_LANES * (64 // width)))
    tables = np.zeros((len(rows), max((len(row) for row in rows), default=0) + 1), np.uint64)
    for n, row in enumerate(rows):
        tables[n, : len(row)] = row
    return FailureRecipe(
        width=width,
        base=np.uint64(_lane(width, up)),
        digits=np.array(digits, np.uint64),
        group_bits=bits,
        group_sizes=np.array([len(members) for members in groups.values()], np.int64),
        group_clears=np.array([clears for _, clears in groups], np.bool_),
        tables=tables,
    )


def _lane(width: int, bits: Sequence[bool | int]) -> int:
    word = sum(int(bit) << n for n, bit in enumerate(bits))
    return sum(word << shift for shift in range(0, 64, width))


def _tail_table(rate: Fraction, cells: int) -> list[int]:
    """2^64 P(N > n) for n = 0, 1, ... while it rounds to at least 1; N ~ Binomial(cells, rate)."""
    with localcontext() as context:
        context.prec = 60
        context.rounding = ROUND_HALF_EVEN
        q = Decimal(rate.numerator) / Decimal(rate.denominator)
        odds = q / (1 - q)
        term = (1 - q) ** cells
        tail, table = 1 - term, []
        scale = Decimal(2**64)
        for n in range(cells):
            threshold = int((tail * scale).to_integral_value())
            if threshold < 1:
                break
            table.append(min(threshold, 2**64 - 1))
            term = term * odds * (cells - n) / (n + 1)
            tail -= term
        return table
