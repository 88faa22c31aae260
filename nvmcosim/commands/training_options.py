"""Options that say how a network is trained, for every command that trains one."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nvmcosim.pymodel.layer_plan import LayerPlan
    from nvmcosim.pymodel.store_plan import StorePlan
    from nvmcosim.training import TrainingConfig

__all__ = [
    "Batch",
    "Epochs",
    "Initial",
    "Initialisation",
    "LearningRate",
    "Loss",
    "Optimizer",
    "StoreEvery",
    "training_config",
]

Epochs = Annotated[int, typer.Option("--epochs", min=1)]
Batch = Annotated[int, typer.Option("--batch", min=1)]
Optimizer = Annotated[str, typer.Option("--optimizer", help="adam or sgd.")]
LearningRate = Annotated[
    float | None, typer.Option("--lr", help="Learning rate; 0.001 for adam, 0.1 for sgd.")
]
StoreEvery = Annotated[
    str, typer.Option("--every", help="epoch, step, or a number of steps: when to store.")
]
Loss = Annotated[str, typer.Option("--loss", help="cross-entropy, or squared of tanh outputs.")]
Initialisation = Annotated[
    str, typer.Option("--init", help="How weights start: glorot, lecun or torch.")
]
Initial = Annotated[
    str, typer.Option("--initial", help="What memory holds at first: zeros or weights.")
]


def training_config(
    network: str,
    plan: "StorePlan | LayerPlan",
    epochs: int,
    batch: int,
    optimizer: str,
    rate: float | None,
    every: str,
    loss: str,
    initialisation: str,
    seed: int,
) -> "TrainingConfig":
    """The training that options state; raises `InputError`."""
    from nvmcosim.training import TrainingConfig

    return TrainingConfig(
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
