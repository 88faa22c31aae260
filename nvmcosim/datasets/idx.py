"""MNIST and Fashion-MNIST: four files in the idx format, plain or gzipped."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvmcosim.datasets.images import ImageSet, checked_set
from nvmcosim.pymodel.errors import InputError

__all__ = ["FASHION_MNIST_SHA256", "IDX_FILES", "MNIST_SHA256", "idx_file", "parse_idx", "read_idx"]

#: The official files' stems, in the order of `ImageSet`'s arrays.
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
#: SHA-256 of the uncompressed files; compression differs from one publisher to the next.
MNIST_SHA256 = dict(
    zip(
        IDX_FILES,
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        strict=True,
    )
)
FASHION_MNIST_SHA256 = dict(
    zip(
        IDX_FILES,
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        strict=True,
    )
)
#: No file of these sets is larger; a compressed one that claims more is not read to its end.
_MAX_BYTES = 64 << 20


def idx_file(folder: Path, stem: str) -> Path | None:
    """The file of `stem` in `folder`, gzipped or not, also with a dot before `idx`."""
    for name in (stem, stem.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            if (folder / (name + suffix)).is_file():
                return folder / (name + suffix)
    return None


def parse_idx(data: bytes, path: Path) -> NDArray[np.uint8]:
    """The array of unsigned bytes in idx `data`; `path` is for the message of `InputError`."""
    if len(data) < 4 or data[:3] != b"\0\0\x08" or not 1 <= data[3] <= 4:
        raise InputError(f"{path} is not an idx file of unsigned bytes")
    start = 4 + 4 * data[3]
    shape = tuple(np.frombuffer(data[4:start], ">u4").tolist())
    if len(shape) != data[3] or len(data) - start != int(np.prod(shape, dtype=object)):
        raise InputError(f"{path} is truncated or damaged: {len(data)} bytes for the shape {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _read(path: Path) -> bytes:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                data = stream.read(_MAX_BYTES + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path} holds more than the {_MAX_BYTES} bytes that a set's file may")
    return data


def read_idx(folder: Path, name: str, label: str, sha256: dict[str, str]) -> ImageSet | None:
    """The set in `folder`'s four idx files; None if it has none of them.

    Raises `InputError` if one is missing, damaged, or not the published file by its checksum.
    """
    paths = {}
    for stem in IDX_FILES:
        path = idx_file(folder, stem)
        if path is not None:
            paths[stem] = path
    if not paths:
        return None
    for stem in IDX_FILES:
        if stem not in paths:
            raise InputError(f"{folder} has files of {label}, but {stem} (or {stem}.gz) is missing")
    arrays, checksums = [], {}
    for stem, path in paths.items():
        data = _read(path)
        arrays.append(parse_idx(data, path))
        checksums[stem] = hashlib.sha256(data).hexdigest()
        if checksums[stem] != sha256[stem]:
            raise InputError(f"{path} is not the published {stem} of {label}: its checksum differs")
    train, train_labels, test, test_labels = arrays
    found = ImageSet(
        name,
        label,
        str(folder),
        train[:, None],
        train_labels,
        test[:, None],
        test_labels,
        checksums,
    )
    return checked_set(found, 60_000, 10_000, (1, 28, 28))
