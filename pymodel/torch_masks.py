"""Failure masks in torch, on any device: the same bits as `draw_kernels` makes on a processor.

64-bit arithmetic here is torch's int64, which wraps as unsigned arithmetic does; only right shifts
and comparisons need the unsigned case worked out.
"""

import torch

from nvmcosim.pymodel.failures import BLOCK_LANES, STREAMS, WARM_UP, FailureRecipe, Key

__all__ = ["draw_mask"]

#: Rotations and key injections of Threefry-2x64-13, four rounds a row.
_TURNS = ((16, 42, 12, 31), (16, 32, 24, 21), (16, 42, 12, 31), (16,))
_PARITY = 0x1BD11BDAA9FC1A22
_SIGN = -(2**63)


def draw_mask(
    recipe: FailureRecipe, key: Key, first_block: int, words: int, device: torch.device
) -> torch.Tensor:
    """The failure mask of `words` words that begin with block `first_block`, shape `[words]`.

    int16 or int32, by the recipe's width. A key's other arguments are as in `failures`.
    """
    dtype = torch.int16 if recipe.width == 16 else torch.int32
    blocks = -(-words // recipe.block_words)
    numbers = torch.arange(first_block, first_block + blocks, device=device)
    lanes = _coarse(recipe, key, numbers)
    for group in range(len(recipe.group_sizes)):
        cells = _corrected(recipe, key, numbers, group)
        lanes = lanes & ~cells if recipe.group_clears[group] else lanes | cells
    return lanes.view(-1).view(dtype)[:words]


def _coarse(recipe: FailureRecipe, key: Key, numbers: torch.Tensor) -> torch.Tensor:
    """Coarse masks of the blocks, `[blocks, BLOCK_LANES]`."""
    base = _signed(int(recipe.base))
    mask = numbers.new_full((len(numbers), BLOCK_LANES // STREAMS, STREAMS), base)
    if len(recipe.digits):
        streams = torch.arange(STREAMS, device=numbers.device)
        a, b = _threefry(numbers[:, None], key.attempt << 48 | streams, key)
        c = torch.ones_like(a)
        count = 0
        for _ in range(WARM_UP):
            count += 1
            _, a, b, c = _sfc64(a, b, c, count)
        for row in range(mask.shape[1]):
            for digit in recipe.digits.tolist():
                count += 1
                random, a, b, c = _sfc64(a, b, c, count)
                held = mask[:, row]
                mask[:, row] = held & random | _signed(digit) & (held | random)
    return mask.view(-1, BLOCK_LANES)


def _corrected(recipe: FailureRecipe, key: Key, numbers: torch.Tensor, group: int) -> torch.Tensor:
    """The cells of a group that are corrected, `[blocks, BLOCK_LANES]`."""
    lanes = numbers.new_zeros((len(numbers), BLOCK_LANES))
    use = key.attempt << 48 | (group + 1) << 32
    uniform, _ = _threefry(numbers, torch.full_like(numbers, use), key)
    table = torch.from_numpy(recipe.tables[group].view("int64")).to(numbers.device)
    wanted = (table ^ _SIGN > (uniform ^ _SIGN)[:, None]).sum(dim=1)
    busy = wanted.nonzero()[:, 0]
    if not len(busy):
        return lanes
    calls = int(wanted.max()) // 4 + 8
    while True:
        word, bit, drawn = _drawn(recipe, key, numbers[busy], group, use, calls)
        place = drawn.cumsum(dim=1)
        if bool((place[:, -1] >= wanted[busy]).all()):
            break
        calls *= 2
    drawn &= place <= wanted[busy, None]
    per_lane = recipe.words_per_lane
    cell = torch.where(drawn, 1 << word % per_lane * recipe.width + bit, 0)
    # Cells are distinct, so adding them is setting their bits.
    lanes[busy] = lanes[busy].scatter_add(1, word // per_lane, cell)
    return lanes


def _drawn(
    recipe: FailureRecipe, key: Key, numbers: torch.Tensor, group: int, use: int, calls: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Candidates of `calls` calls: word, bit position, and whether it is a cell not seen before."""
    call = torch.arange(1, calls + 1, device=numbers.device)
    pair = torch.stack(_threefry(numbers[:, None], use | call, key), dim=2)
    shifts = torch.arange(0, 64, 16, device=numbers.device)
    fields = (pair.view(len(numbers), -1, 1) >> shifts & 0xFFFF).flatten(1)
    word = fields % recipe.block_words
    index = fields // recipe.block_words & (1 << int(recipe.index_bits[group])) - 1
    positions = torch.from_numpy(recipe.group_bits[group]).to(numbers.device)
    bit = positions[index]
    valid = index < int(recipe.group_sizes[group])
    identity = torch.where(valid, word * recipe.width + bit, -1)
    ordered, order = identity.sort(dim=1, stable=True)
    first = torch.ones_like(valid)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    return word, bit, torch.empty_like(valid).scatter_(1, order, first) & valid


def _threefry(x0: torch.Tensor, x1: torch.Tensor, key: Key) -> tuple[torch.Tensor, torch.Tensor]:
    keys = [key.seed, key.store, _PARITY ^ key.seed ^ key.store]
    x0, x1 = torch.broadcast_tensors(x0 + _signed(keys[0]), x1 + _signed(keys[1]))
    for n, turns in enumerate(_TURNS):
        if n:
            x0 = x0 + _signed(keys[n % 3])
            x1 = x1 + _signed(keys[(n + 1) % 3]) + n
        for turn in turns:
            x0 = x0 + x1
            x1 = (x1 << turn | _right(x1, 64 - turn)) ^ x0
    return x0, x1


def _sfc64(
    a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """One step: the random bits and the new state."""
    random = a + b + count
    return random, b ^ _right(b, 11), c + (c << 3), (c << 24 | _right(c, 40)) + random


def _right(values: torch.Tensor, places: int) -> torch.Tensor:
    return values >> places & (1 << (64 - places)) - 1


def _signed(value: int) -> int:
    return value - 2**64 if value >> 63 else value
