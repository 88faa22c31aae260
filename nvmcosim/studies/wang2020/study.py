"""Runs the study of wang2020 and sets its figures beside the paper's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_json
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.wang2020.alignment import alignment_figures
from nvmcosim.studies.wang2020.counts import adder_figures, aritpim_figures, equation_figures
from nvmcosim.studies.wang2020.mac import mac_figures

__all__ = ["PARTS", "StudyOptions", "run_study"]

#: What a user may have computed by itself.
PARTS: dict[str, Callable[[], list[Figure]]] = {
    "adders": adder_figures,
    "equations": equation_figures,
    "alignment": alignment_figures,
    "mac": mac_figures,
    "aritpim": aritpim_figures,
}


@dataclass(frozen=True)
class StudyOptions:
    """What a user may choose.

    Fields:
        out: folder for results.
        parts: some of `PARTS`.
        seed: of the record; nothing here is random.
    """

    out: Path
    parts: tuple[str, ...] = tuple(PARTS)
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.parts:
            raise InputError(f"parts is empty; it must have some of {', '.join(PARTS)}")
        for part in self.parts:
            if part not in PARTS:
                raise InputError(f"part is {part!r}; it must be one of {', '.join(PARTS)}")


def run_study(options: StudyOptions) -> dict[str, Any]:
    """Compute the figures and write `study.json` into `options.out`.

    Returns its values: `study`, `title`, `lead`, `figures`, `plots`, `trainings`, `provenance`.
    """
    figures = [figure for part in options.parts for figure in PARTS[part]()]
    values = {
        "study": "wang2020",
        "title": "A New MRAM-based Process In-Memory Accelerator (Wang et al., 2020)",
        "lead": "Counts are exact: those of the programs that the interpreters run.",
        "figures": [figure.to_dict() for figure in figures],
        "plots": [],
        "trainings": [],
        "provenance": provenance(options.seed, parts=list(options.parts)),
    }
    write_json(options.out / "study.json", values)
    return values
