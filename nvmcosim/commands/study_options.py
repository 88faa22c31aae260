"""What the commands of all studies share: options, and the printed figures."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import console, emit_json

__all__ = [
    "Epochs",
    "Quick",
    "Seeds",
    "Train",
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
        # Names are searched for, and copied: others wrap first.
        table.add_column(column, overflow="fold", no_wrap=column in ("figure", "verdict"))
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
