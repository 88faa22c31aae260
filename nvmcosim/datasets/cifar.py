"""CIFAR-10: the official binary batches, or the same images as JPEG in one npz file."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvmcosim.datasets.images import ImageSet, checked_set
from nvmcosim.pymodel.errors import InputError, MissingTool

__all__ = ["BINARY_FILES", "JPEG_FILE", "JPEG_SHA256", "read_cifar10"]

#: The official binary version: 10,000 records a file, a label byte and 3,072 of red, green, blue.
BINARY_FILES = (*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin")
BINARY_FOLDER = "cifar-10-batches-bin"
PICKLE_FOLDER = "cifar-10-batches-py"
_RECORD = 1 + 3 * 32 * 32
_FILE_BYTES = 10_000 * _RECORD

JPEG_FILE = "cifar10-jpeg.npz"
JPEG_SHA256 = "9c6eee9758192d1168485f8b7be97f7a08302434a11f3abd5a5ba76a45746e21"

#: Means of red, green and blue over the training images, as published with many CIFAR-10 trainers.
_CHANNEL_MEANS = (0.4914, 0.4822, 0.4465)


def read_cifar10(folder: Path) -> ImageSet | None:
    """CIFAR-10 in `folder`, the official binary batches preferred; None if there is none.

    Raises `InputError` if what is there is damaged, or only the pickled Python version: pickles
    can run code, so they are not read.
    """
    for place in (folder, folder / BINARY_FOLDER):
        if any((place / name).is_file() for name in BINARY_FILES):
            return _content_checked(_read_binary(place))
    if (folder / JPEG_FILE).is_file():
        return _content_checked(_read_jpeg(folder / JPEG_FILE))
    for place in (folder, folder / PICKLE_FOLDER):
        if (place / "data_batch_1").is_file():
            raise InputError(
                f"{place} holds CIFAR-10's Python version, which is pickled and is not read; "
                f"put the official binary version ({BINARY_FILES[0]} and so on) there"
            )
    return None


def _read_binary(folder: Path) -> ImageSet:
    batches, checksums = [], {}
    for name in BINARY_FILES:
        path = folder / name
        if not path.is_file():
            raise InputError(f"{folder} has batches of CIFAR-10, but {name} is missing")
        if path.stat().st_size != _FILE_BYTES:
            raise InputError(
                f"{path} has {path.stat().st_size} bytes; a batch of CIFAR-10 has {_FILE_BYTES}"
            )
        data = path.read_bytes()
        checksums[name] = hashlib.sha256(data).hexdigest()
        batches.append(np.frombuffer(data, np.uint8).reshape(-1, _RECORD))
    train, test = np.concatenate(batches[:-1]), batches[-1]
    return ImageSet(
        "cifar10",
        "CIFAR-10",
        str(folder),
        train[:, 1:].reshape(-1, 3, 32, 32),
        train[:, 0],
        test[:, 1:].reshape(-1, 3, 32, 32),
        test[:, 0],
        checksums,
    )


def _read_jpeg(path: Path) -> ImageSet:
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != JPEG_SHA256:
        raise InputError(f"{path} is damaged or another file: its checksum differs")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found: dict[str, NDArray[np.uint8]] = {}
            for part in ("train", "test"):
                images = _decode(arrays[f"{part}_blob"], arrays[f"{part}_off"])
                found |= {f"{part}_images": images, f"{part}_labels": arrays[f"{part}_y"]}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return ImageSet(
        "cifar10", "CIFAR-10 (JPEG)", str(path), **found, checksums={path.name: checksum}
    )


def _decode(blob: NDArray[np.uint8], offsets: NDArray[np.int32]) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError:
        raise MissingTool(
            "CIFAR-10 as JPEG needs the package pillow; install it with: pip install pillow"
        ) from None
    images = np.empty((len(offsets) - 1, 32, 32, 3), np.uint8)
    for n in range(len(images)):
        encoded = io.BytesIO(blob[offsets[n] : offsets[n + 1]].tobytes())
        images[n] = np.asarray(Image.open(encoded, formats=["JPEG"]).convert("RGB"))
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def _content_checked(found: ImageSet) -> ImageSet:
    checked_set(found, 50_000, 10_000, (3, 32, 32))
    for part, each in (("train", 5_000), ("test", 1_000)):
        counts = np.bincount(getattr(found, f"{part}_labels"), minlength=10)
        if (counts != each).any():
            raise InputError(
                f"{found.source}: the classes of the {part} images number {counts.tolist()}; "
                f"CIFAR-10 has {each} of each"
            )
    means = found.train_images.mean(axis=(0, 2, 3)) / 255
    if np.abs(means - _CHANNEL_MEANS).max() > 0.002:
        raise InputError(
            f"{found.source}: the mean red, green and blue are {np.round(means, 4).tolist()}; "
            f"CIFAR-10 has {list(_CHANNEL_MEANS)}"
        )
    return found
