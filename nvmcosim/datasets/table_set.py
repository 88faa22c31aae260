"""A labelled table in memory."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError

__all__ = ["TableSet"]

Features = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TableSet:
    """Rows of measured features with labels, for training and for test.

    Fields:
        name: `sonar`, `wine-red` or `wine-white`.
        label: what a figure calls it.
        source: the folder it was read from.
        columns: names of the features.
        train_features, test_features: as published, `[n, features]`.
        train_labels, test_labels: classes (0 rock, 1 mine) or quality (0 to 10), `[n]`.
        split: the rule by which rows are for test, in words.
        checksums: SHA-256 of the values, by file, the same however the table is written.
    """

    name: str
    label: str
    source: str
    columns: tuple[str, ...]
    train_features: Features
    train_labels: NDArray[np.uint8]
    test_features: Features
    test_labels: NDArray[np.uint8]
    split: str
    checksums: dict[str, str]

    def scaled(self) -> tuple[Features, Features]:
        """Training and test features in [0, 1]: 0 and 1 are the least and most of training rows.

        The test rows have no say in the scale; what of them lies beyond is clipped to 0 or 1, as a
        stochastic stream represents nothing else. A column that does not vary becomes 0.
        """
        least, most = self.train_features.min(axis=0), self.train_features.max(axis=0)
        span = np.where(most > least, most - least, 1.0)
        train, test = ((f - least) / span for f in (self.train_features, self.test_features))
        return train, np.clip(test, 0.0, 1.0)

    def binary(self, least: int) -> Self:
        """The same rows with two classes: 1 where the label is `least` or more, else 0.

        Raises `InputError` if all training rows would be of one class.
        """
        train, test = ((y >= least).astype(np.uint8) for y in (self.train_labels, self.test_labels))
        if train.min() == train.max():
            low, high = int(self.train_labels.min()), int(self.train_labels.max())
            raise InputError(
                f"least is {least}; it must be {low + 1} to {high} to tell two classes of "
                f"{self.label} apart"
            )
        return replace(
            self, label=f"{self.label}, at least {least}", train_labels=train, test_labels=test
        )

    def trivial_rate(self) -> float:
        """Share of the test rows that have the most frequent label of the training rows."""
        counts = np.bincount(self.train_labels)
        return float(np.mean(self.test_labels == counts.argmax()))

    def provenance(self) -> dict[str, Any]:
        """What a result file says of the set it rests on."""
        return {
            "name": self.name,
            "label": self.label,
            "train_rows": len(self.train_features),
            "test_rows": len(self.test_features),
            "split": self.split,
            "checksums": dict(self.checksums),
        }
