"""Options of `nvmcosim optimize` alone, and what `--quick` makes of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.pymodel.errors import InputError

__all__ = [
    "Against",
    "Budget",
    "CheckImages",
    "CheckSeeds",
    "Confidence",
    "Device",
    "Format",
    "FrontPoints",
    "Grid",
    "HeldOut",
    "Longest",
    "Network",
    "PerLayer",
    "Quick",
    "ScreenImages",
    "SensitivityName",
    "Steps",
    "TestSeeds",
    "TrainImages",
    "against_plans",
    "sizes",
]

Network = Annotated[str, typer.Argument(help="A network, such as mp.")]
Device = Annotated[
    str, typer.Option("--device", help="A law, a junction, a device or a curve file.")
]
Budget = Annotated[float, typer.Option("--budget", help="Points of accuracy that may be lost.")]
Format = Annotated[str, typer.Option("--format", help="Of a stored word.")]
Grid = Annotated[str, typer.Option("--grid", help="Step of the pulses.")]
Longest = Annotated[
    str | None,
    typer.Option("--longest", help="Pulse of an exact write; fails once in 10,000 if none."),
]
PerLayer = Annotated[bool, typer.Option("--per-layer", help="A plan of its own for each layer.")]
TrainImages = Annotated[
    int | None, typer.Option("--train-images", min=1, help="Of the final test; all if none.")
]
CheckImages = Annotated[
    int | None, typer.Option("--check-images", min=1, help="That plans are chosen by; as many.")
]
ScreenImages = Annotated[
    int | None, typer.Option("--screen-images", min=1, help="Of trainings that screen bits.")
]
HeldOut = Annotated[
    int | None, typer.Option("--held-out", min=1, help="Training images that judge plans.")
]
CheckSeeds = Annotated[
    int | None, typer.Option("--check-seeds", min=1, help="To keep the budget with.")
]
TestSeeds = Annotated[
    int | None, typer.Option("--seeds", min=1, help="Of the final test; others than those.")
]
SensitivityName = Annotated[
    str, typer.Option("--sensitivity", help="What tells a bit's worth: accuracy or damage.")
]
Confidence = Annotated[
    float, typer.Option("--confidence", help="That the mean loss keeps the budget.")
]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, help="Plans tried at most in a refinement.")
]
FrontPoints = Annotated[
    int | None, typer.Option("--front-points", min=0, help="Plans of the front tested as well.")
]
Against = Annotated[
    list[Path] | None,
    typer.Option("--against", metavar="PLAN", help="Store plans to compare with; repeatable."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Small subsets and few seeds: a first look.")]

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


def sizes(quick: bool, **stated: int | None) -> dict[str, Any]:
    """How much is trained and tried: what the user stated, and what `quick` sets beside it."""
    own = {name: value for name, value in stated.items() if value is not None}
    return {**(_QUICK if quick else {}), **own}


def against_plans(paths: list[Path]) -> dict[str, Any]:
    """The store plans in files, each named by its file; raises `InputError`."""
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.store_plan import StorePlan

    found: dict[str, Any] = {}
    for path in paths:
        plan = load_plan(path)
        if not isinstance(plan, StorePlan):
            raise InputError(f"{path} is a {plan.kind} plan; --against takes store plans")
        if path.stem in found:
            raise InputError(f"two of the plans would be called {path.stem}; rename one's file")
        found[path.stem] = plan
    return found
