"""Arrays as users give them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["array_of"]


def array_of(values: ArrayLike, name: str) -> NDArray[Any]:
    """`values` as an array of whatever shape and type they have.

    Raises `InputError` if they have no one shape, as lists of different lengths.
    """
    try:
        return np.asarray(values)
    except (ValueError, TypeError):
        raise InputError(
            f"{name} is {str(values)[:60]!r}; it must be an array, or lists of equal lengths"
        ) from None
