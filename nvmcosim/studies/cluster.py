"""The executor of a cluster: cells on the workers of a Dask scheduler that is there already.

A cell travels to a worker and its result back; the client alone keeps results. A worker that sees
the store's folder keeps its checkpoint there, so that the cell of a worker that is killed goes on
from its last epoch on another; elsewhere the cell starts anew, with the same result. Dask pickles
what it sends, so its scheduler and workers can run any code here: name none that is not trusted.
"""

import asyncio
import logging
import struct
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import cloudpickle
from distributed import CancelledError, Client, Future, KilledWorker, Security, rpc

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import read_json, write_text
from nvmcosim.studies.cells import Cell, CellStore, Results
from nvmcosim.studies.cluster_worker import run_in_worker

__all__ = ["DaskExecutor"]

#: Pause between two looks at workers and runs.
_POLL_S = 0.2
#: A call that works everywhere and gives nvmcosim's version there.
_VERSION = (metadata.version, "nvmcosim")
#: What Dask makes of an address that is none (ValueError, TypeError), nobody there (OSError), and a
#: server of another protocol, whose first bytes it takes for the length of a message.
_NO_SCHEDULER = (OSError, ValueError, TypeError, KeyError, MemoryError, struct.error)


class _LostScheduler(InputError):
    """The scheduler is gone, or has dropped what it was given."""


@dataclass(frozen=True)
class DaskExecutor:
    """Cells on the workers of a Dask scheduler, one at a time on each.

    Fields:
        scheduler: its address, such as `tcp://host:8786`, or the path of its scheduler file.
        on_workers: called with the number of workers, at first and whenever it changes.
        timeout_s: how long the scheduler may take to answer.
        address: the scheduler's address, which `scheduler` is or its file states.

    Raises `InputError` if `scheduler` is neither.
    """

    scheduler: str
    on_workers: Callable[[int], None] = lambda count: None
    timeout_s: float = 10.0
    address: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", _address(self.scheduler))

    def run(self, cells: Sequence[Cell], store: CellStore) -> Results:
        """Run `cells`; waits for as long as there are no workers.

        A cell that fails ends the sweep, but those that run by then run to their end. Raises
        `InputError` if there is no such scheduler, if it is lost, if it or a worker has another
        version of nvmcosim, and for a cell that kills its workers.
        """
        with _quiet(), self._connected() as client, _mark(store.folder) as mark:
            yield from _Sweep(client, self.address, mark, self.on_workers).results(cells)

    def _connected(self) -> Client:
        try:
            kind = asyncio.run(asyncio.wait_for(_kind(self.address), self.timeout_s))
            if kind == "Scheduler":
                # Closing it takes back all that it has submitted.
                return Client(self.address, timeout=self.timeout_s, set_as_default=False)
        except _NO_SCHEDULER as error:
            why = str(error).splitlines()[:1] or [f"no answer in {self.timeout_s:g} s"]
            raise InputError(f"there is no Dask scheduler at {self.address}: {why[0]}") from None
        raise InputError(f"at {self.address} is a Dask {kind.lower()}, not a scheduler")


class _Sweep:
    """One run of `DaskExecutor`: what is connected, and which workers were checked."""

    def __init__(
        self, client: Client, address: str, mark: Path, on_workers: Callable[[int], None]
    ) -> None:
        self.client = client
        self.address = address
        self.mark = mark
        self.on_workers = on_workers
        self.lost = _LostScheduler(
            f"the scheduler at {address} was lost, or has dropped what it was given; "
            "every finished run is kept, and the same command goes on from there"
        )
        self._key = uuid.uuid4().hex[:8]
        self._checked: set[str] = set()
        self._count: int | None = None

    def results(self, cells: Sequence[Cell]) -> Results:
        self._check_scheduler()
        waiting = list(cells)
        running: dict[Future, Cell] = {}
        trouble: Exception | None = None
        while running or (waiting and trouble is None):
            free = self._workers() - len(running)
            # No more than there are workers: whose worker is killed is then the cell that ran.
            while waiting and trouble is None and free > 0:
                cell = waiting.pop(0)
                running[self._submit(cell)] = cell
                free -= 1
            for future in [future for future in running if future.done()]:
                cell = running.pop(future)
                try:
                    result = self._result(future, cell)
                except _LostScheduler:
                    raise
                # Whatever a cell raised is raised again when those beside it have run to their end.
                except Exception as error:
                    trouble = trouble or error
                else:
                    yield cell, result
            time.sleep(_POLL_S)
        if trouble is not None:
            raise trouble

    def _submit(self, cell: Cell) -> Future:
        # Never the key of an earlier run of the cell, which may not have stopped everywhere.
        key = f"cell-{cell.digest[:24]}-{self._key}"
        # As bytes, or the scheduler would load it, and torch with it.
        return self.client.submit(run_in_worker, cloudpickle.dumps(cell), self.mark, key=key)

    def _check_scheduler(self) -> None:
        try:
            version = self.client.run_on_scheduler(*_VERSION)
        except metadata.PackageNotFoundError as error:
            version = error
        except OSError:
            raise self.lost from None
        _check_version(f"the scheduler at {self.address}", version)

    def _workers(self) -> int:
        """How many there are; raises `InputError` for one of another version of nvmcosim."""
        if self.client.status != "running":
            raise self.lost
        try:
            workers = set(self.client.nthreads())
            new = list(workers - self._checked)
            versions = self.client.run(*_VERSION, workers=new, on_error="return") if new else {}
        except OSError:
            raise self.lost from None
        for worker, version in versions.items():
            # One that has just gone answers with an error of another kind.
            if isinstance(version, str | metadata.PackageNotFoundError):
                _check_version(f"the worker at {worker}", version)
                self._checked.add(worker)
        if len(workers) != self._count:
            self._count = len(workers)
            self.on_workers(self._count)
        return self._count

    def _result(self, future: Future, cell: Cell) -> dict[str, Any]:
        try:
            return future.result()
        except KilledWorker as error:
            raise InputError(
                f"{cell.title} was given to {error.allowed_failures + 1} workers and each was "
                "killed, perhaps for want of memory; every other finished run is kept"
            ) from None
        except (CancelledError, OSError):
            # A cell, too, may raise one of these: then it is the cell's.
            if future.status == "error":
                raise
            raise self.lost from None


def _check_version(who: str, theirs: str | metadata.PackageNotFoundError) -> None:
    ours = metadata.version("nvmcosim")
    if theirs != ours:
        has = f"nvmcosim {theirs}" if isinstance(theirs, str) else "no nvmcosim"
        raise InputError(f"{who} has {has}; it must have {ours}, as this machine has")


def _address(scheduler: str) -> str:
    if "://" in scheduler:
        return scheduler
    if not Path(scheduler).is_file():
        raise InputError(
            f"scheduler is {scheduler!r}; it must be an address such as tcp://host:8786, or a file "
            "that a Dask scheduler has written"
        )
    address = read_json(scheduler).get("address")
    if not isinstance(address, str) or "://" not in address:
        raise InputError(f"{scheduler} is no file of a Dask scheduler: it has no address")
    return address


async def _kind(address: str) -> str:
    """What answers at `address`: `Scheduler` or `Worker`."""
    # A client would wait without end for what answers but does not speak Dask's protocol.
    async with rpc(address, connection_args=Security().get_connection_args("client")) as remote:
        return str((await remote.identity())["type"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Dask's own lines on a lost scheduler: the user is told in one sentence."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _mark(folder: Path) -> Iterator[Path]:
    """A file in `folder` by which a worker knows whether it sees the same folder."""
    mark = write_text(folder.absolute() / f".sweep-{uuid.uuid4().hex}", "")
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)
