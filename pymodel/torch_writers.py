"""Which memory writes a parameter back: one at a time."""

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils.weak import WeakIdKeyDictionary

from nvmcosim.pymodel.errors import InputError

__all__ = ["claim", "release"]

#: By the parameter itself, neither of which is kept alive by this.
_writers: Any = WeakIdKeyDictionary()


def claim(memory: object, parameters: Iterable[tuple[str, torch.nn.Parameter]]) -> None:
    """Make `memory` the one that writes these named parameters back.

    Raises `InputError`, and changes nothing, if another memory that still exists writes one.
    """
    listed = list(parameters)
    for name, parameter in listed:
        known = _writers.get(parameter)
        if known is not None and known() not in (None, memory):
            raise InputError(
                f"parameter {name} is written back by another memory already; detach() that, or "
                "make this one with write_back=False"
            )
    for _, parameter in listed:
        _writers[parameter] = weakref.ref(memory)


def release(memory: object, parameters: Iterable[torch.nn.Parameter]) -> None:
    """Let other memories write these parameters back, as far as `memory` did."""
    for parameter in parameters:
        known = _writers.get(parameter)
        if known is not None and known() is memory:
            del _writers[parameter]
