"""Executors of one machine: cells in this process or in several."""

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies.cells import Cell, CellStore, Executor, Results

__all__ = ["InProcess", "LocalProcesses", "local_executor", "usable_processors"]

#: How often workers are replaced without any cell done between before the study gives up.
_RESTARTS = 3


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def local_executor(workers: int) -> Executor:
    """`workers` cells at a time on this machine; one worker is this process itself."""
    return InProcess() if workers == 1 else LocalProcesses(workers)


@dataclass(frozen=True)
class InProcess:
    """One cell after the other in this process."""

    def run(self, cells: Sequence[Cell], store: CellStore) -> Results:
        """Run `cells` in their order."""
        for cell in cells:
            yield cell, cell.run(store.checkpoint(cell.digest))


@dataclass(frozen=True)
class LocalProcesses:
    """Cells in `workers` processes of this machine; those that are killed are replaced.

    Raises `InputError` if `workers` is not 1 to 1000.
    """

    workers: int

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 1000:
            raise InputError(f"workers is {self.workers!r}; it must be 1 to 1000")

    def run(self, cells: Sequence[Cell], store: CellStore) -> Results:
        """Run `cells`; raises `InputError` if workers keep being killed."""
        left = list(cells)
        in_vain = 0
        while in_vain < _RESTARTS:
            in_vain += 1
            try:
                for cell, result in self._until_one_is_killed(left, store):
                    left.remove(cell)
                    in_vain = 0
                    yield cell, result
                return
            except BrokenProcessPool:
                continue
        raise InputError(
            "workers are killed again and again, perhaps for want of memory; use fewer workers"
        )

    def _until_one_is_killed(self, cells: Sequence[Cell], store: CellStore) -> Results:
        waiting = list(cells)
        running: dict[Future[dict[str, Any]], Cell] = {}
        # A fresh interpreter each: threads of torch and numba do not survive a fork.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_die_with, initargs=(os.getpid(),)
        )
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    cell = waiting.pop(0)
                    running[pool.submit(_run, cell, store.checkpoint(cell.digest))] = cell
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                # A killed worker fails the others' cells too; results that came before it count.
                for future in sorted(done, key=lambda one: one.exception() is not None):
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in _processes(pool):
                process.terminate()


def _die_with(parent: int) -> None:
    """End this worker when the process `parent` is gone, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run(cell: Cell, checkpoint: Path) -> dict[str, Any]:
    return cell.run(checkpoint)


def _processes(pool: ProcessPoolExecutor) -> list[Any]:
    # Without this an interrupted study would wait for cells that take an hour.
    return list((getattr(pool, "_processes", None) or {}).values())
