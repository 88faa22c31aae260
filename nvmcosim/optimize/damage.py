"""What failed writes do to words: the squared error that a bit leaves where its write fails.

A bit fails with an error only if the write was to change it, so how often that happens counts as
well: by the carries of small steps, upper bits change rarely. It is counted in the training of
the plan itself, since errors of some bits make others change more often.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvmcosim.optimize.cells import HeldOutCell
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.formats import NumberFormat
from nvmcosim.pymodel.torch_plugin import ApproximateMemory
from nvmcosim.pymodel.torch_words import decode, encode
from nvmcosim.training import Trainer
from nvmcosim.training.trainer import training_result

__all__ = ["DamageCell", "DamageProbe"]

#: Stores that are looked at, evenly over the last epoch.
_LOOKS = 32
#: An infinity or a NaN counts as an error of so much.
_MOST = 1e15


@dataclass(eq=False)
class DamageProbe:
    """Looks at every `stride`-th store of a memory, the first included.

    Attributes:
        squares: by parameter, sums over looks and words of the squared error that a failure of
            each bit alone would leave, `[width]`, index 0 the least significant.
        flips: by parameter, mean squared error of one change of each bit, `[width]`.
        words: by parameter, words looked at.
    """

    memory: ApproximateMemory
    stride: int
    squares: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    flips: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
    _stores: int = 0

    @torch.no_grad()
    def __call__(self) -> None:
        """A store is about to happen."""
        due = self._stores % self.stride == 0
        self._stores += 1
        if not due:
            return
        plan = self.memory.plan
        named = zip(self.memory.words.items(), self.memory.parameters, strict=True)
        for (name, held), parameter in named:
            wanted = encode(parameter, plan.number_format, plan.rounding).flatten()
            changed = wanted ^ held.flatten()
            moved = changed != 0
            changed, some = changed[moved], wanted[moved]
            if name not in self.words:
                places = [_place(bit, held) for bit in range(plan.width)]
                flips = [_squares(wanted, place, plan.number_format) for place in places]
                self.flips[name] = np.array(flips) / held.numel()
                self.squares[name], self.words[name] = np.zeros(plan.width), 0
            self.words[name] += held.numel()
            for bit in range(plan.width):
                place = _place(bit, held)
                failing = some[changed & place != 0]
                self.squares[name][bit] += _squares(failing, place, plan.number_format)

    def mean(self) -> dict[str, list[float]]:
        """Mean squared error a word by parameter, the most significant bit first.

        A bit that never changed is charged with one change in all words looked at.
        """
        found = {}
        for name, words in self.words.items():
            least = self.flips[name] / words
            each = np.where(self.squares[name] > 0, self.squares[name] / words, least)
            found[name] = each[::-1].tolist()
        return found


def _place(bit: int, words: torch.Tensor) -> torch.Tensor:
    width = 8 * words.element_size()
    value = 1 << bit if bit < width - 1 else -(1 << bit)
    return torch.tensor(value, dtype=words.dtype, device=words.device)


def _squares(wanted: torch.Tensor, wrong: torch.Tensor, number_format: NumberFormat) -> float:
    values = decode(wanted, number_format).double()
    errors = (decode(wanted ^ wrong, number_format).double() - values).nan_to_num(_MOST)
    return float(errors.clamp(-_MOST, _MOST).square().sum())


@dataclass(frozen=True)
class DamageCell(HeldOutCell):
    """A `HeldOutCell` whose result has `damage` as well: `DamageProbe.mean` of its last epoch."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        return self._digest_here()

    def _digest_here(self) -> str:
        return digest_of({"damage": _LOOKS, "training": super()._digest_here()})

    def _train(self, checkpoint: Path, tick: Callable[[], None]) -> dict[str, Any]:
        trainer = Trainer(self.config, self.images, self.curve)
        if checkpoint.exists():
            trainer.load(checkpoint)
        while len(trainer.history) < self.config.epochs - 1:
            trainer.train_epoch()
            trainer.save(checkpoint)
            tick()
        probes = _watch(trainer)
        trainer.train_epoch()
        tick()
        damage = {name: each for probe in probes for name, each in probe.mean().items()}
        return {**training_result(trainer), "damage": damage}


def _watch(trainer: Trainer) -> list[DamageProbe]:
    memory = trainer.memory
    memories = [memory] if isinstance(memory, ApproximateMemory) else memory.memories.values()
    stores = trainer.stores_per_epoch
    probes = [DamageProbe(each, max(1, stores // _LOOKS)) for each in memories]
    for each, probe in zip(memories, probes, strict=True):
        each.before_store = probe
    return probes
