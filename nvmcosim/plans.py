"""Plan files as a user states them: pulses, or error rates that a curve makes pulses of."""

import os
from collections.abc import Mapping
from typing import Any

from nvmcosim.devices import curve_for
from nvmcosim.pymodel.bit_curves import curve_at
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.plan import Plan, plan_from_dict, plan_values
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["load_plan"]


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """The plan in a `.toml` or `.json` file.

    A domain may state an `error_rate` in place of a pulse: it gets the shortest pulse on the plan's
    clock that fails at most so often, and a rate of 1 is never written. The plan that comes back
    has pulses alone. Raises `InputError` for what is no plan, a rate outside (0, 1], and one that
    the device's curve does not reach.
    """
    values = plan_values(path)
    try:
        # Only stores have error rates.
        bare = values.get("kind") in (LinePlan.kind, PimPlan.kind, StreamPlan.kind)
        return plan_from_dict(values if bare else _with_pulses(values))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _with_pulses(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with a pulse for each error rate."""
    listed = values.get("layers")
    if values.get("kind") == LayerPlan.kind and isinstance(listed, list):
        shared = {name: value for name, value in values.items() if name != "layers"}
        return {**values, "layers": [_layer_with_pulses(shared, entry) for entry in listed]}
    domains = values.get("domains")
    if not isinstance(domains, list) or not any(map(_by_rate, domains)):
        return dict(values)
    # With no pulse yet in their place the rest is checked, and says which curves there must be.
    bare = [_with_pulse(entry, 0) if _by_rate(entry) else entry for entry in domains]
    plan = plan_from_dict({**values, "domains": bare})
    assert isinstance(plan, StorePlan)
    curve = curve_for(plan)
    for n, entry in enumerate(domains):
        if _by_rate(entry):
            own = curve_at(curve, plan.domains[n].amplitude_v)
            name = f"domains[{n}].error_rate"
            bare[n] = _with_pulse(entry, own.pulse_on_grid(entry["error_rate"], plan.tick_ps, name))
    return {**values, "domains": bare}


def _layer_with_pulses(shared: Mapping[str, Any], layer: Any) -> Any:
    if not isinstance(layer, Mapping) or "domains" not in layer:
        return layer
    alone = {**shared, "kind": StorePlan.kind, "domains": layer["domains"]}
    return {**layer, "domains": _with_pulses(alone)["domains"]}


def _by_rate(entry: Any) -> bool:
    # One with a pulse as well is refused where plans are made.
    stated = set(entry) if isinstance(entry, Mapping) else set()
    return "error_rate" in stated and not stated & {"pulse", "pulse_ps"}


def _with_pulse(entry: Mapping[str, Any], pulse_ps: int) -> dict[str, Any]:
    rest = {name: value for name, value in entry.items() if name != "error_rate"}
    return {**rest, "pulse_ps": pulse_ps}
