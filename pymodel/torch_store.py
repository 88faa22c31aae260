"""Storing torch parameters by a plan: in one fused pass, or attempt by attempt."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy, bit_failure_rates
from nvmcosim.pymodel.failures import FROZEN, FailureRecipe, Key, failure_recipe, full_recipe
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.torch_masks import draw_mask
from nvmcosim.pymodel.torch_words import decode, encode, native_dtype

__all__ = ["StoredParameter", "WriteRule", "store_parameters", "write_words"]


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
    """

    plan: StorePlan
    exact: bool
    recipe: FailureRecipe
    bit_energy: NDArray[np.float64]
    frozen_masks: dict[str, torch.Tensor] = field(default_factory=dict)

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


def store_parameters(
    parameters: list[StoredParameter], rule: WriteRule, number: int
) -> StoreCounters:
    """Store every parameter, read it back, and return what it took; `number` is the store's."""
    counters = StoreCounters.zero(rule.plan)
    _count_known(parameters, rule.plan, counters)
    compiled = []
    for stored in parameters:
        stored.words = stored.words.to(stored.parameter.device)
        if stored.words.device.type == "cpu" and rule.compiles:
            compiled.append(stored)
        else:
            _store_by_rule(stored, rule, number, counters)
    if compiled:
        _store_compiled(compiled, rule, number, counters)
    return counters


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


def _store_by_rule(
    stored: StoredParameter, rule: WriteRule, number: int, counters: StoreCounters
) -> None:
    plan = rule.plan
    wanted = encode(stored.parameter, plan.number_format, plan.rounding)

    def mask(attempt: int) -> torch.Tensor:
        return rule.mask(stored, number, attempt)

    stored.words.copy_(write_words(wanted, stored.words, plan, mask, counters))
    stored.parameter.copy_(decode(stored.words, plan.number_format))


def write_words(
    wanted: torch.Tensor,
    held: torch.Tensor,
    plan: StorePlan,
    mask: Callable[[int], torch.Tensor],
    counters: StoreCounters,
) -> torch.Tensor:
    """What the memory holds after `wanted` was written over `held`, by `GoldenStore`'s rules.

    Words are int16 or int32 tensors of one shape, `bank_words` consecutive ones a row; `mask(n)`
    gives attempt n's failure mask. Adds to `counters` what is not known beforehand.
    """
    written = _signed(plan.written_mask, plan.width)
    differing = wanted ^ held
    drive = differing & written if plan.rewrite == "changed" else torch.full_like(held, written)
    for attempt in range(1 + plan.retry_limit):
        if attempt or plan.rewrite == "changed":
            _count_attempt(drive, plan, counters, attempt)
        differing = differing & (mask(attempt) | ~drive)
        drive = differing & written
        if not drive.any():
            break
    counters.failed_bits += _bit_counts(differing, plan.width)
    return wanted ^ differing


def _count_attempt(
    drive: torch.Tensor, plan: StorePlan, counters: StoreCounters, attempt: int
) -> None:
    by_bit = _bit_counts(drive, plan.width)
    counters.driven_bits += by_bit
    padded = torch.nn.functional.pad(drive.reshape(-1), (0, -drive.numel() % plan.bank_words))
    rows = padded.view(-1, plan.bank_words)
    for domain, mask in enumerate(plan.masks):
        driven = (rows & _signed(mask, plan.width) != 0).any(dim=1)
        counters.pulses[domain] += int(driven.sum())
        bits = int(by_bit[plan.bit_domain == domain].sum())
        counters.driven_cycles[domain] += bits * plan.cycles[domain]
    if attempt:
        counters.retries += int((rows != 0).any(dim=1).sum())


def _bit_counts(words: torch.Tensor, width: int) -> NDArray[np.int64]:
    if words.device.type == "cpu":
        from nvmcosim.pymodel import kernels

        words = words.contiguous()
        return kernels.count_bits(words.data_ptr(), words.numel(), width)
    counts = torch.stack([(words >> bit & 1).sum() for bit in range(width)])
    return counts.cpu().numpy()


def _store_compiled(
    parameters: list[StoredParameter], rule: WriteRule, number: int, counters: StoreCounters
) -> None:
    """Store parameters that a processor holds, all of a dtype in one call of a kernel."""
    from nvmcosim.pymodel import kernels, rule_kernels
    from nvmcosim.pymodel.word_kernels import NATIVE, mode_of

    plan = rule.plan
    native = native_dtype(plan.number_format)
    modes = {native: NATIVE, torch.float32: mode_of(plan.number_format, plan.rounding)}
    rows: dict[int, list[tuple[int, ...]]] = {}
    staged: dict[torch.dtype, list[StoredParameter]] = {}

    def add(stored: StoredParameter, address: int, mode: int) -> None:
        masks = rule.mask(stored, number, 0).data_ptr() if rule.frozen else 0
        row = (address, stored.words.data_ptr(), masks, stored.words.numel(), stored.first_block)
        rows.setdefault(mode, []).append(row)

    for stored in parameters:
        values = stored.parameter
        if values.is_contiguous():
            add(stored, values.data_ptr(), modes[values.dtype])
        else:
            staged.setdefault(values.dtype, []).append(stored)
    # What no kernel reads as it lies is rounded to words in one piece.
    pieces = []
    for group in staged.values():
        flat = torch.cat([stored.parameter.reshape(-1) for stored in group])
        words = encode(flat, plan.number_format, plan.rounding)
        for stored, piece in zip(group, words.split([s.words.numel() for s in group]), strict=True):
            add(stored, piece.data_ptr(), NATIVE)
            pieces.append((stored, piece))
    key, threads = Key(plan.seed, number), torch.get_num_threads()
    for mode, found in rows.items():
        segments = np.array(found, np.int64)
        if rule.single_pass:
            failed = kernels.store(segments, mode, rule.recipe, key, threads)
            counters.failed_bits += failed
        else:
            rule_kernels.store_by_rule(segments, mode, plan, rule.recipe, key, threads, counters)
    for stored, piece in pieces:
        stored.parameter.copy_(decode(piece, plan.number_format).view(stored.words.shape))
    for stored in parameters:
        torch.autograd.graph.increment_version(stored.parameter)


def _signed(mask: int, width: int) -> int:
    return mask - (1 << width) if mask >> (width - 1) else mask
