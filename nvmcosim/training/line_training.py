"""Training by the iteration, as Caffe counts, every update written to phase-change memory."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nvmcosim.datasets import ImageSet
from nvmcosim.memory import PcmMemory
from nvmcosim.networks import INITIALISATIONS, NETWORKS, build_network
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, write_stream
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.units import check_whole
from nvmcosim.training.trainer import DamagedCheckpoint, check_images

__all__ = ["SOLVERS", "LineTraining", "Solver", "train_lines"]

#: Raised when the same configuration gives other bits than before: kept results are then not used.
_RESULTS = 2
#: Version of a checkpoint's layout.
_CHECKPOINT = 1
_TEST_BATCH = 500


@dataclass(frozen=True)
class Solver:
    """How stochastic gradient descent steps.

    Fields:
        momentum, weight_decay: torch's; `nesterov` looks ahead.
        policy: of the rate: `fixed`, `inv` (Caffe's, (1 + 1e-4 iteration)^-0.75), or `drops` (a
            tenth after half, a hundredth after three quarters of the iterations).
    """

    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    policy: str = "fixed"

    def rate(self, base: float, iteration: int, iterations: int) -> float:
        """The rate of an iteration, from 0, of so many."""
        if self.policy == "inv":
            return base * (1 + 1e-4 * iteration) ** -0.75
        if self.policy == "drops":
            return base * 0.1 ** ((2 * iteration >= iterations) + (4 * iteration >= 3 * iterations))
        return base


#: By name: Caffe's own of LeNet, and of GoogLeNet as far as its first 320,000 iterations; that of
#: Huang 2017 for DenseNet; and none of all this.
SOLVERS = {
    "caffe-lenet": Solver(0.9, 5e-4, policy="inv"),
    "caffe-googlenet": Solver(0.9, 2e-4),
    "densenet": Solver(0.9, 1e-4, nesterov=True, policy="drops"),
    "plain": Solver(),
}


@dataclass(frozen=True)
class LineTraining:
    """What is trained, how, and which memories count its updates.

    Fields:
        network: a name of `nvmcosim.networks`.
        iterations, batch, rate: steps, images of each, learning rate at first.
        solver: a name of `SOLVERS`.
        initialisation: a name of `nvmcosim.networks.INITIALISATIONS`.
        plan: the memory that the parameters live in; None is fp32 as it is.
        watched: further memories that only count.
        chunk: images of a forward pass; a step adds the gradients of several. None is the batch.
        test_every: iterations between two tests, each followed by a checkpoint.
        seed: of weights and of the order of images.

    Raises `InputError` for anything out of range.
    """

    network: str
    iterations: int
    batch: int
    rate: float
    solver: str = "plain"
    initialisation: str = "caffe"
    plan: LinePlan | None = None
    watched: tuple[LinePlan, ...] = ()
    chunk: int | None = None
    test_every: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (
            ("network", tuple(NETWORKS)),
            ("solver", tuple(SOLVERS)),
            ("initialisation", tuple(INITIALISATIONS)),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"{name} is {value!r}; it must be one of {', '.join(known)}")
        for name, high in (("iterations", 10**9), ("batch", 1 << 20), ("test_every", 10**9)):
            check_whole(getattr(self, name), name, 1, high)
        check_whole(self.seed, "seed", 0, 1 << 62)
        check_whole(self.chunk or self.batch, "chunk", 1, self.batch)
        if not 0 < self.rate < 1000:
            raise InputError(f"rate is {self.rate!r}; it must be above 0 and below 1000")
        plans = [*self.watched, *([] if self.plan is None else [self.plan])]
        for plan in plans:
            if not isinstance(plan, LinePlan):
                raise InputError(f"plan is {plan!r}; it must be a LinePlan")

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON-ready values, the plans included."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["plan"] = None if self.plan is None else self.plan.to_dict()
        values["watched"] = [plan.to_dict() for plan in self.watched]
        values["solver"] = asdict(SOLVERS[self.solver])
        return values

    def digest(self, images: Mapping[str, Any]) -> str:
        """SHA-256 of all that determines a result; `images` is an `ImageSet.provenance()`."""
        return digest_of({"version": _RESULTS, "lines": self.to_dict(), "images": dict(images)})


class _Run:
    """A network, its memories and its images, trained iteration by iteration."""

    def __init__(self, config: LineTraining, images: ImageSet) -> None:
        self.config, self.images = config, images
        self.network = build_network(config.network, config.seed, config.initialisation)
        check_images(config.network, images)
        # Convolutions, and even more maxima, are quicker with the channels innermost.
        self.format = torch.channels_last
        self.network.to(memory_format=self.format)  # type: ignore[call-overload]
        solver = SOLVERS[config.solver]
        self.optimizer = torch.optim.SGD(
            self.network.parameters(),
            config.rate,
            solver.momentum,
            weight_decay=solver.weight_decay,
            nesterov=solver.nesterov,
        )
        self.memories = [PcmMemory(self.network, p, write_back=False) for p in config.watched]
        if config.plan is not None:
            self.memories.append(PcmMemory(self.network, config.plan))
        self.data = {
            part: (
                torch.from_numpy(getattr(images, f"{part}_images").copy()),
                torch.from_numpy(getattr(images, f"{part}_labels").astype(np.int64)),
            )
            for part in ("train", "test")
        }
        self.iteration = 0
        self.history: list[dict[str, Any]] = []

    def advance(self) -> None:
        """Train to the next test, and test."""
        config = self.config
        count = min(config.test_every, config.iterations - self.iteration)
        self.network.train()
        loss = sum(self._step() for _ in range(count)) / count
        test_loss, accuracy = self._test()
        entry = {
            "iteration": self.iteration,
            "train_loss": loss,
            "test_loss": test_loss,
            "test_accuracy": accuracy,
            "flips": [
                memory.tracker.work.flips + memory.tracker.idle_work.flips
                for memory in self.memories
            ],
        }
        self.history.append(entry)

    def _step(self) -> float:
        config = self.config
        images, labels = self.data["train"]
        per_epoch = max(1, len(images) // config.batch)
        epoch, place = divmod(self.iteration, per_epoch)
        random = np.random.Generator(np.random.Philox(key=[config.seed, epoch]))
        order = torch.from_numpy(random.permutation(len(images)))
        chosen = order[place * config.batch : (place + 1) * config.batch]
        rate = SOLVERS[config.solver].rate(config.rate, self.iteration, config.iterations)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for part in chosen.split(config.chunk or config.batch):
            scores = self.network(self._inputs(images[part]))
            loss = nn.functional.cross_entropy(scores, labels[part], reduction="sum") / len(chosen)
            loss.backward()
            total += float(loss.detach())
        self.optimizer.step()
        for memory in self.memories:
            memory.step()
        self.iteration += 1
        return total

    @torch.no_grad()
    def _test(self) -> tuple[float, float]:
        images, labels = self.data["test"]
        self.network.eval()
        loss, right = 0.0, 0
        for start in range(0, len(images), _TEST_BATCH):
            batch = slice(start, start + _TEST_BATCH)
            scores = self.network(self._inputs(images[batch]))
            loss += float(nn.functional.cross_entropy(scores, labels[batch], reduction="sum"))
            right += int((scores.argmax(1) == labels[batch]).sum())
        return loss / len(images), right / len(images)

    def _inputs(self, images: Tensor) -> Tensor:
        return images.to(torch.float32, memory_format=self.format) / 255

    def save(self, path: Path, digest: str) -> None:
        """Write all that `load` needs to go on bit for bit, atomically."""
        state = {
            "version": _CHECKPOINT,
            "digest": digest,
            "iteration": self.iteration,
            "history": self.history,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memories": [memory.state_dict() for memory in self.memories],
        }
        # Gigabytes of a large network: never twice in memory.
        write_stream(path, partial(torch.save, state))

    def load(self, path: Path, digest: str) -> None:
        """Take up the checkpoint at `path`; raises `InputError` if it is damaged or another's."""
        try:
            state = torch.load(path, weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError):
            raise DamagedCheckpoint(f"{path} is no checkpoint, or a damaged one") from None
        if not isinstance(state, dict) or state.get("version") != _CHECKPOINT:
            raise DamagedCheckpoint(f"{path} is no checkpoint of this version")
        if state.get("digest") != digest:
            raise InputError(f"{path} is of a run with other settings; delete it")
        try:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            for memory, saved in zip(self.memories, state["memories"], strict=True):
                memory.load_state_dict(saved)
            self.iteration, self.history = state["iteration"], state["history"]
        except (InputError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
            raise DamagedCheckpoint(f"{path} is a damaged checkpoint: delete it") from None


def train_lines(
    config: LineTraining,
    images: ImageSet,
    checkpoint: Path | None = None,
    tick: Callable[[], None] = lambda: None,
    pause_s: float = 0.0,
) -> dict[str, Any]:
    """Train by `config` and return the result as JSON-ready values.

    These are `config`, `images` (the set's provenance), `history` (an entry each test: iteration,
    losses, accuracy as a fraction, flips of each memory so far), `reports` (a `LineReport` of each
    memory: those watched, then that of the plan; of `basic` with the share of `ones` by bit), and
    `digest`. With `checkpoint` it goes on from that file and writes it after a test, if `pause_s`
    have passed since the last time, each time followed by a call of `tick`.
    """
    digest = config.digest(images.provenance())
    run = _Run(config, images)
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint, digest)
    # Values near 0 become subnormal and cost many times the time.
    torch.set_flush_denormal(True)
    saved = monotonic()
    try:
        while run.iteration < config.iterations:
            run.advance()
            due = run.iteration < config.iterations and monotonic() - saved >= pause_s
            if checkpoint is not None and due:
                run.save(checkpoint, digest)
                tick()
                saved = monotonic()
    finally:
        torch.set_flush_denormal(False)
    return {
        "config": config.to_dict(),
        "images": images.provenance(),
        "history": run.history,
        "reports": [_report(memory) for memory in run.memories],
        "digest": digest,
    }


def _report(memory: PcmMemory) -> dict[str, Any]:
    report = memory.report()
    values = report.to_dict()
    if memory.plan.scheme == "basic":
        values["ones"] = (memory.tracker.ones / (report.words * report.writes)).tolist()
    return values
