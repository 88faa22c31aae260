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
_VERSION = 2


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
            arrays = {name: found[name] for name in found.files}
        if any(array.dtype.kind not in "biuf" for array in arrays.values()):
            return None
        return {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    except (OSError, AttributeError, TypeError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


class ColumnStore:
    """Columns in `folder`, one file each, by the digest of all that determines them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, digest: str) -> Column | None:
        """The column kept under `digest`, or None; a damaged file is as none.

        What the file says is not proved: `column.proved_again` does that.
        """
        found = read_arrays(self._path(digest))
        if found is None or set(found) != {"weights", "used", "multipliers", "counts"}:
            return None
        counts, used = found["counts"], found["used"]
        if counts.shape != (2,) or not (np.isfinite(counts).all() and np.isfinite(used).all()):
            return None
        rows, rounds = counts.astype(np.int64).tolist()
        given = found["weights"], np.nan, np.nan, rows, rounds, used.astype(np.intp)
        return Column(*given, found["multipliers"])

    def put(self, digest: str, column: Column) -> None:
        """Keep `column`."""
        write_arrays(
            self._path(digest),
            weights=column.weights,
            used=column.used.astype(np.float64),
            multipliers=column.multipliers,
            counts=np.array([column.rows, column.rounds], np.float64),
        )

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest[:24]}.npz"
