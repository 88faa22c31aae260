"""The store with all of a plan's options: `GoldenStore`'s rules, attempt by attempt, compiled."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.count_kernels import count_lanes, counted, new_counter
from nvmcosim.pymodel.draw_kernels import draw_block, jit, part
from nvmcosim.pymodel.failures import BLOCK_LANES, STREAMS, FailureRecipe, Key
from nvmcosim.pymodel.kernels import starts_of
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.teams import shared_out
from nvmcosim.pymodel.word_kernels import NATIVE, keep_words, load_words

__all__ = ["store_by_rule"]


@part
def _count_rows(words, count, bank_words, masks, pulses):
    """Add, by domain, the rows that have driven bits to `pulses`; returns those that have any."""
    rows = 0
    for first in range(0, count, bank_words):
        driven = words[first]
        for n in range(first + 1, min(first + bank_words, count)):
            driven |= words[n]
        for domain in range(masks.size):
            pulses[domain] += (driven & masks[domain]) != 0
        rows += driven != 0
    return rows


@part
def _count_drive(drive, words, width, bank_words, masks, pulses):
    if width == 16:
        return _count_rows(drive.view(np.uint16), words, bank_words, masks, pulses)
    return _count_rows(drive.view(np.uint32), words, bank_words, masks, pulses)


@part
def _start_attempts(wanted, held, drive, written, changed):
    """`held` becomes the differing bits; returns whether any bit is to be driven."""
    some = np.uint64(0)
    for i in range(BLOCK_LANES):
        differing = wanted[i] ^ held[i]
        held[i] = differing
        driven = differing & written if changed else written
        drive[i] = driven
        some |= driven
    return some != 0


@part
def _attempt(differing, drive, mask, written):
    """Drive the bits in `drive`; returns whether any written bit still differs.

    A bit that no pulse reaches is set in every `mask`, so only driven bits change.
    """
    some = np.uint64(0)
    for i in range(BLOCK_LANES):
        left = differing[i] & mask[i]
        differing[i] = left
        drive[i] = left & written
        some |= left & written
    return some != 0


@jit
def _rule_range(segments, starts, low, high, mode, recipe, keys, rule):
    """Store blocks `low` to `high`.

    Returns driven, failed and changed bits by bit of a lane, pulses, retries.
    """
    width = recipe[0]
    written, changed, retry_limit, bank_words, masks = rule
    wanted = np.empty(BLOCK_LANES, np.uint64)
    held = np.empty(BLOCK_LANES, np.uint64)
    drive = np.empty(BLOCK_LANES, np.uint64)
    mask = np.empty(BLOCK_LANES, np.uint64)
    touched = np.zeros(BLOCK_LANES, np.uint64)
    state = np.empty((3, STREAMS), np.uint64)
    driven, failed, changing = new_counter(), new_counter(), new_counter()
    pulses = np.zeros(masks.size, np.int64)
    retries = 0
    block_words = BLOCK_LANES * 64 // width
    segment = 0
    for block in range(low, high):
        while starts[segment + 1] <= block:
            segment += 1
        values, memory, given, total, first_block = segments[segment]
        number = first_block + block - starts[segment]
        first = (block - starts[segment]) * block_words
        words = min(block_words, total - first)
        lanes = (words * width + 63) // 64
        load_words(wanted, values, first, words, mode, width)
        load_words(held, memory, first, words, NATIVE, width)
        busy = _start_attempts(wanted, held, drive, written, changed)
        count_lanes(held, changing)
        if given:
            load_words(mask, given, first, words, NATIVE, width)
        attempt = 0
        while busy and attempt <= retry_limit:
            if changed or attempt:
                rows = _count_drive(drive, words, width, bank_words, masks, pulses)
                retries += rows if attempt else 0
                count_lanes(drive, driven)
            if not given:
                draw_block(mask, touched, state, recipe, number, attempt, lanes, keys)
            busy = _attempt(held, drive, mask, written)
            attempt += 1
        count_lanes(held, failed)
        for i in range(BLOCK_LANES):
            wanted[i] ^= held[i]
        keep_words(wanted, memory, first, words, NATIVE, width)
        keep_words(wanted, values, first, words, mode, width)
    return counted(driven), counted(failed), counted(changing), pulses, retries


def store_by_rule(
    segments: NDArray[np.int64],
    mode: int,
    plan: StorePlan,
    recipe: FailureRecipe,
    key: Key,
    threads: int,
    counters: StoreCounters,
) -> None:
    """Store parameters by `plan` with all its options, in place, and add to `counters`.

    `segments` and `mode` are as in `StoreJob`; `key` is of the first attempt. Only what is
    not known beforehand is counted: failed and changed bits, retries, and what they and
    `rewrite="changed"` drive. A block must hold whole rows of `plan.bank_words` words.
    """
    keys = (np.uint64(key.seed), np.uint64(key.store))
    starts = starts_of(segments, recipe)
    dtype = plan.number_format.dtype
    lane = int.from_bytes(
        np.full(8 // dtype.itemsize, plan.written_mask, dtype).tobytes(), "little"
    )
    changed, masks = plan.rewrite == "changed", np.array(plan.masks, dtype)
    rule = (np.uint64(lane), changed, plan.retry_limit, plan.bank_words, masks)

    def work(low: int, high: int) -> tuple[Any, ...]:
        return _rule_range(segments, starts, low, high, mode, recipe.arrays, keys, rule)

    shares = shared_out(work, int(starts[-1]), threads)
    for lanes_driven, failed, changing, pulses, retries in shares:
        driven = lanes_driven.reshape(-1, plan.width).sum(axis=0)
        counters.driven_bits += driven
        counters.failed_bits += failed.reshape(-1, plan.width).sum(axis=0)
        counters.changed_bits += changing.reshape(-1, plan.width).sum(axis=0)
        counters.pulses += pulses
        counters.retries += retries
        for n, cycles in enumerate(plan.cycles):
            counters.driven_cycles[n] += int(driven[plan.bit_domain == n].sum()) * cycles
