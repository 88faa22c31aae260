"""`nvmcosim optimize`: the plan of least write energy for a network and an accuracy budget."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed, console, emit_json

__all__ = ["register"]

#: `--quick`: what it sets where the user did not.
_QUICK = {
    "train_images": 6000,
    "screen_images": 2000,
    "held_out": 2000,
    "check_seeds": 2,
    "test_seeds": 3,
    "steps": 5,
    "front_points": 2,
}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("optimize")(optimize)


def optimize(
    network: Annotated[str, typer.Argument(help="A network, such as mp.")],
    device: Annotated[
        str, typer.Option("--device", help="A law, a junction, a device or a curve file.")
    ],
    budget: Annotated[float, typer.Option("--budget", help="Points of accuracy that may be lost.")],
    format: Annotated[str, typer.Option("--format", help="Of a stored word.")] = "bf16",
    grid: Annotated[str, typer.Option("--grid", help="Step of the pulses.")] = "5 ns",
    longest: Annotated[
        str | None,
        typer.Option("--longest", help="Pulse of an exact write; fails once in 10,000 if none."),
    ] = None,
    per_layer: Annotated[
        bool, typer.Option("--per-layer", help="A plan of its own for each layer.")
    ] = False,
    initial: Annotated[
        str, typer.Option("--initial", help="What memory holds at first: zeros or weights.")
    ] = "zeros",
    epochs: Annotated[int, typer.Option("--epochs", min=1)] = 20,
    batch: Annotated[int, typer.Option("--batch", min=1)] = 128,
    optimizer: Annotated[str, typer.Option("--optimizer", help="adam or sgd.")] = "adam",
    rate: Annotated[
        float | None, typer.Option("--lr", help="Learning rate; 0.001 for adam, 0.1 for sgd.")
    ] = None,
    train_images: Annotated[
        int | None, typer.Option("--train-images", min=1, help="All but those held out if none.")
    ] = None,
    screen_images: Annotated[
        int | None, typer.Option("--screen-images", min=1, help="Of trainings that screen bits.")
    ] = None,
    held_out: Annotated[
        int | None,
        typer.Option("--held-out", min=1, help="Training images that judge plans."),
    ] = None,
    check_seeds: Annotated[
        int | None,
        typer.Option("--check-seeds", min=1, help="To keep the budget with."),
    ] = None,
    test_seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Of the final test; others than those.")
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", help="That the mean loss keeps the budget.")
    ] = 0.95,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Plans tried at most in a refinement.")
    ] = None,
    front_points: Annotated[
        int | None, typer.Option("--front-points", min=0, help="Plans of the front tested as well.")
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="PLAN", help="Store plans to compare with; repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small subsets and few seeds: a first look.")
    ] = False,
    seed: Seed = 0,
    data: DataDir = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Trainings at a time; a core each.")
    ] = None,
    out: OutDir = Path("out/optimize"),
    json_output: JsonFlag = False,
) -> None:
    """Find the plan that writes with the least energy and loses at most --budget points.

    Writes plan.json, which every other command takes, front.json and plots/front.svg. Interrupted,
    the same command goes on with the trainings that are left.
    """
    from nvmcosim.pymodel.errors import MissingTool
    from nvmcosim.pymodel.formats import number_format
    from nvmcosim.pymodel.store_plan import Domain, StorePlan
    from nvmcosim.pymodel.units import picoseconds

    try:
        from nvmcosim.optimize.run import OptimizeOptions, run_optimize
        from nvmcosim.studies.cells import usable_processors
        from nvmcosim.training import TrainingConfig
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"optimize needs {error.name}; install it with: pip install 'nvmcosim[torch,plot]'"
        ) from None
    step_ps = picoseconds(grid, "grid")
    longest_ps = None if longest is None else picoseconds(longest, "longest")
    whole = (Domain(number_format(format).width, 0),)
    plan = StorePlan(format, whole, device, tick_ps=step_ps, seed=seed, initial=initial)
    stated = {
        "train_images": train_images,
        "screen_images": screen_images,
        "held_out": held_out,
        "check_seeds": check_seeds,
        "test_seeds": test_seeds,
        "steps": steps,
        "front_points": front_points,
    }
    chosen = {name: value for name, value in stated.items() if value is not None}
    options = OptimizeOptions(
        TrainingConfig(network, plan, epochs, batch, optimizer, rate, seed),
        budget,
        out,
        step_ps,
        longest_ps,
        per_layer,
        seed=seed,
        confidence=confidence,
        data=data,
        workers=workers or usable_processors(),
        against=_plans(against or []),
        **{**(_QUICK if quick else {}), **chosen},
    )
    values = _with_progress(run_optimize, options)
    if json_output:
        emit_json(values)
        return
    _print(values, out)


def _plans(paths: list[Path]) -> dict[str, Any]:
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.plan import load_plan
    from nvmcosim.pymodel.store_plan import StorePlan

    found = {}
    for path in paths:
        plan = load_plan(path)
        if not isinstance(plan, StorePlan):
            raise InputError(f"{path} is a {plan.kind} plan; --against takes store plans")
        found[path.stem] = plan
    return found


def _with_progress(run: Any, options: Any) -> dict[str, Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    screen = console(json_output=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=screen) as bar:
        task = bar.add_task("trainings", total=None)

        def show(stage: str, line: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)
            bar.console.print(f"{stage} {done}/{total} {line}")

        return run(options, show)


def _print(values: dict[str, Any], out: Path) -> None:
    from rich.table import Table

    screen = console()
    table = Table(title=values["title"])
    for column in ("plan", "write energy", "accuracy", "loss (points)", "n"):
        table.add_column(column, overflow="fold")
    for row in values["tested"]:
        spread = "" if row["spread"] is None else f" ± {row['spread']:.2f}"
        table.add_row(
            row["name"],
            f"{100 * row['relative_energy']:.2f}%",
            f"{row['accuracy_percent']:.2f}%",
            f"{row['loss']:.2f}{spread}",
            str(row["n"]),
        )
    screen.print(table)
    for entry in values["comparisons"]:
        screen.print(_sentence(entry), soft_wrap=True)
    for warning in values["warnings"]:
        screen.print(f"note: {warning}", soft_wrap=True)
    screen.print(
        f"written: {out}/plan.json, {out}/front.json, {out}/plots/front.svg", soft_wrap=True
    )


def _sentence(entry: dict[str, Any]) -> str:
    text = (
        f"against {entry['against']}: {entry['saved_of_it_percent']:.1f}% less energy, loses "
        f"{entry['difference']:+.2f} points more"
    )
    if entry["interval"] is not None:
        low, high = entry["interval"]
        text += f" (95%: {low:+.2f} to {high:+.2f}, {entry['n']} seeds)"
    return f"{text}: {entry['verdict']}"
