"""How fast a store is: ours against `torch.clone`, naive torch and public quantisers."""

from collections.abc import Callable

import numpy as np
import torch

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.pymodel.failures import Key, failure_recipe
from nvmcosim.pymodel.store_job import StoreJob
from nvmcosim.pymodel.torch_team import torch_team
from nvmcosim.pymodel.word_kernels import MODES, NATIVE

__all__ = ["RATES", "bench_store"]

#: Failure rates by bit position, least significant first: what is timed, by name.
RATES = {
    "dense": (0.01,) * 8 + (0.5,) * 8,
    # ono2021's plan with BSP 6 and T_R = 5 ns, by its law.
    "dense-ono2021-bsp6-5ns": (0.841,) * 6 + (3.2e-5,) * 10,
    "sparse-1e-3": (1e-3,) * 16,
    "sparse-1e-5": (1e-5,) * 16,
    "sparse-1e-10": (1e-10,) * 16,
    # ... with T_R = 0: never written, so never drawn.
    "sparse-ono2021-bsp6-0ns": (1.0,) * 6 + (3.2e-5,) * 10,
}
_CLONE = "torch.clone"
#: Slow contestants run this often.
_FEW = 3


class _Memory:
    """bf16 parameters and the memory that they are stored to, one contestant's own."""

    def __init__(self, source: torch.Tensor, seed: int = 0) -> None:
        self.source, self.seed = source, seed
        self.values = source.clone()
        generator = torch.Generator().manual_seed(seed + 1)
        self.words = torch.randint(
            -(2**15), 2**15, source.shape, dtype=torch.int16, generator=generator
        )
        self.count = 0

    def refill(self) -> None:
        """New values to store, as a training step leaves them."""
        self.values.copy_(self.source)

    def segments(self, values: torch.Tensor) -> np.ndarray:
        return np.array([[values.data_ptr(), self.words.data_ptr(), 0, values.numel(), 0]])

    def store(self, rates: tuple[float, ...]) -> Callable[[], np.ndarray]:
        return self._run(StoreJob(self.segments(self.values), NATIVE, failure_recipe(rates)))

    def store_fp32(self, rates: tuple[float, ...]) -> Callable[[], np.ndarray]:
        self.singles = self.source.float()
        segments, mode = self.segments(self.singles), MODES["bf16", "rne"]
        return self._run(StoreJob(segments, mode, failure_recipe(rates)))

    def _run(self, job: StoreJob) -> Callable[[], np.ndarray]:
        def run() -> np.ndarray:
            self.count += 1
            key = Key(self.seed, self.count)
            return job.run(key, torch.get_num_threads(), torch_team())

        return run

    def naive(self, rates: tuple[float, ...]) -> Callable[[], torch.Tensor]:
        """The same store as one would write it in torch, bit by bit, with 24-bit probabilities."""

        def run() -> torch.Tensor:
            wanted = self.values.view(torch.int16)
            failed = torch.zeros_like(wanted)
            for bit, rate in enumerate(rates):
                place = 1 << bit if bit < 15 else -(1 << 15)
                failed |= (torch.rand(wanted.shape) < rate).to(torch.int16) * place
            differing = (wanted ^ self.words) & failed
            wanted ^= differing
            self.words.copy_(wanted)
            return torch.stack([(differing >> bit & 1).sum() for bit in range(16)])

        return run


def _quantisers(source: torch.Tensor) -> list[Contestant]:
    """Public quantisers of fp32 to bf16, as far as they are installed and start."""
    singles = source.float()
    found = []
    try:
        from qtorch.quant import float_quantize  # type: ignore[import-not-found]

        found.append(Contestant("qtorch-nearest", lambda: float_quantize(singles, 8, 7, "nearest")))
        found.append(
            Contestant("qtorch-stochastic", lambda: float_quantize(singles, 8, 7, "stochastic"))
        )
    except (ImportError, RuntimeError, OSError):
        pass
    try:
        from torchao.optim.quant_utils import (  # type: ignore[import-not-found]
            _fp32_to_bf16_sr,
        )

        found.append(Contestant("torchao-stochastic", lambda: _fp32_to_bf16_sr(singles)))
    except (ImportError, RuntimeError):
        pass
    return [Contestant(c.name, c.run, rounds=_FEW) for c in found]


def bench_store(
    weights: int = 25_000_000,
    rounds: int = 15,
    slow: bool = True,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Time stores of `weights` bf16 weights, all with energy and failed-bit counts.

    A result's value is the median in ns a weight; its reference is the median `torch.clone` of the
    same tensor in the same run. `slow` adds naive torch and the public quantisers. `progress` is
    called after each of `rounds` + 1 rounds; `seed` is of the weights and the failures.
    """
    source = torch.randn(weights, generator=torch.Generator().manual_seed(seed)).bfloat16()
    memory, target = _Memory(source, seed), torch.empty_like(source)
    contestants = [
        Contestant(_CLONE, source.clone),
        Contestant("torch.copy_", lambda: target.copy_(source)),
    ]
    for name, rates in RATES.items():
        contestants.append(Contestant(name, memory.store(rates), memory.refill))
    dense = RATES["dense"]
    contestants.append(Contestant("dense-from-fp32", memory.store_fp32(dense), memory.refill))
    if slow:
        contestants.append(Contestant("naive-torch", memory.naive(dense), memory.refill, _FEW))
        contestants += _quantisers(source)
    medians = interleaved(contestants, rounds, progress)
    per_weight = {name: 1e9 * seconds / weights for name, seconds in medians.items()}
    clone = per_weight[_CLONE]
    return [
        BenchResult.of(name, value, "ns/weight", _CLONE, clone)
        for name, value in per_weight.items()
    ]
