"""What storing costs a training run: a store an epoch, and a store a step."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.memory import ApproximateMemory, StoringSGD
from nvmcosim.networks import NETWORKS, build_network
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["bench_training"]

_BATCH = 128
#: Images of an epoch, as in ono2021's data sets.
_IMAGES = 60_000
#: locatelli2018, Section IV.
_SMALL_BATCH = 10
_RATE = 0.05
_PLANS = {
    "0ns": StorePlan.two_domain("bf16", 6, "20 ns", "0 ns"),
    "5ns": StorePlan.two_domain("bf16", 6, "20 ns", "5 ns"),
}


#: locatelli2018's settings that its text names: error rates of all bits, or of 8 HSBs and 8 LSBs.
_RATES = {
    "0.1": ((16, 0.001),),
    "1": ((16, 0.01),),
    "8@50": ((8, 0.01), (8, 0.5)),
    "8@90": ((8, 0.01), (8, 0.9)),
}
_LOCATELLI = "locatelli2018-gamma-spread"
#: Steps that are timed together: what one leaves in the caches is the next one's start.
_STRETCH = 50


class _Training:
    """A paper's network in training on random images: what is learnt does not matter here.

    ono2021's with Adam and its batch, locatelli2018's with plain SGD and its own.
    """

    def __init__(self, network: str, seed: int) -> None:
        small = network == "mlp300"
        batch = _SMALL_BATCH if small else _BATCH
        generator = torch.Generator().manual_seed(seed)
        self.network = build_network(network, seed)
        shape = NETWORKS[network].image_shape
        self.images = torch.rand(batch, *shape, generator=generator)
        self.labels = torch.randint(10, (batch,), generator=generator)
        parameters = self.network.parameters()
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.SGD(parameters, lr=_RATE) if small else torch.optim.Adam(parameters)
        )

    def step(self) -> None:
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()


class _Stretches(_Training):
    """`_Training` on batches drawn from as many images as a paper has, a stretch at a time."""

    def __init__(self, network: str, seed: int) -> None:
        super().__init__(network, seed)
        self._random = torch.Generator().manual_seed(seed)
        shape = (_IMAGES, *NETWORKS[network].image_shape)
        self._set = torch.randint(0, 256, shape, dtype=torch.uint8, generator=self._random)
        self._labels = torch.randint(10, (_IMAGES,), generator=self._random)

    def run(self) -> None:
        for _ in range(_STRETCH):
            chosen = torch.randint(_IMAGES, (_SMALL_BATCH,), generator=self._random)
            self.images = self._set[chosen].to(torch.float32) / 255
            self.labels = self._labels[chosen]
            self.step()


def bench_training(
    epochs: int = 5, steps: int = 200, seed: int = 0, progress: Callable[[], None] = lambda: None
) -> list[BenchResult]:
    """Time training of the perceptron and, by the step, of MobileNetV2 and locatelli2018's network.

    `per-epoch` is an epoch with its store against the same epoch without; `per-step` a step with
    its store against a step of an equal network without. Medians, over `epochs` epochs of 60,000
    images in batches of 128, and over `steps` steps; locatelli2018's are timed by the stretch of
    50, batches drawn from 60,000 images, as a whole training goes. `progress` is called once for
    each epoch and each kind of step; `seed` is of weights, images and failures.
    """
    results = []
    for name, plan in _PLANS.items():
        results += _per_epoch(f"mp-bsp6-{name}", plan.replace(seed=seed), epochs, progress)
    for network, share in (("mp", 1), ("mn", 10)):
        for name, plan in _PLANS.items():
            rounds = max(1, steps // share)
            seeded = plan.replace(seed=seed)
            results.append(_per_step(f"{network}-bsp6-{name}", network, seeded, rounds, progress))
    for name, rates in _RATES.items():
        plan = StorePlan.by_error_rate(
            "sm0.15",
            rates,
            law_curve(_LOCATELLI),
            device=_LOCATELLI,
            tick_ps=10,
            initial="weights",
            seed=seed,
        )
        results.append(_per_small_step(f"locatelli2018-{name}", plan, max(1, steps // 10)))
        progress()
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


def _per_small_step(name: str, plan: StorePlan, rounds: int) -> BenchResult:
    stored, plain = (_Stretches("mlp300", plan.seed) for _ in range(2))
    memory = ApproximateMemory(stored.network, plan, every="step")
    stored.optimizer = StoringSGD(stored.network.parameters(), _RATE, memory)
    contestants = [Contestant("stored", stored.run), Contestant("plain", plain.run)]
    medians = interleaved(contestants, rounds)
    return BenchResult.of(
        f"per-step-{name}",
        1e3 * medians["stored"] / _STRETCH,
        "ms/step",
        "the same training without a memory, in turn with it",
        1e3 * medians["plain"] / _STRETCH,
    )


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
