"""Training of tanh networks, with the energy of their number generators in the loss if wanted."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.sng import sng_power_w

__all__ = ["TanhTraining", "relative_power", "train_network"]

Array = NDArray[np.float64]
#: Points of the generator's power over |w|; between them it is linear, so it has a slope.
_POINTS = 1025


@dataclass(frozen=True)
class TanhTraining:
    """How a network without biases is trained: Adam on the mean squared error to targets of ±1.

    Fields:
        shape: inputs, then neurons of each layer; one output a class.
        epochs, batch, rate: of Adam.
        energy: factor of the mean power of a weight's generator, relative to that of w = 0.
        limit: M, to which weights are cut after each step; None leaves them free, and M is then the
            largest of a layer's magnitudes.
        seed: of the initial weights, uniform within ±1/sqrt(inputs), and of the batches.
    """

    shape: tuple[int, ...]
    epochs: int
    batch: int
    rate: float = 1e-3
    energy: float = 0.0
    limit: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.shape) < 2 or min(self.shape) < 1:
            raise InputError(f"shape is {self.shape!r}; it must be inputs and neurons of layers")
        for name, value in (("epochs", self.epochs), ("batch", self.batch)):
            if not 1 <= value <= 10**6:
                raise InputError(f"{name} is {value!r}; it must be 1 to 10^6")
        if not 0 < self.rate < 1:
            raise InputError(f"rate is {self.rate!r}; it must be between 0 and 1")
        if self.limit is not None and not 0 < self.limit < 1e6:
            raise InputError(f"limit is {self.limit!r}; it must be above 0, up to 10^6, or None")
        if not 0 <= self.energy < 1e6:
            raise InputError(f"energy is {self.energy!r}; it must be 0 to 10^6")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "shape": list(self.shape)}


def relative_power(weights: Tensor, table: Tensor, limit: float | None = None) -> Tensor:
    """Mean of the generators' power over `weights` / M by `table` over |w| from 0 to 1.

    M is `limit`, or else the largest magnitude, taken as a constant in the slope.
    """
    most = weights.detach().abs().max().clamp_min(1e-12) if limit is None else limit
    scaled = (weights / most).abs().clamp_max(1) * (len(table) - 1)
    below = scaled.detach().floor().long().clamp(0, len(table) - 2)
    part = scaled - below
    return (table[below] * (1 - part) + table[below + 1] * part).mean()


def power_table() -> Tensor:
    """Power of a BMS generator over |w|, relative to w = 0."""
    watts = sng_power_w((np.linspace(0, 1, _POINTS) + 1) / 2)
    return torch.tensor(watts / watts[0], dtype=torch.float32)


def train_network(
    training: TanhTraining,
    inputs: Array,
    labels: NDArray[np.uint8],
    tick: Callable[[int], None] = lambda epoch: None,
) -> TanhNetwork:
    """Train on `inputs` in [0, 1], `[samples, inputs]`; `tick` is called after each epoch.

    The same result for the same input on one thread, which is what it runs on.
    """
    if int(labels.max()) >= training.shape[-1]:
        raise InputError(
            f"a label is {int(labels.max())}; it must be 0 to {training.shape[-1] - 1}, "
            "as there is an output a class"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return TanhNetwork.trained(_train(training, inputs, labels, tick))
    finally:
        torch.set_num_threads(before)


def _train(
    training: TanhTraining, inputs: Array, labels: NDArray[np.uint8], tick: Callable[[int], None]
) -> Sequence[Array]:
    generator = torch.Generator().manual_seed(training.seed)
    x = torch.tensor(inputs, dtype=torch.float32)
    targets = -torch.ones(len(x), training.shape[-1])
    targets[torch.arange(len(x)), torch.tensor(labels.astype(np.int64))] = 1.0
    weights = [
        torch.empty(a, b).uniform_(-1, 1, generator=generator).mul_(a**-0.5).requires_grad_()
        for a, b in zip(training.shape, training.shape[1:], strict=False)
    ]
    table = power_table() if training.energy else None
    sizes = [w.numel() for w in weights]
    adam = torch.optim.Adam(weights, training.rate)
    for epoch in range(training.epochs):
        for batch in torch.randperm(len(x), generator=generator).split(training.batch):
            values = x[batch]
            for w in weights:
                values = torch.tanh(values @ w)
            loss = ((values - targets[batch]) ** 2).mean()
            if table is not None:
                shares = [
                    n / sum(sizes) * relative_power(w, table, training.limit)
                    for n, w in zip(sizes, weights, strict=True)
                ]
                loss = loss + training.energy * torch.stack(shares).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            if training.limit is not None:
                with torch.no_grad():
                    for w in weights:
                        w.clamp_(-training.limit, training.limit)
        tick(epoch)
    return [w.detach().numpy().astype(np.float64) for w in weights]
