"""Cells: the independent runs of a study, each kept when it is done.

A cell knows the digest of all that determines its result. Its result is kept under that digest as
soon as it is there, so that a study that was interrupted, or lost a worker, goes on with the cells
that are left; and two studies that share a cell share its result.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json

__all__ = ["Cell", "CellStore", "Executor", "Results", "run_cells"]


class Cell(Protocol):
    """One run of a study; it must pickle if it is to run in another process."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        ...

    @property
    def title(self) -> str:
        """What a progress display calls it."""
        ...

    def run(self, checkpoint: Path, tick: Callable[[], None] = ...) -> dict[str, Any]:
        """Do it, going on from `checkpoint` if there is one; the result as JSON-ready values.

        `tick` is called whenever the checkpoint has been written; it may raise to stop the run.
        """
        ...


class CellStore:
    """The results of cells in `folder`, one JSON file each, and the checkpoints of those begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> dict[str, Any] | None:
        """The result kept under `digest`, or None; a damaged or altered file is as none."""
        path = self._path(digest, "json")
        if not path.is_file():
            return None
        try:
            values = read_json(path)
        except InputError:
            return None
        result = values.get("result")
        if values.get("digest") != digest or not isinstance(result, dict):
            return None
        # Results that were kept before there were checksums have none.
        whole = values.get("checksum", digest_of(result)) == digest_of(result)
        return result if whole else None

    def put(self, digest: str, result: dict[str, Any]) -> None:
        """Keep `result` and drop the checkpoint."""
        kept = {"digest": digest, "checksum": digest_of(result), "result": result}
        kept["provenance"] = provenance()
        write_json(self._path(digest, "json"), kept)
        self.checkpoint(digest).unlink(missing_ok=True)

    def checkpoint(self, digest: str) -> Path:
        """Where the cell of `digest` keeps its state while it runs."""
        return self._path(digest, "pt")

    def _path(self, digest: str, ending: str) -> Path:
        return self.folder / f"{digest[:24]}.{ending}"


#: Cells with their results, each as soon as it is done; closing it stops the cells that run.
Results = Generator[tuple[Cell, dict[str, Any]], None, None]


class Executor(Protocol):
    """Where cells run: this process, processes of this machine, or a cluster."""

    def run(self, cells: Sequence[Cell], store: CellStore) -> Results:
        """Run `cells`, begun in their order, with the checkpoints of `store`.

        Raises `InputError` if they cannot be run to the end; results given before are good.
        """
        ...


def run_cells(
    cells: Sequence[Cell],
    store: CellStore,
    executor: Executor,
    progress: Callable[[Cell], None] | None = None,
) -> None:
    """Let `executor` run those of `cells` that `store` has no result of; keep each when done.

    `progress` is called with each cell when its result is kept, at once for those kept before.
    """
    notify = progress or (lambda cell: None)
    left = []
    for cell in cells:
        if store.get(cell.digest) is None:
            left.append(cell)
        else:
            notify(cell)
    if not left:
        return
    with closing(executor.run(left, store)) as results:
        for cell, result in results:
            store.put(cell.digest, result)
            notify(cell)
