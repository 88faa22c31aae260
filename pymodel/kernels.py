"""The store as a hot path: numba kernels that draw failures, write words and count, block by block.

`store_job` hands a whole store to them. What a store does is `GoldenStore`'s rule with a failure
mask (1 = fails) in place of thresholds: held = wanted ^ ((wanted ^ held) & mask). `failures` says
how masks are drawn.

The kernels take memory addresses of segments, one a parameter, so that one call stores a whole
module; the blocks of all segments are shared out among threads (`teams`).
Every stage works on one block in the first-level cache. Loops are written so that the compiler
vectorises them: one array element an iteration, no call that it cannot inline.
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numba
import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.count_kernels import count_lanes, counted, new_counter
from nvmcosim.pymodel.draw_kernels import draw_block, jit, part
from nvmcosim.pymodel.failures import BLOCK_LANES, STREAMS, FailureRecipe, Key
from nvmcosim.pymodel.lane_code import address_as_pointer, fused_multiply_add
from nvmcosim.pymodel.teams import shared_out
from nvmcosim.pymodel.word_kernels import NATIVE, keep_words, load_words

__all__ = ["count_bits", "draw_masks", "starts_of", "store_range"]


@part
def _compare(wanted, held):
    """Turn `held` into the bits that differ."""
    for i in range(BLOCK_LANES):
        held[i] ^= wanted[i]


@part
def _write(wanted, differing, mask):
    """Turn `wanted` into what is then held, and `mask` into the bits that keep another value."""
    for i in range(BLOCK_LANES):
        failed = mask[i] & differing[i]
        mask[i] = failed
        wanted[i] ^= failed


@part
def _by_bit(counter, width, totals):
    """Write what was counted by bit of a lane to `totals`, `[width]`."""
    lanes = counted(counter)
    for i in range(64):
        totals[i % width] += lanes[i]


@part
def _descend(address, gradients, first, words, rate):
    """Take `rate` times the gradients from the fp32 values `first` to `first + words`."""
    values = numba.carray(address_as_pointer(address + first * 4), words, np.float32)
    slopes = numba.carray(address_as_pointer(gradients + first * 4), words, np.float32)
    for i in range(words):
        values[i] = fused_multiply_add(slopes[i], -rate, values[i])


@jit
def store_range(segments, starts, descents, low, high, mode, recipe, attempt, keys):
    """Store blocks `low` to `high` of `segments`; returns failed and changed bits, [2, width].

    `segments`, `mode` and `descents` are as in `StoreJob`; `starts` counts the blocks before each
    segment; `recipe` is `FailureRecipe.arrays`.
    """
    gradients, rates = descents
    width = recipe[0]
    wanted = np.empty(BLOCK_LANES, np.uint64)
    held = np.empty(BLOCK_LANES, np.uint64)
    mask = np.empty(BLOCK_LANES, np.uint64)
    touched = np.zeros(BLOCK_LANES, np.uint64)
    state = np.empty((3, STREAMS), np.uint64)
    failed, changed = new_counter(), new_counter()
    block_words = BLOCK_LANES * 64 // width
    segment = 0
    for block in range(low, high):
        while starts[segment + 1] <= block:
            segment += 1
        values, memory, masks, total, first_block = segments[segment]
        local = block - starts[segment]
        first = local * block_words
        words = min(block_words, total - first)
        if gradients[segment]:
            _descend(values, gradients[segment], first, words, rates[segment])
        load_words(wanted, values, first, words, mode, width)
        may_fail = True
        if masks:
            load_words(mask, masks, first, words, NATIVE, width)
        else:
            lanes = (words * width + 63) // 64
            number = first_block + local
            may_fail = draw_block(mask, touched, state, recipe, number, attempt, lanes, keys)
        load_words(held, memory, first, words, NATIVE, width)
        _compare(wanted, held)
        count_lanes(held, changed)
        if may_fail:
            _write(wanted, held, mask)
            count_lanes(mask, failed)
        keep_words(wanted, memory, first, words, NATIVE, width)
        if may_fail or mode != NATIVE:
            keep_words(wanted, values, first, words, mode, width)
    totals = np.zeros((2, width), np.int64)
    _by_bit(failed, width, totals[0])
    _by_bit(changed, width, totals[1])
    return totals


@jit
def _count_words(address, words, width):
    """Set bits of the words at `address` by position in the lane, [64]."""
    lanes = np.empty(BLOCK_LANES, np.uint64)
    counter = new_counter()
    block_words = BLOCK_LANES * 64 // width
    for block in range(-(-words // block_words)):
        first = block * block_words
        load_words(lanes, address, first, min(block_words, words - first), NATIVE, width)
        count_lanes(lanes, counter)
    return counted(counter)


@jit
def _mask_range(segments, starts, low, high, recipe, attempt, keys):
    """Write the failure masks of blocks `low` to `high` where `segments` keep their masks."""
    width = recipe[0]
    mask = np.empty(BLOCK_LANES, np.uint64)
    touched = np.zeros(BLOCK_LANES, np.uint64)
    state = np.empty((3, STREAMS), np.uint64)
    block_words = BLOCK_LANES * 64 // width
    segment = 0
    for block in range(low, high):
        while starts[segment + 1] <= block:
            segment += 1
        _, _, masks, total, first_block = segments[segment]
        local = block - starts[segment]
        first = local * block_words
        words = min(block_words, total - first)
        lanes = (words * width + 63) // 64
        draw_block(mask, touched, state, recipe, first_block + local, attempt, lanes, keys)
        keep_words(mask, masks, first, words, NATIVE, width)


def draw_masks(segments: NDArray[np.int64], recipe: FailureRecipe, key: Key, threads: int) -> None:
    """Write the failure masks of parameters to the addresses of their masks in `segments`."""
    keys = (np.uint64(key.seed), np.uint64(key.store))
    starts = starts_of(segments, recipe)

    def work(low: int, high: int) -> None:
        _mask_range(segments, starts, low, high, recipe.arrays, key.attempt, keys)

    shared_out(work, int(starts[-1]), threads)


def count_bits(address: int, words: int, width: int) -> NDArray[np.int64]:
    """Set bits, by bit position, of the contiguous `words` words of `width` bits at `address`."""
    return _count_words(address, words, width).reshape(-1, width).sum(axis=0)


def starts_of(segments: NDArray[np.int64], recipe: FailureRecipe) -> NDArray[np.int64]:
    """Blocks before each segment, then all blocks, shape `[parameters + 1]`."""
    starts = np.zeros(len(segments) + 1, np.int64)
    np.cumsum(-(-segments[:, 3] // recipe.block_words), out=starts[1:])
    return starts
