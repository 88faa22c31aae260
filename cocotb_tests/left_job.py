"""The job that the runner leaves for a bench inside the simulator."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["left_job"]


def left_job() -> tuple[Path, dict[str, NDArray[Any]]]:
    """The folder `NVMCOSIM_JOB` of the exchange, and the arrays of its `job.npz`."""
    folder = Path(os.environ["NVMCOSIM_JOB"])
    with np.load(folder / "job.npz", allow_pickle=False) as job:
        return folder, dict(job)
