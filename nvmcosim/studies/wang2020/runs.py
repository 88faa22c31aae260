"""The cells of wang2020's network: which there are, and what is there of their results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.studies.cells import Cell, CellStore, Executor
from nvmcosim.studies.frame import Progress, train_cells
from nvmcosim.studies.wang2020.training import ExactCell, LenetCell, LenetSize

__all__ = ["network_cells", "network_results"]


def network_cells(quick: bool, seed: int, data: str | None) -> dict[str, Cell]:
    """A training and a check for each format; a part of the images and few samples if `quick`."""
    size = LenetSize(2_048, 500, 2) if quick else LenetSize()
    cells: dict[str, Cell] = {}
    for name in FORMATS:
        cells[f"lenet/{name}"] = LenetCell(name, size, seed, data)
        steps, positions = ((1,), 4) if quick else ((1, 100), 32)
        cells[f"exact/{name}"] = ExactCell(name, steps, positions, seed, data)
    return cells


def network_results(
    cells: Mapping[str, Cell],
    out: Path,
    executor: Executor,
    progress: Progress | None = None,
    train: bool = True,
) -> dict[str, dict[str, Any]]:
    """Results of `cells` by name, kept in `out`; those that are left are run if `train`."""
    store = CellStore(out / "cells")
    if train:
        train_cells(cells.values(), store, executor, progress, _said)
    found = {name: store.get(cell.digest) for name, cell in cells.items()}
    return {name: result for name, result in found.items() if result is not None}


def _said(result: Mapping[str, Any]) -> str:
    if "accuracy" in result:
        return f"{result['accuracy'][-1]:.2f}%"
    return f"{sum(differ for _, differ in result['counts'].values())} values differ"
