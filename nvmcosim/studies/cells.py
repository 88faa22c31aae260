"""Cells: the independent runs of a study, each kept when it is done.

A cell knows the digest of all that determines its result. Its result is kept under that digest as
soon as it is there, so that a study that was interrupted, or lost a worker, goes on with the cells
that are left; and two studies that share a cell share its result.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import read_json, write_json

__all__ = ["Cell", "CellStore", "run_cells"]

#: How often workers that were killed are replaced before the study gives up.
_RESTARTS = 3


class Cell(Protocol):
    """One run of a study; it must pickle if more than one worker is used."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        ...

    @property
    def title(self) -> str:
        """What a progress display calls it."""
        ...

    def run(self, checkpoint: Path) -> dict[str, Any]:
        """Do it, going on from `checkpoint` if there is one; the result as JSON-ready values."""
        ...


class CellStore:
    """The results of cells in `folder`, one JSON file each, and the checkpoints of those begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> dict[str, Any] | None:
        """The result kept under `digest`, or None; a damaged file is as none."""
        path = self._path(digest, "json")
        if not path.is_file():
            return None
        try:
            values = read_json(path)
        except InputError:
            return None
        return values["result"] if values.get("digest") == digest else None

    def put(self, digest: str, result: dict[str, Any]) -> None:
        """Keep `result` and drop the checkpoint."""
        write_json(self._path(digest, "json"), {"digest": digest, "result": result})
        self.checkpoint(digest).unlink(missing_ok=True)

    def checkpoint(self, digest: str) -> Path:
        """Where the cell of `digest` keeps its state while it runs."""
        return self._path(digest, "pt")

    def _path(self, digest: str, ending: str) -> Path:
        return self.folder / f"{digest[:24]}.{ending}"


def run_cells(
    cells: Sequence[Cell],
    store: CellStore,
    workers: int = 1,
    progress: Callable[[Cell], None] | None = None,
) -> None:
    """Run those of `cells` that `store` has no result of, `workers` at a time, in their order.

    `progress` is called with each cell when its result is kept, at once for those kept before.
    One worker is this process itself. Raises `InputError` if workers keep being killed.
    """
    notify = progress or (lambda cell: None)
    left = []
    for cell in cells:
        if store.get(cell.digest) is None:
            left.append(cell)
        else:
            notify(cell)
    if workers == 1:
        for cell in left:
            _run_one(cell, store.folder)
            notify(cell)
        return
    for _ in range(_RESTARTS):
        try:
            for cell in _in_parallel(left, store, workers):
                left.remove(cell)
                notify(cell)
            return
        except BrokenProcessPool:
            continue
    raise InputError(
        "workers are killed again and again, perhaps for want of memory; use fewer workers"
    )


def _run_one(cell: Cell, folder: Path) -> None:
    store = CellStore(folder)
    store.put(cell.digest, cell.run(store.checkpoint(cell.digest)))


def _in_parallel(cells: Sequence[Cell], store: CellStore, workers: int) -> Iterator[Cell]:
    waiting = list(cells)
    running: dict[Future[None], Cell] = {}
    # A fresh interpreter each: threads of torch and numba do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                cell = waiting.pop(0)
                running[pool.submit(_run_one, cell, store.folder)] = cell
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                yield running.pop(future)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in _processes(pool):
            process.terminate()


def _processes(pool: ProcessPoolExecutor) -> list[Any]:
    # Without this an interrupted study would wait for cells that take an hour.
    return list((getattr(pool, "_processes", None) or {}).values())


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
