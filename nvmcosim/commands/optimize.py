"""`nvmcosim optimize`: the plan of least write energy for a network and an accuracy budget."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nvmcosim.commands import optimize_options as own
from nvmcosim.commands import training_options as training
from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed, console, emit_json
from nvmcosim.commands.trainings import Scheduler, Workers, run_trainings, worker_data

if TYPE_CHECKING:
    from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("optimize")(optimize)


def optimize(
    network: own.Network,
    device: own.Device,
    budget: own.Budget,
    format: own.Format = "bf16",
    grid: own.Grid = "5 ns",
    longest: own.Longest = None,
    per_layer: own.PerLayer = False,
    initial: training.Initial = "zeros",
    epochs: training.Epochs = 20,
    batch: training.Batch = 128,
    optimizer: training.Optimizer = "adam",
    rate: training.LearningRate = None,
    every: training.StoreEvery = "epoch",
    loss: training.Loss = "cross-entropy",
    initialisation: training.Initialisation = "glorot",
    train_images: own.TrainImages = None,
    check_images: own.CheckImages = None,
    screen_images: own.ScreenImages = None,
    held_out: own.HeldOut = None,
    check_seeds: own.CheckSeeds = None,
    test_seeds: own.TestSeeds = None,
    sensitivity: own.SensitivityName = "accuracy",
    confidence: own.Confidence = 0.95,
    steps: own.Steps = None,
    front_points: own.FrontPoints = None,
    against: own.Against = None,
    quick: own.Quick = False,
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
    make_options, run_optimize = _needed()
    plan, step_ps, longest_ps = _grid_of(format, device, grid, longest, initial, seed)
    config = training.training_config(
        network, plan, epochs, batch, optimizer, rate, every, loss, initialisation, seed
    )
    options = make_options(
        config,
        budget,
        out,
        step_ps,
        longest_ps,
        per_layer,
        seed=seed,
        confidence=confidence,
        sensitivity=sensitivity,
        data=worker_data(data, scheduler),
        against=own.against_plans(against or []),
        **own.sizes(
            quick,
            train_images=train_images,
            check_images=check_images,
            screen_images=screen_images,
            held_out=held_out,
            check_seeds=check_seeds,
            test_seeds=test_seeds,
            steps=steps,
            front_points=front_points,
        ),
    )
    values = run_trainings(run_optimize, options, workers, scheduler)
    if json_output:
        emit_json(values)
        return
    _print(values, out)


def _needed() -> tuple[Any, Any]:
    """`OptimizeOptions` and `run_optimize`; raises `MissingTool` without torch or matplotlib."""
    from nvmcosim.pymodel.errors import MissingTool

    try:
        from nvmcosim.optimize.options import OptimizeOptions
        from nvmcosim.optimize.run import run_optimize
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"optimize needs {error.name}; install it with: pip install 'nvmcosim[torch,plot]'"
        ) from None
    return OptimizeOptions, run_optimize


def _grid_of(
    format: str, device: str, grid: str, longest: str | None, initial: str, seed: int
) -> tuple["StorePlan", int, int | None]:
    """A plan that states all but pulses, the step of the grid and the longest pulse, in ps."""
    from nvmcosim.pymodel.formats import number_format
    from nvmcosim.pymodel.store_plan import Domain, StorePlan
    from nvmcosim.pymodel.units import check_whole, picoseconds

    step_ps = picoseconds(grid, "grid")
    check_whole(step_ps, "grid in ps", 1, 10**6)
    longest_ps = None if longest is None else picoseconds(longest, "longest")
    whole = (Domain(number_format(format).width, 0),)
    plan = StorePlan(format, whole, device, tick_ps=step_ps, seed=seed, initial=initial)
    return plan, step_ps, longest_ps


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
    text = f"{entry['plan']} against {entry['against']}: {entry['verdict']}"
    if entry["verdict"] == "the same plan":
        return text
    saved, more = entry["saved_of_it_percent"], entry["difference"]
    text += f", {abs(saved):.1f}% {'less' if saved >= 0 else 'more'} energy, "
    text += f"{abs(more):.2f} points {'more' if more >= 0 else 'less'} lost"
    if entry["interval"] is not None:
        low, high = entry["interval"]
        text += f" (95%: {low:+.2f} to {high:+.2f}, {entry['n']} seeds)"
    return text
