"""A stream plan's network on many samples: what its neurons put out, and what its bits cost."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.stream_network import LayerResult, StreamLayer, quantised, run_network
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.stream_source import codes_of
from nvmcosim.pymodel.units import real_array

__all__ = ["StreamNetwork"]


class StreamNetwork:
    """The layers of a `StreamPlan` with weights of their own.

    Numbers are the plan's codes, and their bits have the probabilities that the junction's
    quantised pulses give, `PulseCodes.probability`; the bits of hidden neurons are the next layer's
    inputs.

    Attributes:
        plan: the plan.
        layers: `StreamLayer` of each layer.
    """

    def __init__(self, plan: StreamPlan, weights: Sequence[ArrayLike]) -> None:
        """Take `weights`, one (inputs, neurons) array a layer, in [-M, M] with M the plan's scale.

        Raises `InputError` for another number of arrays, other sizes, or a weight out of range.
        """
        arrays = [real_array(w, "weights") for w in weights]
        wanted = list(pairwise(plan.layers))
        if [array.shape for array in arrays] != wanted:
            raise InputError(
                f"weights are {[array.shape for array in arrays]}; the plan's layers take {wanted}"
            )
        self.plan = plan
        self.layers = tuple(
            StreamLayer.of(shape, array.T, plan.scale, plan.p_bits, plan.codes.probability)
            for shape, array in zip(plan.neurons, arrays, strict=True)
        )
        self._weight_energy_j = sum(
            self._energy_of(layer, array) for layer, array in zip(self.layers, arrays, strict=True)
        )

    def run(self, x: ArrayLike, first_sample: int = 0, **options: Any) -> list[LayerResult]:
        """Run inputs `x` (samples, inputs) in [0, 1] for the plan's cycles; a result a layer.

        Sample n has the bits of sample `first_sample` + n of the plan's seed, weight bits of its
        own where the plan's `reuse` is `fresh`. `options` are `run_network`'s: `fsm`, `sums`,
        `threads`. Raises `InputError`.
        """
        inputs = quantised(x, self.plan.p_bits, self.plan.codes.probability)
        return run_network(
            self.layers,
            inputs,
            self.plan.cycles,
            self.plan.seed,
            fresh=self.plan.reuse == "fresh",
            first_sample=first_sample,
            **options,
        )

    def energy_j(self, x: ArrayLike) -> NDArray[np.float64]:
        """Energy (samples,) in J of the generators' bits of one decision on each of `x`.

        A generator a weight stream and one a shared input, as mondal2018 counts; adders and tanh
        are left out. With `reuse` shared, weight bits are counted as if made for each sample.
        """
        each = self.plan.codes.energy_j[codes_of(x, self.plan.p_bits)]
        if each.ndim != 2 or each.shape[1] != self.plan.layers[0]:
            raise InputError(f"inputs are {each.shape}; each has {self.plan.layers[0]} numbers")
        total: NDArray[np.float64] = self.plan.cycles * (each.sum(axis=1) + self._weight_energy_j)
        return total

    def _energy_of(self, layer: StreamLayer, weights: NDArray[np.float64]) -> float:
        """Energy of one bit of every weight stream of a layer."""
        share = weights / self.plan.scale
        p = np.abs(share) if layer.shape.signed else (1 + share) / 2
        energy = self.plan.codes.energy_j[codes_of(p, self.plan.p_bits)]
        return layer.shape.weight_streams * float(energy.sum())
