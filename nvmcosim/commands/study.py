"""`nvmcosim study`: run a paper's study and set its figures beside ours."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import (
    DataDir,
    JsonFlag,
    OutDir,
    Seed,
    console,
    emit_json,
)
from nvmcosim.commands.trainings import (
    Scheduler,
    TrainingsDisplay,
    Workers,
    training_executor,
    worker_data,
)

__all__ = ["register"]

#: Studies, by name, as `nvmcosim list` shows them.
STUDIES = ("ono2021",)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("study")(study)


def study(
    name: Annotated[str, typer.Argument(help="The study: ono2021.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Small subsets, minutes on two cores; says so.")
    ] = False,
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
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Runs a setting; 3, or 1 with --quick.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="The paper has 20.")] = None,
    optimizer: Annotated[str, typer.Option("--optimizer", help="adam or sgd.")] = "adam",
    rate: Annotated[
        float | None, typer.Option("--lr", help="Learning rate; 0.001 for adam, 0.1 for sgd.")
    ] = None,
    initial: Annotated[
        str, typer.Option("--initial", help="What memory holds at first: zeros or weights.")
    ] = "zeros",
    data: DataDir = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    train: Annotated[
        bool, typer.Option(help="--no-train takes only the runs that are done already.")
    ] = True,
    out: OutDir = Path("out/ono2021"),
    json_output: JsonFlag = False,
) -> None:
    """Train what is left of a study, write study.json and plots, print each figure's verdict."""
    from nvmcosim.pymodel.errors import InputError, MissingTool

    if name not in STUDIES:
        raise InputError(f"study is {name!r}; it must be one of {', '.join(STUDIES)}")
    if settings not in ("all", "table3"):
        raise InputError(f"settings is {settings!r}; it must be all or table3")
    try:
        from nvmcosim.studies.ono2021.study import StudyOptions, run_study
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"a study needs {error.name}; install it with: pip install 'nvmcosim[torch,plot]'"
        ) from None
    display = TrainingsDisplay()
    executor = training_executor(workers, scheduler, display)
    options = StudyOptions(
        out=out,
        networks=_names(networks),
        quick=_names("mp,cnn,mn" if quick else quick_for),
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
    with display:
        values = run_study(options, display.show, executor)
    if json_output:
        emit_json(values)
        return
    _print_figures(values)
    console().print(f"written: {out}/study.json and {len(values['plots'])} plots", soft_wrap=True)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _print_figures(values: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(title=values["title"])
    for column in ("figure", "paper", "ours", "unit", "verdict"):
        table.add_column(column, overflow="fold")
    for row in values["figures"]:
        ours = _shown(row["ours"])
        if row["spread"]:
            ours += f" ± {_shown(row['spread'])}"
        table.add_row(row["id"], _shown(row["paper"]), ours, row["unit"], row["verdict"])
    console().print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
