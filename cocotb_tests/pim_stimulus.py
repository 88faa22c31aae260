"""Operands of in-memory units: every pair of special and random words, then random ones."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.formats import FloatFormat, float_format
from nvmcosim.pymodel.pim_plan import PimPlan

__all__ = ["GRID", "grid_words", "operand_words"]

#: Special and random operands of which every pair is taken.
GRID = 576


@lru_cache(maxsize=8)
def grid_words(format: str, seed: int) -> NDArray:
    """`GRID` words: zeros, subnormals, bounds, 1 and powers of 2 with their neighbours, infinities
    and NaNs, of both signs; then random ones, half of them near 1.
    """
    fmt = float_format(format)
    random = np.random.default_rng([seed, GRID])
    special = _specials(fmt)
    rest = random.integers(0, fmt.mask, GRID - special.size, np.uint64, endpoint=True)
    bias = (1 << (fmt.exponent_bits - 1)) - 1
    near = random.integers(bias - 2, bias + 2, rest.size, np.uint64) << np.uint64(fmt.fraction_bits)
    keep = np.uint64(1 << (fmt.width - 1) | (1 << fmt.fraction_bits) - 1)
    rest[::2] = (rest & keep | near)[::2]
    return np.concatenate([special, rest]).astype(fmt.dtype)


def _specials(fmt: FloatFormat) -> NDArray[np.uint64]:
    one, last = 1 << fmt.fraction_bits, (1 << fmt.fraction_bits) - 1
    top = (1 << fmt.exponent_bits) - 1
    bias = top // 2
    exponents = {0, 1, 2, bias // 2, bias - 1, bias, bias + 1, top - 2, top - 1, top}
    exponents |= {bias + sign * (fmt.fraction_bits + n) for sign in (-1, 1) for n in (0, 1, 2)}
    fractions = (0, 1, last // 2, last // 2 + 1, last)
    words = [e * one + f for e in sorted(e for e in exponents if 0 <= e <= top) for f in fractions]
    positive = np.array(words, np.uint64)
    return np.concatenate([positive, positive | np.uint64(1 << (fmt.width - 1))])


def operand_words(plan: PimPlan, seed: int, vector: int) -> dict[str, NDArray]:
    """The operands of one run, by name, `[columns]`.

    The first `a` and `b` go through the grid's pairs; a third operand is random, as all are later.
    """
    words = grid_words(plan.format, seed)
    random = np.random.default_rng([seed, vector])
    pairs = np.arange(vector * plan.columns, (vector + 1) * plan.columns)
    in_grid = pairs < GRID**2
    places = {"a": pairs // GRID, "b": pairs % GRID}
    operands = {}
    for name, rows in plan.program.inputs:
        drawn = random.integers(0, (1 << len(rows)) - 1, plan.columns, np.uint64, endpoint=True)
        if name in places:
            drawn = np.where(in_grid, words[places[name] % GRID], drawn)
        operands[name] = drawn.astype(words.dtype)
    return operands
