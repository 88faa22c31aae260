"""What all studies do alike: check what is chosen, run what is left, and tell how it goes."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies.cells import Cell, CellStore, Executor, run_cells

__all__ = ["Progress", "check_chosen", "final_accuracy", "train_cells"]

#: Called with a line, how many runs are done, and how many there are.
Progress = Callable[[str, int, int], None]


def check_chosen(what: str, chosen: Collection[str], known: Iterable[str]) -> None:
    """Raise `InputError` unless there are names in `chosen` and all are `known`.

    `what` is what one of them is called, such as `part`.
    """
    names = list(known)
    if not chosen:
        raise InputError(f"{what}s is empty; it must have some of {', '.join(names)}")
    for name in chosen:
        if name not in names:
            raise InputError(f"{what} is {name!r}; it must be one of {', '.join(names)}")


def final_accuracy(result: Mapping[str, Any]) -> float:
    """Test accuracy in percent after a run's last epoch."""
    return 100 * result["history"][-1]["test_accuracy"]


def _accuracy(result: Mapping[str, Any]) -> str:
    return f"{final_accuracy(result):.2f}%"


def train_cells(
    cells: Iterable[Cell],
    store: CellStore,
    executor: Executor,
    progress: Progress | None,
    said: Callable[[Mapping[str, Any]], str] = _accuracy,
) -> None:
    """Run those of `cells` that `store` has no result of, each once; tell of each when done.

    `said` is what a line says of a result, the last test accuracy if nothing else.
    """
    # Parts of a study share cells where they coincide.
    unique = {cell.digest: cell for cell in cells}
    done = 0

    def notify(cell: Cell) -> None:
        nonlocal done
        done += 1
        result = store.get(cell.digest)
        if progress is not None and result is not None:
            progress(f"{cell.title}: {said(result)}", done, len(unique))

    run_cells(list(unique.values()), store, executor, notify)
