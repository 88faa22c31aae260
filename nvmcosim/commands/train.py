"""`nvmcosim train`: train a network whose parameters live in a plan's memory."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("train")(train)


def train(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file, .toml or .json.")],
    network: Annotated[
        str, typer.Option("--network", help="A name that `nvmcosim list` gives.")
    ] = "mp",
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
    seed: Seed = 0,
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Train on a random subset.")
    ] = None,
    data: DataDir = None,
    device: Annotated[
        str, typer.Option("--device", help="cpu, or what torch calls a GPU.")
    ] = "cpu",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of torch; all if none.")
    ] = None,
    out: OutDir = Path("out/train"),
    json_output: JsonFlag = False,
) -> None:
    """Train a network in the memory; interrupted, the same command goes on from the last epoch."""
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.errors import InputError, MissingTool
    from nvmcosim.pymodel.layer_plan import LayerPlan
    from nvmcosim.pymodel.store_plan import StorePlan

    loaded = load_plan(plan)
    if not isinstance(loaded, StorePlan | LayerPlan):
        raise InputError(
            f"{plan} is a {loaded.kind} plan; this command takes store and store-layers plans, and "
            "nvmcosim.PcmMemory trains with a line plan"
        )
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingTool(
            "training needs torch; install it with: pip install 'nvmcosim[torch]'"
        ) from None
    from nvmcosim.datasets import load_dataset
    from nvmcosim.devices import curve_for
    from nvmcosim.networks import NETWORKS
    from nvmcosim.pymodel.files import write_json
    from nvmcosim.training import TrainingConfig
    from nvmcosim.training import train as run

    config = TrainingConfig(
        network,
        loaded,
        epochs,
        batch,
        optimizer,
        rate,
        seed,
        every=int(every) if every.isdecimal() else every,
        loss=loss,
        initialisation=initialisation,
    )
    _check_device(device)
    curve = curve_for(loaded)
    found = load_dataset(NETWORKS[network].dataset, data).subset(images)
    if threads is not None:
        torch.set_num_threads(threads)
    from nvmcosim.provenance import provenance

    result = run(config, found, curve, out / "checkpoint.pt", _progress(epochs), device)
    result["provenance"] = provenance(seed, threads=torch.get_num_threads(), device=device)
    path = write_json(out / "training.json", result)
    if json_output:
        emit_json(result)
        return
    last = result["history"][-1]
    saved = 100 * (1 - result["ledger"]["relative_energy"])
    console().print(
        f"{NETWORKS[network].title} on {found.label}: {100 * last['test_accuracy']:.2f}% after "
        f"{epochs} epochs, {saved:.4g}% of the write energy saved; written: {path}",
        soft_wrap=True,
    )


def _progress(epochs: int) -> Any:
    screen = console(json_output=True)

    def show(record: Any) -> None:
        screen.print(
            f"epoch {record.epoch}/{epochs}: loss {record.train_loss:.4f}, "
            f"test accuracy {100 * record.test_accuracy:.2f}%, {record.failed_bits:,} failed bits"
        )

    return show


def _check_device(device: str) -> None:
    import torch

    from nvmcosim.pymodel.errors import InputError

    try:
        # An item, as a device that keeps no values (`meta`) makes tensors too.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"device is {device!r}, which torch cannot use here: {first}") from None
