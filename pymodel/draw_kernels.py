"""Failure masks in numba: `failures`' draw, block by block.

The generators are Threefry-2x64-13 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
SC 2011), keyed by (seed, store), with counter (block, use); and SFC64, as in numpy, started from
it, for coarse drawing. A use is, from bit 48, the attempt; from bit 32, 0 to start generator i
(in the low bits) or the group plus 1, whose call 0 draws how many cells are corrected and whose
calls from 1 draw which.
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from nvmcosim.pymodel.failures import STREAMS, VECTOR_LANES, WARM_UP
from nvmcosim.pymodel.lane_code import GENERATORS, draw_rows

__all__ = ["compiled_callback", "draw_block", "fill", "jit", "part", "threefry"]

#: Threefry calls, of 8 candidates each, that one batch takes at most.
_CALLS = 32

_U1, _U3, _U11, _U24, _U40 = (np.uint64(n) for n in (1, 3, 11, 24, 40))
_PARITY = np.uint64(0x1BD11BDAA9FC1A22)


def _sources_digest() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    names = ("failures.py", "lane_code.py", "store_job.py", "stream_source.py")
    sources = [*(folder / name for name in names), *folder.glob("*kernels.py")]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_SOURCES = _sources_digest()


def jit(function: Callable[..., Any]) -> Any:
    """`function` compiled, free of the interpreter lock, and cached on disk where that is allowed.

    numba forgets what it cached when a function's own file changes, not when one does that the
    function calls into; the sources' digest in the function's name takes care of those.
    """
    function.__qualname__ += f"-{_SOURCES}"
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to cache in
        return numba.njit(nogil=True, error_model="numpy")(function)


def part(function: Callable[..., Any]) -> Any:
    """`function` compiled as a part of the compiled functions that call it, and cached in them."""
    return numba.njit(nogil=True, error_model="numpy")(function)


def compiled_callback(signature: Any, function: Callable[..., Any]) -> Any:
    """`function` compiled for C code to call, its address in `.address`, and cached as `jit` does.

    It must raise nothing, and hold no interpreter lock.
    """
    if not function.__qualname__.endswith(_SOURCES):
        function.__qualname__ += f"-{_SOURCES}"
    try:
        return numba.cfunc(signature, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder to cache in
        return numba.cfunc(signature, error_model="numpy")(function)


@part
def fill(lanes, value):
    """Set every element of `lanes` to `value`."""
    for i in range(lanes.size):
        lanes[i] = value


@part
def _mix(x0, x1, turn):
    x0 += x1
    return x0, ((x1 << np.uint64(turn)) | (x1 >> np.uint64(64 - turn))) ^ x0


@jit
def threefry(x0, x1, key0, key1):
    """Threefry-2x64-13 of the counter (x0, x1): two 64-bit numbers."""
    key2 = _PARITY ^ key0 ^ key1
    x0, x1 = _mix(x0 + key0, x1 + key1, 16)
    x0, x1 = _mix(x0, x1, 42)
    x0, x1 = _mix(x0, x1, 12)
    x0, x1 = _mix(x0, x1, 31)
    x0, x1 = _mix(x0 + key1, x1 + key2 + np.uint64(1), 16)
    x0, x1 = _mix(x0, x1, 32)
    x0, x1 = _mix(x0, x1, 24)
    x0, x1 = _mix(x0, x1, 21)
    x0, x1 = _mix(x0 + key2, x1 + key0 + np.uint64(2), 16)
    x0, x1 = _mix(x0, x1, 42)
    x0, x1 = _mix(x0, x1, 12)
    x0, x1 = _mix(x0, x1, 31)
    return _mix(x0 + key0, x1 + key1 + np.uint64(3), 16)


@part
def _seed_generators(state, block, use, key0, key1):
    """State [3, STREAMS] of the block's generators, after 12 steps as in numpy's SFC64."""
    a, b, c = state[0], state[1], state[2]
    for i in range(STREAMS):
        a[i], b[i] = threefry(block, use | np.uint64(i), key0, key1)
        c[i] = np.uint64(1)
    for step in range(WARM_UP):
        for i in range(STREAMS):
            random = b[i] + np.uint64(1 + step) + a[i]
            a[i] = b[i] ^ (b[i] >> _U11)
            b[i] = c[i] + (c[i] << _U3)
            c[i] = ((c[i] << _U24) | (c[i] >> _U40)) + random


@part
def _draw_coarse(mask, state, digits, base, rows):
    """Coarse masks of `rows` rows of STREAMS lanes; `digits` is as in `draw_rows`."""
    for first in range(0, STREAMS, GENERATORS):
        draw_rows(
            mask[first:].ctypes,
            state[0, first:].ctypes,
            state[1, first:].ctypes,
            state[2, first:].ctypes,
            digits.ctypes,
            digits.size // VECTOR_LANES,
            rows,
            STREAMS,
            np.uint64(1 + WARM_UP),
            base,
        )


@part
def _corrections(table, uniform):
    """How many thresholds of the falling `table` are above `uniform`."""
    low, high = 0, table.size
    while low < high:
        middle = (low + high) >> 1
        if table[middle] > uniform:
            low = middle + 1
        else:
            high = middle
    return low


@part
def _draw_candidates(fields, calls, first, block, use, keys):
    for n in range(calls):
        counter = use | np.uint64(first + n)
        fields[2 * n], fields[2 * n + 1] = threefry(block, counter, keys[0], keys[1])


@part
def _cells_of(cells, positions, size):
    """The cell that each index of a candidate means, as a word with its bit; 0 if none."""
    for index in range(cells.size):
        cells[index] = 1 << positions[index] if index < size else 0


@part
def _correct(mask, touched, left, cells, index_bits, clears, blank, block, use, keys):
    """Set or clear `left` cells of the words in `mask`, drawn without replacement.

    A candidate is 16 random bits: a word of the block in the low bits, then an index into `cells`.
    It is passed over if the index is too large or the cell was drawn before. `touched` has the
    cells that were; it is `mask` itself where those were all 0 and are set (`blank`).
    """
    word_bits = 12 if mask.itemsize == 2 else 11
    last_word, last_index = np.uint64((1 << word_bits) - 1), np.uint64((1 << index_bits) - 1)
    fields = np.empty(2 * _CALLS, np.uint64)
    candidates = fields.view(np.uint16)
    call, place, end = 1, 0, 0
    while left > 0:
        if place == end:
            calls = min((left >> 3) + 1, _CALLS)
            _draw_candidates(fields, calls, call, block, use, keys)
            call, place, end = call + calls, 0, 8 * calls
        last = min(place + left, end)
        for n in range(place, last):
            field = np.uint64(candidates[n])
            word = field & last_word
            cell = cells[(field >> np.uint64(word_bits)) & last_index]
            before = touched[word]
            touched[word] = before | cell
            if clears:
                mask[word] &= ~cell
            elif not blank:
                mask[word] |= cell
            left -= np.int64((cell & ~before) != 0)
        place = last


@part
def _correct_group(mask, touched, left, recipe, group, cells, block, use, keys):
    """Correct `left` cells of a group; returns whether `touched` was written to.

    `mask`, `touched` and `cells` are of the words' type; `cells` has room for a cell a bit.
    """
    _, base, digits, bits, sizes, index_bits, clears, _ = recipe
    _cells_of(cells, bits[group], sizes[group])
    coarse = base
    for n in range(0, digits.size, VECTOR_LANES):
        coarse |= digits[n]
    own = np.uint64(0)
    for cell in cells:
        own |= np.uint64(cell)
    # Lanes repeat a word.
    blank = not clears[group] and coarse & own == 0
    seen = mask if blank else touched
    _correct(mask, seen, left, cells, index_bits[group], clears[group], blank, block, use, keys)
    return not blank


@part
def draw_block(mask, touched, state, recipe, block, attempt, lanes, keys):
    """The failure mask of one block, in `mask`; of its first `lanes` lanes at least.

    Returns whether any cell may fail. `touched` is all 0 before and after; `state` is room for the
    generators.
    """
    width, base, digits, _, _, _, _, tables = recipe
    number, attempt_bits = np.uint64(block), np.uint64(attempt) << np.uint64(48)
    if digits.size:
        _seed_generators(state, number, attempt_bits, keys[0], keys[1])
        rows = (lanes + STREAMS - 1) // STREAMS
        _draw_coarse(mask, state, digits, base, rows)
        # Corrections are of the whole block.
        fill(mask[rows * STREAMS :], base)
    else:
        fill(mask, base)
    corrected, used = False, False
    for group in range(tables.shape[0]):
        use = attempt_bits | np.uint64(group + 1) << np.uint64(32)
        uniform, _ = threefry(number, use, keys[0], keys[1])
        left = _corrections(tables[group], uniform)
        if left == 0:
            continue
        corrected = True
        if width == 16:
            cells = np.empty(16, np.uint16)
            words, seen = mask.view(np.uint16), touched.view(np.uint16)
            used |= _correct_group(words, seen, left, recipe, group, cells, number, use, keys)
        else:
            cells = np.empty(32, np.uint32)
            words, seen = mask.view(np.uint32), touched.view(np.uint32)
            used |= _correct_group(words, seen, left, recipe, group, cells, number, use, keys)
    if used:
        fill(touched, np.uint64(0))
    return corrected or digits.size > 0 or base != 0
