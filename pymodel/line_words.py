"""Words as the groups of a line, and back (ho2021, Fig. 5)."""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["groups_of_words", "words_of_groups"]


def groups_of_words(plan: LinePlan, words: NDArray) -> NDArray[np.uint8]:
    """Data of the groups of unsigned `words` of any shape: `[..., groups of a word]`."""
    wide = np.asarray(words).astype(np.uint64)[..., None]
    important, other = _places(plan)
    return ((wide >> important & 1) << 1 | wide >> other & 1).astype(np.uint8)


def words_of_groups(plan: LinePlan, data: NDArray[np.uint8]) -> NDArray:
    """Words of the format's type from `data`, the inverse of `groups_of_words`."""
    important, other = _places(plan)
    wide = data.astype(np.uint64)
    bits = (wide >> 1 & 1) << important | (wide & 1) << other
    return np.bitwise_or.reduce(bits, axis=-1).astype(plan.number_format.dtype)


def _places(plan: LinePlan) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    pairs = [(group.important, group.other) for group in plan.groups]
    important, other = np.array(pairs, np.uint64).T
    return important, other
