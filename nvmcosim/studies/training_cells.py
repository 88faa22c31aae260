"""Cells that train a network in an approximate memory."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nvmcosim.datasets import ImageSet, load_dataset
from nvmcosim.devices import curve_for
from nvmcosim.networks import NETWORKS
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.training import TrainingConfig, run_digest, train

__all__ = ["TrainingCell", "images_for"]


@lru_cache(maxsize=4)
def images_for(
    network: str, data: str | None, train_images: int | None, test_images: int | None
) -> ImageSet:
    """The set that `network` is trained on, or a random subset of it; kept in memory.

    The subset does not depend on a seed of the run: every seed trains on the same images.
    """
    return load_dataset(NETWORKS[network].dataset, data).subset(train_images, test_images)


@dataclass(frozen=True)
class TrainingCell:
    """One training run of a study.

    Fields:
        config: what is trained.
        train_images, test_images: how many; None is all.
        data: folder with data sets, None for those found anyway.
        threads: of torch; results are the same bit for bit only for the same number.
    """

    config: TrainingConfig
    train_images: int | None = None
    test_images: int | None = None
    data: str | None = None
    threads: int = 1

    @property
    def images(self) -> ImageSet:
        """The images it trains on."""
        return images_for(self.config.network, self.data, self.train_images, self.test_images)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        return run_digest(self.config, self.images.provenance(), curve_for(self.config.plan))

    @property
    def title(self) -> str:
        """Network, pulses of the domains, seed."""
        plan = self.config.plan
        plans = plan.plans.values() if isinstance(plan, LayerPlan) else [plan]
        pulses = " | ".join(
            "+".join(f"{d.bits}@{d.pulse_ps / 1000:g}" for d in each.domains) for each in plans
        )
        return f"{self.config.network} {pulses} ns, seed {self.config.seed}"

    def run(self, checkpoint: Path) -> dict[str, Any]:
        """Train, going on from `checkpoint` if there is one."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            curve = curve_for(self.config.plan)
            return train(self.config, self.images, curve, checkpoint)
        finally:
            torch.set_num_threads(before)
