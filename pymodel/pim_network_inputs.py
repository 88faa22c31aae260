"""What a network in memory is given, checked: images, classes, rates, and numbers it may hold."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FloatFormat

__all__ = ["check_finite", "checked_images", "checked_labels", "update_factor"]

#: Rows and columns of an image, and classes.
_SIDE, _CLASSES = 28, 10


def checked_images(images: ArrayLike, count: int | None = None) -> NDArray[np.uint8]:
    """`images` as bytes `[count, 28, 28]`; of any number from 1 on if `count` is None.

    Raises `InputError` for another shape, and for what are no unsigned bytes: 0 to 1 as floats
    would be black pixels.
    """
    found = np.asarray(images)
    wanted = (found.shape[0] if count is None and found.ndim else count or 0, _SIDE, _SIDE)
    if found.shape != wanted:
        shape = "[n, 28, 28]" if count is None else wanted
        raise InputError(f"images have the shape {found.shape}; it must be {shape}")
    if not found.size:
        raise InputError("images are none; there must be one at least")
    if found.dtype != np.uint8:
        raise InputError(f"images are of type {found.dtype}; they must be unsigned bytes (uint8)")
    return found


def checked_labels(labels: ArrayLike, count: int, classes: int = _CLASSES) -> NDArray[np.intp]:
    """`labels` as indices `[count]`.

    Raises `InputError` for another shape, for what are no whole numbers, and for a class that
    there is not.
    """
    try:
        found = np.asarray(labels)
    except ValueError:
        raise InputError("labels have rows of several lengths; there is a class a sample") from None
    if found.shape != (count,):
        raise InputError(f"labels have the shape {found.shape}; it must be {(count,)}")
    if found.dtype.kind not in "ui":
        raise InputError(f"labels are of type {found.dtype}; they must be whole numbers")
    for label in (found.min(), found.max()):
        if not 0 <= int(label) < classes:
            raise InputError(f"labels have the class {int(label)}; it is from 0 to {classes - 1}")
    return found.astype(np.intp)


def update_factor(rate: float, batch: int, fmt: FloatFormat) -> np.float32:
    """What a summed gradient is multiplied by before it is added: -rate / batch in the format.

    Raises `InputError` for a rate that is no number above 0 and at most 10, and for one that the
    format rounds to 0.
    """
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not number or not math.isfinite(rate) or not 0 < rate <= 10:
        raise InputError(f"rate is {rate!r}; it must be above 0 and at most 10")
    factor = fmt.decode(fmt.encode(np.array([-rate / batch], np.float32)))[0]
    if factor == 0:
        raise InputError(f"rate is {rate!r}; divided by {batch} samples it is 0 in {fmt.name}")
    return np.float32(factor)


def check_finite(arrays: Mapping[str, NDArray[np.float32]], what: str, format: str) -> None:
    """Raise `InputError` if any of `arrays` has a NaN or an infinity."""
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise InputError(
                f"{what} of {name} have a NaN or an infinity; the training has left the range of "
                f"{format}: give it a lower rate"
            )
