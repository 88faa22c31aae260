"""`nvmcosim study mondal2018`."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed
from nvmcosim.commands.study_options import Quick, Train, names, needed, show_result
from nvmcosim.commands.trainings import Workers, run_trainings

__all__ = ["mondal2018"]

_ALL = "mnist-1,mnist-2,sonar-1,sonar-2,wine-red,wine-white,wine-red-quality,wine-white-quality"


def mondal2018(
    quick: Quick = False,
    parts: Annotated[
        str, typer.Option("--parts", help="Which to run, of device and network.")
    ] = "device,network",
    networks: Annotated[str, typer.Option("--networks", help="Which to approximate.")] = _ALL,
    counts: Annotated[
        str,
        typer.Option("--samples", help="Numbers of samples in the program to sweep: 200,2000."),
    ] = "",
    tested: Annotated[
        int | None,
        typer.Option("--tested", min=1, help="Test samples on finite streams; all if none."),
    ] = None,
    seed: Seed = 0,
    data: DataDir = None,
    workers: Workers = None,
    train: Train = True,
    out: OutDir = Path("out/mondal2018"),
    json_output: JsonFlag = False,
) -> None:
    """Stochastic computing with biased MTJ generators (Mondal, 2018): run what is left."""
    from nvmcosim.pymodel.errors import InputError

    try:
        from nvmcosim.studies.mondal2018.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise needed(error) from None
    for part in names(counts):
        if not part.isdecimal():
            raise InputError(f"samples has {part!r}; it must have whole numbers such as 200,2000")
    options = StudyOptions(
        out=out,
        quick=quick,
        parts=names(parts),
        networks=names(networks),
        counts=tuple(int(part) for part in names(counts)),
        tested=tested,
        seed=seed,
        data=data,
        train=train,
    )
    values = run_trainings(run_study, options, workers, None)
    show_result(values, out, json_output)
