"""One line makes a torch module's parameters live in an approximate memory (ono2021, IV, V)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.hooks import RemovableHandle

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy
from nvmcosim.pymodel.curve import WriteCurve, load_curve
from nvmcosim.pymodel.device.threshold import LAWS, law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.failures import BLOCK_LANES
from nvmcosim.pymodel.ledger import Ledger
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.store_record import StoreRecord
from nvmcosim.pymodel.torch_parameters import (
    FoundParameter,
    ParameterWatch,
    find_parameters,
)
from nvmcosim.pymodel.torch_store import (
    Rates,
    StoredParameter,
    WriteRule,
    descend,
    store_parameters,
)
from nvmcosim.pymodel.torch_words import decode, encode, word_dtype

__all__ = ["ApproximateMemory", "steps_between"]

#: Plans whose preparation is kept, so that toggling between a few costs nothing.
_RULES_KEPT = 8
#: Version of what `state_dict` returns.
STATE_VERSION = 2


class ApproximateMemory:
    """An approximate memory that a module's parameters are stored to and read back from.

    A store rounds each parameter to a word of the plan's format, writes the words, and puts what
    the memory then holds back into the parameters: a bit that fails to be written keeps the value
    the memory held before, not the flipped one. Parameters shared between modules are stored once.
    Buffers, such as the running statistics of batch normalisation, are not parameters and stay
    outside the memory; so does the optimizer's state.

        memory = nvmcosim.ApproximateMemory(model, plan)          # a store an epoch
        for epoch in range(20):
            train(model)
            memory.end_epoch()
        print(memory.ledger.relative_energy)

    Same plan (its seed is in it), same sequence of stores: same bits, whatever the number of
    threads.

    Args:
        model: the module; its parameters are fp32, or of the plan's own format.
        plan: how words are written.
        every: `"epoch"` stores at each `end_epoch()`, `"step"` at each step, N at every Nth step.
        names: patterns (`fnmatch`, such as `"features.*"`) of the parameters to store; None is all.
        optimizer: if given, each of its steps counts as a step; else call `step()`.
        curve: the device's write curve; None takes it from `plan.device`, a law or a curve file.
        first_block: number of the first block of words, which draws depend on: memories of one
            seed that are parts of a larger one must not share blocks.

    Attributes:
        ledger: energy, failed bits and stored words, by store; by epoch for stores at steps.
        epoch, steps: ended epochs and taken steps.
        next_block: the first block after this memory's.
        before_store: if not None, called before each store, when the parameters have the values
            to be stored and `words` still what the memory holds.

    The memory follows the parameters that the module has now: a layer that is added later needs a
    new memory, and a store raises `InputError` if a parameter was replaced, resized or cast.

    Raises `InputError` for a wrong argument, or a parameter that cannot be stored.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        plan: StorePlan,
        every: str | int = "epoch",
        names: Iterable[str] | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        curve: DeviceCurve | None = None,
        first_block: int = 0,
    ) -> None:
        if not isinstance(plan, StorePlan):
            raise InputError(f"plan is {plan!r}; it must be a StorePlan")
        self.plan = plan
        self.curve = _curve_of(plan) if curve is None else curve
        self.every = every
        self._interval = steps_between(every)
        self.epoch = 0
        self.steps = 0
        self.ledger = Ledger(plan.width, self.curve)
        found = find_parameters(model, names, plan)
        self._watch = ParameterWatch(found, plan)
        self.next_block = first_block
        self._parameters = self._stored(found)
        self._stores = 0
        self._rules: dict[tuple[StorePlan, bool], WriteRule] = {}
        self._word_energy = float(bit_energy(plan.in_full(), self.curve).sum())
        # Refuses a pulse that the curve does not cover.
        self._own_rule = WriteRule.of(plan, self.curve, False)
        self._words = sum(stored.parameter.numel() for stored in self._parameters)
        self.before_store: Callable[[], None] | None = None
        self._hook: RemovableHandle | None = None
        if optimizer is not None:
            self._hook = optimizer.register_step_post_hook(self._after_step)

    def _after_step(self, *_: Any) -> None:
        self.step()

    @property
    def words(self) -> dict[str, torch.Tensor]:
        """What the memory holds, by parameter name: int16 or int32 tensors, not copied.

        Each has its parameter's shape.
        """
        return {stored.name: stored.words for stored in self._parameters}

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """The parameters that live in the memory."""
        return [stored.parameter for stored in self._parameters]

    def _stored(self, found: list[FoundParameter]) -> list[StoredParameter]:
        plan = self.plan
        block_words = BLOCK_LANES * 64 // plan.width
        parameters = []
        for each in found:
            name, parameter = each.name, each.parameter
            words = torch.zeros(
                parameter.shape, dtype=word_dtype(plan.number_format), device=parameter.device
            )
            if plan.initial == "weights":
                words.copy_(encode(parameter.detach(), plan.number_format, plan.rounding))
            parameters.append(StoredParameter(name, parameter, words, self.next_block))
            self.next_block += -(-parameter.numel() // block_words)
        return parameters

    def step(self) -> StoreRecord | None:
        """Count a training step, and store if one is due; None if none is.

        Returns the record that the store is counted in, with the other steps' of its epoch.
        """
        return self.descend(())

    def descend(self, rates: Rates) -> StoreRecord | None:
        """Take a step of plain gradient descent, then do as `step`.

        `rates` are parameters with their learning rates; one without a gradient stays. Where a
        store is due, both are one pass over the weights if all parameters in `rates` are stored,
        contiguous fp32 values of a processor, as their gradients are. `StoringSGD` calls this.
        """
        self.steps += 1
        if self._interval and self.steps % self._interval == 0:
            return self._store(self._own_rule, stepped=True, rates=rates)
        descend(rates)
        return None

    def end_epoch(
        self, plan: StorePlan | None = None, exact: bool = False, skip: bool = False
    ) -> StoreRecord | None:
        """Count an epoch; with `every="epoch"` store, by `plan` or exactly where given.

        With stores by the step there is one here only if `plan` or `exact` asks for it. `skip`
        leaves this epoch's store out. Returns the store's record, or None.
        """
        self.epoch += 1
        if skip or (self._interval and plan is None and not exact):
            return None
        return self.store(plan, exact)

    def store(self, plan: StorePlan | None = None, exact: bool = False) -> StoreRecord:
        """Store all parameters now and read them back; returns the record.

        `plan` replaces the memory's plan for this store alone (ono2021, VI-B toggles the
        approximation by epoch so); it must have the same format. `exact` writes every bit with
        the longest pulse of the plan and fails none.
        """
        return self._store(self._rule(plan, exact), stepped=False)

    def _store(self, rule: WriteRule, stepped: bool, rates: Rates = ()) -> StoreRecord:
        places = self._watch.check()
        if self.before_store is not None:
            descend(rates)
            rates = ()
            self.before_store()
        record = self.ledger.record_for(
            self.epoch, self.steps, rule.plan, rule.exact, rule.bit_energy, stepped
        )
        store_parameters(self._parameters, places, rule, self._stores, record.counters, rates)
        record.count(self.steps, self._words, self._word_energy * self._words)
        self._stores += 1
        return record

    def _rule(self, plan: StorePlan | None, exact: bool) -> WriteRule:
        if plan is None and not exact:
            return self._own_rule
        plan = self.plan if plan is None else plan
        if not isinstance(plan, StorePlan) or (plan.format, plan.device) != (
            self.plan.format,
            self.plan.device,
        ):
            raise InputError(
                f"plan is {plan!r}; a store to this memory takes a StorePlan of the format "
                f"{self.plan.format} and the device {self.plan.device!r}"
            )
        if (plan, exact) not in self._rules:
            if len(self._rules) == _RULES_KEPT:
                self._rules.pop(next(iter(self._rules)))
            self._rules[plan, exact] = WriteRule.of(plan, self.curve, exact)
        return self._rules[plan, exact]

    @torch.no_grad()
    def restore(self) -> None:
        """Load the parameters with what the memory holds, as after a loss of power (IV-A)."""
        for stored in self._parameters:
            stored.parameter.copy_(decode(stored.words, self.plan.number_format))

    def detach(self) -> None:
        """Stop following the optimizer's steps."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def state_dict(self) -> dict[str, Any]:
        """All that a later `load_state_dict` needs to go on as if never interrupted.

        Holds tensors, numbers, text, lists and dicts only: `torch.load` reads it back with
        `weights_only=True`.
        """
        return {
            "version": STATE_VERSION,
            "plan": self.plan.to_json(),
            "curve": self.curve.digest,
            "epoch": self.epoch,
            "steps": self.steps,
            "stores": self._stores,
            "words": {name: words.clone() for name, words in self.words.items()},
            "ledger": {name: _as_tensor(value) for name, value in self.ledger.to_state().items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up `state`, of a memory of the same plan, curve and parameters.

        Words alone are loaded: the parameters keep their values (`restore` would load them).
        Raises `InputError` if the state is damaged or another memory's, and then changes nothing.
        """
        self._check(state)
        arrays = {name: _as_array(value) for name, value in state["ledger"].items()}
        self.ledger = Ledger.from_state(self.plan.width, self.curve, arrays)
        for stored in self._parameters:
            stored.words.copy_(state["words"][stored.name])
        self.epoch, self.steps, self._stores = state["epoch"], state["steps"], state["stores"]

    def _check(self, state: Mapping[str, Any]) -> None:
        expected = set(self.state_dict())
        if not isinstance(state, Mapping) or set(state) != expected:
            raise InputError(f"the memory's state must have {', '.join(sorted(expected))}")
        for name, value in (
            ("version", STATE_VERSION),
            ("plan", self.plan.to_json()),
            ("curve", self.curve.digest),
        ):
            if state[name] != value:
                raise InputError(f"the memory's state is of another {name}: {state[name]!r}")
        for name in ("epoch", "steps", "stores"):
            if not isinstance(state[name], int) or state[name] < 0:
                raise InputError(f"{name} is {state[name]!r}; it must be a number of at least 0")
        words = self.words
        if not isinstance(state["ledger"], Mapping):
            raise InputError("the memory's state has no ledger")
        if not isinstance(state["words"], Mapping) or set(state["words"]) != set(words):
            raise InputError("the memory's state is of other parameters")
        for name, held in words.items():
            saved = state["words"][name]
            if not isinstance(saved, torch.Tensor) or (saved.shape, saved.dtype) != (
                held.shape,
                held.dtype,
            ):
                raise InputError(
                    f"{name} must be {held.dtype} {tuple(held.shape)} in the memory's state"
                )


def _as_tensor(value: Any) -> Any:
    return torch.from_numpy(value) if isinstance(value, np.ndarray) else value


def _as_array(value: Any) -> Any:
    return value.cpu().numpy() if isinstance(value, torch.Tensor) else value


def _curve_of(plan: StorePlan) -> WriteCurve:
    if plan.device in LAWS:
        return law_curve(plan.device)
    if plan.device.endswith(".json"):
        return load_curve(plan.device)
    raise InputError(
        f"device is {plan.device!r}, neither a law nor a curve file; pass its curve as curve="
    )


def steps_between(every: str | int) -> int:
    """Steps between stores; 0 is once an epoch. Raises `InputError` for what is no interval."""
    if every == "epoch":
        return 0
    if every == "step":
        return 1
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise InputError(f"every is {every!r}; it must be 'epoch', 'step' or a number of steps")
    return every
