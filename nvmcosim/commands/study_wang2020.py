"""`nvmcosim study wang2020`."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed
from nvmcosim.commands.study_options import names, show_result

__all__ = ["wang2020"]


def wang2020(
    parts: Annotated[
        str,
        typer.Option("--parts", help="Of adders, equations, alignment, mac, aritpim."),
    ] = "adders,equations,alignment,mac,aritpim",
    seed: Seed = 0,
    out: OutDir = Path("out/wang2020"),
    json_output: JsonFlag = False,
) -> None:
    """Floating point inside SOT-MRAM (Wang et al., 2020): what its programs take."""
    from nvmcosim.studies.wang2020.study import StudyOptions, run_study

    values = run_study(StudyOptions(out, names(parts), seed))
    show_result(values, out, json_output)
