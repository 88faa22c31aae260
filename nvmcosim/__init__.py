"""Approximate non-volatile memory for neural-network training, from device curve to accuracy.

This is the surface that user scripts import; nothing heavy is loaded until a name is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nvmcosim.datasets import ImageSet, load_dataset
    from nvmcosim.devices import curve_for
    from nvmcosim.memory import ApproximateMemory, LayeredMemory, PcmMemory, StoringSGD
    from nvmcosim.networks import build_network
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.curve import WriteCurve, load_curve
    from nvmcosim.pymodel.device.in_plane import InPlaneMtj
    from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec, load_any_device
    from nvmcosim.pymodel.device.presets import preset
    from nvmcosim.pymodel.device.spec import DeviceSpec, load_device
    from nvmcosim.pymodel.errors import InputError, MissingTool
    from nvmcosim.pymodel.formats import BF16, FP16, FP32, FloatFormat, float_format
    from nvmcosim.pymodel.gate_shape import GateShape
    from nvmcosim.pymodel.golden_line import GoldenLine
    from nvmcosim.pymodel.golden_pim import GoldenPim
    from nvmcosim.pymodel.layer_plan import LayerPlan, PlannedLayer
    from nvmcosim.pymodel.line_plan import LinePlan
    from nvmcosim.pymodel.line_report import LineReport, lifetime
    from nvmcosim.pymodel.pcm_cell import PcmCell
    from nvmcosim.pymodel.pim_plan import PimPlan
    from nvmcosim.pymodel.plan import Plan
    from nvmcosim.pymodel.pulse_code import PulseCodes
    from nvmcosim.pymodel.pulse_table import PulseTable, pulse_codes
    from nvmcosim.pymodel.sng import Sng
    from nvmcosim.pymodel.store import GoldenStore, StoreCounters
    from nvmcosim.pymodel.store_plan import Domain, StorePlan
    from nvmcosim.pymodel.stream_neuron import NeuronShape
    from nvmcosim.pymodel.stream_plan import StreamPlan
    from nvmcosim.pymodel.stream_run import StreamNetwork
    from nvmcosim.training import Trainer, TrainingConfig, train
    from nvmcosim.views import view

__all__ = [
    "BF16",
    "FP16",
    "FP32",
    "ApproximateMemory",
    "DeviceSpec",
    "Domain",
    "FloatFormat",
    "GateShape",
    "GoldenLine",
    "GoldenPim",
    "GoldenStore",
    "ImageSet",
    "InPlaneMtj",
    "InPlaneSpec",
    "InputError",
    "LayerPlan",
    "LayeredMemory",
    "LinePlan",
    "LineReport",
    "MissingTool",
    "NeuronShape",
    "PcmCell",
    "PcmMemory",
    "PimPlan",
    "Plan",
    "PlannedLayer",
    "PulseCodes",
    "PulseTable",
    "Sng",
    "StoreCounters",
    "StorePlan",
    "StoringSGD",
    "StreamNetwork",
    "StreamPlan",
    "Trainer",
    "TrainingConfig",
    "WriteCurve",
    "build_network",
    "curve_for",
    "float_format",
    "lifetime",
    "load_any_device",
    "load_curve",
    "load_dataset",
    "load_device",
    "load_plan",
    "preset",
    "pulse_codes",
    "train",
    "view",
]

__version__ = "0.1.0"

_HOMES = {
    "nvmcosim.datasets": ("ImageSet", "load_dataset"),
    "nvmcosim.devices": ("curve_for",),
    "nvmcosim.networks": ("build_network",),
    "nvmcosim.memory": ("ApproximateMemory", "LayeredMemory", "PcmMemory", "StoringSGD"),
    "nvmcosim.plans": ("load_plan",),
    "nvmcosim.pymodel.curve": ("WriteCurve", "load_curve"),
    "nvmcosim.pymodel.device.in_plane": ("InPlaneMtj",),
    "nvmcosim.pymodel.device.in_plane_spec": ("InPlaneSpec", "load_any_device"),
    "nvmcosim.pymodel.device.presets": ("preset",),
    "nvmcosim.pymodel.device.spec": ("DeviceSpec", "load_device"),
    "nvmcosim.pymodel.errors": ("InputError", "MissingTool"),
    "nvmcosim.pymodel.formats": ("BF16", "FP16", "FP32", "FloatFormat", "float_format"),
    "nvmcosim.pymodel.gate_shape": ("GateShape",),
    "nvmcosim.pymodel.golden_line": ("GoldenLine",),
    "nvmcosim.pymodel.pulse_code": ("PulseCodes",),
    "nvmcosim.pymodel.sng": ("Sng",),
    "nvmcosim.pymodel.golden_pim": ("GoldenPim",),
    "nvmcosim.pymodel.pulse_table": ("PulseTable", "pulse_codes"),
    "nvmcosim.pymodel.layer_plan": ("LayerPlan", "PlannedLayer"),
    "nvmcosim.pymodel.line_plan": ("LinePlan",),
    "nvmcosim.pymodel.line_report": ("LineReport", "lifetime"),
    "nvmcosim.pymodel.pcm_cell": ("PcmCell",),
    "nvmcosim.pymodel.pim_plan": ("PimPlan",),
    "nvmcosim.pymodel.store": ("GoldenStore", "StoreCounters"),
    "nvmcosim.pymodel.store_plan": ("Domain", "StorePlan"),
    "nvmcosim.pymodel.stream_neuron": ("NeuronShape",),
    "nvmcosim.pymodel.stream_plan": ("StreamPlan",),
    "nvmcosim.pymodel.stream_run": ("StreamNetwork",),
    "nvmcosim.training": ("Trainer", "TrainingConfig", "train"),
    "nvmcosim.views": ("view",),
}


def __getattr__(name: str) -> Any:
    # A plan's kind registers when its module is imported: a script that loads plans needs them all.
    if name == "Plan":
        import_module("nvmcosim.pymodel.layer_plan")
        import_module("nvmcosim.pymodel.line_plan")
        import_module("nvmcosim.pymodel.pim_plan")
        import_module("nvmcosim.pymodel.stream_plan")
        return import_module("nvmcosim.pymodel.plan").Plan
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'nvmcosim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
