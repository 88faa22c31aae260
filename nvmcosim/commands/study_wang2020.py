"""`nvmcosim study wang2020`."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed
from nvmcosim.commands.study_options import Quick, Train, names, needed, show_result
from nvmcosim.commands.trainings import Workers, run_trainings

__all__ = ["wang2020"]


def wang2020(
    quick: Quick = False,
    parts: Annotated[
        str,
        typer.Option(
            "--parts", help="Of device, adders, equations, alignment, mac, aritpim, network."
        ),
    ] = "device,adders,equations,alignment,mac,aritpim,network",
    seed: Seed = 0,
    data: DataDir = None,
    workers: Workers = None,
    train: Train = True,
    out: OutDir = Path("out/wang2020"),
    json_output: JsonFlag = False,
) -> None:
    """Floating point inside SOT-MRAM (Wang et al., 2020): what its programs take, and LeNet."""
    try:
        from nvmcosim.studies.wang2020.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise needed(error) from None
    options = StudyOptions(out, names(parts), seed, quick, data, train)
    values = run_trainings(run_study, options, workers, None)
    show_result(values, out, json_output)
