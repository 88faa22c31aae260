"""Layers of a network laid on subarrays that compute, and what a training step takes of them.

A value that a layer computes has a column of its own: its operands, the accumulator and the rows of
the `mac` program. All columns that have work do the same at the same time, in as many subarrays as
there are; what does not fit waits for another round. The passes of a step:

- forward: an output of a sample in each column, a MAC for each of its inputs;
- backward: an input's gradient of a sample in each column, a MAC for each output that it acts on,
  and as many turns as the input that acts on most takes;
- gradient: a weight for a sample in each column, a MAC for each position; then sums over samples
  by halves; biases likewise with sums alone;
- update: a parameter in each column, one MAC with the rate.

Both operands of each MAC, and one of each sum, are moved into the column first: a word in steps
that read and write k rows. Wires between subarrays are not counted. Rectifiers, maxima and softmax
are `pim_mapping_rest`'s.

A sum may be *split* over columns, which are then added by halves: more columns for less time. This
is accounting alone: `PimNetwork` sums in one column, and another order gives other last bits.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_layers import LENET, Layer, resnet50
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

    def rounds(self, columns: int) -> int:
        """Turns that so many columns take."""
        needed = math.ceil(columns / self.columns)
        return math.ceil(needed / min(needed, self.subarrays or needed))

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
        layer, name: which; name is one of `PASSES`, or of `pim_mapping_rest.REST`.
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

    @classmethod
    def of(
        cls,
        layer: str,
        name: str,
        columns: int,
        compute: Costs,
        moves: Costs,
        cells: Costs,
        machine: Machine,
        macs: int = 0,
    ) -> "PassCost":
        """The pass in which each of `columns` takes `compute` and `moves`, and all `cells`."""
        needed = math.ceil(columns / machine.columns)
        subarrays = min(needed, machine.subarrays or needed)
        rounds = machine.rounds(columns)
        return cls(
            layer,
            name,
            columns,
            subarrays,
            rounds,
            columns / (subarrays * rounds * machine.columns),
            rounds * machine.latency_us(compute + moves),
            rounds * machine.latency_us(compute),
            cells.cell_writes * machine.write_fj * 1e-6,
            macs,
        )

    def to_dict(self) -> dict[str, float | int | str]:
        """JSON-ready values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def map_network(
    layers: Iterable[Layer],
    batch: int,
    format: str = "fp32",
    machine: Machine = Machine(),
    costs: Mapping[str, Costs] | None = None,
    split: int = 1,
) -> list[PassCost]:
    """The passes of one training step of `batch` samples.

    `costs` of `mac`, `add` and `multiply` are those of the programs unless given. `split` is over
    how many columns a sum may go at most: each pass takes the largest power of two up to it that
    leaves a product to each column and, on a machine of so many subarrays, takes no more rounds.
    Raises `InputError` for a batch or a split that is no power of two, no layers, and a program
    that takes more rows than there are.
    """
    layers = tuple(layers)
    check_whole(batch, "batch", 1, 2**16)
    if batch & (batch - 1):
        raise InputError(f"batch is {batch}; it must be a power of two, as sums go by halves")
    check_whole(split, "split", 1, 2**16)
    if split & (split - 1):
        raise InputError(f"split is {split}; it must be a power of two, as sums go by halves")
    if not layers:
        raise InputError("layers is empty; there must be one at least")
    named_program("mac", format).check_fits(machine.rows)
    width = float_format(format).width
    given = costs or {name: Costs.of_program(name, format) for name in ("mac", "add", "multiply")}
    passes = []
    for number, layer in enumerate(layers):
        for name in PASSES:
            # Nobody asks for the gradient of the images.
            if name != "backward" or number:
                passes.append(_pass(layer, name, batch, width, machine, given, split))
    return passes


def _pass(
    layer: Layer,
    name: str,
    batch: int,
    width: int,
    machine: Machine,
    costs: Mapping[str, Costs],
    split: int,
) -> PassCost:
    """Macs and sums of a column, and in all; sums over samples take fewer columns each."""
    biases = layer.outputs * layer.biases
    mac, adds, all_adds = costs["mac"], 0, 0
    if name == "forward":
        columns, macs = layer.outputs * layer.places * batch, layer.terms
        all_macs = columns * macs
    elif name == "backward":
        columns, macs = layer.inputs * layer.reached * batch, layer.uses
        all_macs = layer.macs * batch
    elif name == "gradient":
        columns, macs = (layer.weights + biases) * batch, layer.places
        all_macs = layer.weights * batch * layer.places
        adds = batch.bit_length() - 1
        all_adds = (layer.weights + biases) * (batch - 1)
        if layer.places > 1:
            all_adds += biases * batch * layer.places
        else:
            # A single product has nothing to be added to.
            mac = costs.get("multiply", mac)
    else:
        columns, macs = layer.parameters, 1
        all_macs = columns
    parts = _parts(columns, macs, machine, split)
    adds += parts.bit_length() - 1
    all_adds += columns * (parts - 1)
    columns, macs = columns * parts, math.ceil(macs / parts)
    mac_move, add_move = (Costs.of_move(words, width) for words in (2, 1))
    compute = mac * macs + costs["add"] * adds
    moves = mac_move * macs + add_move * adds
    cells = (mac + mac_move) * all_macs + (costs["add"] + add_move) * all_adds
    return PassCost.of(layer.name, name, columns, compute, moves, cells, machine, all_macs)


def _parts(columns: int, macs: int, machine: Machine, split: int) -> int:
    """Columns that a sum goes over."""
    parts, rounds = 1, machine.rounds(columns)
    while 2 * parts <= min(split, macs) and machine.rounds(2 * parts * columns) <= rounds:
        parts *= 2
    return parts
