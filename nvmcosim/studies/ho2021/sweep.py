"""The training runs of ho2021: which networks, memories, seeds and sizes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nvmcosim.datasets import ImageSet
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.studies.ho2021.approaches import APPROACHES, APPWOM, BF16, READINGS, WATCHED
from nvmcosim.studies.ho2021.printed import TABLE_1
from nvmcosim.studies.training_cells import images_for
from nvmcosim.training import DamagedCheckpoint
from nvmcosim.training.line_training import LineTraining, train_lines

__all__ = ["FURTHER", "KINDS", "LineCell", "Size", "Sweep", "check_further"]

#: Runs of a network: in exact fp32, watched by the approaches, and in AppWOM; in exact fp32 again,
#: watched by all readings, and in AppWOM whose unit is a word; in exact bf16, in AppWOM of it, and
#: with one group in AppWOM; in exact fp32 and in AppWOM with plain gradient descent.
KINDS = (
    "exact",
    "appwom",
    "readings",
    "appwom-word",
    "bf16",
    "bf16-appwom",
    "bf16-appwom-1",
    "plain",
    "plain-appwom",
)
#: Those that may be trained for a number of iterations of their own.
FURTHER = tuple(kind for kind in KINDS if kind not in ("exact", "appwom"))
#: Of which accuracy is compared over seeds.
_SEEDED = ("exact", "appwom", "bf16", "bf16-appwom")
_SOLVERS = {"lenet": "caffe-lenet", "googlenet": "caffe-googlenet", "densenet-bc": "densenet"}
#: The networks that are too large to be watched by all readings, and what they are trained for.
_LARGE = ("googlenet", "densenet-bc")
_LARGE_KINDS = ("exact", "appwom")
_LARGE_WATCHED = (*APPROACHES.values(), READINGS["word"][0], *READINGS["group"][:2])
#: Seconds between checkpoints at least: a network's cells and counters take up to gigabytes.
_PAUSE_S = 300.0
#: DenseNet-BC's maps of a whole batch take more memory than most machines have.
_CHUNKS = {"densenet-bc": 64}


def check_further(network: str, kind: str) -> None:
    """Raise `InputError` unless the network has a further run of that kind."""
    if network in _LARGE:
        raise InputError(f"{network}/{kind} is no run; {network} has exact and appwom alone")
    if kind not in FURTHER:
        raise InputError(
            f"{network}/{kind} is no further run; those of {network} are {', '.join(FURTHER)}"
        )


@dataclass(frozen=True)
class Size:
    """How much of a network's training is done.

    Fields:
        iterations: steps; the paper's are in `printed.TABLE_1`.
        test_every: iterations between tests and checkpoints.
        test_images: how many are tested with; None is all.
        train_images: how many there are; None is all.
    """

    iterations: int
    test_every: int
    test_images: int | None = None
    train_images: int | None = None


@dataclass(frozen=True)
class LineCell:
    """One training run; sent elsewhere, it takes its digest along.

    Fields:
        kind: what the run is for.
        config: what is trained.
        size: how much of it.
        data: folder with data sets, None for those found anyway.
        threads: of torch; results are the same bit for bit only for the same number.
    """

    kind: str
    config: LineTraining
    size: Size
    data: str | None = None
    threads: int = 1

    @property
    def images(self) -> ImageSet:
        """The images it trains on."""
        size = self.size
        return images_for(self.config.network, self.data, size.train_images, size.test_images)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        return self.config.digest(self.images.provenance())

    def __getstate__(self) -> dict[str, Any]:
        # With the digest, a worker can tell other images.
        _ = self.digest
        return dict(self.__dict__)

    @property
    def title(self) -> str:
        """Network, kind, iterations and seed."""
        config = self.config
        return f"{config.network} {self.kind}, {config.iterations:,} iterations, seed {config.seed}"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train, going on from `checkpoint` if there is one; `tick` is called when it is written.

        A checkpoint that is damaged is as none. Raises `InputError` if the images are not those
        that the digest was taken of.
        """
        import torch

        if self.config.digest(self.images.provenance()) != self.digest:
            raise InputError(
                f"{self.images.label} here has other files than where the study was started"
            )
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            return train_lines(self.config, self.images, checkpoint, tick, _PAUSE_S)
        except DamagedCheckpoint:
            checkpoint.unlink()
            return train_lines(self.config, self.images, checkpoint, tick, _PAUSE_S)
        finally:
            torch.set_num_threads(before)


@dataclass(frozen=True)
class Sweep:
    """All runs.

    Fields:
        sizes: of each network that is trained, and as `network/kind` of those of its `FURTHER` runs
            that have a size of their own.
        seeds: LeNet's; the others are trained with the first.
        data: folder with data sets.
        threads: of each run.
    """

    sizes: Mapping[str, Size] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        if not self.seeds:
            raise InputError("seeds is empty; a sweep has at least one")
        for name in self.sizes:
            network, _, kind = name.partition("/")
            if network not in TABLE_1:
                raise InputError(f"network is {network!r}; it must be one of {', '.join(TABLE_1)}")
            if network not in self.sizes:
                raise InputError(f"sizes has {name}, but none of {network}")
            if kind or name != network:
                check_further(network, kind)

    def cells(self) -> dict[tuple[str, str, int], LineCell]:
        """Runs by network, kind and seed; small networks and the first seed come first."""
        found = {}
        networks = [name for name in self.sizes if "/" not in name]
        for network in sorted(networks, key=lambda name: name in _LARGE):
            kinds = _LARGE_KINDS if network in _LARGE else KINDS
            wanted = [(kind, self.seeds[0]) for kind in kinds]
            if network not in _LARGE:
                wanted += [(kind, seed) for seed in self.seeds[1:] for kind in _SEEDED]
            for kind, seed in wanted:
                found[network, kind, seed] = self._cell(network, kind, seed)
        return found

    def _cell(self, network: str, kind: str, seed: int) -> LineCell:
        printed = TABLE_1[network]
        size = self.sizes.get(f"{network}/{kind}", self.sizes[network])
        plan, watched = _memories(kind, network in _LARGE)
        config = LineTraining(
            network,
            size.iterations,
            printed.batch,
            printed.rate,
            "plain" if kind.startswith("plain") else _SOLVERS[network],
            "he" if network == "densenet-bc" else "caffe",
            plan,
            # Costs are compared on the first seed; the others are trained for accuracy.
            tuple(watched) if seed == self.seeds[0] else (),
            _CHUNKS.get(network),
            size.test_every,
            seed,
        )
        return LineCell(kind, config, size, self.data, self.threads)


def _memories(kind: str, large: bool) -> tuple[LinePlan | None, Iterable[LinePlan]]:
    """The memory that a run lives in, and those that look on."""
    return {
        "exact": (None, _LARGE_WATCHED if large else APPROACHES.values()),
        "readings": (None, WATCHED),
        "plain": (None, WATCHED),
        "appwom": (APPWOM, ()),
        "plain-appwom": (APPWOM, ()),
        "appwom-word": (READINGS["word"][0], ()),
        "bf16": (
            BF16["dcw"],
            [BF16[name] for name in ("preset", "prereset", "wom-set")],
        ),
        "bf16-appwom": (BF16["appwom"], ()),
        "bf16-appwom-1": (BF16["appwom-1"], ()),
    }[kind]
