"""Options that every command shares, and how a command prints its result and is ended."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from nvmcosim.pymodel.errors import InputError

__all__ = ["DataDir", "JsonFlag", "OutDir", "Seed", "console", "emit_json", "terminable"]


def _writable(folder: Path) -> Path:
    """Refuse a folder that cannot be written to before any work is done for it."""
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(f"out is {str(folder)!r}; {nearest} is no folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"out is {str(folder)!r}; {nearest} cannot be written to")
    return folder


OutDir = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder for what is written.", callback=_writable),
]
DataDir = Annotated[
    str | None,
    typer.Option("--data", metavar="DIR", help="Folder with data sets; also NVMCOSIM_DATA."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every random draw.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def console(json_output: bool = False) -> Console:
    """Where a person reads progress and results: standard error when `--json` takes the output.

    What is printed is text: a name such as `[red]` is shown, not obeyed.
    """
    return Console(file=sys.stderr if json_output else sys.stdout, highlight=False, markup=False)


def emit_json(value: dict[str, Any]) -> None:
    """Print `value` as the command's one JSON object."""
    print(json.dumps(value, allow_nan=False))


@contextmanager
def terminable() -> Iterator[None]:
    """A SIGTERM, as a batch system sends it, ends what runs in here as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
