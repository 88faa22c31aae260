"""Layers in numba, in the order of sums that arrays compute in: a product, rounded, then a sum.

Samples lie in the last axis, a sample in each column of an array; all columns do the same at the
same time. Nothing is contracted or put in another order (no fastmath), so that each value is that
of the programs, bit for bit. Values of the 16-bit formats are fp32 numbers that the format has: a
sum or a product of two of them, rounded to fp32 and then to the format, is rounded as if once
(Figueroa, "When is double rounding innocuous?", 1995: 24 bits are 2 p + 2 for fp16's p of 11).
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def"

import numpy as np

from nvmcosim.pymodel.draw_kernels import fill, jit, part

__all__ = [
    "MODES",
    "conv_back",
    "conv_forward",
    "conv_grad",
    "dense_back",
    "dense_forward",
    "dense_grad",
    "pool_back",
    "pool_forward",
    "relu_back",
    "relu_forward",
    "round_all",
    "update",
]

#: How results are rounded, by format.
MODES = {"fp32": 0, "bf16": 1, "fp16": 2}
_BF16 = 1
_U13, _U16, _ONE = np.uint32(13), np.uint32(16), np.uint32(1)
_BF16_HALF, _BF16_KEPT = np.uint32(0x7FFF), np.uint32(0xFFFF0000)
_FP16_HALF, _FP16_KEPT = np.uint32(0xFFF), np.uint32(0xFFFFE000)
_SIGN, _MAGNITUDE = np.uint32(0x80000000), np.uint32(0x7FFFFFFF)
#: fp16's least normal number and the power of two above its largest, and infinity, as fp32 words.
_NORMAL, _BEYOND, _INFINITY = np.uint32(0x38800000), np.uint32(0x47800000), np.uint32(0x7F800000)
#: A unit in its last place is fp16's least subnormal.
_MAGIC = np.float32(0.75)
_ZERO = np.float32(0.0)


@part
def _round(row, mode):
    """Round fp32 numbers to the format; a NaN that a processor makes stays one."""
    words = row.view(np.uint32)
    if mode == _BF16:
        for i in range(words.size):
            word = words[i]
            words[i] = (word + _BF16_HALF + ((word >> _U16) & _ONE)) & _BF16_KEPT
    elif mode:
        for i in range(words.size):
            word = words[i]
            near = (row[i] + _MAGIC) - _MAGIC
            kept = np.uint32((word + _FP16_HALF + ((word >> _U13) & _ONE)) & _FP16_KEPT)
            if (kept & _MAGNITUDE) >= _BEYOND:
                kept = (kept & _SIGN) | _INFINITY
            if (word & _MAGNITUDE) > _INFINITY:
                kept = word
            if (word & _MAGNITUDE) < _NORMAL:
                row[i] = near
                words[i] |= word & _SIGN
            else:
                words[i] = kept


@part
def _mac(total, row, factor, spare, mode):
    """Add `row` times the number `factor` to `total`."""
    if mode == 0:
        for i in range(total.size):
            total[i] = total[i] + row[i] * factor
        return
    for i in range(total.size):
        spare[i] = row[i] * factor
    _add_rounded(total, spare, mode)


@part
def _mac_rows(total, row, other, spare, mode):
    """Add the products of two rows to `total`."""
    if mode == 0:
        for i in range(total.size):
            total[i] = total[i] + row[i] * other[i]
        return
    for i in range(total.size):
        spare[i] = row[i] * other[i]
    _add_rounded(total, spare, mode)


@part
def _add_rounded(total, spare, mode):
    _round(spare, mode)
    for i in range(total.size):
        total[i] = total[i] + spare[i]
    _round(total, mode)


@part
def _across(row, mode):
    """The sum over columns, by halves: each column of the lower half takes one of the upper."""
    half = row.size >> 1
    while half:
        for i in range(half):
            row[i] = row[i] + row[half + i]
        _round(row[:half], mode)
        half >>= 1
    return row[0]


@jit
def round_all(values, mode):
    """Round the fp32 numbers of a row to the format, in place; a NaN of a processor stays one."""
    _round(values, mode)


@jit
def dense_forward(out, x, weights, bias, mode):
    """out[o] = bias[o] + weights[o, 0] x[0] + weights[o, 1] x[1] and so on, from the left."""
    spare = np.empty(x.shape[1], np.float32)
    for o in range(out.shape[0]):
        fill(out[o], bias[o])
        for i in range(x.shape[0]):
            _mac(out[o], x[i], weights[o, i], spare, mode)


@jit
def dense_back(out, grad, weights, mode):
    """out[i] = 0 + weights[0, i] grad[0] + weights[1, i] grad[1] and so on."""
    spare = np.empty(grad.shape[1], np.float32)
    for i in range(out.shape[0]):
        fill(out[i], _ZERO)
        for o in range(grad.shape[0]):
            _mac(out[i], grad[o], weights[o, i], spare, mode)


@jit
def dense_grad(weights, bias, grad, x, mode):
    """Gradients of a dense layer: products in each column, then the sum across columns."""
    row = np.empty(x.shape[1], np.float32)
    for o in range(grad.shape[0]):
        for i in range(x.shape[0]):
            for n in range(row.size):
                row[n] = grad[o, n] * x[i, n]
            _round(row, mode)
            weights[o, i] = _across(row, mode)
        row[:] = grad[o]
        bias[o] = _across(row, mode)


@jit
def conv_forward(out, x, weights, bias, mode):
    """out[o, y, x]: bias, then products by input channel, row and column of the kernel."""
    channels, size = x.shape[0], weights.shape[2]
    spare = np.empty(x.shape[3], np.float32)
    for o in range(out.shape[0]):
        for y in range(out.shape[1]):
            for column in range(out.shape[2]):
                total = out[o, y, column]
                fill(total, bias[o])
                for c in range(channels):
                    for ky in range(size):
                        for kx in range(size):
                            row = x[c, y + ky, column + kx]
                            _mac(total, row, weights[o, c, ky, kx], spare, mode)


@jit
def conv_back(out, grad, weights, mode):
    """The gradient of a convolution's input: from 0, by output channel, kernel row and column."""
    fill(out.reshape(-1), _ZERO)
    spare = np.empty(grad.shape[3], np.float32)
    size = weights.shape[2]
    for c in range(out.shape[0]):
        for o in range(grad.shape[0]):
            for ky in range(size):
                for kx in range(size):
                    factor = weights[o, c, ky, kx]
                    for y in range(grad.shape[1]):
                        for column in range(grad.shape[2]):
                            total = out[c, y + ky, column + kx]
                            _mac(total, grad[o, y, column], factor, spare, mode)


@jit
def conv_grad(weights, bias, grad, x, mode):
    """Gradients of a convolution: sums over positions in each column, then across columns."""
    size, samples = weights.shape[2], x.shape[3]
    spare = np.empty(samples, np.float32)
    totals = np.empty((size, size, samples), np.float32)
    for o in range(grad.shape[0]):
        for c in range(x.shape[0]):
            fill(totals.reshape(-1), _ZERO)
            for y in range(grad.shape[1]):
                for column in range(grad.shape[2]):
                    row = grad[o, y, column]
                    for ky in range(size):
                        for kx in range(size):
                            other = x[c, y + ky, column + kx]
                            _mac_rows(totals[ky, kx], row, other, spare, mode)
            for ky in range(size):
                for kx in range(size):
                    weights[o, c, ky, kx] = _across(totals[ky, kx], mode)
        total = totals[0, 0]
        fill(total, _ZERO)
        for y in range(grad.shape[1]):
            for column in range(grad.shape[2]):
                for n in range(samples):
                    total[n] = total[n] + grad[o, y, column, n]
                _round(total, mode)
        bias[o] = _across(total, mode)


@jit
def pool_forward(out, which, x):
    """The maximum of 2 by 2 rectified values, and the first place that has it; a NaN if any is."""
    for c in range(out.shape[0]):
        for y in range(out.shape[1]):
            for column in range(out.shape[2]):
                for n in range(out.shape[3]):
                    best, place = _ZERO, 0
                    for k in range(4):
                        value = x[c, 2 * y + (k >> 1), 2 * column + (k & 1), n]
                        # A NaN is above all, and stays.
                        if value > best or value != value:
                            best, place = value, k
                    out[c, y, column, n] = best
                    which[c, y, column, n] = place


@jit
def pool_back(out, grad, which, pooled):
    """A maximum's gradient goes to where it came from; that of one that is 0 goes nowhere."""
    fill(out.reshape(-1), _ZERO)
    for c in range(grad.shape[0]):
        for y in range(grad.shape[1]):
            for column in range(grad.shape[2]):
                for n in range(grad.shape[3]):
                    if pooled[c, y, column, n] > _ZERO:
                        k = which[c, y, column, n]
                        place = (c, 2 * y + (k >> 1), 2 * column + (k & 1), n)
                        out[place] = grad[c, y, column, n]


@jit
def relu_forward(x):
    """x where it is positive or a NaN, else +0, in place."""
    row = x.reshape(-1)
    for i in range(row.size):
        row[i] = _ZERO if row[i] <= _ZERO else row[i]


@jit
def relu_back(grad, out):
    """The gradient where the output is positive, else +0, in place."""
    row, other = grad.reshape(-1), out.reshape(-1)
    for i in range(row.size):
        row[i] = row[i] if other[i] > _ZERO else _ZERO


@jit
def update(values, grads, rate, mode):
    """values + grads times rate, in place; of rows."""
    spare = np.empty(values.size, np.float32)
    _mac(values, grads, rate, spare, mode)
