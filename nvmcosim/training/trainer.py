"""The trainer: epochs of training, storing and testing, and their checkpoints."""

import io
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nvmcosim.datasets import ImageSet
from nvmcosim.memory import StoringSGD, memory_for
from nvmcosim.networks import NETWORKS, build_network
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_bytes
from nvmcosim.training.config import TrainingConfig, run_digest

__all__ = [
    "DamagedCheckpoint",
    "EpochRecord",
    "Trainer",
    "check_images",
    "train",
    "training_result",
]

#: Version of a checkpoint's layout.
_CHECKPOINT = 2
_TEST_BATCH = 1000


def _squared(scores: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    targets = 2 * nn.functional.one_hot(labels, scores.shape[1]) - 1
    loss = (scores.tanh() - targets).square().sum(1) / 2
    return loss.sum() if reduction == "sum" else loss.mean()


_LOSSES: dict[str, Callable[..., Tensor]] = {
    "cross-entropy": nn.functional.cross_entropy,
    "squared": _squared,
}


class DamagedCheckpoint(InputError):
    """A checkpoint that cannot be read, or is of another version."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: mean loss over the training images, then the test after the store.

    `test_accuracy` is a fraction of the test images; `failed_bits` and `relative_energy` (1 is
    every bit with the longest pulse) are of the epoch's stores.
    """

    epoch: int
    train_loss: float
    test_loss: float
    test_accuracy: float
    failed_bits: int
    relative_energy: float


class Trainer:
    """A network, its memory and its images, trained epoch by epoch.

    Args:
        config: what to train.
        images: the set; its image shape must suit the network.
        curve: the device's write curve; None takes the plan's law or curve file.
        device: where torch computes, such as `cpu` or `cuda`.

    Attributes: `network`, `memory`, `history` (one `EpochRecord` an ended epoch), `images` (the
    set's provenance).
    """

    def __init__(
        self,
        config: TrainingConfig,
        images: ImageSet,
        curve: DeviceCurve | None = None,
        device: str = "cpu",
    ) -> None:
        self.config = config
        self.device = torch.device(device)
        self.history: list[EpochRecord] = []
        self.network = build_network(config.network, config.seed, config.initialisation)
        check_images(config.network, images)
        # Convolutions are quicker with the channels innermost.
        convolves = any(isinstance(module, nn.Conv2d) for module in self.network.modules())
        self._format = torch.channels_last if convolves else torch.contiguous_format
        self.network.to(self.device, memory_format=self._format)  # type: ignore[call-overload]
        self._data = {
            part: (
                torch.from_numpy(getattr(images, f"{part}_images").copy()).to(self.device),
                torch.from_numpy(getattr(images, f"{part}_labels").astype(np.int64)).to(
                    self.device
                ),
            )
            for part in ("train", "test")
        }
        self.images = images.provenance()
        self._loss = _LOSSES[config.loss]
        self._masters: list[Tensor] = []
        if config.master_copy:
            self._masters = [p.detach().clone() for p in self.network.parameters()]
        self.memory = memory_for(self.network, config.plan, config.every, curve=curve)
        self.optimizer = self._new_optimizer()
        self._full_plan = config.plan.in_full()

    def _new_optimizer(self) -> torch.optim.Optimizer:
        trained = [p for p in self.network.parameters() if p.requires_grad]
        if self.config.optimizer == "sgd":
            if not self._masters:
                return StoringSGD(trained, self.config.rate, self.memory)
            return torch.optim.SGD(trained, lr=self.config.rate)
        # TensorFlow's epsilon.
        return torch.optim.Adam(trained, lr=self.config.rate, eps=1e-7, fused=True)

    @property
    def stores_per_epoch(self) -> int:
        """Stores that an epoch's steps set off, or 1 for a store an epoch."""
        every = self.config.every
        if every == "epoch":
            return 1
        steps = -(-len(self._data["train"][1]) // self.config.batch)
        return max(1, steps // (1 if every == "step" else int(every)))

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the result: configuration, images and curve."""
        return run_digest(self.config, self.images, self.memory.curve)

    def run(
        self,
        checkpoint: Path | None = None,
        progress: Callable[[EpochRecord], None] | None = None,
    ) -> list[EpochRecord]:
        """Train the epochs that are left; returns the whole history.

        With `checkpoint`, goes on from that file if it exists and writes it after each epoch.
        `progress` is called with each epoch's record.
        """
        if checkpoint is not None and checkpoint.exists():
            self.load(checkpoint)
        while len(self.history) < self.config.epochs:
            record = self.train_epoch()
            if checkpoint is not None:
                self.save(checkpoint)
            if progress is not None:
                progress(record)
        return self.history

    def train_epoch(self) -> EpochRecord:
        """Train one epoch, store, test; returns the record, which `history` has as well."""
        epoch = len(self.history) + 1
        # Denormal numbers carry nothing here and cost up to a hundred times the time.
        torch.set_flush_denormal(True)
        try:
            record = self._train_epoch(epoch)
        finally:
            torch.set_flush_denormal(False)
        self.history.append(record)
        return record

    def _train_epoch(self, epoch: int) -> EpochRecord:
        if epoch in self.config.power_lost:
            self._train(epoch, part=0.5)
            self._lose_power(epoch)
        loss = self._train(epoch)
        full = epoch in self.config.full_epochs
        self.memory.end_epoch(plan=self._full_plan if full else None)
        failed_bits, relative_energy = self._stored()
        test_loss, accuracy = self.test()
        return EpochRecord(epoch, loss, test_loss, accuracy, failed_bits, relative_energy)

    def _stored(self) -> tuple[int, float]:
        """Failed bits and relative energy of the stores of the epoch that has just ended."""
        ended = self.memory.epoch
        epoch = ended if self.config.every == "epoch" else ended - 1
        records = [record for record in self.memory.ledger.records if record.epoch == epoch]
        reference = sum(record.reference_energy for record in records)
        energy = sum(float(record.energy.sum()) for record in records)
        return sum(record.failed_bits for record in records), energy / reference if reference else 0

    def _train(self, epoch: int, part: float = 1.0) -> float:
        images, labels = self._data["train"]
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, epoch]))
        order = torch.from_numpy(random.permutation(len(images))).to(self.device)
        self.network.train()
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        batches = order.split(self.config.batch)
        for chosen in batches[: round(part * len(batches))]:
            self.optimizer.zero_grad(set_to_none=True)
            scores = self.network(self._inputs(images[chosen]))
            loss = self._loss(scores, labels[chosen])
            loss.backward()
            self._update()
            total += loss.detach() * len(chosen)
        return float(total) / len(images)

    def _update(self) -> None:
        """Change the weights by their gradients, and count a step of the memory."""
        if not self._masters:
            self.optimizer.step()
            if not isinstance(self.optimizer, StoringSGD):
                self.memory.step()
            return
        # Gradients are of what the memory holds; what they change is the exact weights.
        for parameter, master in zip(self.network.parameters(), self._masters, strict=True):
            parameter.data.copy_(master)
        self.optimizer.step()
        for parameter, master in zip(self.network.parameters(), self._masters, strict=True):
            master.copy_(parameter.data)
        self.memory.step()

    @torch.no_grad()
    def test(self) -> tuple[float, float]:
        """Mean loss and the share of right answers over the test images, as the network is now."""
        images, labels = self._data["test"]
        self.network.eval()
        loss, right = 0.0, 0
        for start in range(0, len(images), _TEST_BATCH):
            batch = slice(start, start + _TEST_BATCH)
            scores = self.network(self._inputs(images[batch]))
            loss += float(self._loss(scores, labels[batch], reduction="sum"))
            right += int((scores.argmax(1) == labels[batch]).sum())
        return loss / len(images), right / len(images)

    def _inputs(self, images: Tensor) -> Tensor:
        return images.to(torch.float32, memory_format=self._format) / 255

    def _lose_power(self, epoch: int) -> None:
        """Forget everything but the memory: other weights, a new optimizer; then read it back."""
        seed = self.config.seed + 1_000_003 * epoch
        other = build_network(self.config.network, seed, self.config.initialisation)
        self.network.load_state_dict(other.state_dict())
        self.optimizer = self._new_optimizer()
        self.memory.restore()

    def save(self, path: Path) -> None:
        """Write all that `load` needs to go on bit for bit, atomically."""
        state = {
            "version": _CHECKPOINT,
            "digest": self.digest,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memory": self.memory.state_dict(),
            "masters": self._masters,
            "history": [asdict(record) for record in self.history],
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_bytes(path, buffer.getvalue())

    def load(self, path: Path) -> None:
        """Take up the state in the checkpoint at `path`.

        Raises `InputError` if it is damaged or of a run with other settings.
        """
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError):
            # torch's own words advise to load it in a way that runs what is in it.
            raise DamagedCheckpoint(
                f"{path} is no checkpoint, or a damaged one: delete it"
            ) from None
        if not isinstance(state, dict) or state.get("version") != _CHECKPOINT:
            raise DamagedCheckpoint(f"{path} is no checkpoint of this version: delete it")
        if state["digest"] != self.digest:
            raise InputError(
                f"{path} is of a run with other settings; name another --out, or delete it"
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        try:
            self.memory.load_state_dict(state["memory"])
        except InputError as error:
            raise DamagedCheckpoint(f"{path} cannot be taken up, delete it: {error}") from None
        for master, saved in zip(self._masters, state["masters"], strict=True):
            master.copy_(saved)
        self.history = [EpochRecord(**record) for record in state["history"]]


def train(
    config: TrainingConfig,
    images: ImageSet,
    curve: DeviceCurve | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[EpochRecord], None] | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """Train by `config` and return the result as JSON-ready values.

    These are `config`, `images` (the set's provenance), `curve` (its digest), `history` (one entry
    an epoch), `ledger` (energy and failed bits over all stores) and `digest`.
    """
    trainer = Trainer(config, images, curve, device)
    trainer.run(checkpoint, progress)
    return training_result(trainer)


def training_result(trainer: Trainer) -> dict[str, Any]:
    """What `train` returns, of a trainer that is done."""
    return {
        "config": trainer.config.to_dict(),
        "images": trainer.images,
        "curve": trainer.memory.curve.digest,
        "history": [asdict(record) for record in trainer.history],
        "ledger": trainer.memory.ledger.to_dict(),
        "digest": trainer.digest,
    }


def check_images(name: str, images: ImageSet) -> None:
    """Raise `InputError` unless the network called `name` takes the images of the set."""
    channels, height, width = images.image_shape
    wanted = NETWORKS[name].image_shape
    if (channels, height, width) != wanted:
        raise InputError(
            f"{images.label} has images of {channels} x {height} x {width}; "
            f"the network {name} takes {' x '.join(map(str, wanted))}"
        )
    if images.classes > 10:
        raise InputError(f"{images.label} has {images.classes} classes; the networks have 10")
