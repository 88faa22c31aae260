"""What a training step computes beside its sums of products, laid on subarrays as they are.

Passes of a layer, a value in each column:

- rectify: `relu`, where the sum lies already;
- maximum: the values of a maximum are moved into a column, one `maximum` for each but the first;
- maximum-back: where its gradient goes: a `compare` of the maximum with 0, and with each value,
  two ANDs of flags a value, and the gradient moved into a cleared word where the flag is;
- rectify-back, where no maximum does it: a `compare` with 0, and the gradient moved likewise.

And of the outputs, as `pim_network.softmax` does it:

- softmax-samples, a sample in each column: `maximum` and `add` over the classes, and a `subtract`
  of 1 from the label's share;
- softmax-classes, a class of a sample in each: `subtract` of the maximum, `multiply` of the share.

The exponentials and reciprocals between them are made in the periphery, and are counted only:
neither the paper nor its references say what such a unit takes. A program for an exponential would
need a reduction of its range and a polynomial, with results that no standard fixes bit for bit.
"""

import math
from collections.abc import Iterable

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_layers import Layer
from nvmcosim.pymodel.pim_mapping import Costs, Machine, PassCost
from nvmcosim.pymodel.pim_step import PUBLISHED_K
from nvmcosim.pymodel.units import check_whole

__all__ = ["REST", "map_rest", "periphery_calls"]

REST = (
    "rectify",
    "maximum",
    "maximum-back",
    "rectify-back",
    "softmax-samples",
    "softmax-classes",
)
#: here = equal and free; free = free and not here: a copy and an AND, then an AND.
_FLAGS = Costs(3, 3, 0, 4, 3)


def periphery_calls(classes: int, batch: int) -> dict[str, int]:
    """Exponentials and reciprocals of a step, which the passes do not cost."""
    return {"exponentials": classes * batch, "reciprocals": batch}


def map_rest(
    layers: Iterable[Layer], batch: int, format: str = "fp32", machine: Machine = Machine()
) -> list[PassCost]:
    """The passes beside those of `map_network` of one training step of `batch` samples.

    The last layer's outputs are softmax's. Raises `InputError` for no layers, and for a batch that
    is no whole number.
    """
    layers = tuple(layers)
    check_whole(batch, "batch", 1, 2**16)
    if not layers:
        raise InputError("layers is empty; there must be one at least")
    width = float_format(format).width
    run = {name: Costs.of_program(name, format) for name in _PROGRAMS}
    word, passes = Costs.of_move(1, width), list[PassCost]()

    def lay(layer: str, name: str, columns: int, compute: Costs, moves: Costs) -> None:
        cells = (compute + moves) * columns
        passes.append(PassCost.of(layer, name, columns, compute, moves, cells, machine))

    for layer in layers:
        values, maxima = layer.places * layer.outputs * batch, layer.pooled_places * layer.outputs
        if layer.rectified:
            lay(layer.name, "rectify", values, run["relu"], Costs())
        if layer.pooled:
            taken, columns = layer.pooled, maxima * batch
            lay(layer.name, "maximum", columns, run["maximum"] * (taken - 1), word * taken)
            flags = run["compare"] * (taken + 1) + _FLAGS * taken
            lay(layer.name, "maximum-back", columns, flags, (word + _gated(width)) * taken)
        elif layer.rectified:
            lay(layer.name, "rectify-back", values, run["compare"], _gated(width))
    classes, name = layers[-1].outputs, layers[-1].name
    chains = (run["maximum"] + run["add"]) * (classes - 1) + run["subtract"]
    lay(name, "softmax-samples", batch, chains, word * (2 * classes + 1))
    shares = run["subtract"] + run["multiply"]
    lay(name, "softmax-classes", classes * batch, shares, word * 4)
    return passes


_PROGRAMS = ("relu", "maximum", "compare", "add", "subtract", "multiply")


def _gated(width: int) -> Costs:
    """A word cleared, then written where a flag is: a step reads the flag and k - 1 rows."""
    clear, steps = math.ceil(width / PUBLISHED_K), math.ceil(width / (PUBLISHED_K - 1))
    return Costs(steps, clear + steps, 0, width + steps, 2 * width)
