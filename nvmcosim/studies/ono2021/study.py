"""Runs the study of ono2021 and sets its figures beside the paper's."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.networks import NETWORKS
from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import CellStore, Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.frame import Progress, train_cells
from nvmcosim.studies.ono2021.accuracy import NetworkRuns, accuracy_figures
from nvmcosim.studies.ono2021.energy import energy_figures
from nvmcosim.studies.ono2021.extras import extra_cells, extra_figures
from nvmcosim.studies.ono2021.plots import draw_plots
from nvmcosim.studies.ono2021.printed import TABLE_3
from nvmcosim.studies.ono2021.sweep import ALL_SETTINGS, BASELINE, Sweep
from nvmcosim.studies.training_cells import TrainingCell

__all__ = ["QUICK", "StudyOptions", "run_study"]

#: The network whose runs also toggle, lose power and vary what is not stated.
_EXTRAS_OF = "mp"
_PAPER_EPOCHS = 20
_NOT_CHOSEN = "not among the networks of this run"
#: `--quick`: training images, test images, epochs, and whether all settings are trained.
QUICK = {
    "mp": (6_000, 2_000, 20, True),
    "cnn": (5_000, 1_000, 10, False),
    # Running variances start at 1 and move by a hundredth a batch: before some 1,000 batches they
    # are still far above those of the deep layers, and the network tests at chance.
    "mn": (12_800, 2_000, 12, False),
}


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results, plots and cells.
        networks: which to train.
        quick: networks that train on small subsets; all of them take minutes on two cores.
        table_3_only: train Table III's settings alone instead of all 22.
        seed, seeds: first seed and how many; None is 3, or 1 where `quick`.
        epochs: None is the paper's 20, or less where `quick`.
        optimizer, learning_rate, initial: what the paper leaves open; see `Sweep`.
        data: folder with data sets.
        train: False takes only what earlier runs kept.
    """

    out: Path
    networks: tuple[str, ...] = ("mp", "cnn", "mn")
    quick: tuple[str, ...] = ()
    table_3_only: bool = False
    seed: int = 0
    seeds: int | None = None
    epochs: int | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    initial: str = "zeros"
    data: str | None = None
    train: bool = True

    def __post_init__(self) -> None:
        if not self.networks:
            raise InputError(f"networks is empty; it must have some of {', '.join(TABLE_3)}")
        for name in (*self.networks, *self.quick):
            if name not in TABLE_3:
                raise InputError(f"network is {name!r}; it must be one of {', '.join(TABLE_3)}")
        if self.seeds is not None and not 1 <= self.seeds <= 1000:
            raise InputError(f"seeds is {self.seeds!r}; it must be 1 to 1000")

    def sweep(self, network: str) -> Sweep:
        """The runs of one network."""
        quick = network in self.quick
        train, test, epochs, everything = QUICK[network] if quick else (None, None, 20, True)
        few = self.table_3_only or not everything
        chosen = (BASELINE, *TABLE_3[network]) if few else ALL_SETTINGS
        count = self.seeds or (1 if quick else 3)
        return Sweep(
            network,
            tuple(dict.fromkeys(chosen)),
            tuple(range(self.seed, self.seed + count)),
            self.epochs or epochs,
            train,
            test,
            self.optimizer,
            self.learning_rate,
            self.initial,
            self.data,
        )


def run_study(
    options: StudyOptions,
    progress: Progress | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Run what is left of the study, write `study.json` and `plots/` into `options.out`.

    `executor` trains; `progress` is called with a line, how many runs are done and how many there
    are. Returns the values of `study.json`: `study`, `title`, `lead`, `figures`, `plots`,
    `trainings` (accuracy by epoch of every run), `provenance`. A missing data set leaves its
    network's rows `not-run`.
    """
    store = CellStore(options.out / "cells")
    sweeps, missing = _available(options)
    cells = {network: _cells(sweep) for network, sweep in sweeps.items()}
    if options.train:
        chosen = [cell for by_key in cells.values() for cell in by_key.values()]
        train_cells(chosen, store, executor, progress)
    networks, extras = [], {}
    for network in TABLE_3:
        if network not in sweeps:
            networks.append(NetworkRuns(network, {}, missing.get(network, _NOT_CHOSEN)))
            continue
        results = {key: store.get(cell.digest) for key, cell in cells[network].items()}
        done = _by_setting(sweeps[network], results)
        why = _reduced(sweeps[network]) if done else "not trained yet"
        networks.append(NetworkRuns(network, done, why))
        if network == _EXTRAS_OF:
            extras = _by_name(results)
    figures = energy_figures()
    for runs in networks:
        figures += accuracy_figures(runs)
        if runs.network == _EXTRAS_OF:
            figures += extra_figures(runs, extras)
    figures.append(_direction())
    labels = {network: _any(cells[network]).images.label for network in sweeps}
    values = {
        "study": "ono2021",
        "title": "Energy efficient approximate storing to MRAM (Ono and Usami, 2021)",
        "lead": _lead(networks, labels),
        "figures": [figure.to_dict() for figure in figures],
        "plots": draw_plots(options.out / "plots", figures, networks, labels),
        "trainings": _trainings(networks),
        "provenance": _provenance(options, cells),
    }
    write_json(options.out / "study.json", values)
    return values


def _available(options: StudyOptions) -> tuple[dict[str, Sweep], dict[str, str]]:
    """Sweeps of the networks whose data set is there; a sentence for each of the others."""
    sweeps, missing = {}, {}
    for network in options.networks:
        sweep = options.sweep(network)
        try:
            _ = sweep.cell(BASELINE, options.seed).images
        except MissingTool as error:
            missing[network] = str(error)
        else:
            sweeps[network] = sweep
    return sweeps, missing


def _cells(sweep: Sweep) -> dict[Any, TrainingCell]:
    cells: dict[Any, TrainingCell] = dict(sweep.cells())
    if sweep.network == _EXTRAS_OF:
        cells |= extra_cells(sweep)
    # All of the first seed before any of the second: a study that is cut short is whole for some.
    return dict(sorted(cells.items(), key=lambda entry: entry[0][1]))


def _any(cells: Mapping[Any, TrainingCell]) -> TrainingCell:
    return next(iter(cells.values()))


def _by_setting(sweep: Sweep, results: Mapping[Any, Any]) -> dict[Any, dict[int, Any]]:
    found: dict[Any, dict[int, Any]] = {}
    for setting in sweep.settings:
        by_seed = {seed: results[setting, seed] for seed in sweep.seeds}
        done = {seed: result for seed, result in by_seed.items() if result is not None}
        if done:
            found[setting] = done
    return found


def _by_name(results: Mapping[Any, Any]) -> dict[str, dict[int, Any]]:
    found: dict[str, dict[int, Any]] = {}
    for (name, seed), result in results.items():
        if isinstance(name, str) and result is not None:
            found.setdefault(name, {})[seed] = result
    return found


def _reduced(sweep: Sweep) -> str:
    """How a sweep falls short of the paper's size; empty if it does not."""
    whole = len(sweep.cell(BASELINE, sweep.seeds[0]).images.train_images)
    full = 50_000 if sweep.network == "cnn" else 60_000
    if whole == full and sweep.epochs >= _PAPER_EPOCHS:
        return ""
    steps, paper = (-(-n // 128) for n in (whole, full))
    return (
        f"reduced: {whole:,} of {full:,} training images, {sweep.epochs} of {_PAPER_EPOCHS} "
        f"epochs, {steps * sweep.epochs:,} iterations where the paper's size takes "
        f"{paper * _PAPER_EPOCHS:,}"
    )


def _direction() -> Figure:
    return Figure(
        "text-vi-a/direction",
        "“Test accuracy becomes higher when BSP gets closer to the MSB side (7)” (VI-A)",
        "higher at BSP 7",
        None,
        "",
        "contradicted",
        "the same section goes on that accuracy decreases at BSP 6 and 7, and Fig. 7's text says "
        "the same",
    )


def _lead(networks: list[NetworkRuns], labels: Mapping[str, str]) -> str:
    parts = []
    for runs in networks:
        if runs.runs:
            count = sum(len(by_seed) for by_seed in runs.runs.values())
            size = runs.reduced or "at the paper's size"
            title = NETWORKS[runs.network].title
            parts.append(f"{title} on {labels[runs.network]}: {count} runs, {size}.")
        else:
            parts.append(f"{NETWORKS[runs.network].title}: not trained ({runs.reduced}).")
    return " ".join(parts)


def _trainings(networks: list[NetworkRuns]) -> list[dict[str, Any]]:
    return [
        {
            "network": runs.network,
            "bsp": setting.bsp,
            "t_r_ns": setting.t_r_ns,
            "seed": seed,
            "digest": result["digest"],
            "test_accuracy": [epoch["test_accuracy"] for epoch in result["history"]],
            "train_loss": [epoch["train_loss"] for epoch in result["history"]],
            "relative_energy": result["ledger"]["relative_energy"],
        }
        for runs in networks
        for setting, by_seed in runs.runs.items()
        for seed, result in by_seed.items()
    ]


def _provenance(
    options: StudyOptions, cells: Mapping[str, Mapping[Any, TrainingCell]]
) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("table_3_only", "seeds", "epochs", "optimizer", "initial")
    }
    configuration |= {
        "networks": list(options.networks),
        "quick": list(options.quick),
        "learning_rate": options.learning_rate,
        "data": {network: _any(found).images.provenance() for network, found in cells.items()},
    }
    return provenance(options.seed, **configuration)
