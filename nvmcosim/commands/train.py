"""`nvmcosim train`: train a network whose parameters live in a plan's memory."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands import training_options as training
from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed, console, emit_json

if TYPE_CHECKING:
    from nvmcosim.pymodel.layer_plan import LayerPlan
    from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("train")(train)


def train(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file, .toml or .json.")],
    network: Annotated[
        str, typer.Option("--network", help="A name that `nvmcosim list` gives.")
    ] = "mp",
    epochs: training.Epochs = 20,
    batch: training.Batch = 128,
    optimizer: training.Optimizer = "adam",
    rate: training.LearningRate = None,
    every: training.StoreEvery = "epoch",
    loss: training.Loss = "cross-entropy",
    initialisation: training.Initialisation = "glorot",
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
    loaded = _trainable(plan)
    config = training.training_config(
        network, loaded, epochs, batch, optimizer, rate, every, loss, initialisation, seed
    )
    _prepare_torch(device, threads)
    from nvmcosim.datasets import load_dataset
    from nvmcosim.devices import curve_for
    from nvmcosim.networks import NETWORKS
    from nvmcosim.provenance import provenance
    from nvmcosim.pymodel.files import write_json
    from nvmcosim.training import train as run

    curve = curve_for(loaded)
    found = load_dataset(NETWORKS[network].dataset, data).subset(images)
    result = run(config, found, curve, out / "checkpoint.pt", _progress(epochs), device)
    result["provenance"] = provenance(seed, threads=_threads(), device=device)
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


def _trainable(path: Path) -> "StorePlan | LayerPlan":
    """The plan in a file that torch, which there must be, can train with; raises `InputError`."""
    from importlib.util import find_spec

    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.errors import InputError, MissingTool
    from nvmcosim.pymodel.layer_plan import LayerPlan
    from nvmcosim.pymodel.store_plan import StorePlan

    loaded = load_plan(path)
    if not isinstance(loaded, StorePlan | LayerPlan):
        raise InputError(
            f"{path} is a {loaded.kind} plan; this command takes store and store-layers plans, and "
            "nvmcosim.PcmMemory trains with a line plan"
        )
    if find_spec("torch") is None:
        raise MissingTool("training needs torch; install it with: pip install 'nvmcosim[torch]'")
    return loaded


def _progress(epochs: int) -> Callable[[Any], None]:
    screen = console(json_output=True)

    def show(record: Any) -> None:
        screen.print(
            f"epoch {record.epoch}/{epochs}: loss {record.train_loss:.4f}, "
            f"test accuracy {100 * record.test_accuracy:.2f}%, {record.failed_bits:,} failed bits"
        )

    return show


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _prepare_torch(device: str, threads: int | None) -> None:
    """Set torch's threads; raises `InputError` for a device that it cannot use here."""
    import torch

    from nvmcosim.pymodel.errors import InputError

    try:
        # An item, as a device that keeps no values (`meta`) makes tensors too.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"device is {device!r}, which torch cannot use here: {first}") from None
    if threads is not None:
        torch.set_num_threads(threads)
