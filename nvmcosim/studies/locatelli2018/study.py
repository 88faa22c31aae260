"""Runs the study of locatelli2018 and sets its figures beside the paper's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import CellStore, Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.frame import Progress, check_chosen, final_accuracy, train_cells
from nvmcosim.studies.locatelli2018.device import (
    QUICK_SAMPLES,
    SAMPLES,
    device_figures,
    device_plots,
)
from nvmcosim.studies.locatelli2018.network import HALF_LSBS, network_figures
from nvmcosim.studies.locatelli2018.network_plots import network_plots
from nvmcosim.studies.locatelli2018.reading_rows import reading_figures
from nvmcosim.studies.locatelli2018.readings import READINGS, STUDIED, sweep_of
from nvmcosim.studies.locatelli2018.runs import Runs
from nvmcosim.studies.locatelli2018.sweep import (
    ACCURATE,
    FIGURE_3,
    FIGURE_4,
    HSB_RATE,
    Setting,
    Sweep,
)
from nvmcosim.studies.training_cells import TrainingCell

__all__ = ["PARTS", "StudyOptions", "run_study"]

#: What a user may have trained or computed by itself.
PARTS = ("device", "network", "readings")
#: `--quick`: training and test images.
_QUICK_IMAGES = (6_000, 2_000)
#: `--quick`: settings that are trained.
_QUICK_SETTINGS = (
    *(Setting(rate) for rate in (1e-3, 1e-2, 1e-1)),
    *(Setting(HSB_RATE, n, rate) for n in (8, 10, 12, 14) for rate in (0.1, 0.5, 0.9, 1.0)),
    *(Setting(HSB_RATE, n, rate) for n, rate in ((10, 0.7), (11, 0.5))),
)
_FULL_SETTINGS = tuple(
    dict.fromkeys((*FIGURE_3, *FIGURE_4, *(Setting(HSB_RATE, n, 0.5) for n in HALF_LSBS)))
)
_PAPER_EPOCHS, _PAPER_IMAGES, _BATCH = 5, 60_000, 10
_QUICK_READINGS = (STUDIED, "range-1/4", "rate-0.01", "squared", "twos-complement", "master-copy")


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results, plots and cells.
        quick: small subsets of the images, some of the settings, few samples of ngspice.
        parts: some of `PARTS`; rows of the others say that they are not chosen, or are left out.
        seed, seeds: first seed and how many initialisations; None is the paper's 5, 1 if `quick`.
        reading_seeds: the same of the readings; None is 1.
        epochs: presentations of the images; None is the paper's 5.
        samples: of ngspice, a run; None is the device study's own number.
        workers: processes of ngspice; None is one a core.
        data: folder with data sets.
        train: False takes only what earlier runs kept.
    """

    out: Path
    quick: bool = False
    parts: tuple[str, ...] = PARTS
    seed: int = 0
    seeds: int | None = None
    reading_seeds: int | None = None
    epochs: int | None = None
    samples: int | None = None
    workers: int | None = None
    data: str | None = None
    train: bool = True

    def __post_init__(self) -> None:
        check_chosen("part", self.parts, PARTS)
        for name in ("seeds", "reading_seeds"):
            count = getattr(self, name)
            if count is not None and not 1 <= count <= 1000:
                raise InputError(f"{name} is {count!r}; it must be 1 to 1000")

    def _seeds(self, count: int) -> tuple[int, ...]:
        return tuple(range(self.seed, self.seed + count))

    def sweep(self) -> Sweep:
        """The runs of Fig. 3 to 5."""
        train, test = _QUICK_IMAGES if self.quick else (None, None)
        return Sweep(
            _QUICK_SETTINGS if self.quick else _FULL_SETTINGS,
            self._seeds(self.seeds or (1 if self.quick else 5)),
            self.epochs or _PAPER_EPOCHS,
            train,
            test,
            data=self.data,
        )

    def readings(self) -> dict[str, Sweep]:
        """The runs of each reading."""
        names = _QUICK_READINGS if self.quick else tuple(READINGS)
        seeds = self._seeds(self.reading_seeds or 1)
        return {name: sweep_of(name, self.sweep(), seeds) for name in names}


def run_study(
    options: StudyOptions,
    progress: Progress | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Run what is left of the study, write `study.json` and `plots/` into `options.out`.

    `executor` trains; `progress` is called with a line, how many runs are done and how many there
    are. Returns the values of `study.json`: `study`, `title`, `lead`, `figures`, `plots`,
    `trainings` (recognition by presentation of every run), `provenance`. Without the data set the
    network's rows are `not-run`.
    """
    store = CellStore(options.out / "cells")
    sweep, readings = options.sweep(), options.readings()
    missing = _missing(sweep, options)
    if options.train and not missing:
        train_cells(_chosen_cells(sweep, readings, options.parts), store, executor, progress)
    figures = _device(options, progress) if "device" in options.parts else []
    runs = _runs(sweep, store, missing)
    found = {name: _runs(each, store, missing) for name, each in readings.items()}
    figures += [*network_figures(runs), *reading_figures(found)]
    label = "" if missing else sweep.cell(ACCURATE, options.seed).images.label
    values = {
        "study": "locatelli2018",
        "title": "ST-MRAM as approximate memory for training (Locatelli, Vincent, Querlioz, 2018)",
        "lead": _lead(runs, label, options),
        "figures": [figure.to_dict() for figure in figures],
        "plots": _plots(options, figures, label),
        "trainings": [*_trainings("", runs), *_reading_trainings(found)],
        "provenance": _provenance(options, sweep, missing),
    }
    write_json(options.out / "study.json", values)
    return values


def _missing(sweep: Sweep, options: StudyOptions) -> str:
    """Why the network cannot be trained; empty if it can."""
    try:
        _ = sweep.cell(ACCURATE, options.seed).images
    except MissingTool as error:
        return str(error)
    return ""


def _chosen_cells(
    sweep: Sweep, readings: Mapping[str, Sweep], parts: tuple[str, ...]
) -> list[TrainingCell]:
    """Every setting once, then the readings, then the other seeds: cut short, one is whole."""
    found = list(sweep.cells().values()) if "network" in parts else []
    once = len(sweep.settings)
    read = [cell for each in readings.values() for cell in each.cells().values()]
    return [*found[:once], *(read if "readings" in parts else []), *found[once:]]


def _device(options: StudyOptions, progress: Progress | None) -> list[Figure]:
    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress("samples of ngspice", done, total)

    samples = options.samples or (QUICK_SAMPLES if options.quick else SAMPLES)
    return device_figures(samples, options.seed, options.workers, tell)


def _runs(sweep: Sweep, store: CellStore, missing: str) -> Runs:
    if missing:
        return Runs({}, missing)
    done: dict[Setting, dict[int, Any]] = {}
    for (setting, seed), cell in sweep.cells().items():
        result = store.get(cell.digest)
        if result is not None:
            done.setdefault(setting, {})[seed] = result
    return Runs(done, _reduced(sweep) if done else "")


def _reduced(sweep: Sweep) -> str:
    """How a sweep falls short of the paper's size; empty if it does not."""
    whole = len(sweep.cell(ACCURATE, sweep.seeds[0]).images.train_images)
    if whole == _PAPER_IMAGES and sweep.epochs == _PAPER_EPOCHS:
        return ""
    steps, paper = (-(-n // _BATCH) for n in (whole, _PAPER_IMAGES))
    if sweep.epochs > _PAPER_EPOCHS:
        return f"not the paper's {_PAPER_EPOCHS} presentations, but {sweep.epochs}"
    return (
        f"reduced: {whole:,} of {_PAPER_IMAGES:,} training images, {sweep.epochs} of "
        f"{_PAPER_EPOCHS} presentations, {steps * sweep.epochs:,} steps where the paper's size "
        f"takes {paper * _PAPER_EPOCHS:,}"
    )


def _lead(runs: Runs, label: str, options: StudyOptions) -> str:
    count = sum(len(by_seed) for by_seed in runs.done.values())
    if count:
        size = runs.reduced or "at the paper's size"
        text = f"784-300-10 on {label}: {count} runs, {size}."
    else:
        text = f"784-300-10: not trained ({runs.reduced or 'no run is kept'})."
    if "device" not in options.parts:
        text += " The device's rows were not chosen, and are left out."
    return text


def _plots(options: StudyOptions, figures: list[Figure], label: str) -> list[dict[str, Any]]:
    folder = options.out / "plots"
    entries = device_plots(folder, figures) if "device" in options.parts else []
    return [*entries, *network_plots(folder, figures, label)]


def _trainings(reading: str, runs: Runs) -> list[dict[str, Any]]:
    return [
        {
            **({"reading": reading} if reading else {}),
            "setting": setting.label,
            "seed": seed,
            "digest": result["digest"],
            "test_accuracy": [epoch["test_accuracy"] for epoch in result["history"]],
            "train_loss": [epoch["train_loss"] for epoch in result["history"]],
            "final_percent": final_accuracy(result),
            "energy_by_rewrite": result["ledger"]["energy_by_rewrite"],
        }
        for setting, by_seed in runs.done.items()
        for seed, result in by_seed.items()
    ]


def _reading_trainings(readings: Mapping[str, Runs]) -> Iterable[dict[str, Any]]:
    for name, runs in readings.items():
        if name != STUDIED:
            yield from _trainings(name, runs)


def _provenance(options: StudyOptions, sweep: Sweep, missing: str) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("quick", "seeds", "reading_seeds", "epochs", "samples")
    }
    cell = sweep.cell(ACCURATE, sweep.seeds[0])
    configuration |= {
        "parts": list(options.parts),
        "training": cell.config.to_dict(),
        "data": {} if missing else cell.images.provenance(),
    }
    return provenance(options.seed, **configuration)
