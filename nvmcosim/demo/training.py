"""The demo's training: ono2021's MP on MNIST, on plans around the plan, on each device."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.demo.neighbours import neighbour, short_pulses, splits, where
from nvmcosim.demo.steps import Report, source_digest
from nvmcosim.pymodel.curve import load_curve
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["NETWORK", "PAPER_EPOCHS", "TRAINING_SOURCES", "TrainingSize", "training_result"]

#: The network of ono2021's Table II that trains in seconds, and the paper's epochs for it.
NETWORK = "mp"
PAPER_EPOCHS = 20
#: What a trained point depends on.
TRAINING_SOURCES = ("pymodel", "training", "networks", "datasets", "studies/training_cells")


@dataclass(frozen=True)
class TrainingSize:
    """How much is trained: epochs, and training images (None is all)."""

    epochs: int = 5
    train_images: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "train_images"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value!r}; it must be at least 1")


@dataclass(frozen=True)
class _Point:
    """One training run: a plan on a curve; `bsp` None is the baseline."""

    plan: StorePlan
    curve_file: Path
    bsp: int | None
    short_ps: int


def training_result(
    plan: StorePlan,
    curve_files: Sequence[Path],
    folder: Path,
    size: TrainingSize,
    data: str | None,
    report: Report,
) -> dict[str, Any]:
    """The `training` result file: accuracy and energy by BSP and T_R, a column a curve.

    Every run is kept under `folder/points` and taken from there when it was done before, so an
    interrupted sweep goes on, and another plan shares what it has in common with this one. Raises
    `MissingTool` without torch or MNIST.
    """
    _require_torch()
    from nvmcosim.networks import NETWORKS
    from nvmcosim.provenance import provenance
    from nvmcosim.studies.training_cells import images_for

    entry = NETWORKS[NETWORK]
    images = images_for(NETWORK, data, None, None)
    points = [point for file in curve_files for point in _points_on(plan, file)]
    results = _trained(points, folder / "points", size, plan.seed, data, report)
    columns = []
    for file in curve_files:
        own = [(p, r) for p, r in zip(points, results, strict=True) if p.curve_file == file]
        columns.append(_column(plan, file, own))
    return {
        "view": "training",
        "plan_digest": plan.digest(),
        "network": "MP",
        "dataset": images.label,
        "parameters": entry.parameters,
        "train_size": size.train_images or len(images.train_labels),
        "full_size": len(images.train_labels),
        "test_size": len(images.test_labels),
        "epochs": size.epochs,
        "paper_epochs": PAPER_EPOCHS,
        "columns": columns,
        "provenance": provenance(
            plan.seed, plan=plan.to_dict(), epochs=size.epochs, images=images.provenance()
        ),
    }


def _points_on(plan: StorePlan, curve_file: Path) -> list[_Point]:
    full = plan.in_full()
    longest = full.domains[0].pulse_ps
    found: dict[tuple[int | None, int], StorePlan] = {(None, longest): full}
    for bsp in splits(plan):
        for short in short_pulses(plan, longest):
            found[bsp, short] = neighbour(plan, bsp, short)
    found[where(plan)] = plan
    return [_Point(p, curve_file, bsp, short) for (bsp, short), p in found.items()]


def _trained(
    points: Sequence[_Point],
    folder: Path,
    size: TrainingSize,
    seed: int,
    data: str | None,
    report: Report,
) -> list[dict[str, Any]]:
    """The results of `points`, those that `folder` does not have trained, a process a core."""
    from nvmcosim.studies.cells import CellStore, run_cells
    from nvmcosim.studies.executors import local_executor, usable_processors
    from nvmcosim.studies.training_cells import TrainingCell
    from nvmcosim.training import TrainingConfig

    cells = []
    for point in points:
        plan = point.plan.replace(device=str(point.curve_file))
        config = TrainingConfig(NETWORK, plan, epochs=size.epochs, seed=seed)
        cells.append(TrainingCell(config, size.train_images, data=data))
    # Different splits can come to the same plan.
    unique = list(dict.fromkeys(cells))
    # Results of other code are not these results.
    store = CellStore(folder / source_digest(*TRAINING_SOURCES)[:16])
    done = 0

    def progress(_: object) -> None:
        nonlocal done
        done += 1
        report(done, len(unique), "runs")

    report(0, len(unique), "runs")
    run_cells(unique, store, local_executor(usable_processors()), progress)
    return [_summary(store.get(cell.digest) or {}) for cell in cells]


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """What the page needs of one run's result; `saved` is against every bit's longest pulse."""
    ledger, history = result["ledger"], result["history"]
    return {
        "accuracy": history[-1]["test_accuracy"],
        "by_epoch": [record["test_accuracy"] for record in history],
        "energy": sum(ledger["energy_mtj"]) + sum(ledger["energy_driver"]),
        "saved": 1 - ledger["relative_energy"],
        "failed_bits": sum(ledger["failed_bits"]),
        "stored_words": ledger["words"],
    }


def _column(
    plan: StorePlan, curve_file: Path, runs: list[tuple[_Point, dict[str, Any]]]
) -> dict[str, Any]:
    curve = load_curve(curve_file)
    points = []
    baseline: dict[str, Any] = {}
    for point, result in runs:
        if point.bsp is None:
            baseline = result
            continue
        values = {"bsp": point.bsp, "short_ps": point.short_ps, **result}
        values |= {"plan_digest": point.plan.digest(), "planned": point.plan == plan}
        points.append(values)
    return {
        "device": curve.device,
        "curve_digest": curve.digest,
        "energy_unit": curve.energy_unit,
        "baseline": baseline,
        "points": points,
    }


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingTool(
            "training needs torch; install it with: pip install 'nvmcosim[torch]'"
        ) from None
