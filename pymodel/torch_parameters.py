"""Which of a module's parameters a memory stores, and whether they still are what they were."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.torch_words import native_dtype

__all__ = ["FoundParameter", "ParameterWatch", "find_parameters"]


@dataclass(frozen=True, eq=False)
class FoundParameter:
    """A parameter with its full name, and the module and attribute that hold it."""

    name: str
    parameter: torch.nn.Parameter
    module: torch.nn.Module
    attribute: str

    @property
    def view(self) -> tuple[Any, ...]:
        """What it occupies: equal views are the same values."""
        values = self.parameter
        return (values.data_ptr(), values.shape, values.stride(), values.dtype, values.device)


def find_parameters(
    model: torch.nn.Module, names: Iterable[str] | None, plan: StorePlan | LinePlan
) -> list[FoundParameter]:
    """The parameters of `model` that match a pattern of `names`, each value once.

    Parameters that are one object, or equal views of one storage, come under their first name.
    Raises `InputError` for what is no module, a pattern that matches nothing, or a parameter that
    cannot be stored: of another dtype, not materialised, expanded, or overlapping another.
    """
    if not isinstance(model, torch.nn.Module):
        raise InputError(f"model is a {type(model).__name__}; it must be a torch.nn.Module")
    patterns = _patterns(names)
    everything = [
        FoundParameter(f"{path}.{attribute}" if path else attribute, parameter, module, attribute)
        for path, module in model.named_modules()
        for attribute, parameter in module._parameters.items()
        if parameter is not None
    ]
    if not everything:
        raise InputError("the model has no parameters to store")
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(each.name, pattern) for each in everything):
            raise InputError(f"names has {pattern!r}, which matches no parameter of the model")
    found: list[FoundParameter] = []
    for each in everything:
        if any(fnmatch.fnmatchcase(each.name, pattern) for pattern in patterns):
            _check_storable(each, plan)
            if not any(each.parameter is other.parameter for other in found):
                found.append(each)
    distinct = {each.view if each.parameter.numel() else id(each): each for each in found[::-1]}
    kept = [each for each in found if any(each is other for other in distinct.values())]
    _check_apart(kept)
    return kept


class ParameterWatch:
    """Sees to it that parameters are what they were when the memory was made.

    A parameter whose values moved elsewhere (`parameter.data = ...`, `module.to(device)`) is
    followed; one that was replaced, resized, cast or now overlaps another is refused.
    """

    def __init__(self, found: list[FoundParameter], plan: StorePlan | LinePlan) -> None:
        self._found = found
        self._shapes = [each.parameter.shape for each in found]
        self._plan = plan
        self._views = [each.view for each in found]

    def check(self) -> list[tuple[Any, ...]]:
        """Where the parameters are now: the same list as long as nothing moved.

        Raises `InputError` if a store would write to anything but the parameters.
        """
        for each in self._found:
            if each.module._parameters.get(each.attribute) is not each.parameter:
                raise InputError(
                    f"parameter {each.name} is no longer the module's own: it was replaced after "
                    "the memory was made; make a new memory"
                )
        views = [each.view for each in self._found]
        if views == self._views:
            return self._views
        for each, shape in zip(self._found, self._shapes, strict=True):
            if each.parameter.shape != shape:
                raise InputError(
                    f"parameter {each.name} has the shape {tuple(each.parameter.shape)}; the "
                    f"memory was made for {tuple(shape)}: make a new memory"
                )
            _check_storable(each, self._plan)
        _check_apart(self._found)
        self._views = views
        return views


def _patterns(names: Any) -> list[str]:
    if names is None:
        return ["*"]
    patterns = [names] if isinstance(names, str) else list(names) if _is_iterable(names) else []
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise InputError(f"names is {names!r}; it must be patterns of parameters' names")
    return patterns


def _is_iterable(value: Any) -> bool:
    return isinstance(value, Iterable)


def _check_storable(found: FoundParameter, plan: StorePlan | LinePlan) -> None:
    name, parameter = found.name, found.parameter
    if isinstance(parameter, torch.nn.parameter.UninitializedParameter) or parameter.is_meta:
        raise InputError(f"parameter {name} has no values yet; run or load the model first")
    native = native_dtype(plan.number_format)
    allowed = (torch.float32,) if native is None else (torch.float32, native)
    if parameter.dtype not in allowed:
        raise InputError(
            f"parameter {name} is {parameter.dtype}; a {plan.format} memory stores "
            f"{' or '.join(str(dtype) for dtype in dict.fromkeys(allowed))}"
        )
    sizes = zip(parameter.shape, parameter.stride(), strict=True)
    if parameter.numel() and any(size > 1 and stride == 0 for size, stride in sizes):
        raise InputError(f"parameter {name} is expanded: its values share one place in memory")


def _check_apart(found: list[FoundParameter]) -> None:
    """Refuse parameters whose places in memory overlap: threads would race for them."""
    places = []
    for each in found:
        values = each.parameter
        if values.numel():
            sizes = zip(values.shape, values.stride(), strict=True)
            last = sum((size - 1) * stride for size, stride in sizes)
            first = values.data_ptr()
            end = first + (last + 1) * values.element_size()
            places.append((str(values.device), first, end, each.name))
    places.sort()
    for (device, _, end, name), (other_device, first, _, other) in pairwise(places):
        if device == other_device and first < end:
            raise InputError(f"parameters {name} and {other} overlap in memory; store one of them")
