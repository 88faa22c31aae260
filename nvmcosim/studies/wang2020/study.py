"""Runs the study of wang2020 and sets its figures beside the paper's."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.cells import Executor
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.frame import Progress, check_chosen
from nvmcosim.studies.wang2020.alignment import alignment_figures
from nvmcosim.studies.wang2020.breakdown_plots import draw_breakdown
from nvmcosim.studies.wang2020.counts import adder_figures, aritpim_figures, equation_figures
from nvmcosim.studies.wang2020.mac import mac_figures
from nvmcosim.studies.wang2020.network import network_figures
from nvmcosim.studies.wang2020.runs import network_cells, network_results

__all__ = ["PARTS", "StudyOptions", "run_study"]

_COUNTED: dict[str, Callable[[], list[Figure]]] = {
    "adders": adder_figures,
    "equations": equation_figures,
    "alignment": alignment_figures,
    "mac": mac_figures,
    "aritpim": aritpim_figures,
}
#: What a user may have computed by itself.
PARTS = ("device", *_COUNTED, "network")


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results.
        parts: some of `PARTS`.
        seed: of initial weights and batches.
        quick: the network on a part of the images; says so.
        data: folder with data sets.
        train: False takes only what earlier runs kept.
    """

    out: Path
    parts: tuple[str, ...] = PARTS
    seed: int = 0
    quick: bool = False
    data: str | None = None
    train: bool = True

    def __post_init__(self) -> None:
        check_chosen("part", self.parts, PARTS)


def run_study(
    options: StudyOptions,
    progress: Progress | None = None,
    executor: Executor = InProcess(),
) -> dict[str, Any]:
    """Compute the figures and write `study.json` into `options.out`.

    `executor` runs the network's trainings and checks; `progress` is called with a line, how many
    are done and how many there are. Returns the values of `study.json`: `study`, `title`, `lead`,
    `figures`, `plots`, `trainings`, `provenance`. Without MNIST the network is left out; the lead
    says so.
    """
    figures, plots = _device(options.out / "plots") if "device" in options.parts else ([], [])
    if "mac" in options.parts:
        with suppress(MissingTool):
            plots += draw_breakdown(options.out / "plots")
    figures += [figure for part in options.parts if part in _COUNTED for figure in _COUNTED[part]()]
    lead = "Counts are exact: those of the programs that the interpreters run."
    results: dict[str, dict[str, Any]] = {}
    if "network" in options.parts:
        cells = network_cells(options.quick, options.seed, options.data)
        try:
            results = network_results(cells, options.out, executor, progress, options.train)
        except MissingTool as error:
            lead = f"{lead} {error}"
        figures += network_figures(results, options.quick)
        if options.quick:
            lead += " Reduced: LeNet is trained on a part of the images."
    values = {
        "study": "wang2020",
        "title": "A New MRAM-based Process In-Memory Accelerator (Wang et al., 2020)",
        "lead": lead,
        "figures": [figure.to_dict() for figure in figures],
        "plots": plots,
        "trainings": [{"name": name, **result} for name, result in results.items()],
        "provenance": provenance(options.seed, parts=list(options.parts), quick=options.quick),
    }
    write_json(options.out / "study.json", values)
    return values


def _device(folder: Path) -> tuple[list[Figure], list[dict[str, Any]]]:
    """The cell's rows and plots: a minute of ngspice; without it the rows say what is missing."""
    from nvmcosim.studies.wang2020.device import device_figures
    from nvmcosim.studies.wang2020.device_plots import draw_device_plots

    plots: list[dict[str, Any]] = []
    with suppress(MissingTool):
        plots = draw_device_plots(folder)
    return device_figures(), plots
