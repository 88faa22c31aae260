"""A store by a plan's rules in torch's operations, attempt by attempt, on any device."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["write_words"]


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
    counters.changed_bits += _bit_counts(differing, plan.width)
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


def _signed(mask: int, width: int) -> int:
    return mask - (1 << width) if mask >> (width - 1) else mask
