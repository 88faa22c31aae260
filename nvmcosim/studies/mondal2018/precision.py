"""Accuracy on finite streams, by neuron: with an ideal tanh, the paper's FSM, and ours.

A network is weights [inputs, neurons] in [-1, 1] and M of each layer (`TanhNetwork`'s form), inputs
in [0, 1]. Streams are of 8-bit numbers, drawn anew for each sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_gain import matched_shape
from nvmcosim.pymodel.stream_network import StreamLayer, quantised, run_layer
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_source import codes_of
from nvmcosim.pymodel.units import check_whole

__all__ = [
    "NEURONS",
    "decision_energy_j",
    "neuron_shapes",
    "precision_accuracies",
    "precision_figures",
    "stream_outputs",
]

Array = NDArray[np.float64]
#: Bits of every number.
P_BITS = 8
#: Samples that K is set from, where it is set by variance, and that run together.
_TYPICAL, _BATCH = 1000, 500


@dataclass(frozen=True)
class Neuron:
    """A kind of neuron.

    Fields:
        label: for people.
        first, later: the operand of the first layer and of the others.
        tanh: `ideal`, of the mean sum; `paper`, the FSM with K = 2 N M; `matched`, the FSM with
            K by the sums' variance.
    """

    label: str
    first: str
    later: str
    tanh: str


#: Neurons by name.
NEURONS = {
    "ideal": Neuron("XNOR, ideal tanh", "shared", "bipolar", "ideal"),
    "paper": Neuron("XNOR, FSM with K = 2NM", "shared", "bipolar", "paper"),
    "separate": Neuron("XNOR, own w stream, FSM by variance", "separate", "bipolar", "matched"),
    "matched": Neuron("XNOR, FSM by variance", "shared", "bipolar", "matched"),
    "magnitude-ideal": Neuron("sign and magnitude, ideal tanh", *("magnitude",) * 2, "ideal"),
    "magnitude": Neuron("sign and magnitude, FSM by variance", *("magnitude",) * 2, "matched"),
}


def _operand(neuron: str, layer: int) -> str:
    if neuron not in NEURONS:
        raise InputError(f"the neuron is {neuron!r}; it must be one of {', '.join(NEURONS)}")
    kind = NEURONS[neuron]
    if layer == 0:
        return kind.first
    return "magnitude-bipolar" if kind.later == "magnitude" else kind.later


def neuron_shapes(
    weights: Sequence[Array], scales: Sequence[float], typical: Array, neuron: str
) -> list[NeuronShape]:
    """The neurons of each layer: of the paper, or with K by variance.

    `typical` (samples, inputs) are inputs, of training, that the variance is the mean of. An ideal
    tanh has the paper's shapes' inputs and operands; its K says nothing.
    """
    shapes, values = [], np.asarray(typical[:_TYPICAL], np.float64)
    for n, (w, scale) in enumerate(zip(weights, scales, strict=True)):
        operand = _operand(neuron, n)
        if NEURONS[neuron].tanh == "matched":
            shapes.append(matched_shape(operand, w, scale, values))
        else:
            paper = NeuronShape.paper(len(w), scale, hidden_inputs=n > 0)
            shapes.append(NeuronShape(len(w), paper.states, operand=operand))
        values = np.tanh(scale * (values @ w))
    return shapes


def stream_outputs(
    weights: Sequence[Array],
    scales: Sequence[float],
    x: Array,
    cycles: int | None,
    neuron: str,
    seed: int = 0,
    typical: Array | None = None,
    first_sample: int = 0,
    grid: Array | None = None,
) -> Array:
    """What the last layer's streams say (samples, neurons): the larger, the more.

    The share of ones as a bipolar number, or, of an ideal tanh, its argument by the sums over all
    cycles, as tanh may round two of those to 1. Without `cycles`, streams have no end and no
    tanh is anything but ideal: the argument of the last tanh of the float network. `typical` is as
    in `neuron_shapes`; without it, `x`. Bits of sample n are named by `first_sample` + n. `grid[n]`
    is the probability that a device makes of n/256 (`PulseCodes.probability`); without it, n/256.
    Raises `InputError`.
    """
    values = np.asarray(x, np.float64)
    _operand(neuron, 0)
    if cycles is None:
        for n, (w, scale) in enumerate(zip(weights, scales, strict=True)):
            values = scale * ((np.tanh(values) if n else values) @ w)
        return values
    ideal = NEURONS[neuron].tanh == "ideal"
    shapes = neuron_shapes(weights, scales, values if typical is None else typical, neuron)
    streams, given = quantised(values, P_BITS, grid), False
    for n, (w, scale, shape) in enumerate(zip(weights, scales, shapes, strict=True)):
        layer = StreamLayer.of(shape, np.asarray(w).T, 1.0, P_BITS, grid)
        options: dict[str, Any] = {"index": n, "given": given, "first_sample": first_sample}
        result = run_layer(layer, streams, cycles, seed, fsm=not ideal, **options)
        if ideal:
            gain = scale / 2 if shape.operand in ("shared", "separate") else scale
            values = gain * result.totals / cycles
            streams = quantised((1 + np.tanh(values)) / 2, P_BITS, grid)
        else:
            assert result.words is not None
            values = 2 * result.ones / cycles - 1
            streams, given = result.words, True
    return values


def precision_accuracies(
    weights: Sequence[Array],
    scales: Sequence[float],
    x: Array,
    labels: NDArray[Any],
    cycles: int | None,
    neuron: str,
    seed: int = 0,
    samples: int | None = None,
    typical: Array | None = None,
    grid: Array | None = None,
) -> float:
    """Share of samples that are decided right on streams of `cycles` cycles (None: no end).

    Args:
        weights: [inputs, neurons] of each layer, in [-1, 1].
        scales: M of each.
        x: (samples, inputs), in [0, 1].
        labels: the class of each; that of the largest output, the first of equals. With a single
            output, 1 where that is above 0.
        cycles: of each stream.
        neuron: one of `NEURONS`.
        seed: of all streams.
        samples: how many, from the first on; None is all.
        typical: inputs of training, as in `neuron_shapes`; None is `x`.
        grid: what a device makes of each number, as in `stream_outputs`.

    Raises:
        InputError: for numbers out of range.
    """
    x, labels = np.asarray(x[:samples]), np.asarray(labels[:samples])
    if len(x) == 0 or len(x) != len(labels):
        raise InputError(f"there are {len(x)} samples and {len(labels)} labels")
    right, typical = 0, x if typical is None else typical
    for first in range(0, len(x), _BATCH):
        part = slice(first, first + _BATCH)
        y = stream_outputs(weights, scales, x[part], cycles, neuron, seed, typical, first, grid)
        decided = y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0] > 0
        right += int(np.sum(decided == labels[part]))
    return right / len(x)


def decision_energy_j(
    weights: Sequence[Array], x: Array, cycles: int, neuron: str, energy_j: Array
) -> float:
    """Energy in J of the bits of one decision, the mean over samples `x`.

    A generator a weight (two where `w` has its own second stream) and one a shared input, as the
    paper counts; `energy_j[n]` is a bit's energy at p = n/256, `PulseCodes.energy_j`.
    """
    check_whole(cycles, "cycles", 1, 2**30)
    if len(energy_j) != 2**P_BITS + 1:
        raise InputError(f"energies are {len(energy_j)}; there must be {2**P_BITS + 1}")
    inputs = energy_j[codes_of(x, P_BITS)].sum() / len(x)
    total = float(inputs)
    for n, w in enumerate(weights):
        operand = _operand(neuron, n)
        p = np.abs(w) if operand.startswith("magnitude") else (1 + np.asarray(w)) / 2
        total += (2 if operand == "separate" else 1) * float(energy_j[codes_of(p, P_BITS)].sum())
    return cycles * total


def precision_figures(
    weights: Sequence[Array],
    scales: Sequence[float],
    x: Array,
    labels: NDArray[Any],
    *,
    cycles: Sequence[int | None] = (None, 512, 256, 128),
    neurons: Sequence[str] = ("ideal", "paper", "magnitude"),
    energy_j: Array | None = None,
    seed: int = 0,
    samples: int | None = None,
    typical: Array | None = None,
    grid: Array | None = None,
) -> list[dict[str, Any]]:
    """Rows of accuracy by neuron and stream length, JSON-ready.

    Each has `neuron`, `label`, `cycles` (None: no end), `accuracy`, `n`, `states` (K by layer; None
    of an ideal tanh), `scales`, and with `energy_j` also `energy_j`, that of a decision's bits.
    """
    rows = []
    typical = x[:samples] if typical is None else typical
    for name in neurons:
        shapes = neuron_shapes(weights, scales, typical, name)
        ideal = NEURONS[name].tanh == "ideal"
        for length in cycles:
            accuracy = precision_accuracies(
                weights, scales, x, labels, length, name, seed, samples, typical, grid
            )
            row = {
                "neuron": name,
                "label": NEURONS[name].label,
                "cycles": length,
                "accuracy": accuracy,
                "n": len(x[:samples]),
                "states": None if ideal else [shape.states for shape in shapes],
                "scales": list(scales),
            }
            if energy_j is not None and length is not None:
                row["energy_j"] = decision_energy_j(weights, x[:samples], length, name, energy_j)
            rows.append(row)
    return rows
