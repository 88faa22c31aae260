"""What a cluster's worker does with a cell that it is sent."""

import os
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Reschedule, get_worker

from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies.cells import Cell, CellStore

__all__ = ["run_in_worker"]

#: Torch's number of threads is the whole process's, so a worker's threads take turns.
_TURN = threading.Lock()


def run_in_worker(pickled: bytes, mark: Path) -> dict[str, Any]:
    """The result of a cell, with its checkpoint beside `mark` if this worker sees that file.

    The cell stops at its next checkpoint if it is no longer wanted. An `InputError` says which
    worker it is of.
    """
    cell: Cell = pickle.loads(pickled)
    worker = get_worker()
    key = worker.get_current_task()

    def tick() -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise Reschedule

    with _TURN, _folder(mark, worker.local_directory) as folder:
        tick()
        try:
            return cell.run(CellStore(folder).checkpoint(cell.digest), tick)
        except InputError as error:
            raise type(error)(f"the worker at {worker.address}: {error}") from None


@contextmanager
def _folder(mark: Path, local: str) -> Iterator[Path]:
    """The client's folder where this worker can write to it, else a passing one of its own."""
    if os.access(mark.parent, os.W_OK) and mark.is_file():
        yield mark.parent
    else:
        with TemporaryDirectory(dir=local) as folder:
            yield Path(folder)
