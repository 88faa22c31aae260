"""`nvmcosim optimize`: the plan of least write energy for a network and an accuracy budget."""

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
    terminable,
)
from nvmcosim.commands.trainings import (
    Scheduler,
    TrainingsDisplay,
    Workers,
    training_executor,
    worker_data,
)

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
    every: Annotated[
        str, typer.Option("--every", help="epoch, step, or a number of steps: when to store.")
    ] = "epoch",
    loss: Annotated[
        str, typer.Option("--loss", help="cross-entropy, or squared of tanh outputs.")
    ] = "cross-entropy",
    initialisation: Annotated[
        str, typer.Option("--init", help="How weights start: glorot, lecun or torch.")
    ] = "glorot",
    train_images: Annotated[
        int | None, typer.Option("--train-images", min=1, help="Of the final test; all if none.")
    ] = None,
    check_images: Annotated[
        int | None, typer.Option("--check-images", min=1, help="That plans are chosen by; as many.")
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
    judge: Annotated[
        str, typer.Option("--judge", help="What plans are learnt by: accuracy or cross-entropy.")
    ] = "accuracy",
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
    workers: Workers = None,
    scheduler: Scheduler = None,
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
        from nvmcosim.optimize.options import OptimizeOptions
        from nvmcosim.optimize.run import run_optimize
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
        "check_images": check_images,
        "screen_images": screen_images,
        "held_out": held_out,
        "check_seeds": check_seeds,
        "test_seeds": test_seeds,
        "steps": steps,
        "front_points": front_points,
    }
    chosen = {name: value for name, value in stated.items() if value is not None}
    config = TrainingConfig(
        network,
        plan,
        epochs,
        batch,
        optimizer,
        rate,
        seed,
        every=int(every) if every.isdecimal() else every,
        loss=loss,
        initialisation=initialisation,
    )
    options = OptimizeOptions(
        config,
        budget,
        out,
        step_ps,
        longest_ps,
        per_layer,
        seed=seed,
        confidence=confidence,
        judge=judge,
        data=worker_data(data, scheduler),
        against=_plans(against or []),
        **{**(_QUICK if quick else {}), **chosen},
    )
    display = TrainingsDisplay()
    executor = training_executor(workers, scheduler, display)
    with terminable(), display:
        values = run_optimize(options, display.show, executor)
    if json_output:
        emit_json(values)
        return
    _print(values, out)


def _plans(paths: list[Path]) -> dict[str, Any]:
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.store_plan import StorePlan

    found = {}
    for path in paths:
        plan = load_plan(path)
        if not isinstance(plan, StorePlan):
            raise InputError(f"{path} is a {plan.kind} plan; --against takes store plans")
        found[path.stem] = plan
    return found


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
        f"{entry['plan']} against {entry['against']}: "
        f"{entry['saved_of_it_percent']:.1f}% less energy, loses "
        f"{entry['difference']:+.2f} points more"
    )
    if entry["interval"] is not None:
        low, high = entry["interval"]
        text += f" (95%: {low:+.2f} to {high:+.2f}, {entry['n']} seeds)"
    return f"{text}: {entry['verdict']}"
