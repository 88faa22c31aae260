"""`nvmcosim study`: run a paper's study and set its figures beside ours."""

import os
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
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Trainings at a time; a core each.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", help="Train on a Dask scheduler's workers: tcp://host:8786, or its file."
        ),
    ] = None,
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
    display = _Display()
    executor = _executor(workers, scheduler, display)
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
        data=_absolute(data) if scheduler else data,
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


def _absolute(data: str | None) -> str | None:
    """The same folders for a worker, which runs in another folder."""
    if data is None:
        return None
    return os.pathsep.join(str(Path(part).absolute()) for part in data.split(os.pathsep) if part)


def _executor(workers: int | None, scheduler: str | None, display: "_Display") -> Any:
    from nvmcosim.pymodel.errors import InputError, MissingTool
    from nvmcosim.studies.executors import local_executor, usable_processors

    if scheduler is None:
        return local_executor(workers or usable_processors())
    if workers is not None:
        raise InputError(
            f"workers is {workers} and scheduler is {scheduler!r}; give one of them, "
            "as a scheduler has its own workers"
        )
    try:
        from nvmcosim.studies.cluster import DaskExecutor
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"--scheduler needs {error.name}; install it with: pip install 'nvmcosim[cluster]'"
        ) from None
    return DaskExecutor(scheduler, display.show_workers)


class _Display:
    """The bar of the trainings, and a line for each that is done."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        columns = (TextColumn("{task.description}", markup=False), BarColumn())
        self._bar = Progress(
            *columns, MofNCompleteColumn(), Elapsed(), console=console(json_output=True)
        )
        self._task = self._bar.add_task("trainings", total=None)

    def __enter__(self) -> None:
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, line: str, done: int, total: int) -> None:
        """A training that is done."""
        self._bar.update(self._task, completed=done, total=total)
        self._bar.console.print(f"{done}/{total} {line}")

    def show_workers(self, count: int) -> None:
        """How many workers a scheduler has."""
        text = f"{count} worker{'' if count == 1 else 's'}" if count else "waiting for workers"
        self._bar.update(self._task, description=f"trainings, {text}")
        self._bar.console.print(text)


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
