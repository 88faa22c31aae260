"""One line makes a torch module's parameters live in phase-change memory (ho2021)."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_report import LineReport
from nvmcosim.pymodel.line_tracker import LineTracker
from nvmcosim.pymodel.torch_parameters import ParameterWatch, find_parameters
from nvmcosim.pymodel.torch_plugin import steps_between
from nvmcosim.pymodel.torch_words import native_dtype
from nvmcosim.pymodel.torch_writers import claim, release
from nvmcosim.pymodel.word_kernels import NATIVE, mode_of

__all__ = ["PcmMemory"]

#: Version of what `state_dict` returns; version 1 did not have the arrays' sizes.
_STATE_VERSION = 2


class PcmMemory:
    """A phase-change memory that a module's parameters are written to at each step.

    A write rounds each parameter to words of the plan's format and writes all of their lines by
    the plan's scheme; flips, energy and time are counted. With `write_back` the parameters then get
    what the memory really holds, in which an approximate scheme has ignored or cleared some bits.

        memory = nvmcosim.PcmMemory(model, plan, optimizer=optimizer)
        ...  # train as ever
        print(memory.report().pulse_pj, memory.report().word_flips)

    The initial parameters are written when the memory is made. Several memories may track one
    module, as long as at most one of them writes back: another is refused until that one is gone or
    `detach`ed.

    Args:
        model: the module; its parameters are fp32, or of the plan's own format.
        plan: how lines are written.
        optimizer: if given, each of its steps counts as a step; else call `step()`.
        every: `"step"` writes at each step, N at every Nth.
        names: patterns (`fnmatch`) of the parameters to write; None is all.
        write_back: False leaves the parameters as they are, and only counts.

    Attributes:
        steps: steps so far.
        tracker: the memory itself, an array for each parameter in their order. A parameter starts
            a line of its own; its words follow each other as its values do in row-major order.

    Raises `InputError` for a wrong argument, or a parameter that cannot be stored or that another
    memory writes back.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        plan: LinePlan,
        optimizer: torch.optim.Optimizer | None = None,
        every: str | int = "step",
        names: Iterable[str] | None = None,
        write_back: bool = True,
    ) -> None:
        if not isinstance(plan, LinePlan):
            raise InputError(f"plan is {plan!r}; it must be a LinePlan")
        if optimizer is not None and not isinstance(optimizer, torch.optim.Optimizer):
            raise InputError(f"optimizer is {optimizer!r}; it must be a torch optimizer")
        if not isinstance(write_back, bool):
            raise InputError(f"write_back is {write_back!r}; it must be True or False")
        self._interval = steps_between(every)
        if not self._interval:
            raise InputError("every is 'epoch'; it must be 'step' or a number of steps")
        self.plan, self.every, self.write_back = plan, every, write_back
        self.steps = 0
        found = [each for each in find_parameters(model, names, plan) if each.parameter.numel()]
        if not found:
            raise InputError("the model's parameters are empty: there is nothing to store")
        self._watch = ParameterWatch(found, plan)
        self._found = found
        self.tracker = LineTracker(plan, [each.parameter.numel() for each in found])
        kinds = {each.parameter.dtype for each in found}
        if len(kinds) > 1:
            raise InputError(f"parameters are of {len(kinds)} dtypes; a memory takes one")
        native = kinds == {native_dtype(plan.number_format)}
        self._mode = NATIVE if native else mode_of(plan.number_format, plan.rounding)
        self._staged: dict[str, torch.Tensor] = {}
        self.store()
        self._hook: RemovableHandle | None = None
        if optimizer is not None:
            self._hook = optimizer.register_step_post_hook(self._after_step)

    def _after_step(self, *_: Any) -> None:
        self.step()

    def step(self) -> None:
        """Count a training step, and write if one is due."""
        self.steps += 1
        if self.steps % self._interval == 0:
            self.store()

    @torch.no_grad()
    def store(self) -> None:
        """Write all parameters now, and read them back if the memory writes back."""
        self._watch.check()
        if self.write_back:
            claim(self, ((each.name, each.parameter) for each in self._found))
        flat = [self._flat(each.name, each.parameter) for each in self._found]
        addresses = [values.data_ptr() for values in flat]
        self.tracker.write(addresses, self._mode, self.write_back, torch.get_num_threads())
        if not self.write_back:
            return
        for each, values in zip(self._found, flat, strict=True):
            if values is each.parameter:
                torch.autograd.graph.increment_version(each.parameter)
            else:
                each.parameter.copy_(values)

    def _flat(self, name: str, parameter: torch.nn.Parameter) -> torch.Tensor:
        """The parameter as the kernels can read it: itself, or a copy in row-major order."""
        if parameter.is_contiguous() and parameter.device.type == "cpu":
            return parameter
        if name not in self._staged:
            self._staged[name] = torch.empty(parameter.shape, dtype=parameter.dtype)
        return self._staged[name].copy_(parameter)

    def report(self, *, count_polarity: bool = False) -> LineReport:
        """What all writes so far took, and how the cells wear.

        With `count_polarity` the cells that keep the polarity of ping-pong's units count too.
        """
        return LineReport.of(self.tracker, count_polarity=count_polarity)

    @torch.no_grad()
    def restore(self) -> None:
        """Load the parameters with what the memory holds, as after a loss of power."""
        for n, each in enumerate(self._found):
            words = self.plan.number_format.decode(self.tracker.held(n))
            each.parameter.copy_(torch.from_numpy(words).view(each.parameter.shape))

    def detach(self) -> None:
        """Stop following the optimizer's steps, and let another memory write back.

        `step` and `store` still write, if no other memory does by then.
        """
        release(self, (each.parameter for each in self._found))
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def state_dict(self) -> dict[str, Any]:
        """All that a later `load_state_dict` needs to go on as if never interrupted.

        Holds tensors, numbers, text and dicts only, so `torch.load` reads it with
        `weights_only=True`. The tensors are the memory's own, not copies.
        """
        state = self.tracker.to_state()
        return {
            "version": _STATE_VERSION,
            "plan": self.plan.to_json(),
            "steps": self.steps,
            "tracker": {
                name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
                for name, value in state.items()
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up `state`, of a memory of the same plan and parameters.

        The parameters keep their values (`restore` would load them). Raises `InputError` if the
        state is damaged or another memory's, and then changes nothing.
        """
        names = ("version", "plan", "steps", "tracker")
        if not isinstance(state, Mapping) or set(state) != set(names):
            raise InputError(f"the memory's state must have {', '.join(names)}")
        versions = range(1, _STATE_VERSION + 1)
        for name, values in (("version", versions), ("plan", (self.plan.to_json(),))):
            if state[name] not in values:
                raise InputError(f"the memory's state is of another {name}: {state[name]!r}")
        steps, tracker = state["steps"], state["tracker"]
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
            raise InputError(f"steps is {steps!r}; it must be a number of at least 0")
        if not isinstance(tracker, Mapping):
            raise InputError("the memory's state has no tracker")
        if state["version"] == 1:
            tracker = {**tracker, "sizes": self.tracker.sizes}
        self.tracker.load_state(
            {
                name: value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
                for name, value in tracker.items()
            }
        )
        self.steps = steps
