"""LeNet on MNIST by the arithmetic of the in-memory programs: trained, and checked; cells."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.approximation.kept import read_arrays, write_arrays
from nvmcosim.datasets import ImageSet, load_dataset
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.pim_network import LENET_SHAPES, PimNetwork
from nvmcosim.pymodel.pim_network_check import check_step, program_digests

__all__ = ["ExactCell", "LenetCell", "LenetSize", "mnist"]

#: Counts up when the same settings give another result.
_VERSION = 1


@dataclass(frozen=True)
class LenetSize:
    """How large a training is.

    Fields:
        train, test: images; None is all.
        epochs: passes over the training images.
        batch, rate: of gradient descent without momentum; set before any training was run.
    """

    train: int | None = None
    test: int | None = None
    epochs: int = 3
    batch: int = 64
    rate: float = 0.1


@lru_cache(maxsize=2)
def mnist(data: str | None, train: int | None = None, test: int | None = None) -> ImageSet:
    """MNIST or a part of it; raises `MissingTool` where it is not there."""
    return load_dataset("mnist", data).subset(train, test)


@dataclass(frozen=True)
class LenetCell:
    """One training in a format."""

    format: str
    size: LenetSize
    seed: int = 0
    data: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        images = mnist(self.data, self.size.train, self.size.test)
        return digest_of(
            {
                "version": _VERSION,
                "format": self.format,
                "size": asdict(self.size),
                "seed": self.seed,
                "shapes": {name: list(shape) for name, shape in LENET_SHAPES.items()},
                "data": images.provenance(),
            }
        )

    @property
    def title(self) -> str:
        """What a progress display calls it."""
        return f"LeNet, {self.format}"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train, going on after the last whole epoch of `checkpoint`.

        Returns `format`, `epochs`, `steps`, `accuracy` (percent of the test images after each
        epoch) and `loss` (mean of each epoch).
        """
        size, images = self.size, mnist(self.data, self.size.train, self.size.test)
        network = PimNetwork(self.format, size.batch, size.rate, self.seed)
        steps = len(images.train_images) // size.batch
        if steps == 0:
            raise InputError(
                f"train is {size.train} images; it must be at least a batch, {size.batch}"
            )
        history = _restore(network, checkpoint, self.digest, size.epochs)
        x, y = images.train_images[:, 0], images.train_labels
        for epoch in range(len(history), size.epochs):
            order = np.random.Generator(np.random.Philox([self.seed, 1000 + epoch]))
            chosen = order.permutation(len(x))[: steps * size.batch].reshape(steps, size.batch)
            loss = float(np.mean([network.step(x[part], y[part]) for part in chosen]))
            right = network.classes(images.test_images[:, 0]) == images.test_labels
            history.append((100 * float(np.mean(right)), loss))
            _keep(network, history, checkpoint, self.digest)
            tick()
        return {
            "format": self.format,
            "epochs": size.epochs,
            "steps": steps * size.epochs,
            "accuracy": [accuracy for accuracy, _ in history],
            "loss": [loss for _, loss in history],
            "test_images": len(images.test_images),
        }


@dataclass(frozen=True)
class ExactCell:
    """Steps of a training whose sampled values are made again by the programs.

    Fields:
        steps: which are checked, from 1 on; positions: drawn of each layer.
    """

    format: str
    steps: tuple[int, ...] = (1, 100)
    positions: int = 32
    seed: int = 0
    data: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the result, the programs among it."""
        values: dict[str, Any] = {n: getattr(self, n) for n in ("format", "positions", "seed")}
        data = mnist(self.data).provenance()
        values["programs"] = program_digests(self.format)
        return digest_of({"exact": _VERSION, "steps": list(self.steps), "data": data, **values})

    @property
    def title(self) -> str:
        """What a progress display calls it."""
        return f"LeNet's steps by the programs, {self.format}"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train up to the last step that is checked; minutes, so `checkpoint` is not used.

        Returns `format`, `steps`, and `counts`: values compared and differing, by what they are.
        """
        size, images = LenetSize(), mnist(self.data)
        network = PimNetwork(self.format, size.batch, size.rate, self.seed)
        order = np.random.Generator(np.random.Philox([self.seed, 1000]))
        chosen = order.permutation(len(images.train_images))
        counts: dict[str, list[int]] = {}
        for step in range(1, max(self.steps) + 1):
            part = chosen[(step - 1) * size.batch : step * size.batch]
            x, y = images.train_images[part, 0], images.train_labels[part]
            if step not in self.steps:
                network.step(x, y)
                continue
            before = {name: values.copy() for name, values in network.parameters.items()}
            network.forward(x)
            found = network.backward(y)
            network.update()
            checked = check_step(network, before, y, found, self.positions, self.seed + step)
            for what, (done, differ) in checked.items():
                total = counts.setdefault(what, [0, 0])
                total[0] += done
                total[1] += differ
            tick()
        return {"format": self.format, "steps": len(self.steps), "counts": counts}


def _words(digest: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The digest as numbers, so that another cell's checkpoint is known as such."""
    return np.frombuffer(bytes.fromhex(digest), np.uint8).astype(np.float64)


def _keep(
    network: PimNetwork, history: list[tuple[float, float]], checkpoint: Path, digest: str
) -> None:
    # Doubles hold all numbers of the formats.
    arrays = {name: values.astype(np.float64) for name, values in network.parameters.items()}
    write_arrays(checkpoint, history=np.array(history), cell=_words(digest), **arrays)


def _restore(
    network: PimNetwork, checkpoint: Path, digest: str, epochs: int
) -> list[tuple[float, float]]:
    """Give `network` the parameters of `checkpoint`; accuracy and loss of the epochs done.

    A checkpoint that is damaged, of another cell, or no state of a training is as none.
    """
    found = read_arrays(checkpoint)
    if found is None or set(found) != {*LENET_SHAPES, "history", "cell"}:
        return []
    history = found["history"]
    if not np.array_equal(found["cell"], _words(digest)) or history.ndim != 2:
        return []
    if history.shape[1] != 2 or len(history) > epochs or not np.isfinite(history).all():
        return []
    for name, shape in LENET_SHAPES.items():
        kept = found[name]
        # Numbers that the format does not have would be no training of ours.
        if kept.shape != shape or not np.isfinite(kept).all():
            return []
        with np.errstate(over="ignore"):
            encoded = network.format.encode(kept.astype(np.float32))
        if not np.array_equal(network.format.decode(encoded), kept):
            return []
    for name, values in network.parameters.items():
        values[:] = found[name]
    return [(float(accuracy), float(loss)) for accuracy, loss in history]
