"""Solved columns, kept as npz so that a program that was interrupted goes on."""

import hashlib
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.column import Column
from nvmcosim.pymodel.files import write_stream

__all__ = ["ColumnStore", "digest_of_arrays", "read_arrays", "write_arrays"]

#: Counts up when a column's result changes for the same input.
_VERSION = 1


def digest_of_arrays(*arrays: NDArray[np.float64], text: str = "") -> str:
    """SHA-256 of the arrays' shapes and values, and of `text`."""
    found = hashlib.sha256(f"{_VERSION} {text}".encode())
    for array in arrays:
        values = np.ascontiguousarray(array, "<f8")
        found.update(f"{values.shape}".encode())
        found.update(values.data)
    return found.hexdigest()


def write_arrays(path: Path, **arrays: NDArray[np.float64]) -> Path:
    """Write named arrays to `path` as npz, atomically."""

    def write(stream: IO[bytes]) -> None:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]

    return write_stream(path, write)


def read_arrays(path: Path) -> dict[str, NDArray[np.float64]] | None:
    """The arrays in the npz file at `path`; None if there is none or it is damaged. No pickle."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: np.asarray(found[name], np.float64) for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


class ColumnStore:
    """Columns in `folder`, one file each, by the digest of all that determines them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> Column | None:
        """The column kept under `digest`, or None; a damaged file is as none."""
        found = read_arrays(self._path(digest))
        if found is None or set(found) != {"weights", "proof"} or found["proof"].shape != (4,):
            return None
        value, bound, rows, rounds = found["proof"].tolist()
        return Column(found["weights"], value, bound, int(rows), int(rounds))

    def put(self, digest: str, column: Column) -> None:
        """Keep `column`."""
        proof = np.array([column.distance, column.bound, column.rows, column.rounds])
        write_arrays(self._path(digest), weights=column.weights, proof=proof)

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest[:24]}.npz"
