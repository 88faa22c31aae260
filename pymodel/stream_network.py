"""Networks of integral-stochastic neurons on many samples: streams drawn, neurons run, exactly.

What `stream_neuron` does with the bits that `stream_source` defines, by compiled code: the same
bits, sums and counters whatever the number of threads.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_neuron import OPERANDS, Bits, Counts, NeuronShape
from nvmcosim.pymodel.stream_source import (
    LANES,
    MOST_BITS,
    Words,
    bank_of,
    check_digits,
    codes_of,
    digits_of,
    drawn,
    thresholds_of,
)
from nvmcosim.pymodel.streams import check_cycles, encoded, ones, unpacked, words_of
from nvmcosim.pymodel.teams import shared_out
from nvmcosim.pymodel.units import check_whole, real_array

__all__ = ["LayerResult", "StreamLayer", "quantised", "run_layer", "run_network"]


def quantised(
    probabilities: ArrayLike, p_bits: int = 8, grid: NDArray[np.float64] | None = None
) -> Words:
    """Thresholds of `probabilities`, each the nearest code of `p_bits` bits.

    A code n is p = n / 2**p_bits, or `grid[n]`, what a device makes of it, to 2**-32; `grid` has
    2**p_bits + 1 entries. Raises `InputError` for a probability outside [0, 1] or another grid.
    """
    codes = codes_of(probabilities, p_bits)
    if grid is None:
        return thresholds_of(codes, p_bits)
    if len(grid) != 2**p_bits + 1:
        raise InputError(f"the grid has {len(grid)} values; {p_bits} bits have {2**p_bits + 1}")
    return thresholds_of(codes_of(grid, MOST_BITS)[codes], MOST_BITS)


@dataclass(frozen=True, eq=False)
class StreamLayer:
    """A layer of equal neurons and the streams of its weights.

    Fields:
        shape: of each neuron.
        thresholds: (outputs, inputs), of the weights' streams, in units of 2**-32.
        negative: (outputs, inputs), where a weight is negative, for magnitudes; None otherwise.
        digits: that weights are drawn with, see `stream_source`.

    Raises `InputError` for arrays that do not fit.
    """

    shape: NeuronShape
    thresholds: Words
    negative: NDArray[np.bool_] | None = None
    digits: int = 8

    def __post_init__(self) -> None:
        size = self.thresholds.shape
        if len(size) != 2 or size[1] != self.shape.inputs:
            raise InputError(f"weights are {size}; a neuron has {self.shape.inputs} inputs")
        check_digits(self.thresholds, self.digits)
        signs = None if self.negative is None else self.negative.shape
        if self.shape.signed != (signs is not None) or signs not in (None, size):
            raise InputError(f"signs are {signs}; the operand is {self.shape.operand}")

    @classmethod
    def of(
        cls,
        shape: NeuronShape,
        weights: ArrayLike,
        scale: float,
        p_bits: int = 8,
        grid: NDArray[np.float64] | None = None,
    ) -> Self:
        """The layer with `weights` (outputs, inputs) in [-scale, scale], `scale` the paper's M.

        `p_bits` and `grid` are as in `quantised`. Raises `InputError` for a weight out of range.
        """
        array = real_array(weights, "weights")
        if not 0 < scale < np.inf:
            raise InputError(f"M is {scale:g}; it must be above 0")
        wrong = array[~(np.abs(array) <= scale)]
        if wrong.size:
            raise InputError(f"a weight is {wrong[0]:g}; with M = {scale:g} it must be within M")
        if shape.signed:
            p, negative = encoded(np.abs(array) / scale, "unipolar"), array < 0
        else:
            p, negative = encoded(array / scale, "bipolar"), None
        thresholds = quantised(p, p_bits, grid)
        return cls(shape, thresholds, negative, digits_of(thresholds))

    @property
    def outputs(self) -> int:
        """How many neurons."""
        return len(self.thresholds)

    def weight_bits(self, index: int, cycles: int, seed: int, sample: int = 0) -> Bits:
        """Weight bits as `layer_bits` takes them, of layer `index` of a network."""
        kinds = ["weights", "separate"][: self.shape.weight_streams]
        bits = [
            unpacked(
                drawn(self.thresholds, cycles, seed, bank_of(index, kind), sample, self.digits),
                cycles,
            )
            for kind in kinds
        ]
        return bits[0] if len(bits) == 1 else np.stack(bits, axis=1)

    def affine(self) -> tuple[int, int, Counts]:
        """(alpha, beta, gamma [outputs]) of S = alpha A + beta B + gamma, see `stream_kernels`."""
        count, each = self.shape.inputs, np.ones(self.outputs, np.int64)
        match self.shape.operand:
            case "shared":
                return 4, -2, 0 * each
            case "separate":
                return 2, 2, -2 * count * each
            case "bipolar":
                return 2, 0, -count * each
            case "magnitude":
                assert self.negative is not None
                return 1, 0, -self.negative.sum(axis=1, dtype=np.int64)
            case _:
                return 2, -1, 0 * each


@dataclass(frozen=True, eq=False)
class LayerResult:
    """What a layer did.

    Fields:
        totals: (samples, outputs), S summed over all cycles.
        words: (samples, outputs, words), the output bits; None where the FSM was left out.
        counters: (samples, outputs), the FSM's counters after the last cycle; None likewise.
        sums: (samples, outputs, cycles), S of each cycle; None where not asked for.
    """

    totals: Counts
    words: Words | None
    counters: Counts | None
    sums: NDArray[np.int32] | None

    @property
    def ones(self) -> Counts:
        """(samples, outputs), how many output bits are 1."""
        if self.words is None:
            raise InputError("the FSM was left out, so there are no output bits")
        return ones(self.words)


def run_layer(
    layer: StreamLayer,
    inputs: Words,
    cycles: int,
    seed: int = 0,
    *,
    index: int = 0,
    given: bool = False,
    fresh: bool = True,
    fsm: bool = True,
    sums: bool = False,
    first_sample: int = 0,
    threads: int | None = None,
) -> LayerResult:
    """Run a layer on many samples, bit for bit as `layer_bits` does.

    Args:
        layer: to run.
        inputs: thresholds (samples, inputs) to draw the inputs by, or, with `given`, the inputs'
            packed bits (samples, inputs, words).
        cycles: of each stream.
        seed: of all streams.
        index: of the layer in its network, which its banks are named by.
        given: whether `inputs` are bits.
        fresh: whether each sample draws weight bits of its own, as hardware does; otherwise all
            have those of sample 0.
        fsm: whether to run the FSM, which needs S of each cycle; otherwise totals alone are found.
        sums: whether to keep S of each cycle; needs `fsm`.
        first_sample: number of the first sample, by which its bits are named.
        threads: at most; None is one a processor.

    Raises:
        InputError: for inputs that do not fit the layer, or numbers out of range.
    """
    from nvmcosim.pymodel.stream_kernels import run_samples

    check_cycles(cycles)
    check_whole(seed, "seed", 0, 2**64 - 1)
    check_whole(first_sample, "first_sample", 0, 2**62)
    if sums and not fsm:
        raise InputError("sums of each cycle are kept only where the FSM runs")
    given_inputs = _given_inputs(layer, inputs, cycles, given)
    shape, samples, words = layer.shape, len(inputs), words_of(cycles)
    banks = np.array([bank_of(index, k) for k in ("inputs", "weights", "separate")], np.uint64)
    weights = _given_weights(layer, words, None if fresh else seed, banks)
    alpha, beta, gamma = layer.affine()
    totals = np.empty((samples, layer.outputs), np.int64)
    kept = samples if fsm else 0
    y = np.empty((kept, layer.outputs, words), np.uint64)
    counters = np.empty((kept, layer.outputs), np.int64)
    each = np.empty((samples if sums else 0, layer.outputs, cycles), np.int32)
    job = (
        OPERANDS.index(shape.operand),
        np.array([alpha, beta, *gamma], np.int64),
        shape.states,
        shape.first_state,
        cycles,
        fsm,
        np.uint64(seed),
        banks,
        first_sample,
    )
    results = (totals, y, counters, each)

    def work(low: int, high: int) -> None:
        run_samples(job, weights, given_inputs, results, low, high)

    shared_out(work, samples, threads or os.cpu_count() or 1)
    return LayerResult(
        totals, y if fsm else None, counters if fsm else None, each if sums else None
    )


def _given_inputs(
    layer: StreamLayer, inputs: Words, cycles: int, given: bool
) -> tuple[int, Words, Words]:
    """What the kernel takes of the inputs: digits, thresholds to draw by, and bits."""
    if not isinstance(inputs, np.ndarray) or inputs.dtype != np.uint64:
        kind = inputs.dtype if isinstance(inputs, np.ndarray) else type(inputs).__name__
        raise InputError(
            f"inputs are {kind}; they must be an array of uint64, as `quantised` makes"
        )
    row = (len(np.atleast_1d(inputs)), layer.shape.inputs)
    wanted = (*row, words_of(cycles)) if given else row
    if inputs.shape != wanted:
        raise InputError(f"inputs are {inputs.shape}; the layer takes {wanted}")
    if given:
        bits = np.ascontiguousarray(inputs.swapaxes(1, 2))
        return 8, np.zeros((1, 0), np.uint64), bits
    digits = digits_of(inputs)
    check_digits(inputs, digits)
    return digits, _whole_rows(inputs), np.zeros((1, 1, 1), np.uint64)


def _given_weights(
    layer: StreamLayer, words: int, seed: int | None, banks: Words
) -> tuple[Any, ...]:
    """What the kernel takes of the weights; with `seed`, the bits that all samples share."""
    from nvmcosim.pymodel.stream_kernels import draw_bank

    first = _whole_rows(layer.thresholds.reshape(1, -1))[0]
    second = first if layer.shape.operand == "separate" else first[:0]
    bits = [np.zeros((0, 0), np.uint64)] * 2
    if seed is not None:
        bits = [np.empty((words, own.size), np.uint64) for own in (first, second)]
        for out, bank in zip(bits, banks[1:], strict=True):
            if out.size:
                draw_bank(out, first, layer.digits, np.uint64(seed), bank, np.uint64(0))
    negative = np.zeros(layer.thresholds.shape, np.uint64)
    if layer.negative is not None:
        negative[layer.negative] = 2**64 - 1
    return layer.outputs, layer.digits, first, second, *bits, negative


def run_network(
    layers: Sequence[StreamLayer], inputs: Words, cycles: int, seed: int = 0, **options: Any
) -> list[LayerResult]:
    """Run layers in series, all from their start: a layer's output bits are the next one's inputs.

    `options` are `run_layer`'s: `fresh`, `first_sample` and `threads` of all layers, `fsm` and
    `sums` of the last, as the others' FSM always runs. Raises `InputError`.
    """
    last = {name: options.pop(name) for name in ("fsm", "sums") if name in options}
    results: list[LayerResult] = []
    for n, layer in enumerate(layers):
        more = last if n == len(layers) - 1 else {}
        bits = inputs if n == 0 else results[-1].words
        assert bits is not None
        results.append(
            run_layer(layer, bits, cycles, seed, index=n, given=n > 0, **options, **more)
        )
    return results


def _whole_rows(thresholds: Words) -> Words:
    """`thresholds` (rows, streams) with streams of p = 0 up to a multiple of `LANES`."""
    rows, streams = thresholds.shape
    padded = np.zeros((rows, -(-streams // LANES) * LANES), np.uint64)
    padded[:, :streams] = thresholds
    return padded
