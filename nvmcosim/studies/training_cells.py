"""Cells that train a network in an approximate memory."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from nvmcosim.datasets import ImageSet, load_dataset
from nvmcosim.devices import curve_for
from nvmcosim.networks import NETWORKS
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.training import DamagedCheckpoint, TrainingConfig, run_digest, train

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
    """One training run of a study; sent elsewhere, it takes its digest and write curve along.

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
    def curve(self) -> DeviceCurve:
        """The write curves of the plan's device."""
        return curve_for(self.config.plan)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        return self._digest_here()

    def _digest_here(self) -> str:
        return run_digest(self.config, self.images.provenance(), self.curve)

    def __getstate__(self) -> dict[str, Any]:
        # With the curve, no worker calibrates anew; with the digest, each can tell other images.
        _ = self.digest
        return dict(self.__dict__)

    @property
    def title(self) -> str:
        """Network, pulses of the domains, seed."""
        plan = self.config.plan
        plans = plan.plans.values() if isinstance(plan, LayerPlan) else [plan]
        pulses = " | ".join(
            "+".join(f"{d.bits}@{d.pulse_ps / 1000:g}" for d in each.domains) for each in plans
        )
        return f"{self.config.network} {pulses} ns, seed {self.config.seed}"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train, going on from `checkpoint` if there is one; `tick` is called after each epoch.

        A checkpoint that is damaged is as none. Raises `InputError` if the images are not those
        that the digest was taken of.
        """
        import torch

        if self._digest_here() != self.digest:
            raise InputError(
                f"{self.images.label} here has other files than where the study was started"
            )
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            return self._train(checkpoint, tick)
        except DamagedCheckpoint:
            checkpoint.unlink()
            return self._train(checkpoint, tick)
        finally:
            torch.set_num_threads(before)

    def _train(self, checkpoint: Path, tick: Callable[[], None]) -> dict[str, Any]:
        return train(self.config, self.images, self.curve, checkpoint, progress=lambda _: tick())
