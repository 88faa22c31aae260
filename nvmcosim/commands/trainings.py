"""How commands that train say where, and show what is done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import console

__all__ = ["Scheduler", "TrainingsDisplay", "Workers", "run_trainings", "worker_data"]

Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Trainings at a time; a core each.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", help="Train on a Dask scheduler's workers: tcp://host:8786, or its file."
    ),
]


def worker_data(data: str | None, scheduler: str | None) -> str | None:
    """The same data folders for a scheduler's workers, which run in another folder."""
    if data is None or scheduler is None:
        return data
    return os.pathsep.join(str(Path(part).absolute()) for part in data.split(os.pathsep) if part)


def run_trainings(
    run: Callable[[Any, Callable[[str, int, int], None], Any], dict[str, Any]],
    options: Any,
    workers: int | None,
    scheduler: str | None,
) -> dict[str, Any]:
    """What `run(options, progress, executor)` gives, trainings shown as they are done.

    Raises `InputError` or `MissingTool` for an executor that cannot be.
    """
    display = TrainingsDisplay()
    executor = _executor(workers, scheduler, display)
    with display:
        return run(options, display.show, executor)


def _executor(workers: int | None, scheduler: str | None, display: "TrainingsDisplay") -> Any:
    """Where trainings run."""
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


class TrainingsDisplay:
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
        # Where nothing was to be trained no bar is left behind.
        self._bar.update(self._task, visible=self._bar.tasks[0].total is not None)
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
