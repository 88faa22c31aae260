"""A labelled image set in memory."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["ImageSet", "checked_set"]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with labels, for training and for test.

    Fields:
        name: `mnist`, `fashion-mnist` or `cifar10`.
        label: what a figure calls it; says so where the images are lossy or a subset.
        source: the folder it was read from.
        train_images, test_images: unsigned bytes, `[n, channels, height, width]`.
        train_labels, test_labels: classes from 0 on as unsigned bytes, `[n]`.
        checksums: SHA-256 of what was read, by file, uncompressed.
    """

    name: str
    label: str
    source: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    checksums: dict[str, str]

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.train_labels.max()) + 1

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.train_images.shape
        return channels, height, width

    def subset(self, train: int | None, test: int | None = None, seed: int = 0) -> Self:
        """A random choice of `train` and `test` images, the same for the same `seed`.

        None keeps all of that part. Raises `InputError` if there are not so many.
        """
        changes: dict[str, Any] = {}
        for part, count, stream in (("train", train, 0), ("test", test, 1)):
            images = getattr(self, f"{part}_images")
            if count is None or count == len(images):
                continue
            if not 1 <= count <= len(images):
                raise InputError(
                    f"{part} images: {count} of {self.label} are asked for; "
                    f"it must be 1 to {len(images)}"
                )
            chosen = np.random.Generator(np.random.Philox([seed, stream])).permutation(len(images))
            chosen = np.sort(chosen[:count])
            changes[f"{part}_images"] = images[chosen]
            changes[f"{part}_labels"] = getattr(self, f"{part}_labels")[chosen]
        if not changes:
            return self
        return replace(self, **changes)

    def held_out(self, count: int, train: int | None = None) -> Self:
        """A validation set: `count` training images become the test part, `train` of the rest stay.

        None keeps all the rest. The test images are left out, and the held-out images are the same
        for any `train`. Raises `InputError` if there are not so many.
        """
        most = len(self.train_images)
        if not 1 <= count < most:
            raise InputError(
                f"held-out images: {count} of {self.label} are asked for; it must be 1 to "
                f"{most - 1}, as they come from the training images"
            )
        if train is not None and not 1 <= train <= most - count:
            raise InputError(
                f"train images: {train} of {self.label} are asked for; it must be 1 to "
                f"{most - count}, as {count} are held out"
            )
        order = np.random.Generator(np.random.Philox([0, 2])).permutation(most)
        held = np.sort(order[:count])
        kept = np.sort(order[count:] if train is None else order[count : count + train])
        return replace(
            self,
            label=f"{self.label}, tested on held-out training images",
            train_images=self.train_images[kept],
            train_labels=self.train_labels[kept],
            test_images=self.train_images[held],
            test_labels=self.train_labels[held],
        )

    def provenance(self) -> dict[str, Any]:
        """What a result file says of the set it rests on."""
        return {
            "name": self.name,
            "label": self.label,
            "train_images": len(self.train_images),
            "test_images": len(self.test_images),
            "checksums": dict(self.checksums),
        }


def checked_set(found: ImageSet, train: int, test: int, shape: tuple[int, int, int]) -> ImageSet:
    """`found`, if it has `train` and `test` images of `shape`, in ten classes alike in number.

    Raises `InputError` saying what is wrong with the files of `found.source`.
    """
    for part, count in (("train", train), ("test", test)):
        images, labels = getattr(found, f"{part}_images"), getattr(found, f"{part}_labels")
        if images.shape != (count, *shape):
            raise InputError(
                f"{found.source}: the {part} images of {found.label} have the shape "
                f"{images.shape}; it must be {(count, *shape)}"
            )
        if labels.shape != (count,):
            raise InputError(
                f"{found.source}: {found.label} has {labels.size} {part} labels for {count} images"
            )
        if labels.max() != 9:
            raise InputError(
                f"{found.source}: {found.label} has a {part} label {labels.max()}; "
                "labels must be 0 to 9"
            )
    return found
