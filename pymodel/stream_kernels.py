"""Layers of integral-stochastic neurons in numba, 64 cycles at once: `layer_bits`, bit for bit.

S is alpha A + beta B + gamma (`StreamLayer.affine`): A counts the words that `combine` gives; B
the inputs (`shared`), the second weights (`separate`), or the weights (`magnitude-bipolar`).
"""

# Kernels are typed by numba when they are called, and mypy does not know its intrinsics.
# mypy: disable-error-code="no-untyped-def,call-arg,attr-defined"

import numpy as np

from nvmcosim.pymodel.draw_kernels import jit, part
from nvmcosim.pymodel.stream_count_kernels import combine, count_all, count_each
from nvmcosim.pymodel.stream_draw_kernels import draw_word
from nvmcosim.pymodel.stream_source import LANES

__all__ = ["draw_bank", "run_samples"]

_SHARED, _SEPARATE, _MAGNITUDE_BIPOLAR = 0, 1, 4
_FULL = np.uint64(2**64 - 1)


@jit
def draw_bank(out, thresholds, digits, seed, bank, sample):
    """Words [word, stream] of a bank, for its whole rows of streams."""
    state = np.empty((3, LANES), np.uint64)
    for word in range(out.shape[0]):
        draw_word(out[word], thresholds, word, digits, seed, bank, sample, state)


@part
def _fsm(counter, states, sums, cycles):
    """Output bits of up to 64 cycles, and the counter after them."""
    y = np.uint64(0)
    for t in range(cycles):
        counter = min(max(counter + sums[t], 0), states - 1)
        y |= np.uint64(2 * counter >= states) << np.uint64(t)
    return y, counter


@part
def _bits(bits, row, thresholds, word, digits, seed, bank, sample, state):
    """Word `word` of a bank's streams: of `bits`, where there are any, or drawn into `row`."""
    if bits.size:
        return bits[word]
    if thresholds.size:
        draw_word(row, thresholds, word, digits, seed, bank, sample, state)
    return row


@part
def _total(code, scale, i, streams, negative, buffer, of_inputs, length):
    """S of neuron i, summed over the first `length` cycles of a word."""
    x, own, second = streams
    mask = _FULL >> np.uint64(64 - length)
    combine(code, x, own, negative[i], buffer)
    b = of_inputs
    if code in (_SEPARATE, _MAGNITUDE_BIPOLAR):
        b = count_all(second, mask)
    return scale[0] * count_all(buffer, mask) + scale[1] * b + scale[2 + i] * length


@part
def _each(code, scale, i, streams, negative, room, sums, b):
    """S of neuron i at each of 64 cycles, in `sums`; `b` has B of the inputs, or is used up."""
    x, own, second = streams
    buffer, spare, planes = room
    if code in (_SEPARATE, _MAGNITUDE_BIPOLAR):
        buffer[:] = second
        count_each(buffer, spare, planes, b)
    combine(code, x, own, negative[i], buffer)
    count_each(buffer, spare, planes, sums)
    for t in range(64):
        sums[t] = scale[0] * sums[t] + scale[1] * b[t] + scale[2 + i]


@jit
def run_samples(job, weights, inputs, results, low, high):
    """Run the samples `low` to `high` of a layer.

    Args:
        job: (operand code, scale [2 + outputs], states, start, cycles, trace, seed, banks [3],
            first sample); scale is alpha, beta and each neuron's gamma.
        weights: (outputs, digits, thresholds, separate thresholds, bits [word, stream], separate
            bits, negative [output, input]); bits are those of all samples, or empty where each
            draws its own.
        inputs: (digits, thresholds [sample, stream], words [sample, word, input]); thresholds have
            whole rows of streams, or words are given and thresholds are empty.
        results: (totals [sample, output], y [sample, output, word], counters [sample, output],
            sums [sample, output, cycle]): y and counters are left alone without a trace, and sums
            where they are empty.
    """
    code, scale, states, start, cycles, trace, seed, banks, first = job
    outputs, w_digits, w_thresholds, v_thresholds, w_bits, v_bits, negative = weights
    x_digits, x_thresholds, x_given = inputs
    totals, y, counters, kept = results
    count = negative.shape[1]
    state = np.empty((3, LANES), np.uint64)
    x_row = np.empty(x_thresholds.shape[1], np.uint64)
    w_row = np.empty(w_thresholds.size, np.uint64)
    v_row = np.empty(v_thresholds.size, np.uint64)
    room = np.empty(count, np.uint64), np.empty(count, np.uint64), np.empty(64, np.uint64)
    sums, b = np.empty(64, np.int64), np.zeros(64, np.int64)
    for n in range(low, high):
        sample = np.uint64(first + n)
        totals[n] = 0
        if trace:
            counters[n] = start
        for word in range((cycles + 63) // 64):
            length = min(cycles - 64 * word, 64)
            x = x_row[:count]
            if x_thresholds.size:
                draw_word(x_row, x_thresholds[n], word, x_digits, seed, banks[0], sample, state)
            else:
                x = x_given[n, word]
            w = _bits(w_bits, w_row, w_thresholds, word, w_digits, seed, banks[1], sample, state)
            v = _bits(v_bits, v_row, v_thresholds, word, w_digits, seed, banks[2], sample, state)
            of_inputs = np.int64(0)
            if code == _SHARED and trace:
                room[0][:] = x
                count_each(room[0], room[1], room[2], b)
            elif code == _SHARED:
                of_inputs = count_all(x, _FULL >> np.uint64(64 - length))
            for i in range(outputs):
                own = w[i * count : (i + 1) * count]
                second = v[i * count : (i + 1) * count] if code == _SEPARATE else own
                streams = x, own, second
                if not trace:
                    totals[n, i] += _total(
                        code, scale, i, streams, negative, room[0], of_inputs, length
                    )
                    continue
                _each(code, scale, i, streams, negative, room, sums, b)
                for t in range(length):
                    totals[n, i] += sums[t]
                y[n, i, word], counters[n, i] = _fsm(counters[n, i], states, sums, length)
                if kept.size:
                    kept[n, i, 64 * word : 64 * word + length] = sums[:length]
