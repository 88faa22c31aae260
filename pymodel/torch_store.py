"""Storing torch parameters by a plan: in one fused pass, or attempt by attempt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy, bit_failure_rates
from nvmcosim.pymodel.failures import FROZEN, FailureRecipe, Key, failure_recipe, full_recipe
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.torch_masks import draw_mask
from nvmcosim.pymodel.torch_rules import write_words
from nvmcosim.pymodel.torch_team import torch_team
from nvmcosim.pymodel.torch_words import decode, encode, native_dtype

if TYPE_CHECKING:
    from nvmcosim.pymodel.store_job import StoreJob

__all__ = ["Rates", "StoredParameter", "WriteRule", "descend", "store_parameters"]

#: Parameters with their learning rates.
Rates = Sequence[tuple[torch.Tensor, float]]


@dataclass(eq=False)
class StoredParameter:
    """A parameter and its part of the memory.

    Fields:
        name: of the parameter in its module.
        parameter: fp32, or of the plan's own format.
        words: what the memory holds: contiguous int16 or int32, of the parameter's shape.
        first_block: number of the first block of its words, which the draws depend on.
    """

    name: str
    parameter: torch.nn.Parameter
    words: torch.Tensor
    first_block: int


@dataclass(eq=False)
class WriteRule:
    """A plan made ready for writing.

    Fields:
        plan: the plan; an exact store's has one domain.
        exact: whether no bit fails.
        recipe: how failure masks are drawn.
        bit_energy: of writing one bit by bit position, shape `[2, width]`: MTJ, driver.
        frozen_masks: with `variation="cell"`, the masks drawn so far, by parameter's name.
        layout: where the parameters of the last store lie.
    """

    plan: StorePlan
    exact: bool
    recipe: FailureRecipe
    bit_energy: NDArray[np.float64]
    frozen_masks: dict[str, torch.Tensor] = field(default_factory=dict)
    layout: "Layout | None" = None

    @classmethod
    def of(cls, plan: StorePlan, curve: DeviceCurve, exact: bool) -> "WriteRule":
        """The rule of `plan` on the device of `curve`.

        An `exact` store drives every bit with the longest pulse of the plan, and none fails unless
        that is 0.
        """
        if exact:
            plan = plan.in_full()
        rates = bit_failure_rates(plan, curve)
        if exact:
            rates = np.where(plan.bit_pulse_ps > 0, 0.0, 1.0)
        frozen = plan.variation == "cell" and not exact
        recipe = full_recipe(rates) if frozen else failure_recipe(rates)
        return cls(plan, exact, recipe, bit_energy(plan, curve))

    @property
    def single_pass(self) -> bool:
        """Whether one attempt that drives every written bit is all there is to it."""
        return self.plan.rewrite == "all" and self.plan.retry_limit == 0

    @property
    def compiles(self) -> bool:
        """Whether a processor's kernels can write so: no row may lie across two blocks."""
        return self.single_pass or self.recipe.block_words % self.plan.bank_words == 0

    @property
    def frozen(self) -> bool:
        """Whether the same cells fail at every attempt."""
        return self.plan.variation == "cell" and not self.exact

    def mask(self, stored: StoredParameter, number: int, attempt: int) -> torch.Tensor:
        """Failure mask of a parameter at an attempt of store `number`, in its words' shape."""
        held = self.frozen_masks.get(stored.name)
        if held is not None and held.device == stored.words.device:
            return held
        mask = self._draw(stored, Key(self.plan.seed, number, attempt))
        if self.frozen:
            self.frozen_masks[stored.name] = mask
        return mask

    def _draw(self, stored: StoredParameter, key: Key) -> torch.Tensor:
        if self.frozen:
            key = Key(key.seed, FROZEN)
        words = stored.words
        if words.device.type != "cpu":
            drawn = draw_mask(self.recipe, key, stored.first_block, words.numel(), words.device)
            return drawn.view(words.shape)
        from nvmcosim.pymodel import kernels

        mask = torch.empty_like(words)
        row = (0, 0, mask.data_ptr(), words.numel(), stored.first_block)
        kernels.draw_masks(np.array([row]), self.recipe, key, torch.get_num_threads())
        return mask


@dataclass(eq=False)
class Batch:
    """Parameters that one call of the kernels stores: of one mode (`word_kernels`).

    `job` is None where a rule needs more than one pass.
    """

    mode: int
    parameters: list[StoredParameter]
    segments: NDArray[np.int64]
    job: "StoreJob | None"


@dataclass(eq=False)
class Layout:
    """Parameters as a rule's kernels find them: worked out once, as a store a step is a hot path.

    Fields:
        places: where the parameters were; another list makes another layout.
        known: what a store counts that does not depend on the data.
        batches: parameters that kernels read as they lie.
        staged: parameters that no kernel reads as they lie.
        others: parameters that are stored by torch's operations.
        compiled: parameters that kernels write.
        descents: by `id` of an fp32 parameter, the job that may take its gradient, and its row.
    """

    places: list[tuple[Any, ...]]
    known: StoreCounters
    batches: list[Batch] = field(default_factory=list)
    staged: list[StoredParameter] = field(default_factory=list)
    others: list[StoredParameter] = field(default_factory=list)
    compiled: list[torch.Tensor] = field(default_factory=list)
    descents: dict[int, tuple["StoreJob", int]] = field(default_factory=dict)

    def descend(self, rates: Rates) -> bool:
        """Have the next store take gradients at `rates` from the parameters it stores.

        False, and nothing is changed, if it cannot do so for every one of `rates` in one pass.
        """
        for parameter, rate in rates:
            place, gradient = self.descents.get(id(parameter)), parameter.grad
            if place is None:
                break
            if gradient is None:
                continue
            if gradient.layout is not torch.strided or not gradient.is_contiguous():
                break
            job, row = place
            job.gradients[row], job.rates[row] = gradient.data_ptr(), rate
        else:
            return True
        self.forget_gradients()
        return False

    def forget_gradients(self) -> None:
        """Have the next store change no value before it is stored."""
        for batch in self.batches:
            if batch.job is not None:
                batch.job.gradients.fill(0)


def store_parameters(
    parameters: list[StoredParameter],
    places: list[tuple[Any, ...]],
    rule: WriteRule,
    number: int,
    counters: StoreCounters,
    rates: Rates = (),
) -> None:
    """Store every parameter, read it back, and add what it took; `number` is the store's.

    `places` is `ParameterWatch.check()`'s: the same list where no parameter has moved. A step of
    gradient descent by `rates` comes first.
    """
    layout = rule.layout
    if layout is None or layout.places is not places:
        layout = rule.layout = _lay_out(parameters, places, rule)
    fused = layout.descend(rates)
    if not fused:
        descend(rates)
    counters.add(layout.known)
    for stored in layout.others:
        _store_by_rule(stored, rule, number, counters)
    key, threads = Key(rule.plan.seed, number), torch.get_num_threads()
    try:
        for batch in layout.batches:
            _store_batch(batch, rule, key, threads, counters)
    finally:
        if fused:
            layout.forget_gradients()
    if layout.staged:
        _store_staged(layout.staged, rule, key, threads, counters)
    torch.autograd.graph.increment_version(layout.compiled)


@torch.no_grad()
def descend(rates: Rates) -> None:
    """One step of plain gradient descent, as `torch.optim.SGD` takes it."""
    for parameter, rate in rates:
        if parameter.grad is not None:
            parameter.add_(parameter.grad, alpha=-rate)


def _lay_out(
    parameters: list[StoredParameter], places: list[tuple[Any, ...]], rule: WriteRule
) -> Layout:
    from nvmcosim.pymodel.word_kernels import NATIVE, mode_of

    plan = rule.plan
    known = StoreCounters.zero(plan)
    _count_known(parameters, plan, known)
    native = native_dtype(plan.number_format)
    modes = {native: NATIVE, torch.float32: mode_of(plan.number_format, plan.rounding)}
    found: dict[int, list[StoredParameter]] = {}
    layout = Layout(places, known)
    for stored in parameters:
        stored.words = stored.words.to(stored.parameter.device)
        if stored.words.device.type != "cpu" or not rule.compiles:
            layout.others.append(stored)
            continue
        layout.compiled.append(stored.parameter)
        values = stored.parameter
        if values.is_contiguous():
            found.setdefault(modes[values.dtype], []).append(stored)
        else:
            layout.staged.append(stored)
    for mode, members in found.items():
        rows = [_segment(stored, stored.parameter.data_ptr(), rule) for stored in members]
        batch = _batch(mode, members, rows, rule)
        layout.batches.append(batch)
        if batch.job is None:
            continue
        for row, stored in enumerate(members):
            if stored.parameter.dtype == torch.float32:
                layout.descents[id(stored.parameter)] = batch.job, row
    return layout


def _batch(
    mode: int, parameters: list[StoredParameter], rows: list[tuple[int, ...]], rule: WriteRule
) -> Batch:
    segments = np.array(rows, np.int64)
    job = None
    if rule.single_pass:
        from nvmcosim.pymodel.store_job import StoreJob

        job = StoreJob(segments, mode, rule.recipe)
    return Batch(mode, parameters, segments, job)


def _segment(stored: StoredParameter, address: int, rule: WriteRule) -> tuple[int, ...]:
    # Frozen masks stay where they are for as long as the rule does.
    masks = rule.mask(stored, 0, 0).data_ptr() if rule.frozen else 0
    return (address, stored.words.data_ptr(), masks, stored.words.numel(), stored.first_block)


def _count_known(
    parameters: list[StoredParameter], plan: StorePlan, counters: StoreCounters
) -> None:
    """What is known before: commands, and with `rewrite="all"` what the first attempt drives."""
    words = sum(stored.words.numel() for stored in parameters)
    rows = sum(-(-stored.words.numel() // plan.bank_words) for stored in parameters)
    counters.commands += rows
    if plan.rewrite == "all":
        written = np.array(plan.cycles) > 0
        counters.driven_bits += words * (plan.bit_pulse_ps > 0)
        counters.pulses += rows * written
        bits = np.array([domain.bits for domain in plan.domains])
        counters.driven_cycles += words * bits * np.array(plan.cycles)


@torch.no_grad()
def _store_by_rule(
    stored: StoredParameter, rule: WriteRule, number: int, counters: StoreCounters
) -> None:
    plan = rule.plan
    wanted = encode(stored.parameter, plan.number_format, plan.rounding)

    def mask(attempt: int) -> torch.Tensor:
        return rule.mask(stored, number, attempt)

    stored.words.copy_(write_words(wanted, stored.words, plan, mask, counters))
    stored.parameter.copy_(decode(stored.words, plan.number_format))


def _store_batch(
    batch: Batch, rule: WriteRule, key: Key, threads: int, counters: StoreCounters
) -> None:
    if batch.job is not None:
        counters.count_outcomes(batch.job.run(key, threads, torch_team()))
        return
    from nvmcosim.pymodel.rule_kernels import store_by_rule

    store_by_rule(batch.segments, batch.mode, rule.plan, rule.recipe, key, threads, counters)


@torch.no_grad()
def _store_staged(
    parameters: list[StoredParameter],
    rule: WriteRule,
    key: Key,
    threads: int,
    counters: StoreCounters,
) -> None:
    """Store parameters that are not contiguous: rounded to words in one piece for each dtype."""
    from nvmcosim.pymodel.word_kernels import NATIVE

    plan = rule.plan
    by_dtype: dict[torch.dtype, list[StoredParameter]] = {}
    for stored in parameters:
        by_dtype.setdefault(stored.parameter.dtype, []).append(stored)
    rows, pieces = [], []
    for group in by_dtype.values():
        flat = torch.cat([stored.parameter.reshape(-1) for stored in group])
        words = encode(flat, plan.number_format, plan.rounding)
        for stored, piece in zip(group, words.split([s.words.numel() for s in group]), strict=True):
            rows.append(_segment(stored, piece.data_ptr(), rule))
            pieces.append((stored, piece))
    _store_batch(_batch(NATIVE, parameters, rows, rule), rule, key, threads, counters)
    for stored, piece in pieces:
        stored.parameter.copy_(decode(piece, plan.number_format).view(stored.words.shape))
