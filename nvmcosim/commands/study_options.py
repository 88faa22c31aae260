"""What the commands of all studies share: options, workers, progress, and the printed figures."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import console, emit_json

__all__ = [
    "Display",
    "Epochs",
    "Quick",
    "Scheduler",
    "Seeds",
    "Train",
    "Workers",
    "absolute",
    "executor_of",
    "names",
    "needed",
    "show_result",
]

Quick = Annotated[
    bool, typer.Option("--quick", help="Small subsets, minutes on two cores; says so.")
]
Seeds = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Runs a setting; fewer with --quick.")
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="The paper's if none.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Trainings at a time; a core each.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", help="Train on a Dask scheduler's workers: tcp://host:8786, or its file."
    ),
]
Train = Annotated[bool, typer.Option(help="--no-train takes only the runs that are done already.")]


def needed(error: ModuleNotFoundError) -> Exception:
    """What to tell a user who has not installed what studies need."""
    from nvmcosim.pymodel.errors import MissingTool

    return MissingTool(
        f"a study needs {error.name}; install it with: pip install 'nvmcosim[torch,plot]'"
    )


def names(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def absolute(data: str | None) -> str | None:
    """The same folders for a worker, which runs in another folder."""
    if data is None:
        return None
    return os.pathsep.join(str(Path(part).absolute()) for part in data.split(os.pathsep) if part)


def executor_of(workers: int | None, scheduler: str | None, display: "Display") -> Any:
    """Where the trainings run: in processes of this machine, or on a scheduler's workers."""
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


class Display:
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


def show_result(values: dict[str, Any], out: Path, json_output: bool) -> None:
    """Print each figure's verdict, or all values as one JSON object."""
    if json_output:
        emit_json(values)
        return
    _print_figures(values)
    console().print(f"written: {out}/study.json and {len(values['plots'])} plots", soft_wrap=True)


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
