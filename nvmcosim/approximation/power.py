"""Power of the number generators that a network needs (mondal2018, V)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.pymodel.sng import sng_power_w

__all__ = ["NetworkPower", "network_power", "weight_power_w"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NetworkPower:
    """Mean power in W, of the generators alone: the tanh blocks are not in it.

    Fields:
        weights_w: one generator a weight.
        inputs_w: one an input, shared by all neurons; mean over the samples.
        generators: how many there are.
    """

    weights_w: float
    inputs_w: float
    generators: int

    @property
    def total_w(self) -> float:
        """All of them."""
        return self.weights_w + self.inputs_w


def weight_power_w(network: TanhNetwork, generator: str = "bms") -> float:
    """Power in W of the generators of all weights, p = (w + 1)/2."""
    return sum(
        float(sng_power_w(np.clip((w + 1) / 2, 0, 1), generator).sum()) for w in network.weights
    )


def network_power(
    network: TanhNetwork, inputs: Array, generator: str = "bms", reading: str = "energy"
) -> NetworkPower:
    """Power of `network` at work on `inputs`, in [0, 1], `[samples, inputs]`.

    An input x̃ in [0, 1] is the bipolar number 2 x̃ - 1, so its generator makes p = x̃. Outputs of
    hidden neurons are streams already and need none. `generator` is `bms` or `normal`, `reading`
    one of `pymodel.sng.READINGS`.
    """
    scale = 1.0
    if reading != "energy":
        half = np.array([0.5])
        scale = float(sng_power_w(half, generator, reading)[0] / sng_power_w(half, generator)[0])
    shown = sng_power_w(np.clip(inputs, 0, 1), generator).mean(axis=0).sum()
    count = inputs.shape[1] + sum(w.size for w in network.weights)
    return NetworkPower(scale * weight_power_w(network, generator), scale * float(shown), count)
