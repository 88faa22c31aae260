"""The five views of a plan's kind: curve, golden model, RTL, bench and training."""

from importlib import import_module
from typing import Any

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.plan import Plan

__all__ = ["VIEWS", "view"]

#: Where each kind's views are, as `module:attribute`; imported when asked for.
VIEWS: dict[str, dict[str, str]] = {
    "store": {
        "curve": "nvmcosim.devices:curve_for",
        "golden": "nvmcosim.pymodel.store:GoldenStore",
        "rtl": "nvmcosim.hdl.store_controller:StoreController",
        "bench": "nvmcosim.cocotb_tests.store_domain:run",
        "training": "nvmcosim.memory:ApproximateMemory",
    },
    # RTL, bench and golden model know no layers: they take each layer's store plan.
    "store-layers": {
        "curve": "nvmcosim.devices:curve_for",
        "training": "nvmcosim.memory:LayeredMemory",
    },
    "line": {
        "golden": "nvmcosim.pymodel.golden_line:GoldenLine",
        "rtl": "nvmcosim.hdl.line_controller:LineController",
        "bench": "nvmcosim.cocotb_tests.appwom_line:run",
        "training": "nvmcosim.memory:PcmMemory",
    },
    "pim": {
        "golden": "nvmcosim.pymodel.golden_pim:GoldenPim",
        "rtl": "nvmcosim.hdl.pim_unit:PimUnit",
        "bench": "nvmcosim.cocotb_tests.pim_unit:run",
    },
    "stream": {
        "curve": "nvmcosim.pymodel.stream_plan:curve_of",
        "golden": "nvmcosim.pymodel.golden_sng:golden_bank",
        "rtl": "nvmcosim.hdl.bms_bank:BmsBank",
        "bench": "nvmcosim.cocotb_tests.stream_bench:run_bank",
    },
}


def view(plan: Plan, name: str) -> Any:
    """The `name` view of `plan`'s kind; raises `InputError` if that kind has none."""
    views = VIEWS.get(plan.kind, {})
    if name not in views:
        raise InputError(f"a {plan.kind} plan has no {name!r} view; it has {', '.join(views)}")
    module, attribute = views[name].split(":")
    return getattr(import_module(module), attribute)
