"""Where a data set is looked for, and the sentence for one that is missing."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

from nvmcosim.datasets import cifar, idx
from nvmcosim.datasets.images import ImageSet
from nvmcosim.datasets.table_set import TableSet
from nvmcosim.datasets.tables import TABLES, read_table
from nvmcosim.pymodel.errors import InputError, MissingTool

__all__ = ["DATASETS", "DatasetEntry", "cache_folder", "load_dataset", "search_folders"]

ENVIRONMENT = "NVMCOSIM_DATA"
#: The keys of `TABLES`.
TableName = Literal["sonar", "wine-red", "wine-white"]


@dataclass(frozen=True)
class DatasetEntry:
    """A set that can be trained on, images or a table.

    Fields:
        label: what a figure calls it.
        read: the set in a folder, or None if the folder has nothing of it.
        wanted: which files to put in a folder, for the message when the set is missing.
        packaged: folder where a Debian package puts it, if one does.
        flat: its files' names are no other set's, so they may lie in a named folder itself.
    """

    label: str
    read: Callable[[Path], ImageSet | TableSet | None]
    wanted: str
    packaged: str | None = None
    flat: bool = False


def _table(name: str) -> DatasetEntry:
    files = " or ".join(TABLES[name].files)
    return DatasetEntry(
        TABLES[name].label, lambda folder: read_table(folder, name), files, flat=True
    )


#: The sets, by name.
DATASETS = {
    "mnist": DatasetEntry(
        "MNIST",
        lambda folder: idx.read_idx(folder, "mnist", "MNIST", idx.MNIST_SHA256),
        "its four idx files (train-images-idx3-ubyte.gz and so on)",
    ),
    "fashion-mnist": DatasetEntry(
        "Fashion-MNIST",
        lambda folder: idx.read_idx(
            folder, "fashion-mnist", "Fashion-MNIST", idx.FASHION_MNIST_SHA256
        ),
        "its four idx files (train-images-idx3-ubyte.gz and so on)",
        packaged="/usr/share/datasets/fashion-mnist",
    ),
    "cifar10": DatasetEntry(
        "CIFAR-10",
        cifar.read_cifar10,
        f"the official binary version ({cifar.BINARY_FILES[0]} and so on), or {cifar.JPEG_FILE}",
        flat=True,
    ),
    **{name: _table(name) for name in TABLES},
}


def cache_folder() -> Path:
    """The user's own folder for data: `nvmcosim/data` in `XDG_CACHE_HOME` or `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nvmcosim" / "data"


def search_folders(data: str | os.PathLike[str] | None = None) -> list[Path]:
    """Folders to look in: those in `data` if given, else in `NVMCOSIM_DATA`; then the cache.

    Several folders are separated as in `PATH`. Raises `InputError` if one named by `data` is no
    folder.
    """
    if data is not None:
        named = [Path(part) for part in os.fspath(data).split(os.pathsep) if part]
        for folder in named:
            if not folder.is_dir():
                raise InputError(f"data is {str(folder)!r}; it must be a folder")
    else:
        named = [Path(part) for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part]
    return [*named, cache_folder()]


# A literal name is also a string, so to the type checker these overlap: a name that is only known
# as a string is taken to be an image set's, which all networks but those of tables train on.
@overload
def load_dataset(  # type: ignore[overload-overlap]
    name: TableName, data: str | os.PathLike[str] | None = None
) -> TableSet: ...
@overload
def load_dataset(name: str, data: str | os.PathLike[str] | None = None) -> ImageSet: ...
def load_dataset(name: str, data: str | os.PathLike[str] | None = None) -> ImageSet | TableSet:
    """The set called `name`, from the first of `search_folders(data)` that has it, checked.

    Raises `InputError` for an unknown name or damaged files, `MissingTool` if it is nowhere.
    """
    entry = _entry(name)
    for folder in search_folders(data):
        # Two sets have files of one name, so a folder itself is taken only if it is named so.
        places = [folder / name, *([folder] if entry.flat or folder.name == name else [])]
        for place in places:
            found = entry.read(place) if place.is_dir() else None
            if found is not None:
                return found
    if entry.packaged and Path(entry.packaged).is_dir():
        found = entry.read(Path(entry.packaged))
        if found is not None:
            return found
    raise MissingTool(
        f"{entry.label} was not found; put {entry.wanted} into a folder {name}/ of the folder that "
        f"--data or {ENVIRONMENT} names, or run: nvmcosim data {name} --fetch"
    )


def _entry(name: str) -> DatasetEntry:
    if name not in DATASETS:
        raise InputError(f"the data set is {name!r}; it must be one of {', '.join(DATASETS)}")
    return DATASETS[name]
