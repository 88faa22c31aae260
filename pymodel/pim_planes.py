"""Numbers as bit planes: bit i of 64 columns in word i (column c is bit c % 64 of word c // 64)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["from_planes", "to_planes"]


def to_planes(words: NDArray, width: int) -> NDArray[np.uint64]:
    """Planes `[width, ceil(columns / 64)]` of unsigned `words`, `[columns]`; spares are 0."""
    words = np.ascontiguousarray(words).reshape(-1)
    lanes = -(-words.size // 64)
    padded = np.zeros((width, lanes * 64), np.uint8)
    for bit in range(width):
        padded[bit, : words.size] = (words >> words.dtype.type(bit)) & words.dtype.type(1)
    packed = np.packbits(padded, axis=1, bitorder="little")
    return packed.view("<u8").astype(np.uint64)


def from_planes(planes: NDArray[np.uint64], columns: int, dtype: np.dtype) -> NDArray:
    """The words of type `dtype`, `[columns]`, whose bits `planes` hold."""
    raw = np.ascontiguousarray(planes).astype("<u8").view(np.uint8)
    bits = np.unpackbits(raw, axis=1, count=columns, bitorder="little")
    words = np.zeros(columns, dtype)
    for bit, plane in enumerate(bits):
        words |= plane.astype(dtype) << np.dtype(dtype).type(bit)
    return words
