"""Networks of two and more layers: one program a layer, thresholds by search (Algorithm 1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.certify import Check, check_networks, distance
from nvmcosim.approximation.kept import ColumnStore
from nvmcosim.approximation.limits import check_threshold
from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.approximation.program import ApproximateLayer, Infeasible, approximate_layer
from nvmcosim.approximation.thresholds import HiddenThreshold, hidden_threshold
from nvmcosim.pymodel.errors import InputError

__all__ = [
    "ApproximateNetwork",
    "approximate_network",
    "estimated_thresholds",
    "search_network",
]

Array = NDArray[np.float64]
#: Called with a line: layer, threshold, neurons done, samples in the program.
Told = Callable[[str], None]
#: No program is tried for a factor beyond this, or for a change of it below this share.
_LARGEST, _SHARE = 64.0, 0.1


@dataclass(frozen=True, eq=False)
class ApproximateNetwork:
    """A network with new weights, and how they came about.

    Fields:
        network: new weights, M as it was.
        layers: each layer's program.
        thresholds: phi of each layer, the output's last.
        check: outputs of the whole network against the original's, on the samples of the program.
        tried: the search: factor of the estimated thresholds, whether it was feasible, and cost.
    """

    network: TanhNetwork
    layers: tuple[ApproximateLayer, ...]
    thresholds: tuple[float, ...]
    check: Check
    tried: tuple[tuple[float, bool, float | None], ...] = field(default=())

    @property
    def gap(self) -> float:
        """Sum of the layers' dual gaps; each is of its own program, for the inputs it was given."""
        return sum(layer.gap for layer in self.layers)


def approximate_network(
    network: TanhNetwork,
    inputs: Array,
    thresholds: Sequence[float],
    store: ColumnStore | None = None,
    told: Told | None = None,
    explain: bool = True,
) -> ApproximateNetwork:
    """Layer after layer: each gets what the new ones before it give, and its original as a target.

    Args:
        network: as trained.
        inputs: the samples of the program in [0, 1], `[samples, inputs]`.
        thresholds: phi of each layer. A layer of phi = 0 repeats its outputs to the tolerance of
            its sums, so the next one is given the original outputs.
        store: keeps solved columns.
        told: called with a line in each round.
        explain: whether an infeasible threshold is to say what would be feasible; that is a search.

    Raises `Infeasible` naming neuron and sample where a layer after the first has no weights.
    """
    if len(thresholds) != len(network.weights):
        raise InputError(
            f"{len(thresholds)} thresholds are given; there must be {len(network.weights)}, "
            "one for each layer"
        )
    original = network.activations(inputs)
    new: Array | None = None
    layers: list[ApproximateLayer] = []
    for n, (weights, scale, phi) in enumerate(
        zip(network.weights, network.scales, thresholds, strict=True)
    ):

        def tick(done: int, of: int, rows: int, wrong: int, layer: int = n) -> None:
            if told is not None:
                told(
                    f"layer {layer + 1}, phi {thresholds[layer]:.4g}: neuron {done + 1} of {of}, "
                    f"{rows} samples in the program, {wrong} violated"
                )

        layers.append(
            approximate_layer(weights, scale, original[n], phi, new, store, tick, explain)
        )
        if phi > 0 or new is not None:
            given = original[n] if new is None else new
            new = np.tanh(scale * (given @ layers[-1].weights))
    found = network.with_weights([layer.weights for layer in layers])
    check = check_networks(found, network, inputs, thresholds[-1])
    return ApproximateNetwork(found, tuple(layers), tuple(thresholds), check)


def estimated_thresholds(
    network: TanhNetwork, inputs: Array, phi: float
) -> tuple[tuple[float, ...], tuple[HiddenThreshold, ...]]:
    """Phi of each layer by Eq. 16, from the output's backwards, and what each follows from."""
    original = network.activations(inputs)
    thresholds = [check_threshold(phi)]
    found: list[HiddenThreshold] = []
    for n in range(len(network.weights) - 1, 0, -1):
        sums = network.scales[n] * (original[n] @ network.weights[n])
        estimate = hidden_threshold(network.weights[n], network.scales[n], sums, thresholds[0])
        thresholds.insert(0, estimate.eq16)
        found.insert(0, estimate)
    return tuple(thresholds), tuple(found)


def search_network(
    network: TanhNetwork,
    inputs: Array,
    phi: float,
    cost: Callable[[TanhNetwork], float] | None = None,
    store: ColumnStore | None = None,
    told: Told | None = None,
) -> ApproximateNetwork:
    """The least costly network by thresholds of the hidden layers (mondal2018, IV-D 2).

    Begins with those of Eq. 16, doubles all of them while the layers after are feasible, then
    bisects between the last feasible and the first infeasible factor to a tenth; below 1 where the
    estimate itself is infeasible, as it is no guarantee. Of all feasible ones the least costly is
    returned, as larger thresholds leave later layers less room. `cost` is the sum of distances
    unless given. A network of one layer has nothing to search.
    """
    price = cost or (lambda net: sum(distance(w) for w in net.weights))
    estimate, _ = estimated_thresholds(network, inputs, phi)
    tried: dict[float, ApproximateNetwork | None] = {}

    def feasible(factor: float) -> bool:
        hidden = [min(factor * bound, 2.0) for bound in estimate[:-1]]
        try:
            found = approximate_network(network, inputs, [*hidden, phi], store, told, False)
        except Infeasible:
            found = None
        tried[factor] = found
        return found is not None

    if len(estimate) == 1 or phi == 0:
        return approximate_network(network, inputs, estimate, store, told)
    low, high = 0.0, 1.0
    while high <= _LARGEST and feasible(high):
        low, high = high, 2 * high
    while high <= _LARGEST and high - low > _SHARE * high and high > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if feasible(middle) else (low, middle)
    kept = {factor: found for factor, found in tried.items() if found is not None}
    if not kept:
        kept = {0.0: approximate_network(network, inputs, [*[0.0] * (len(estimate) - 1), phi])}
    prices = {factor: price(found.network) for factor, found in kept.items()}
    best = kept[min(prices, key=lambda factor: prices[factor])]
    steps = tuple((f, found is not None, prices.get(f)) for f, found in sorted(tried.items()))
    return ApproximateNetwork(best.network, best.layers, best.thresholds, best.check, steps)
