"""Runs the study of mondal2018 and sets its figures beside the paper's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import Cell, CellStore, Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.frame import Progress, check_chosen, train_cells
from nvmcosim.studies.mondal2018.networks import TASKS, samples_of
from nvmcosim.studies.mondal2018.plots import draw_network_plots
from nvmcosim.studies.mondal2018.runs import Runs
from nvmcosim.studies.mondal2018.sweep import PAPER_SAVING, TABLES, Size, Sweep, saving
from nvmcosim.studies.mondal2018.tables import network_figures

__all__ = ["PARTS", "StudyOptions", "run_study"]

#: What a user may have computed by itself.
PARTS = ("device", "network")
_QUICK = Size((200, 600), 200, 3, 200, (256, 128), False, 3)
#: Shown where no sweep of D tells which is like the paper's.
_USUAL = 2_000


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results, plots and cells.
        quick: small programs and few epochs: minutes on two cores.
        parts: some of `PARTS`.
        networks: those that are approximated, of `networks.TASKS`.
        counts: D of the sweep; empty is the size's own.
        tested: test samples on finite streams; None is the size's own.
        seed: of trainings and streams.
        data: folder with data sets.
        train: False takes only what earlier runs kept.
    """

    out: Path
    quick: bool = False
    parts: tuple[str, ...] = PARTS
    networks: tuple[str, ...] = tuple(TASKS)
    counts: tuple[int, ...] = ()
    tested: int | None = None
    seed: int = 0
    data: str | None = None
    train: bool = True

    def __post_init__(self) -> None:
        check_chosen("part", self.parts, PARTS)
        if "network" in self.parts or self.networks:
            check_chosen("network", self.networks, TASKS)
        for count in self.counts:
            if not 1 <= count <= 60_000:
                raise InputError(f"a count of samples is {count}; it must be 1 to 60000")

    def sweep(self) -> Sweep:
        """The cells of all networks that are asked for."""
        size = _QUICK if self.quick else Size()
        if self.counts:
            size = replace(size, counts=tuple(sorted(set(self.counts))))
        if self.tested is not None:
            size = replace(size, tested=self.tested)
        tasks = tuple(name for name in TABLES if name in self.networks)
        return Sweep(size, tasks, self.seed, self.data, str(self.out / "networks"))


def run_study(
    options: StudyOptions,
    progress: Progress | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Run what is left of the study, write `study.json` and `plots/` into `options.out`.

    `executor` runs the cells; `progress` is called with a line, how many are done and how many
    there are. Returns the values of `study.json`: `study`, `title`, `lead`, `figures`, `plots`,
    `approximations`, `provenance`. Networks without their data set are left out; the lead says so.
    """
    figures: list[Figure] = []
    plots: list[dict[str, Any]] = []
    data: dict[str, Any] = {}
    runs, missing = Runs(), ""
    sweep = options.sweep()
    if "network" in options.parts:
        # First, as a folder that is none is to leave nothing behind.
        sweep, missing, data = _with_data(sweep)
    if "device" in options.parts:
        from nvmcosim.studies.mondal2018.device import device_figures, draw_device_plots

        figures += device_figures()
        plots += draw_device_plots(options.out / "plots", figures)
    if "network" in options.parts:
        runs = _run(sweep, options, progress, executor)
        found = network_figures(runs)
        figures += found
        plots += draw_network_plots(options.out / "plots", runs)
    values = {
        "study": "mondal2018",
        "title": "Power optimizations in MTJ-based neural networks through stochastic computing "
        "(Mondal and Srivastava, 2018)",
        "lead": _lead(runs, missing, options),
        "figures": [figure.to_dict() for figure in figures],
        "plots": plots,
        "approximations": runs.to_list(),
        "provenance": provenance(
            options.seed,
            quick=options.quick,
            parts=list(options.parts),
            networks=list(options.networks),
            counts=list(options.counts),
            tested=options.tested,
            data=data,
        ),
    }
    write_json(options.out / "study.json", values)
    return values


def _with_data(sweep: Sweep) -> tuple[Sweep, str, dict[str, Any]]:
    """The sweep of networks whose sets are there, what is missing, and what the sets are."""
    there, missing, data = [], {}, {}
    for name in sweep.tasks:
        try:
            data[name] = samples_of(name, sweep.data).provenance
        except MissingTool as error:
            missing[TASKS[name].dataset] = str(error)
        else:
            there.append(name)
    found = Sweep(sweep.size, tuple(there), sweep.seed, sweep.data, sweep.folder)
    return found, "; ".join(missing.values()), data


def _run(
    sweep: Sweep, options: StudyOptions, progress: Progress | None, executor: Executor
) -> Runs:
    """All cells, those first that decide on others: the sweep of D, networks, then streams."""
    store = CellStore(options.out / "cells")

    def run(cells: Mapping[Any, Cell]) -> dict[Any, dict[str, Any]]:
        if options.train:
            train_cells(cells.values(), store, executor, progress, _said)
        found = {key: store.get(cell.digest) for key, cell in cells.items()}
        return {key: result for key, result in found.items() if result is not None}

    counts = run(sweep.counts())
    alike = _alike(counts)
    tables = run(sweep.tables(alike))
    energy = run(sweep.energy())
    precision = run(sweep.precision(alike))
    return Runs(sweep, alike, {**counts, **tables}, energy, precision, options.quick)


def _alike(counts: Mapping[Any, Mapping[str, Any]]) -> int:
    """The D whose saving at a threshold of 0 is nearest to the paper's."""
    base = counts.get(("mnist-1", None, None))
    at_zero = {key[2]: r for key, r in counts.items() if key[1] == 0.0}
    if base is None or not at_zero:
        return _USUAL
    return int(min(at_zero, key=lambda n: abs(saving(at_zero[n], base) - PAPER_SAVING)))


def _said(result: Mapping[str, Any]) -> str:
    gap = f", dual gap {result['gap']:.1e}" if "gap" in result else ""
    return f"{result['accuracy']:.2f}%{gap}"


def _lead(runs: Runs, missing: str, options: StudyOptions) -> str:
    if "network" not in options.parts:
        return "The device and its number generators alone."
    text = (
        f"{len(runs.networks)} networks, bent by the convex program or as trained; the number of "
        f"samples in it that is like the paper's is {runs.alike:,}."
    )
    if options.quick:
        text += " Reduced: few epochs, small programs, few test samples on finite streams."
    return f"{text} {missing}".strip()
