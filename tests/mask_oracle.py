"""Failure masks once more, slowly: Python integers and numpy's own SFC64, one cell at a time.

Shares nothing with the kernels but the recipe; Threefry is checked against its published vectors.
"""

from functools import lru_cache

import numpy as np

U64 = 2**64 - 1
BLOCK_LANES, STREAMS = 1024, 32
ROTATIONS = (16, 42, 12, 31, 16, 32, 24, 21)


def threefry(counter, key, rounds=13):
    """Threefry-2x64, as Salmon et al. state it."""
    keys = [*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1]]
    x, y = (counter[0] + keys[0]) & U64, (counter[1] + keys[1]) & U64
    for n in range(rounds):
        x = (x + y) & U64
        turn = ROTATIONS[n % 8]
        y = ((y << turn | y >> (64 - turn)) & U64) ^ x
        if n % 4 == 3:
            s = n // 4 + 1
            x = (x + keys[s % 3]) & U64
            y = (y + keys[(s + 1) % 3] + s) & U64
    return x, y


def sfc64(a, b):
    """numpy's generator with the state (a, b, 1, 1), run 12 steps."""
    bits = np.random.SFC64()
    state = bits.state
    state["state"]["state"] = np.array([a, b, 1, 1], np.uint64)
    bits.state = state
    bits.random_raw(12)
    return bits


@lru_cache(maxsize=64)
def oracle_block(recipe, seed, store, attempt, block):
    """The mask of one block as Python integers, one a lane."""
    key = (seed, store)
    lanes = [int(recipe.base)] * BLOCK_LANES
    if len(recipe.digits):
        digits = [int(d) for d in recipe.digits]
        for stream in range(STREAMS):
            bits = sfc64(*threefry((block, attempt << 48 | stream), key))
            for lane in range(stream, BLOCK_LANES, STREAMS):
                for digit in digits:
                    t = int(bits.random_raw())
                    # A digit of 1 lets either decide for failing, a digit of 0 takes both.
                    lanes[lane] = (digit & (lanes[lane] | t)) | (~digit & lanes[lane] & t)
    for group, size in enumerate(recipe.group_sizes.tolist()):
        use = attempt << 48 | (group + 1) << 32
        uniform = threefry((block, use), key)[0]
        left = sum(int(t) > uniform for t in recipe.tables[group])
        index_bits = (size - 1).bit_length()
        seen, call = set(), 0
        while left:
            call += 1
            for number in threefry((block, use | call), key):
                for shift in range(0, 64, 16):
                    field = number >> shift & 0xFFFF
                    word = field % recipe.block_words
                    index = field // recipe.block_words % 2**index_bits
                    if not left or index >= size:
                        continue
                    cell = word * recipe.width + int(recipe.group_bits[group, index])
                    if cell in seen:
                        continue
                    seen.add(cell)
                    left -= 1
                    one = 1 << cell % 64
                    lane = lanes[cell // 64]
                    clears = recipe.group_clears[group]
                    lanes[cell // 64] = lane & ~one if clears else lane | one
    return lanes


def oracle_mask(recipe, seed, store, attempt, first_block, words):
    """The mask of `words` words, as unsigned words of the recipe's width."""
    blocks = -(-words // recipe.block_words)
    lanes = [
        lane
        for n in range(blocks)
        for lane in oracle_block(recipe, seed, store, attempt, first_block + n)
    ]
    dtype = np.uint16 if recipe.width == 16 else np.uint32
    return np.array(lanes, np.uint64).view(dtype)[:words]
