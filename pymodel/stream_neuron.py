"""The integral-stochastic neuron, cycle by cycle from sensed bits: the reference, in plain numpy.

Each cycle the neuron's adder makes an integer S of one bit of each input x and of each weight w
(mondal2018, Fig. 5a), by `operand`; with [b] = 2b - 1, which is -1 or 1:

    shared             S = sum [w][x] + [w]     Eq. 10; the same weight bit in both terms
    separate           S = sum [w][x] + [v]     Eq. 10; v is a second stream of the same weight
    bipolar            S = sum [w][x]           Eq. 11: inputs that are bipolar themselves
    magnitude          S = sum s w x            w a unipolar stream of |weight|, s its sign
    magnitude-bipolar  S = sum s w [x]          the same for bipolar inputs

`shared`, `separate` and `bipolar` are the paper's formats: weights bipolar, and an input of [0, 1]
with p equal to itself, so that its bipolar number is 2p - 1. An S of `shared` is even.

Then the FSM tanh (Ardakani et al., ISTC 2016, NStanh): a counter with the states 0 to K - 1 takes
counter = clip(counter + S, 0, K - 1), and the output bit of the same cycle, a bipolar stream, is 1
where the counter after that is at least K/2. With S independent from cycle to cycle, of mean s and
variance var per cycle, the output tends to tanh(s K / (2 var)), after some K**2 / var cycles.
Ardakani states K = m n, with S in [-m, m], and tanh(n s / 2): that is var = m, which holds for
`bipolar` with weights near 0, and for nothing else here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import check_whole

__all__ = ["OPERANDS", "NeuronShape", "layer_bits", "network_bits", "neuron_bits", "sums_of"]

OPERANDS = ("shared", "separate", "bipolar", "magnitude", "magnitude-bipolar")
#: The most inputs and states of a neuron.
MOST_INPUTS, MOST_STATES = 2**20, 2**30

Bits = NDArray[np.uint8]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class NeuronShape:
    """What a neuron's hardware fixes, shared by golden model and RTL.

    Fields:
        inputs: N, how many inputs.
        states: K, how many states the counter has; even, so that half of them put out a 1.
        start: the counter before the first cycle, 0 to K - 1; None is K/2, the least state that
            puts out a 1.
        operand: how bits are multiplied, one of `OPERANDS`.

    Raises `InputError` for anything out of range.
    """

    inputs: int
    states: int
    start: int | None = None
    operand: str = "shared"

    def __post_init__(self) -> None:
        check_whole(self.inputs, "inputs", 1, MOST_INPUTS)
        check_whole(self.states, "states", 2, MOST_STATES)
        if self.states % 2:
            raise InputError(f"states are {self.states}; their number must be even")
        if self.start is not None:
            check_whole(self.start, "start", 0, self.states - 1)
        if self.operand not in OPERANDS:
            raise InputError(f"the operand is {self.operand!r}; it must be one of {OPERANDS}")

    @classmethod
    def paper(cls, inputs: int, scale: float, *, hidden_inputs: bool = False) -> Self:
        """The neuron as mondal2018 has it, for weights in [-scale, scale] (its M).

        The activation is a = (M/2) S by Eq. 10, so Ardakani's n is M, m is 2N and K = m n = 2 N M;
        where inputs are outputs of a layer (Eq. 11), a = M S, n is 2M and m is N: the same K. It is
        rounded to an even number, 2 at least; the paper gives neither K nor the start state.
        """
        if not 0 < scale < MOST_STATES:
            raise InputError(f"M is {scale!r}; it must be a positive number below {MOST_STATES}")
        states = max(2, 2 * round(inputs * scale))
        return cls(inputs, states, operand="bipolar" if hidden_inputs else "shared")

    @property
    def half(self) -> int:
        """K/2: the output bit is 1 from this state on."""
        return self.states // 2

    @property
    def first_state(self) -> int:
        """The counter before the first cycle."""
        return self.half if self.start is None else self.start

    @property
    def reach(self) -> int:
        """m: S is from -m to m."""
        return 2 * self.inputs if self.operand in ("shared", "separate") else self.inputs

    @property
    def sum_bits(self) -> int:
        """Bits of S as a two's complement number."""
        return self.reach.bit_length() + 1

    @property
    def state_bits(self) -> int:
        """Bits of the counter, unsigned."""
        return (self.states - 1).bit_length()

    @property
    def weight_streams(self) -> int:
        """Streams that a weight takes: 2 where the second term has its own."""
        return 2 if self.operand == "separate" else 1

    @property
    def signed(self) -> bool:
        """Whether weights are a magnitude's stream with a sign beside it."""
        return self.operand.startswith("magnitude")


def sums_of(
    shape: NeuronShape, x_bits: Bits, w_bits: Bits, negative: NDArray[np.bool_] | None = None
) -> Counts:
    """S of each cycle (cycles,), of input bits (inputs, cycles) and weight bits.

    Args:
        shape: of the neuron.
        x_bits: (inputs, cycles), each 0 or 1.
        w_bits: (inputs, cycles); with `separate`, (2, inputs, cycles): w and v.
        negative: (inputs,), where a weight is negative, for magnitudes; None otherwise.

    Raises:
        InputError: for arrays of other shapes, or signs that the operand does not have.
    """
    x, w = np.asarray(x_bits, np.int64), np.asarray(w_bits, np.int64)
    wanted = (2, *x.shape) if shape.operand == "separate" else x.shape
    if x.ndim != 2 or len(x) != shape.inputs or w.shape != wanted:
        raise InputError(
            f"input bits are {x.shape} and weight bits {w.shape}; the neuron has {shape.inputs} "
            f"inputs and {shape.weight_streams} stream(s) a weight"
        )
    if shape.signed != (negative is not None) or (negative is not None and len(negative) != len(x)):
        raise InputError(f"the operand {shape.operand} takes a sign for each input: magnitudes do")
    match shape.operand:
        case "shared":
            terms = (2 * w - 1) * (2 * x - 1) + (2 * w - 1)
        case "separate":
            terms = (2 * w[0] - 1) * (2 * x - 1) + (2 * w[1] - 1)
        case "bipolar":
            terms = (2 * w - 1) * (2 * x - 1)
        case "magnitude":
            terms = np.where(np.asarray(negative)[:, None], -1, 1) * w * x
        case _:
            terms = np.where(np.asarray(negative)[:, None], -1, 1) * w * (2 * x - 1)
    total: Counts = terms.sum(axis=0)
    return total


def neuron_bits(
    shape: NeuronShape,
    x_bits: Bits,
    w_bits: Bits,
    state: int | None = None,
    negative: NDArray[np.bool_] | None = None,
) -> tuple[Bits, Counts, int]:
    """One neuron's output bits (cycles,), its S (cycles,), and its counter after the last cycle.

    Arguments are as in `sums_of`; `state` is the counter before the first cycle, None the shape's
    start, so that a stream can be worked on in parts.
    """
    sums = sums_of(shape, x_bits, w_bits, negative)
    counter = shape.first_state if state is None else int(state)
    y_bits = np.zeros(len(sums), np.uint8)
    for t, s in enumerate(sums):
        counter = min(max(counter + int(s), 0), shape.states - 1)
        y_bits[t] = counter >= shape.half
    return y_bits, sums, counter


def layer_bits(
    shape: NeuronShape,
    x_bits: Bits,
    w_bits: Bits,
    states: Sequence[int] | Counts | None = None,
    negative: NDArray[np.bool_] | None = None,
) -> tuple[Bits, Counts, Counts]:
    """A layer of equal neurons on the same inputs: y (outputs, cycles), S, counters (outputs,).

    `x_bits` is (inputs, cycles); `w_bits`, `negative` and `states` have the outputs first, before
    what `neuron_bits` takes: (outputs, inputs, cycles) and so on.
    """
    results = [
        neuron_bits(
            shape,
            x_bits,
            w,
            None if states is None else int(states[n]),
            None if negative is None else negative[n],
        )
        for n, w in enumerate(w_bits)
    ]
    y_bits, sums, counters = zip(*results, strict=True)
    return np.stack(y_bits), np.stack(sums), np.array(counters, np.int64)


def network_bits(
    shapes: Sequence[NeuronShape],
    x_bits: Bits,
    w_bits: Sequence[Bits],
    negative: Sequence[NDArray[np.bool_] | None] | None = None,
) -> list[tuple[Bits, Counts, Counts]]:
    """Layers in series, all from their start: what `layer_bits` gives of each.

    A layer's output bit is the next one's input bit of the same cycle.
    """
    signs = [None] * len(shapes) if negative is None else negative
    results, bits = [], x_bits
    for shape, w, sign in zip(shapes, w_bits, signs, strict=True):
        results.append(layer_bits(shape, bits, w, None, sign))
        bits = results[-1][0]
    return results
