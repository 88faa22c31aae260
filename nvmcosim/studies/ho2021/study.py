"""Runs the study of ho2021 and sets its figures beside the paper's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import CellStore, Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.frame import Progress, check_chosen, train_cells
from nvmcosim.studies.ho2021.accuracy import accuracy_figures
from nvmcosim.studies.ho2021.beyond import beyond_figures
from nvmcosim.studies.ho2021.bits import bit_figures
from nvmcosim.studies.ho2021.costs import cost_figures
from nvmcosim.studies.ho2021.figure7 import figure_7
from nvmcosim.studies.ho2021.plots import draw_plots
from nvmcosim.studies.ho2021.printed import TABLE_1
from nvmcosim.studies.ho2021.rules import shortfalls
from nvmcosim.studies.ho2021.runs import Runs
from nvmcosim.studies.ho2021.sweep import FURTHER, Size, Sweep, check_further

__all__ = ["PARTS", "StudyOptions", "run_study"]

#: What a user may have computed by itself.
PARTS = ("fig7", "network")
#: Iterations between tests, and images tested with.
_TESTS = {"lenet": (500, None), "googlenet": (100, 2_000), "densenet-bc": (50, 1_000)}
#: `--quick`: iterations, iterations between tests, and images tested with.
_QUICK = {
    "lenet": Size(60, 10, 500),
    "googlenet": Size(2, 1, 200),
    "densenet-bc": Size(1, 1, 50),
}


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results, plots and cells.
        quick: so few iterations that it takes minutes, one seed.
        parts: some of `PARTS`.
        networks: those that are trained.
        iterations: of each network, and as `network/kind` of LeNet's further runs
            (`sweep.FURTHER`); what is not named has its network's, the paper's, or `quick`'s.
        seed, seeds: first seed and how many of LeNet; None is 3, 1 if `quick`.
        data: folder with data sets.
        threads: of each training.
        train: False takes only what earlier runs kept.
    """

    out: Path
    quick: bool = False
    parts: tuple[str, ...] = PARTS
    networks: tuple[str, ...] = tuple(TABLE_1)
    iterations: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    seeds: int | None = None
    data: str | None = None
    threads: int = 1
    train: bool = True

    def __post_init__(self) -> None:
        check_chosen("part", self.parts, PARTS)
        if "network" in self.parts or self.networks:
            check_chosen("network", self.networks, TABLE_1)
        if self.iterations:
            check_chosen("network", {n.partition("/")[0]: 0 for n in self.iterations}, TABLE_1)
        for name, count in self.iterations.items():
            network, further, kind = name.partition("/")
            if network not in self.networks:
                trained = ", ".join(self.networks)
                raise InputError(f"iterations has {name}, but the networks to train are {trained}")
            if further:
                check_further(network, kind)
            if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10**9:
                raise InputError(
                    f"iterations of {name} are {count!r}; they must be whole, from 1 to 10^9"
                )
        if self.seeds is not None and not 1 <= self.seeds <= 1000:
            raise InputError(f"seeds is {self.seeds!r}; it must be 1 to 1000")

    def sweep(self) -> Sweep:
        """The runs."""
        seeds = self.seeds or (1 if self.quick else 3)
        further = [name for name in self.iterations if "/" in name]
        return Sweep(
            {name: self._size(name) for name in (*self.networks, *further)},
            tuple(range(self.seed, self.seed + seeds)),
            self.data,
            self.threads,
        )

    def _size(self, name: str) -> Size:
        network = name.partition("/")[0]
        if name in self.iterations:
            every, images = _TESTS[network]
            count = self.iterations[name]
            # At least ten tests, to see whether anything converges.
            return Size(count, max(1, min(every, count // 10)), images)
        if self.quick:
            return _QUICK[network]
        return Size(TABLE_1[network].iterations, *_TESTS[network])


def run_study(
    options: StudyOptions,
    progress: Progress | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Run what is left of the study, write `study.json` and `plots/` into `options.out`.

    `executor` trains; `progress` is called with a line, how many runs are done and how many there
    are. Returns the values of `study.json`: `study`, `title`, `lead`, `figures`, `plots`,
    `trainings`, `provenance`. Networks without their data set are left out, and the lead says so.
    """
    store = CellStore(options.out / "cells")
    figures = figure_7() if "fig7" in options.parts else []
    runs, missing = Runs({}), ""
    data: dict[str, Any] = {}
    if "network" in options.parts:
        sweep = options.sweep()
        found, missing, data = _with_images(sweep)
        if options.train:
            train_cells(found.cells().values(), store, executor, progress)
        done = {key: store.get(cell.digest) for key, cell in found.cells().items()}
        runs = Runs({key: result for key, result in done.items() if result is not None}, missing)
        figures += [
            *bit_figures(runs),
            *cost_figures(runs),
            *accuracy_figures(runs),
            *beyond_figures(runs),
        ]
    values = {
        "study": "ho2021",
        "title": "Approximate programming of PCM for training neural networks (Ho et al., 2021)",
        "lead": _lead(runs, missing, options),
        "figures": [figure.to_dict() for figure in figures],
        "plots": _plots(options, figures, runs),
        "trainings": _trainings(runs),
        "provenance": _provenance(options, data),
    }
    write_json(options.out / "study.json", values)
    return values


def _with_images(sweep: Sweep) -> tuple[Sweep, str, dict[str, Any]]:
    """The sweep of networks whose images are there, what is missing, and what the images are."""
    sizes, missing, data = dict(sweep.sizes), [], {}
    cells = sweep.cells()
    for network in dict.fromkeys(n for n, _, _ in cells):
        cell = next(c for (n, _, _), c in cells.items() if n == network)
        try:
            data[network] = cell.images.provenance()
        except MissingTool as error:
            missing.append(f"{network}: {error}")
            sizes = {n: size for n, size in sizes.items() if n.partition("/")[0] != network}
    return Sweep(sizes, sweep.seeds, sweep.data, sweep.threads), "; ".join(missing), data


def _lead(runs: Runs, missing: str, options: StudyOptions) -> str:
    if "network" not in options.parts:
        return "Fig. 7 alone."
    if not runs.networks:
        return f"No network is trained. {missing}".strip()
    size = shortfalls(runs) or "at the paper's size"
    shorter = _shorter(runs)
    if shorter:
        size = f"{size}; {shorter}"
    text = f"{len(runs.done)} trainings, {size}. Costs are a write's means over the iterations."
    return f"{text} {missing}".strip()


def _shorter(runs: Runs) -> str:
    """Which of LeNet's further runs have other iterations than its first, in words."""
    counts: dict[int, list[str]] = {}
    for kind in FURTHER:
        count = runs.iterations("lenet", [kind])
        if count and count != runs.iterations("lenet"):
            counts.setdefault(count, []).append(kind)
    said = (f"{', '.join(kinds)} {count:,}" for count, kinds in counts.items())
    return f"lenet's further runs have other iterations: {'; '.join(said)}" if counts else ""


def _plots(options: StudyOptions, figures: list[Figure], runs: Runs) -> list[dict[str, Any]]:
    return draw_plots(options.out / "plots", figures, runs) if runs.networks else []


def _trainings(runs: Runs) -> list[dict[str, Any]]:
    return [
        {
            "network": network,
            "kind": kind,
            "seed": seed,
            "digest": result["digest"],
            "solver": result["config"]["solver"],
            "iterations": result["history"][-1]["iteration"],
            "test_accuracy_percent": 100 * result["history"][-1]["test_accuracy"],
            "train_loss": result["history"][-1]["train_loss"],
            "reports": result["reports"],
            "history": result["history"],
        }
        for (network, kind, seed), result in runs.done.items()
    ]


def _provenance(options: StudyOptions, data: Mapping[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "quick": options.quick,
        "parts": list(options.parts),
        "networks": list(options.networks),
        "iterations": dict(options.iterations),
        "seeds": options.seeds,
        "data": dict(data),
    }
    return provenance(options.seed, **configuration)
