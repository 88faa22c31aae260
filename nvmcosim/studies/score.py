"""A value over the seeds of a setting."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Score"]


@dataclass(frozen=True)
class Score:
    """A mean over `n` seeds in percent or points, with its standard deviation; None for one."""

    mean: float
    spread: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Score":
        """The score of one value a seed."""
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), spread, len(values))

    def __str__(self) -> str:
        spread = "" if self.spread is None else f" ± {self.spread:.2f}"
        return f"{self.mean:.2f}{spread}"
