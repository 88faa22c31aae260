"""`nvmcosim study locatelli2018`."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed
from nvmcosim.commands.study_options import (
    Epochs,
    Quick,
    Seeds,
    Train,
    names,
    needed,
    show_result,
)
from nvmcosim.commands.trainings import Scheduler, Workers, run_trainings, worker_data

__all__ = ["locatelli2018"]


def locatelli2018(
    quick: Quick = False,
    parts: Annotated[
        str, typer.Option("--parts", help="Which to run, of device, network and readings.")
    ] = "device,network,readings",
    seed: Seed = 0,
    seeds: Seeds = None,
    reading_seeds: Annotated[
        int | None, typer.Option("--reading-seeds", min=1, help="Runs a reading; 1 if none.")
    ] = None,
    epochs: Epochs = None,
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="Samples of ngspice, a run.")
    ] = None,
    data: DataDir = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    train: Train = True,
    out: OutDir = Path("out/locatelli2018"),
    json_output: JsonFlag = False,
) -> None:
    """ST-MRAM as approximate memory for training (Locatelli, Vincent, Querlioz, 2018)."""
    try:
        from nvmcosim.studies.locatelli2018.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise needed(error) from None
    options = StudyOptions(
        out=out,
        quick=quick,
        parts=names(parts),
        seed=seed,
        seeds=seeds,
        reading_seeds=reading_seeds,
        epochs=epochs,
        samples=samples,
        workers=workers,
        data=worker_data(data, scheduler),
        train=train,
    )
    values = run_trainings(run_study, options, workers, scheduler)
    show_result(values, out, json_output)
