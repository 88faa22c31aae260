"""`nvmcosim study ono2021`."""

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
from nvmcosim.commands.training_options import Initial, LearningRate, Optimizer
from nvmcosim.commands.trainings import Scheduler, Workers, run_trainings, worker_data

__all__ = ["ono2021"]


def ono2021(
    quick: Quick = False,
    quick_for: Annotated[
        str, typer.Option("--quick-for", help="Networks on small subsets, the others in full.")
    ] = "",
    networks: Annotated[
        str, typer.Option("--networks", help="Which to train, of mp, cnn and mn.")
    ] = "mp,cnn,mn",
    settings: Annotated[
        str, typer.Option("--settings", help="all, or table3 for Table III's alone.")
    ] = "all",
    seed: Seed = 0,
    seeds: Seeds = None,
    epochs: Epochs = None,
    optimizer: Optimizer = "adam",
    rate: LearningRate = None,
    initial: Initial = "zeros",
    data: DataDir = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    train: Train = True,
    out: OutDir = Path("out/ono2021"),
    json_output: JsonFlag = False,
) -> None:
    """Energy efficient approximate storing to MRAM (Ono and Usami, 2021): train what is left."""
    from nvmcosim.pymodel.errors import InputError

    if settings not in ("all", "table3"):
        raise InputError(f"settings is {settings!r}; it must be all or table3")
    try:
        from nvmcosim.studies.ono2021.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise needed(error) from None
    options = StudyOptions(
        out=out,
        networks=names(networks),
        quick=names("mp,cnn,mn" if quick else quick_for),
        table_3_only=settings == "table3",
        seed=seed,
        seeds=seeds,
        epochs=epochs,
        optimizer=optimizer,
        learning_rate=rate,
        initial=initial,
        data=worker_data(data, scheduler),
        train=train,
    )
    values = run_trainings(run_study, options, workers, scheduler)
    show_result(values, out, json_output)
