"""Layers of a network laid on subarrays that compute, and what a training step takes of them.

A value that a layer computes has a column of its own: its operands, the accumulator and the rows of
the `mac` program. All columns that have work do the same at the same time, in as many subarrays as
there are; what does not fit waits for another round. The passes of a step:

- forward: an output of a sample in each column, a MAC for each of its inputs;
- backward: an input's gradient of a sample in each column, a MAC for each output that it acts on;
- gradient: a weight for a sample in each column, a MAC for each position; then sums over samples
  by halves; biases likewise with sums alone;
- update: a parameter in each column, one MAC with the rate.

Both operands of each MAC, and one of each sum, are moved into the column first: a word in steps
that read and write k rows. Wires between subarrays, rectifiers, maxima and softmax are not counted.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_step import PUBLISHED_K
from nvmcosim.pymodel.units import check_whole

__all__ = [
    "LENET",
    "PASSES",
    "Costs",
    "Layer",
    "Machine",
    "PassCost",
    "map_network",
    "resnet50",
    "room",
    "stored_words",
]

PASSES = ("forward", "backward", "gradient", "update")


@dataclass(frozen=True)
class Layer:
    """A convolution, or a dense layer as one of a single position.

    Fields:
        inputs, outputs: channels; kernel: side of the kernel.
        places, input_places: positions of a channel of the output and of the input.
        biases: whether outputs have one.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int = 1
    places: int = 1
    input_places: int = 1
    biases: bool = True

    @property
    def weights(self) -> int:
        """Weights without biases."""
        return self.outputs * self.terms

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.outputs * self.biases

    @property
    def terms(self) -> int:
        """Products of an output."""
        return self.inputs * self.kernel**2

    @property
    def macs(self) -> int:
        """MACs of a forward pass of a sample."""
        return self.weights * self.places


#: `pim_network`'s layers; borders of zeros count as inputs.
LENET = (
    Layer("conv1", 1, 10, 5, 28 * 28, 28 * 28),
    Layer("conv2", 10, 8, 5, 10 * 10, 14 * 14),
    Layer("dense1", 200, 92),
    Layer("dense2", 92, 10),
)


def resnet50() -> tuple[Layer, ...]:
    """ResNet-50 of He et al., "Deep Residual Learning", 2016, Table 1: 224 by 224, 1,000 classes.

    A stage's first block halves the side in its first convolution. Batch normalisation, sums of
    branches and pooling are not in it.
    """
    layers = [Layer("conv1", 3, 64, 7, 112**2, 224**2, False)]
    channels, side = 64, 56
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
        for block in range(1, blocks + 1):
            before = side
            if block == 1 and stage > 2:
                side //= 2
            out, area, name = 4 * width, side**2, f"conv{stage}_{block}"
            layers += [
                Layer(f"{name}a", channels, width, 1, area, before**2, False),
                Layer(f"{name}b", width, width, 3, area, area, False),
                Layer(f"{name}c", width, out, 1, area, area, False),
            ]
            if block == 1:
                layers.append(Layer(f"{name}p", channels, out, 1, area, before**2, False))
            channels = out
    return (*layers, Layer("dense", 2048, 1000))


@dataclass(frozen=True)
class Costs:
    """What one MAC, sum or move takes: steps of a column's subarray, and cells of the column.

    Numbers may be means, as those of the paper's equations are.
    """

    reads: float = 0.0
    writes: float = 0.0
    searches: float = 0.0
    cell_reads: float = 0.0
    cell_writes: float = 0.0

    def __add__(self, other: "Costs") -> "Costs":
        return Costs(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def __mul__(self, factor: float) -> "Costs":
        return Costs(*(factor * a for a in self._all()))

    def _all(self) -> tuple[float, ...]:
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @classmethod
    def of_program(cls, operation: str, format: str) -> "Costs":
        """The counts of a program."""
        counts = named_program(operation, format).counts
        return cls(*(float(getattr(counts, name)) for name in cls.__dataclass_fields__))

    @classmethod
    def of_move(cls, words: int, width: int) -> "Costs":
        """Words that are read elsewhere and written into the column, k rows a step."""
        steps = words * math.ceil(width / PUBLISHED_K)
        return cls(steps, steps, 0, words * width, words * width)


@dataclass(frozen=True)
class Machine:
    """Subarrays and what their steps take.

    Fields:
        subarrays: how many; 0 is as many as the pass with most columns fills.
        columns, rows: of one.
        read_ns, write_ns: of a step's read and write; a search takes as long as a read.
        write_fj: of a cell that is written (wang2020, Table 1); each is taken to switch.
        cell_um2: area of a cell; 40 F² at 28 nm.
    """

    subarrays: int = 0
    columns: int = 1024
    rows: int = 1024
    read_ns: float = 2.03
    write_ns: float = 2.48
    write_fj: float = 12.0
    cell_um2: float = 40 * 0.028**2

    def __post_init__(self) -> None:
        check_whole(self.subarrays, "subarrays", 0, 2**31)
        check_whole(self.columns, "columns", 1, 2**16)
        check_whole(self.rows, "rows", 1, 2**16)

    def latency_us(self, costs: Costs) -> float:
        """Time of steps one after the other."""
        reads = costs.reads + costs.searches
        return (reads * self.read_ns + costs.writes * self.write_ns) * 1e-3

    def area_mm2(self, subarrays: int) -> float:
        """Area of the cells of so many subarrays, without their periphery."""
        return subarrays * self.rows * self.columns * self.cell_um2 * 1e-6


def stored_words(layers: Iterable[Layer], batch: int) -> int:
    """Words that a step keeps: parameters and values of all samples, with their gradients."""
    layers = tuple(layers)
    parameters = sum(layer.parameters for layer in layers)
    values = sum(layer.outputs * layer.places for layer in layers)
    return 2 * (parameters + batch * values) + batch * layers[0].inputs * layers[0].input_places


def room(machine: Machine, subarrays: int, format: str = "fp32") -> int:
    """Words that the rows of so many subarrays hold beside those of the `mac` program."""
    rows = machine.rows - named_program("mac", format).rows
    return subarrays * machine.columns * (rows // float_format(format).width)


@dataclass(frozen=True)
class PassCost:
    """A layer's pass of one training step.

    Fields:
        layer, name: which; name is one of `PASSES`.
        columns: values that are computed; subarrays: that hold them at once; rounds: turns taken.
        utilisation: share of the columns of those subarrays in all rounds that have work.
        latency_us: of all rounds; compute_us: without the moves.
        energy_nj: of cell writes; macs: multiplications that are added.
    """

    layer: str
    name: str
    columns: int
    subarrays: int
    rounds: int
    utilisation: float
    latency_us: float
    compute_us: float
    energy_nj: float
    macs: int

    def to_dict(self) -> dict[str, float | int | str]:
        """JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def map_network(
    layers: Iterable[Layer],
    batch: int,
    format: str = "fp32",
    machine: Machine = Machine(),
    costs: Mapping[str, Costs] | None = None,
) -> list[PassCost]:
    """The passes of one training step of `batch` samples.

    `costs` of `mac` and `add` are those of the programs unless given. Raises `InputError` for a
    batch that is no power of two, no layers, and a program that takes more rows than there are.
    """
    layers = tuple(layers)
    check_whole(batch, "batch", 1, 2**16)
    if batch & (batch - 1):
        raise InputError(f"batch is {batch}; it must be a power of two, as sums go by halves")
    if not layers:
        raise InputError("layers is empty; there must be one at least")
    named_program("mac", format).check_fits(machine.rows)
    width = float_format(format).width
    given = costs or {name: Costs.of_program(name, format) for name in ("mac", "add")}
    passes = []
    for number, layer in enumerate(layers):
        for name in PASSES:
            # Nobody asks for the gradient of the images.
            if name != "backward" or number:
                passes.append(_pass(layer, name, batch, width, machine, given))
    return passes


def _pass(
    layer: Layer, name: str, batch: int, width: int, machine: Machine, costs: Mapping[str, Costs]
) -> PassCost:
    """Macs and sums of a column, and in all; sums over samples take fewer columns each."""
    biases = layer.outputs * layer.biases
    macs, adds, all_adds = 0, 0, 0
    if name == "forward":
        columns, macs = layer.outputs * layer.places * batch, layer.terms
        all_macs = columns * macs
    elif name == "backward":
        columns = layer.inputs * layer.input_places * batch
        all_macs = layer.macs * batch
        macs = math.ceil(all_macs / columns)
    elif name == "gradient":
        columns, macs = (layer.weights + biases) * batch, layer.places
        all_macs = layer.weights * batch * layer.places
        adds = batch.bit_length() - 1
        all_adds = (layer.weights + biases) * (batch - 1) + biases * batch * layer.places
    else:
        columns, macs = layer.parameters, 1
        all_macs = columns
    mac_move, add_move = (Costs.of_move(words, width) for words in (2, 1))
    needed = math.ceil(columns / machine.columns)
    subarrays = min(needed, machine.subarrays or needed)
    rounds = math.ceil(needed / subarrays)
    compute = costs["mac"] * macs + costs["add"] * adds
    steps = compute + mac_move * macs + add_move * adds
    cells = (costs["mac"] + mac_move) * all_macs + (costs["add"] + add_move) * all_adds
    return PassCost(
        layer.name,
        name,
        columns,
        subarrays,
        rounds,
        columns / (subarrays * rounds * machine.columns),
        rounds * machine.latency_us(steps),
        rounds * machine.latency_us(compute),
        cells.cell_writes * machine.write_fj * 1e-6,
        all_macs,
    )
