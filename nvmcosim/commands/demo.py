"""`nvmcosim demo`: the whole flow once for one plan, and the page that shows it."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("demo")(demo)


def demo(
    plan: Annotated[
        Path | None,
        typer.Argument(metavar="PLAN", help="Plan file, .toml or .json; ono2021's own if none."),
    ] = None,
    out: OutDir = Path("out/demo"),
    data: DataDir = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Epochs of each training.")] = 5,
    train_images: Annotated[
        int | None, typer.Option("--train-images", min=1, help="Training images; all by default.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of every random draw; the plan's own.")
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Run PLAN from device curve to trained network, and write one page about it all.

    What an earlier run left in DIR and still holds is not done again.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from nvmcosim import load_plan
    from nvmcosim.demo import run_demo
    from nvmcosim.demo.steps import Report
    from nvmcosim.demo.training import TrainingSize
    from nvmcosim.pymodel.store_plan import StorePlan

    loaded = load_plan(_example() if plan is None else plan)
    if seed is not None and isinstance(loaded, StorePlan):
        loaded = loaded.replace(seed=seed)
    screen = console(json_output)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[what]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen) as progress:

        def begin(number: int, steps: int, title: str) -> Report:
            for task in progress.tasks:
                progress.update(task.id, total=1, completed=1, what="")
                progress.stop_task(task.id)
            task_id = progress.add_task(f"[{number}/{steps}] {title}", total=None, what="")

            def report(done: float, total: float, what: str) -> None:
                shown = f"{done:g} of {total:g} {what}"
                progress.update(task_id, completed=done, total=total, what=shown)

            return report

        summary = run_demo(loaded, out, begin, data=data, size=TrainingSize(epochs, train_images))
        for task in progress.tasks:
            progress.update(task.id, total=1, completed=1, what="")
    if json_output:
        emit_json(summary)
        return
    for sentence in summary["missing"]:
        screen.print(f"left out: {sentence}", soft_wrap=True)
    reused = [step["name"] for step in summary["steps"] if step["outcome"] == "reused"]
    if reused:
        screen.print(f"reused: {', '.join(reused)}", soft_wrap=True, markup=False)
    for name, line in summary["views"].items():
        screen.print(f"{name:<9}{line}", soft_wrap=True)
    screen.print(f"page: {summary['page']}", soft_wrap=True)


def _example() -> Path:
    """ono2021's plan: the one in the checkout we are in, where it may be edited; else our own."""
    here = Path("examples") / "ono2021.toml"
    return here if here.is_file() else Path(__file__).parents[1] / here
