"""Networks of tanh layers as they run on stochastic streams: weights in [-1, 1] and a factor M."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.program import check_weights
from nvmcosim.pymodel.errors import InputError

__all__ = ["TanhNetwork"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TanhNetwork:
    """Layers of tanh(M W^T z) without biases (mondal2018, Eq. 9 and 10).

    Fields:
        weights: one `[inputs, neurons]` a layer, in [-1, 1].
        scales: M of each.

    Raises `InputError` for weights outside [-M, M], or layers that do not follow on each other.
    """

    weights: tuple[Array, ...]
    scales: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.scales):
            raise InputError(
                f"a network has {len(self.weights)} layers and {len(self.scales)} scales; "
                "it must have at least one layer and a scale for each"
            )
        for n, (weights, scale) in enumerate(zip(self.weights, self.scales, strict=True)):
            check_weights(weights, scale)
            if n and self.weights[n - 1].shape[1] != weights.shape[0]:
                raise InputError(
                    f"layer {n} has {weights.shape[0]} inputs; it must have "
                    f"{self.weights[n - 1].shape[1]}, the neurons of the layer before"
                )

    @classmethod
    def trained(cls, layers: Sequence[Array]) -> Self:
        """The network of trained `layers`, each over M, the largest of its magnitudes."""
        for layer in layers:
            if np.ndim(layer) != 2 or not np.size(layer):
                raise InputError(
                    f"weights have the shape {np.shape(layer)}; it must be (inputs, neurons)"
                )
            largest = float(np.abs(layer).max())
            if not largest <= 2**16:
                raise InputError(f"a weight is {largest:g}; it must be from -65536 to 65536")
        scales = tuple(float(np.abs(layer).max()) or 1.0 for layer in layers)
        scaled = [np.asarray(w, np.float64) / m for w, m in zip(layers, scales, strict=True)]
        return cls(tuple(scaled), scales)

    @property
    def shape(self) -> tuple[int, ...]:
        """Inputs, then neurons of each layer."""
        return (self.weights[0].shape[0], *(w.shape[1] for w in self.weights))

    def with_weights(self, weights: Sequence[Array]) -> Self:
        """The same network with other weights over the same M."""
        return type(self)(tuple(weights), self.scales)

    def activations(self, inputs: Array) -> list[Array]:
        """`inputs` in [0, 1], `[samples, inputs]`, then each layer's outputs, in (-1, 1)."""
        found = [np.asarray(inputs, np.float64)]
        for weights, scale in zip(self.weights, self.scales, strict=True):
            found.append(np.tanh(scale * (found[-1] @ weights)))
        return found

    def decisions(self, inputs: Array) -> NDArray[np.intp]:
        """The neuron of the last layer that is largest, `[samples]`.

        By its weighted sum, as tanh keeps the order but may round two sums to 1.
        """
        last = self.activations(inputs)[-2]
        return np.asarray(np.argmax(last @ self.weights[-1], axis=1))

    def accuracy(self, inputs: Array, labels: NDArray[np.uint8]) -> float:
        """Share of samples whose decision is their label."""
        return float(np.mean(self.decisions(inputs) == labels))
