"""Layers of integral-stochastic neurons in numba, 64 cycles at once: `layer_bits`, bit for bit.

S is scale[0] * A + scale[1] * B + scale[2] (see `stream_network.SCALES`): A counts the words that
`combine` gives; B counts the inputs (`shared`), the second weights (`separate`), or the weights
(`magnitude-bipolar`).
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


@jit
def run_samples(job, weights, inputs, results, low, high):
    """Run the samples `low` to `high` of a layer.

    Args:
        job: (operand code, scale [3], states, start, cycles, trace, seed, banks [3], first sample).
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
    buffer, spare = np.empty(count, np.uint64), np.empty(count, np.uint64)
    planes = np.empty(64, np.uint64)
    a, b = np.empty(64, np.int64), np.zeros(64, np.int64)
    for n in range(low, high):
        sample = np.uint64(first + n)
        for i in range(outputs):
            totals[n, i] = 0
            if trace:
                counters[n, i] = start
        for word in range((cycles + 63) // 64):
            length = min(cycles - 64 * word, 64)
            mask = _FULL >> np.uint64(64 - length)
            if x_thresholds.size:
                draw_word(x_row, x_thresholds[n], word, x_digits, seed, banks[0], sample, state)
                x = x_row[:count]
            else:
                x = x_given[n, word]
            w = w_row
            v = v_row
            if w_bits.size:
                w = w_bits[word]
            else:
                draw_word(w_row, w_thresholds, word, w_digits, seed, banks[1], sample, state)
            if v_thresholds.size:
                if v_bits.size:
                    v = v_bits[word]
                else:
                    draw_word(v_row, v_thresholds, word, w_digits, seed, banks[2], sample, state)
            of_inputs = np.int64(0)
            if code == _SHARED:
                if trace:
                    buffer[:] = x
                    count_each(buffer, spare, planes, b)
                else:
                    of_inputs = count_all(x, mask)
            for i in range(outputs):
                own = w[i * count : (i + 1) * count]
                second = own
                if code == _SEPARATE:
                    second = v[i * count : (i + 1) * count]
                twofold = code in (_SEPARATE, _MAGNITUDE_BIPOLAR)
                if trace and twofold:
                    buffer[:] = second
                    count_each(buffer, spare, planes, b)
                combine(code, x, own, negative[i], buffer)
                if not trace:
                    seconds = count_all(second, mask) if twofold else of_inputs
                    total = scale[0] * count_all(buffer, mask) + scale[1] * seconds
                    totals[n, i] += total + scale[2 + i] * length
                    continue
                count_each(buffer, spare, planes, a)
                for t in range(64):
                    a[t] = scale[0] * a[t] + scale[1] * b[t] + scale[2 + i]
                for t in range(length):
                    totals[n, i] += a[t]
                bits, counters[n, i] = _fsm(counters[n, i], states, a, length)
                y[n, i, word] = bits
                if kept.size:
                    for t in range(length):
                        kept[n, i, 64 * word + t] = a[t]
