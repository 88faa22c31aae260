"""`nvmcosim data`: which data sets are there, and fetching those that are not."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("data")(data)


def data(
    names: Annotated[list[str] | None, typer.Argument(help="Data sets; all if none.")] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is missing; this uses the network.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where --fetch puts them.")
    ] = None,
    data: DataDir = None,
    json_output: JsonFlag = False,
) -> None:
    """Check which data sets are there, and fetch those that are missing."""
    from nvmcosim import datasets
    from nvmcosim.pymodel.errors import InputError, MissingTool

    for name in names or ():
        if name not in datasets.DATASETS:
            known = ", ".join(datasets.DATASETS)
            raise InputError(f"the data set is {name!r}; it must be one of {known}")
    rows: list[dict[str, Any]] = []
    for name in names or datasets.DATASETS:
        try:
            found = datasets.fetch(name, out) if fetch else datasets.load_dataset(name, data)
        except MissingTool as error:
            rows.append({"name": name, "source": None, "reason": str(error)})
        else:
            rows.append({**found.provenance(), "source": found.source})
    if json_output:
        emit_json({"datasets": rows})
        return
    for row in rows:
        if row["source"] is None:
            console().print(row["reason"], soft_wrap=True)
        else:
            kind = "images" if "train_images" in row else "rows"
            console().print(
                f"{row['label']}: {row[f'train_{kind}']} + {row[f'test_{kind}']} {kind}, checked, "
                f"in {row['source']}",
                soft_wrap=True,
            )
