"""Gradient descent in the memory: an optimizer whose step writes the memory in the same pass."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import torch

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.torch_layers import LayeredMemory
from nvmcosim.pymodel.torch_plugin import ApproximateMemory

__all__ = ["StoringSGD"]


class StoringSGD(torch.optim.Optimizer):
    """Plain stochastic gradient descent, each step of which also counts as a step of `memory`.

    What is trained and stored is bit for bit that of `torch.optim.SGD(params, lr)`, each step
    followed by `memory.step()`; weights are read and written once instead of twice.

        memory = nvmcosim.ApproximateMemory(model, plan, every="step")
        optimizer = nvmcosim.StoringSGD(model.parameters(), lr=0.05, memory=memory)

    Args:
        params: parameters, or groups of them with an `lr` of their own, as torch's optimizers take.
        lr: learning rate, at least 0.
        memory: where the parameters live.

    Raises `InputError` for another memory or rate.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, memory: ApproximateMemory | LayeredMemory
    ) -> None:
        if not isinstance(memory, ApproximateMemory | LayeredMemory):
            raise InputError(f"memory is {memory!r}; it must be an approximate memory")
        super().__init__(params, {"lr": lr})
        for group in self.param_groups:
            rate = group["lr"]
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < inf:
                raise InputError(f"lr is {rate!r}; it must be a number of at least 0")
        self.memory = memory

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step and store if one is due; returns what `closure`, if given, returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.memory.descend(
            [(p, group["lr"]) for group in self.param_groups for p in group["params"]]
        )
        return loss
