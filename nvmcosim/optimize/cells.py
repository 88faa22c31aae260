"""Cells that train with images held out of the training set as their test."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nvmcosim.datasets import ImageSet
from nvmcosim.studies.training_cells import TrainingCell, images_for

__all__ = ["HeldOutCell"]


@lru_cache(maxsize=4)
def _validation(network: str, data: str | None, count: int, train: int | None) -> ImageSet:
    return images_for(network, data, None, None).held_out(count, train)


@dataclass(frozen=True)
class HeldOutCell(TrainingCell):
    """A training that is tested on `held_out` images which it does not train on.

    `train_images` are taken from the rest; the set's own test images play no part. In the result a
    test loss that is no finite number, of a network that came apart, is None.
    """

    held_out: int = 5000

    @property
    def images(self) -> ImageSet:
        """The images it trains on and is judged by."""
        return _validation(self.config.network, self.data, self.held_out, self.train_images)

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train, going on from `checkpoint` if there is one; `tick` is called after each epoch."""
        result = super().run(checkpoint, tick)
        for epoch in result["history"]:
            for name in ("train_loss", "test_loss"):
                if not math.isfinite(epoch[name]):
                    epoch[name] = None
        return result
