"""The torch plug-in with devices by name."""

from collections.abc import Iterable

from nvmcosim.devices import curve_for
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.pymodel.store_plan import StorePlan

try:
    import torch

    from nvmcosim.pymodel.torch_layers import LayeredMemory
    from nvmcosim.pymodel.torch_pcm import PcmMemory
    from nvmcosim.pymodel.torch_plugin import ApproximateMemory as _ApproximateMemory
    from nvmcosim.pymodel.torch_sgd import StoringSGD
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise MissingTool(
        "torch is not installed; get it with: pip install 'nvmcosim[torch]'"
    ) from None

__all__ = ["ApproximateMemory", "LayeredMemory", "PcmMemory", "StoringSGD", "memory_for"]


class ApproximateMemory(_ApproximateMemory):
    """`pymodel.torch_plugin.ApproximateMemory` that finds the curve of any device a plan names."""

    def __init__(
        self,
        model: torch.nn.Module,
        plan: StorePlan,
        every: str | int = "epoch",
        names: Iterable[str] | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        curve: DeviceCurve | None = None,
    ) -> None:
        if curve is None and isinstance(plan, StorePlan):
            curve = curve_for(plan)
        super().__init__(model, plan, every, names, optimizer, curve)


ApproximateMemory.__doc__ = _ApproximateMemory.__doc__


def memory_for(
    model: torch.nn.Module,
    plan: StorePlan | LayerPlan,
    every: str | int = "epoch",
    optimizer: torch.optim.Optimizer | None = None,
    curve: DeviceCurve | None = None,
) -> ApproximateMemory | LayeredMemory:
    """The memory of a plan, with layers of their own where it has them."""
    if isinstance(plan, LayerPlan):
        return LayeredMemory(model, plan, every, optimizer, curve or curve_for(plan))
    return ApproximateMemory(model, plan, every, None, optimizer, curve)
