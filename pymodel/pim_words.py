"""Words of operands, checked: whole numbers that an operand's rows can hold."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_program import PimProgram

__all__ = ["operand_words", "whole_words", "word_type"]


def word_type(width: int) -> np.dtype:
    """The unsigned type of words of `width` bits, 32 at most."""
    return np.dtype(np.uint8 if width <= 8 else np.uint16 if width <= 16 else np.uint32)


def whole_words(program: PimProgram, name: str, given: ArrayLike) -> NDArray:
    """`given` as unsigned words `[columns]` of the operand `name`.

    Arrays of more axes are flattened. Raises `InputError` for an operand that the program does not
    have, for what are no whole numbers (a float is no word: `FloatFormat.encode` makes one), and
    for one that the operand's rows cannot hold.
    """
    width = len(program.operand(name))
    try:
        words = np.asarray(given)
    except ValueError:
        raise InputError(f"operand {name} of {program.name} has rows of several lengths") from None
    if words.size and words.dtype.kind not in "ui":
        raise InputError(
            f"operand {name} of {program.name} is of type {words.dtype}; it must be unsigned words"
        )
    words = words.reshape(-1)
    # What a type cannot hold needs no look.
    if words.size and (words.dtype.kind == "i" or 8 * words.dtype.itemsize > width):
        for word in (words.min(), words.max()):
            if not 0 <= int(word) < 1 << width:
                raise InputError(
                    f"operand {name} of {program.name} has the word {int(word)}; its {width} rows "
                    f"hold 0 to {(1 << width) - 1}"
                )
    return np.ascontiguousarray(words, dtype=word_type(width))


def operand_words(program: PimProgram, operands: Mapping[str, ArrayLike]) -> dict[str, NDArray]:
    """The words of all inputs of `program`, by name, in its order.

    Raises `InputError` as `whole_words` does, for an input that is missing, for an operand that is
    no input, and for lengths that differ.
    """
    names = [name for name, _ in program.inputs]
    for name in operands:
        if name not in names:
            raise InputError(f"{program.name} takes no operand {name!r}; it takes {_listed(names)}")
    for name in names:
        if name not in operands:
            raise InputError(f"operand {name} of {program.name} is missing")
    found = {name: whole_words(program, name, operands[name]) for name in names}
    sizes = [words.size for words in found.values()]
    if len(set(sizes)) != 1:
        raise InputError(f"operands have {sizes} words; all must have as many")
    return found


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
