"""Stochastic layers and networks, clock by clock: `stream_neuron` behind its handshakes.

As in `golden_sng`: what a class shows is of this clock, and `clock` goes on to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nvmcosim.pymodel.golden_sng import SNG_COUNTERS, GoldenBank, Pins, golden_bank
from nvmcosim.pymodel.stream_neuron import NeuronShape, neuron_bits
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["GoldenLayer", "GoldenNetwork", "LayerBits", "Operands", "Sample"]


class Operands(NamedTuple):
    """One bit of every stream of a layer: x `[inputs]`; w, neuron after neuron; signs likewise."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    negative: tuple[int, ...]
    last: bool


class LayerBits(NamedTuple):
    """The neurons' bits of one cycle, and whether it is a stream's last."""

    bits: tuple[int, ...]
    last: bool


class Sample(NamedTuple):
    """Numbers of the inputs, of each layer's weights, and signs of each layer."""

    x: tuple[int, ...]
    w: tuple[tuple[int, ...], ...]
    negative: tuple[tuple[int, ...], ...]


@dataclass
class GoldenLayer:
    """Neurons on the same inputs; the bits of a cycle wait until they are taken.

    Counters: `cycles` and `streams` put out, and each neuron's `ones`; `clipped`, those of the
    cycles put out in which neuron 0 did not take its sum whole.
    """

    shape: NeuronShape
    outputs: int
    states: list[int] = field(default_factory=list)
    offered: LayerBits | None = None
    cycles: int = 0
    streams: int = 0
    clipped: int = 0
    ones: list[int] = field(default_factory=list)
    _clips: bool = False

    def __post_init__(self) -> None:
        self.states = [self.shape.first_state] * self.outputs
        self.ones = [0] * self.outputs

    def ready(self, taken: bool) -> bool:
        """Whether a cycle is accepted in this clock; `taken` says of the bits on offer."""
        return self.offered is None or taken

    def clock(self, operands: Operands | None, taken: bool) -> None:
        """One clock: a cycle is offered or not, the bits on offer are taken or not."""
        accepts = operands is not None and self.ready(taken)
        if taken:
            assert self.offered is not None
            self.cycles += 1
            self.streams += self.offered.last
            self.clipped += self._clips
            self.ones = [a + b for a, b in zip(self.ones, self.offered.bits, strict=True)]
            self.offered = None
        if accepts:
            assert operands is not None
            bits = [self._step(n, operands) for n in range(self.outputs)]
            self.offered = LayerBits(tuple(bits), operands.last)
            if operands.last:
                self.states = [self.shape.first_state] * self.outputs

    def _step(self, n: int, operands: Operands) -> int:
        shape, before = self.shape, self.states[n]
        x = np.array(operands.x, np.uint8)[:, None]
        size = shape.inputs * shape.weight_streams
        w = np.array(operands.w[n * size : (n + 1) * size], np.uint8)
        w = w.reshape(*[2] * (shape.weight_streams - 1), shape.inputs, 1)
        own = operands.negative[n * shape.inputs : (n + 1) * shape.inputs]
        negative = np.array(own, bool) if shape.signed else None
        y, sums, self.states[n] = neuron_bits(shape, x, w, before, negative)
        if n == 0:
            self._clips = self.states[0] != before + int(sums[0])
        return int(y[0])


class GoldenNetwork:
    """The layers of `plan`, and a bank for each number; `hdl.isc_network` says how they join."""

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        shapes = [*zip(plan.neurons, plan.layers[1:], strict=True)]
        self.layers = [GoldenLayer(shape, outputs) for shape, outputs in shapes]
        self.x_banks = [golden_bank(plan) for _ in range(plan.layers[0])]
        self.w_banks = [
            [golden_bank(plan) for _ in range(shape.inputs * outputs * shape.weight_streams)]
            for shape, outputs in shapes
        ]
        self._signed = any(shape.signed for shape, _ in shapes)
        self._busy = False
        self._signs: tuple[tuple[int, ...], ...] = tuple(() for _ in shapes)

    @property
    def banks(self) -> list[GoldenBank]:
        """All banks, in the order of the sample's numbers."""
        return [*self.x_banks, *(bank for banks in self.w_banks for bank in banks)]

    @property
    def pins(self) -> list[Pins]:
        """Each junction's drivers."""
        return [pins for bank in self.banks for pins in bank.pins]

    @property
    def counters(self) -> dict[str, int]:
        """What was counted over all banks."""
        return {name: sum(b.counters[name] for b in self.banks) for name in SNG_COUNTERS}

    @property
    def offered(self) -> LayerBits | None:
        """The bits on offer."""
        return self.layers[-1].offered

    @property
    def ready(self) -> bool:
        """Whether a sample is accepted in this clock."""
        return not (self._signed and self._busy) and all(bank.ready for bank in self.banks)

    def clock(self, sample: Sample | None, takes: bool, sense: Sequence[int]) -> None:
        """One clock: a sample is offered, bits on offer are taken or not, junctions are sensed."""
        accepts = sample is not None and self.ready
        taken = [False] * len(self.layers)
        taken[-1] = takes and self.offered is not None
        operands: list[Operands | None] = [None] * len(self.layers)
        for n in reversed(range(len(self.layers))):
            if self.layers[n].ready(taken[n]):
                operands[n] = self._operands(n)
            if n:
                taken[n - 1] = operands[n] is not None
        ends = taken[-1] and self.offered is not None and self.offered.last
        numbers = [*sample.x, *(w for layer in sample.w for w in layer)] if sample else []
        takers = [0] * len(self.x_banks) + [n for n, b in enumerate(self.w_banks) for _ in b]
        phases = self.plan.bank_phases
        for k, (bank, n) in enumerate(zip(self.banks, takers, strict=True)):
            own = list(sense[k * phases : (k + 1) * phases])
            bank.clock(numbers[k] if accepts else None, operands[n] is not None, own)
        for layer, given, gone in zip(self.layers, operands, taken, strict=True):
            layer.clock(given, gone)
        if accepts:
            assert sample is not None
            self._busy, self._signs = True, sample.negative
        elif ends:
            self._busy = False

    def _operands(self, n: int) -> Operands | None:
        """What layer n may take in this clock, if all of it is there."""
        weights = [bank.offered for bank in self.w_banks[n]]
        if n:
            before = self.layers[n - 1].offered
            x = None if before is None else before.bits
        else:
            bits = [bank.offered for bank in self.x_banks]
            x = None if None in bits else tuple(b.bit for b in bits if b)
        if x is None or None in weights:
            return None
        found = [b for b in weights if b]
        return Operands(x, tuple(b.bit for b in found), self._signs[n], found[0].last)
