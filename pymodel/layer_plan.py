"""Layer plans: a store plan for each layer of a network, alike in all but their domains."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["LayerPlan", "PlannedLayer", "plans_within"]

#: What a layer states of its own; all else is the plan's.
_OWN = ("domains", "bsp", "long", "short")


@dataclass(frozen=True)
class PlannedLayer:
    """A layer's `name`, the patterns (`fnmatch`) of its parameters' `names`, and its `plan`."""

    name: str
    names: tuple[str, ...]
    plan: StorePlan


@dataclass(frozen=True)
class LayerPlan(Plan):
    """How the parameters of several layers are written to one approximate memory.

    Fields:
        layers: each with domains of its own; all else of their plans is the same.
        format, device, tick_ps, seed: of all of them.

    Raises `InputError` for layers that differ in more, or share a name.
    """

    kind = "store-layers"

    layers: tuple[PlannedLayer, ...]
    format: str = field(init=False)
    device: str = field(init=False)
    tick_ps: int = field(init=False)
    seed: int = field(init=False)

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError("layers is empty; a layer plan has at least one")
        first = self.layers[0].plan
        names = [layer.name for layer in self.layers]
        for layer in self.layers:
            if not layer.name or names.count(layer.name) > 1:
                raise InputError(f"a layer is named {layer.name!r}; each must have its own name")
            if not layer.names or not all(isinstance(name, str) for name in layer.names):
                raise InputError(f"layer {layer.name}: names must list parameters, as text")
            if layer.plan.replace(domains=first.domains) != first:
                raise InputError(
                    f"layer {layer.name} differs from layer {names[0]} in more than its domains"
                )
        for name in ("format", "device", "tick_ps", "seed"):
            object.__setattr__(self, name, getattr(first, name))

    @property
    def plans(self) -> dict[str, StorePlan]:
        """Each layer's plan, by its name."""
        return {layer.name: layer.plan for layer in self.layers}

    @property
    def bit_pulse_ps(self) -> NDArray[np.int64]:
        """The longest pulse of any layer for every bit, shape `[width]`, in ps."""
        return self.in_full().bit_pulse_ps

    @property
    def amplitudes(self) -> tuple[float | None, ...]:
        """The write amplitudes of all layers, as a store plan's."""
        found = {volts for layer in self.layers for volts in layer.plan.amplitudes}
        return tuple(sorted(found, key=lambda volts: -1.0 if volts is None else volts))

    def in_full(self) -> StorePlan:
        """The plan of one domain in which every bit gets the longest pulse of any layer."""
        fulls = [layer.plan.in_full() for layer in self.layers]
        return max(fulls, key=lambda plan: plan.domains[0].pulse_ps)

    def replace(self, **changes: Any) -> Self:
        """The same plan with other values in some fields of every layer's plan."""
        layers = [replace(layer, plan=layer.plan.replace(**changes)) for layer in self.layers]
        return type(self)(tuple(layers))

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        shared = self.layers[0].plan.to_dict()
        del shared["domains"]
        listed = [
            {
                "name": layer.name,
                "names": list(layer.names),
                "domains": layer.plan.to_dict()["domains"],
            }
            for layer in self.layers
        ]
        return {**shared, "kind": self.kind, "layers": listed}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state: `layers`, and what a store plan has but for its domains.

        A layer has `name`, `names` and its domains in any form that a store plan takes. Raises
        `InputError`.
        """
        for name in _OWN:
            if name in values:
                raise InputError(f"a {cls.kind} plan has its {name} in each layer")
        listed = values.get("layers")
        if not isinstance(listed, list):
            raise InputError(f"layers is {listed!r}; it must be a list of layers")
        shared = {k: v for k, v in values.items() if k not in ("kind", "layers")}
        return cls(tuple(_layer(entry, shared, n) for n, entry in enumerate(listed)))


def plans_within(plan: Plan, name: str) -> dict[str, Plan]:
    """`plan` itself as `name`, or the store plan of each of its layers, `name_layer`.

    What drives cells knows no layers: each layer of a network is an array of its own.
    """
    if isinstance(plan, LayerPlan):
        return {f"{name}_{layer}": each for layer, each in plan.plans.items()}
    return {name: plan}


def _layer(entry: Any, shared: Mapping[str, Any], n: int) -> PlannedLayer:
    what = f"layers[{n}]"
    if not isinstance(entry, Mapping):
        raise InputError(f"{what} is {entry!r}; it must have name, names and domains")
    own = {k: v for k, v in entry.items() if k not in ("name", "names")}
    for name in own:
        if name not in _OWN:
            raise InputError(f"{what} has {name!r}; it has name, names, {', '.join(_OWN)}")
    name, names = entry.get("name"), entry.get("names")
    if not isinstance(name, str) or not isinstance(names, list):
        raise InputError(f"{what} must have a name, and names as a list of parameters")
    try:
        return PlannedLayer(name, tuple(names), StorePlan.from_dict({**shared, **own}))
    except InputError as error:
        raise InputError(f"{what}: {error}") from None
