"""What the stochastic benches offer: numbers, operands and samples, and when."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.golden_isc import Operands, Sample
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["PART", "PERIOD", "RESTARTS", "StreamStimulus", "stream_stimulus_for"]

#: Clocks after which offers, takes and senses repeat; a prime, so that streams do not fall in step.
PERIOD = 4093
#: Clocks in which the same side waits.
PART = 31
#: Restarts of a run with `waits`.
RESTARTS = 3


@dataclass(frozen=True, eq=False)
class StreamStimulus:
    """The inputs of one component.

    Fields:
        items: what is offered, one after another, as its golden model takes it.
        offers: whether the next item may be offered, by clock; once offered it stays.
        takes: whether a bit on offer is taken, by clock.
        sense: what junctions show, `[clocks, junctions]`.
    """

    items: list[Any]
    offers: NDArray[np.bool_]
    takes: NDArray[np.bool_]
    sense: NDArray[np.bool_]


def stream_stimulus_for(
    block: str, plan: StreamPlan, junctions: int, vectors: int, waits: bool, seed: list[int]
) -> StreamStimulus:
    """The inputs of `block` for `vectors` bits put out, and some that restarts lose.

    With `waits` nothing waits in the first `PART` clocks, sources in the second, sinks in the third
    and both in the fourth, and so on; without them nothing ever does. Numbers come in shuffled
    rounds of all that there are, and with `waits` of those past the last as well.
    """
    random = np.random.default_rng(seed)
    # A restart loses what is in the junctions, and the rest of a number or two.
    lost = RESTARTS * (2 + plan.bank_phases // plan.cycles)
    streams = vectors // plan.cycles + 4 + waits * lost
    if block.startswith("bms"):
        items = _numbers(plan, streams, waits, random)
    elif block == "isc-network":
        items = [_sample(plan, random) for _ in range(streams)]
    else:
        outputs = 1 if block == "isc-neuron" else plan.layers[1]
        cycles = (_operands(plan, outputs, random) for _ in range(streams))
        items = [operands for stream in cycles for operands in stream]
    part = np.arange(PERIOD) // PART % 4
    often = random.random((2, PERIOD)) < random.choice([0.1, 0.5, 0.9])
    return StreamStimulus(
        items,
        ~np.isin(part, (1, 3)) | often[0] | (not waits),
        ~np.isin(part, (2, 3)) | often[1] | (not waits),
        random.random((PERIOD, junctions)) < 0.5,
    )


def _numbers(plan: StreamPlan, streams: int, waits: bool, random: np.random.Generator) -> list[Any]:
    top = 2 ** (plan.p_bits + 1) if waits else 2**plan.p_bits + 1
    rounds = [random.permutation(top) for _ in range(streams // top + 1)]
    numbers = np.concatenate(rounds)[:streams]
    # Where not all of them come, the ends and the middle do.
    ends = [0, 1, 2**plan.p_bits, 2**plan.p_bits - 1, 2 ** (plan.p_bits - 1)]
    if len(numbers) < top:
        numbers[: len(ends)] = ends[: len(numbers)]
    return [int(number) for number in numbers]


def _operands(plan: StreamPlan, outputs: int, random: np.random.Generator) -> list[Operands]:
    """A stream of cycles, each bit by a probability of its own, so that counters get far."""
    shape, cycles = plan.neurons[0], plan.cycles
    weights = shape.inputs * outputs
    x = random.random((cycles, shape.inputs)) < random.random(shape.inputs)
    count = weights * shape.weight_streams
    w = random.random((cycles, count)) < random.beta(0.5, 0.5, count)
    negative = random.integers(0, 2, weights if shape.signed else 0).tolist()
    return [
        Operands(
            tuple(x[t].astype(int).tolist()),
            tuple(w[t].astype(int).tolist()),
            tuple(negative),
            t == cycles - 1,
        )
        for t in range(cycles)
    ]


def _sample(plan: StreamPlan, random: np.random.Generator) -> Sample:
    def numbers(count: int) -> tuple[int, ...]:
        return tuple(random.integers(0, 2**plan.p_bits + 1, count).tolist())

    shapes = [*zip(plan.neurons, plan.layers[1:], strict=True)]
    return Sample(
        numbers(plan.layers[0]),
        tuple(numbers(s.inputs * n * s.weight_streams) for s, n in shapes),
        tuple(tuple(random.integers(0, 2, s.inputs * n * s.signed).tolist()) for s, n in shapes),
    )
