"""How fast phase-change memory is tracked: ns a weight by scheme, LeNet written at each step."""

from collections.abc import Callable

import torch

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.memory import PcmMemory
from nvmcosim.networks import NETWORKS, build_network
from nvmcosim.pymodel.line_plan import SCHEMES, LinePlan
from nvmcosim.pymodel.line_tracker import LineTracker
from nvmcosim.pymodel.word_kernels import NATIVE, mode_of

__all__ = ["PLANS", "TRAINED", "bench_pcm"]

#: What is timed, by name: every scheme on fp32, then options of ping-pong and 16-bit words.
PLANS = {
    **{scheme: LinePlan("fp32", scheme) for scheme in SCHEMES},
    "appwom-ping-pong-group": LinePlan("fp32", refresh="group"),
    "appwom-ping-pong-idle": LinePlan("fp32", idle="any"),
    "appwom-ping-pong-bf16": LinePlan("bf16"),
}
#: Schemes of the training step.
TRAINED = ("dcw", "preset", "wom-set", "appwom-ping-pong")
_CLONE = "torch.clone"
#: Updates that are written in turn.
_UPDATES = 3
#: What the counters of so many weights may take, in GiB.
_MEMORY_GIB = 8.0
#: ho2021, Table I.
_BATCH, _RATE = 128, 0.01


class _Weights:
    """Weights as training changes them: small updates, of which most change the low bits alone."""

    def __init__(self, count: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        first = 0.05 * torch.randn(count, generator=generator)
        self.updates = [first]
        for _ in range(_UPDATES - 1):
            step = 1e-5 * torch.randn(count, generator=generator)
            self.updates.append(self.updates[-1] + step)
        self.values = first.clone()
        self._turn = 0

    def update(self) -> None:
        self._turn = (self._turn + 1) % _UPDATES
        self.values.copy_(self.updates[self._turn])

    def writes(self, tracker: LineTracker) -> Callable[[], None]:
        plan, address = tracker.plan, self.values.data_ptr()
        mode = NATIVE if plan.format == "fp32" else mode_of(plan.number_format, plan.rounding)
        return lambda: tracker.write([address], mode, True, torch.get_num_threads())


class _Training:
    """Caffe's LeNet and solver on random images: what is learnt does not matter here."""

    def __init__(self, plan: LinePlan | None, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.network = build_network("lenet", seed, "caffe")
        self.images = torch.rand(_BATCH, *NETWORKS["lenet"].image_shape, generator=generator)
        self.labels = torch.randint(10, (_BATCH,), generator=generator)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), _RATE, momentum=0.9, weight_decay=5e-4
        )
        if plan is not None:
            PcmMemory(self.network, plan, self.optimizer)

    def step(self) -> None:
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()


def bench_pcm(
    weights: int = 25_000_000,
    rounds: int = 9,
    steps: int = 100,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Time the writes of `weights` fp32 weights by each scheme, and steps of LeNet with its writes.

    Medians: ns a weight over `rounds` writes, beside `torch.clone` of the same weights; what cells,
    planes and counters take, in GiB; and ms a step over `steps` steps, beside plain steps in turn
    with them. `progress` is called after each of `PLANS` and `TRAINED`.
    """
    source, results = _Weights(weights, seed), []
    for name, plan in PLANS.items():
        tracker = LineTracker(plan, [weights])
        contestants = [
            Contestant(name, source.writes(tracker), source.update),
            Contestant(_CLONE, source.values.clone),
        ]
        medians = {n: 1e9 * s / weights for n, s in interleaved(contestants, rounds).items()}
        results.append(BenchResult.of(name, medians[name], "ns/weight", _CLONE, medians[_CLONE]))
        taken, limit = tracker.nbytes / 2**30, _MEMORY_GIB * weights / 25e6
        results.append(BenchResult.of(f"memory-{name}", taken, "GiB", "8 GiB for 25M", limit))
        del tracker, contestants
        progress()
    for name in TRAINED:
        tracked, plain = _Training(PLANS[name], seed), _Training(None, seed)
        pair = [Contestant("tracked", tracked.step), Contestant("plain", plain.step)]
        medians = {n: 1e3 * seconds for n, seconds in interleaved(pair, steps).items()}
        results.append(
            BenchResult.of(
                f"lenet-step-{name}",
                medians["tracked"],
                "ms/step",
                "plain steps in turn with them",
                medians["plain"],
            )
        )
        progress()
    return results
