"""Logic of truth tables, on many lanes at once."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Const, Value
from numpy.typing import NDArray

__all__ = ["tabulated"]


def tabulated(table: NDArray[np.bool_], inputs: Sequence[Value]) -> Value:
    """Look `table` up in every lane: bit l of the result follows from bit l of each of `inputs`.

    `table` has 2**len(inputs) entries; bit i of an index is that of `inputs[i]`. All inputs have
    one width, the number of lanes. The logic is a tree of choices in which equal halves are one.
    """
    if table.size != 1 << len(inputs):
        raise ValueError(f"table has {table.size} entries; it must have {1 << len(inputs)}")
    return _choice(table, inputs, len(inputs[0]))


def _choice(table: NDArray[np.bool_], inputs: Sequence[Value], lanes: int) -> Value:
    if table.all() or not table.any():
        return Const(-1 if table[0] else 0, lanes)
    *rest, last = inputs
    low, high = np.split(table, 2)
    if (low == high).all():
        return _choice(low, rest, lanes)
    if (low != high).all():
        return (
            _choice(low, rest, lanes) ^ last
            if low.any() and high.any()
            else (~last if low[0] else last)
        )
    if not low.any():
        return _choice(high, rest, lanes) & last
    if not high.any():
        return _choice(low, rest, lanes) & ~last
    if high.all():
        return _choice(low, rest, lanes) | last
    if low.all():
        return _choice(high, rest, lanes) | ~last
    return _choice(high, rest, lanes) & last | _choice(low, rest, lanes) & ~last
