"""What all studies do alike: train the runs that are left, and tell how it goes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nvmcosim.studies.cells import Cell, CellStore, Executor, run_cells

__all__ = ["Progress", "final_accuracy", "train_cells"]

#: Called with a line, how many runs are done, and how many there are.
Progress = Callable[[str, int, int], None]


def final_accuracy(result: Mapping[str, Any]) -> float:
    """Test accuracy in percent after a run's last epoch."""
    return 100 * result["history"][-1]["test_accuracy"]


def train_cells(
    cells: Iterable[Cell], store: CellStore, executor: Executor, progress: Progress | None
) -> None:
    """Run those of `cells` that `store` has no result of, each once; tell of each when done."""
    # Parts of a study share cells where they coincide.
    unique = {cell.digest: cell for cell in cells}
    done = 0

    def notify(cell: Cell) -> None:
        nonlocal done
        done += 1
        result = store.get(cell.digest)
        if progress is not None and result is not None:
            progress(f"{cell.title}: {final_accuracy(result):.2f}%", done, len(unique))

    run_cells(list(unique.values()), store, executor, notify)
