"""Set bits by position over many blocks, at a few operations a vector of lanes."""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import fill, part

__all__ = ["count_lanes", "counted", "new_counter"]

#: Lanes that are counted side by side.
_COLUMNS = 64

_U1 = np.uint64(1)
_LOW_BITS = np.uint64(0x0101010101010101)


@part
def _full_add(a, b, c):
    either = a ^ b
    return either ^ c, (a & b) | (either & c)


@part
def _flush_sixteens(sixteens, totals):
    """Move the byte counters to `totals`, [64], by position in the lane."""
    for bit in range(8):
        for byte in range(8):
            total = np.uint64(0)
            for i in range(_COLUMNS):
                total += sixteens[bit, i] >> np.uint64(8 * byte) & np.uint64(0xFF)
            totals[8 * byte + bit] += np.int64(total) << 4
    fill(sixteens.ravel(), np.uint64(0))


@part
def _flush_sums(sums, totals):
    """Move the bit-sliced sums to `totals`, [64]."""
    for weight in range(4):
        for bit in range(64):
            total = np.uint64(0)
            for i in range(_COLUMNS):
                total += sums[weight, i] >> np.uint64(bit) & _U1
            totals[bit] += np.int64(total) << weight
    fill(sums.ravel(), np.uint64(0))


@part
def new_counter():
    """An empty counter: sums of weight 1 to 8, carries, byte counters, totals, blocks counted."""
    return (
        np.zeros((4, _COLUMNS), np.uint64),
        np.empty(_COLUMNS, np.uint64),
        np.zeros((8, _COLUMNS), np.uint64),
        np.zeros(64, np.int64),
        np.zeros(1, np.int64),
    )


@part
def count_lanes(lanes, counter):
    """Add the set bits of a block of `lanes` to `counter`, by bit of a lane.

    Full adders (Harley-Seal) turn 16 lanes and the sums so far into sums of weight 1, 2, 4 and 8
    and one carry of weight 16; the carries are counted in bytes, which hold 255 blocks.
    """
    sums, carries, sixteens, totals, blocks = counter
    ones, twos, fours, eights = sums[0], sums[1], sums[2], sums[3]
    for i in range(_COLUMNS):
        one, two, four = ones[i], twos[i], fours[i]
        one, a = _full_add(one, lanes[0 * _COLUMNS + i], lanes[1 * _COLUMNS + i])
        one, b = _full_add(one, lanes[2 * _COLUMNS + i], lanes[3 * _COLUMNS + i])
        two, c = _full_add(two, a, b)
        one, a = _full_add(one, lanes[4 * _COLUMNS + i], lanes[5 * _COLUMNS + i])
        one, b = _full_add(one, lanes[6 * _COLUMNS + i], lanes[7 * _COLUMNS + i])
        two, d = _full_add(two, a, b)
        four, first = _full_add(four, c, d)
        one, a = _full_add(one, lanes[8 * _COLUMNS + i], lanes[9 * _COLUMNS + i])
        one, b = _full_add(one, lanes[10 * _COLUMNS + i], lanes[11 * _COLUMNS + i])
        two, c = _full_add(two, a, b)
        one, a = _full_add(one, lanes[12 * _COLUMNS + i], lanes[13 * _COLUMNS + i])
        one, b = _full_add(one, lanes[14 * _COLUMNS + i], lanes[15 * _COLUMNS + i])
        two, d = _full_add(two, a, b)
        four, second = _full_add(four, c, d)
        eights[i], carries[i] = _full_add(eights[i], first, second)
        ones[i], twos[i], fours[i] = one, two, four
    for bit in range(8):
        byte_sums = sixteens[bit]
        for i in range(_COLUMNS):
            byte_sums[i] += (carries[i] >> np.uint64(bit)) & _LOW_BITS
    blocks[0] += 1
    if blocks[0] == 255:
        _flush_sixteens(sixteens, totals)
        blocks[0] = 0


@part
def counted(counter):
    """What was counted, by bit of a lane, [64]."""
    sums, _, sixteens, totals, _ = counter
    _flush_sixteens(sixteens, totals)
    _flush_sums(sums, totals)
    return totals
