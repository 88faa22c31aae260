"""`nvmcosim report`: one self-contained page from a folder of result files."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import JsonFlag, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("report")(report)


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of result files.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for index.html; by default DIR."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the page.")] = "",
    json_output: JsonFlag = False,
) -> None:
    """Show the result files in DIR (plans, curves, RTL, cosimulation, studies) as one HTML page."""
    from nvmcosim.pymodel.files import write_text
    from nvmcosim.report import load_results, render_page

    results = load_results(folder)
    page = write_text((folder if out is None else out) / "index.html", render_page(results, title))
    left_out = [*results.missing, *results.refused]
    if json_output:
        emit_json({"page": str(page), "left_out": left_out})
        return
    for sentence in left_out:
        console().print(f"left out: {sentence}", soft_wrap=True)
    console().print(f"page: {page}", soft_wrap=True)
