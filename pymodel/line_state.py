"""Whether the saved state of a `LineTracker` is one that it can have come to."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_masks import REPEAT, first_cells, near_groups
from nvmcosim.pymodel.line_plan import LinePlan

__all__ = ["check_cells", "check_shapes"]

_ARRAYS = ("cells", "polarity", "counts", "ones")
_WORKS = ("work", "idle_work")


def check_shapes(state: Mapping[str, Any], known: Mapping[str, Any], lines: int) -> None:
    """Raise `InputError` unless `state` is made like `known`, of a memory of as many lines."""
    if not isinstance(state, Mapping) or set(state) != set(known):
        raise InputError(f"a tracker's state must have {', '.join(sorted(known))}")
    _check_sizes(state["sizes"], known["sizes"])
    for name in (*_ARRAYS, "wide_blocks", "wide"):
        expected, value = known[name], state[name]
        if not isinstance(value, np.ndarray) or value.dtype != expected.dtype:
            raise InputError(f"{name} must be {expected.dtype} {expected.shape}")
        if name in _ARRAYS and value.shape != expected.shape:
            raise InputError(f"{name} must be {expected.dtype} {expected.shape}")
    blocks, wide, counts = state["wide_blocks"], state["wide"], known["counts"]
    shape, last = (blocks.size, *counts.shape[1:]), len(counts) - 1
    listed = blocks.ndim == 1 and np.unique(blocks).size == blocks.size
    within = not blocks.size or 0 <= blocks.min() <= blocks.max() <= last
    if not (listed and within and (wide.shape == shape or blocks.size == wide.size == 0)):
        raise InputError(f"wide must be {shape}, of blocks from 0 to {last}")
    for name in _WORKS:
        if not isinstance(state[name], Mapping) or set(state[name]) != set(known[name]):
            raise InputError(f"{name} must have {', '.join(known[name])}")
        for what, value in state[name].items():
            _check_count(value, f"{name}.{what}")
    _check_count(state["writes"], "writes")
    if state["work"]["writes"] != lines * state["writes"]:
        raise InputError(
            f"work.writes is {state['work']['writes']}; after {state['writes']} writes of "
            f"{lines} lines it must be {lines * state['writes']}"
        )


def _check_sizes(value: object, sizes: NDArray[np.int64]) -> None:
    """Cells of other sizes may have the same shapes: arrays fill up their last lines and blocks."""
    if not isinstance(value, np.ndarray) or value.dtype != sizes.dtype or value.ndim != 1:
        raise InputError("sizes must be int64, a number of words for each array")
    if len(value) != len(sizes):
        raise InputError(f"the state is of {len(value)} arrays; this tracker has {len(sizes)}")
    for n in np.flatnonzero(value != sizes).tolist()[:1]:
        raise InputError(
            f"the state's array {n} has {value[n]} words; this tracker's has {sizes[n]}"
        )


def _check_count(value: object, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name} is {value!r}; it must be a whole number of at least 0")


def check_cells(
    state: Mapping[str, Any], plan: LinePlan, sizes: NDArray[np.int64], starts: NDArray[np.int64]
) -> None:
    """Raise `InputError` for cells that no write leaves behind.

    `sizes` are the words of each array, `starts` their first blocks and the end.
    """
    if plan.scheme == "flip-n-write":
        element = np.uint16 if plan.width == 16 else np.uint32
        if (state["cells"][:, 1].copy().view(element) > 1).any():
            raise InputError("cells have words whose last cell is more than one bit")
    if not plan.coded:
        return
    cells = state["cells"] ^ state["polarity"][:, None]
    # As if cells moved from 1 to 0: 110, 010 and 100.
    impossible = ~cells[:, 0] & (cells[:, 1] | cells[:, 2])
    count = int((impossible & np.int64(near_groups(plan) * REPEAT[16])).astype(bool).sum())
    if count:
        raise InputError(f"cells have {count} times words that no write of AppWOM makes")
    for size, (first, last) in zip(sizes.tolist(), pairwise(starts.tolist()), strict=True):
        words = state["polarity"][first:last].copy().view(np.uint16).ravel()[:size]
        _check_polarity(words, plan)


def _check_polarity(words: NDArray[np.uint16], plan: LinePlan) -> None:
    """Raise `InputError` if units of one array have a polarity that no turn gives them."""
    groups = np.uint16((1 << len(plan.groups)) - 1)
    words = words & groups
    if plan.scheme != "appwom-ping-pong":
        if (words != groups & ~first_cells(plan).astype(np.uint16)).any():
            raise InputError(f"polarity has changed, which it never does in {plan.scheme}")
    elif plan.refresh == "line":
        # The last line may be short.
        padded = np.pad(words, (0, -len(words) % plan.line_words), mode="edge")
        lines = padded.reshape(-1, plan.line_words)
        whole = ((lines[:, 0] == 0) | (lines[:, 0] == groups)) & (lines == lines[:, :1]).all(axis=1)
        if not whole.all():
            raise InputError(f"polarity differs within {int((~whole).sum())} lines")
