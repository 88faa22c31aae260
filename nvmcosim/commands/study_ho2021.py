"""`nvmcosim study ho2021`."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed
from nvmcosim.commands.study_options import Quick, Seeds, Train, names, needed, show_result
from nvmcosim.commands.trainings import Scheduler, Workers, run_trainings, worker_data

__all__ = ["ho2021"]


def ho2021(
    quick: Quick = False,
    parts: Annotated[
        str, typer.Option("--parts", help="Which to run, of fig7 and network.")
    ] = "fig7,network",
    networks: Annotated[
        str, typer.Option("--networks", help="Which to train, of lenet, googlenet, densenet-bc.")
    ] = "lenet,googlenet,densenet-bc",
    iterations: Annotated[
        str,
        typer.Option(
            "--iterations",
            help="Fewer than the paper's: lenet=2000,googlenet=20; of LeNet's further runs alone: "
            "lenet/bf16=1000.",
        ),
    ] = "",
    seed: Seed = 0,
    seeds: Seeds = None,
    data: DataDir = None,
    workers: Workers = None,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of each training.")] = 1,
    scheduler: Scheduler = None,
    train: Train = True,
    out: OutDir = Path("out/ho2021"),
    json_output: JsonFlag = False,
) -> None:
    """Approximate WOM codes on phase-change memory (Ho et al., 2021): train what is left."""
    try:
        from nvmcosim.studies.ho2021.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise needed(error) from None
    options = StudyOptions(
        out=out,
        quick=quick,
        parts=names(parts),
        networks=names(networks),
        iterations=_counts(iterations),
        seed=seed,
        seeds=seeds,
        data=worker_data(data, scheduler),
        threads=threads,
        train=train,
    )
    values = run_trainings(run_study, options, workers, scheduler)
    show_result(values, out, json_output)


def _counts(text: str) -> dict[str, int]:
    """The numbers in a list such as `lenet=2000,googlenet=20`."""
    from nvmcosim.pymodel.errors import InputError

    found: dict[str, int] = {}
    for part in names(text):
        name, _, count = part.partition("=")
        if not count.isdecimal():
            raise InputError(f"iterations has {part!r}; it must have parts such as lenet=2000")
        if name in found:
            raise InputError(f"iterations has {name} twice; give each one number")
        found[name] = int(count)
    return found
