"""What storing costs a training run: a store an epoch, and a store a step."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.memory import ApproximateMemory
from nvmcosim.networks import build_network
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["bench_training"]

_BATCH = 128
#: Images of an epoch, as in ono2021's data sets.
_IMAGES = 60_000
_SHAPES = {"mp": (1, 28, 28), "mn": (1, 28, 28)}
_PLANS = {
    "0ns": StorePlan.two_domain("bf16", 6, "20 ns", "0 ns"),
    "5ns": StorePlan.two_domain("bf16", 6, "20 ns", "5 ns"),
}


class _Training:
    """A network of ono2021 in training on random images: what is learnt does not matter here."""

    def __init__(self, network: str, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.network = build_network(network, seed)
        self.images = torch.rand(_BATCH, *_SHAPES[network], generator=generator)
        self.labels = torch.randint(10, (_BATCH,), generator=generator)
        self.optimizer = torch.optim.Adam(self.network.parameters())

    def step(self) -> None:
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()


def bench_training(
    epochs: int = 5, steps: int = 200, seed: int = 0, progress: Callable[[], None] = lambda: None
) -> list[BenchResult]:
    """Time training of the multi-layer perceptron and, by the step, of MobileNetV2.

    `per-epoch` is an epoch with its store against the same epoch without; `per-step` a step with
    its store against a step of an equal network without. Medians, over `epochs` epochs of 60,000
    images in batches of 128, and over `steps` steps. `progress` is called once for each
    epoch and each kind of step; `seed` is of weights, images and failures.
    """
    results = []
    for name, plan in _PLANS.items():
        results += _per_epoch(f"mp-bsp6-{name}", plan.replace(seed=seed), epochs, progress)
    for network, share in (("mp", 1), ("mn", 10)):
        for name, plan in _PLANS.items():
            rounds = max(1, steps // share)
            seeded = plan.replace(seed=seed)
            results.append(_per_step(f"{network}-bsp6-{name}", network, seeded, rounds, progress))
    return results


def _per_epoch(
    name: str, plan: StorePlan, epochs: int, progress: Callable[[], None]
) -> list[BenchResult]:
    """A store's share of its epoch, and epochs with stores against epochs without, in turn."""
    stored, plain = _Training("mp", plan.seed), _Training("mp", plan.seed)
    memory = ApproximateMemory(stored.network, plan)
    memory.end_epoch()
    without, stores, bare = [], [], []
    for _ in range(epochs):
        start = perf_counter()
        for _ in range(_IMAGES // _BATCH):
            stored.step()
        middle = perf_counter()
        memory.end_epoch()
        end = perf_counter()
        for _ in range(_IMAGES // _BATCH):
            plain.step()
        without.append(middle - start)
        stores.append(end - start)
        bare.append(perf_counter() - end)
        progress()
    return [
        BenchResult.of(
            f"per-epoch-{name}",
            1e3 * median(stores),
            "ms/epoch",
            "the same epochs less their stores",
            1e3 * median(without),
        ),
        BenchResult.of(
            f"per-epoch-paired-{name}",
            1e3 * median(stores),
            "ms/epoch",
            "plain epochs in turn with them",
            1e3 * median(bare),
        ),
    ]


def _per_step(
    name: str, network: str, plan: StorePlan, rounds: int, progress: Callable[[], None]
) -> BenchResult:
    stored, plain = _Training(network, plan.seed), _Training(network, plan.seed)
    ApproximateMemory(stored.network, plan, every="step", optimizer=stored.optimizer)
    contestants = [Contestant("stored", stored.step), Contestant("plain", plain.step)]
    medians = interleaved(contestants, rounds)
    progress()
    return BenchResult.of(
        f"per-step-{name}",
        1e3 * medians["stored"],
        "ms/step",
        "plain steps in turn with them",
        1e3 * medians["plain"],
    )
