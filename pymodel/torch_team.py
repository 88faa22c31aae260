"""The OpenMP threads that torch computes with, for kernels that run between its operations."""

import ctypes
import os
from functools import lru_cache
from pathlib import Path

import torch

from nvmcosim.pymodel.teams import OpenMPTeam

__all__ = ["torch_team"]

_forked = False


def torch_team() -> OpenMPTeam | None:
    """torch's own threads, or None where they cannot be had.

    A second pool would fight them for the processor's cores: they go on waiting at full speed for
    some time after each operation. A forked child has none of its parent's threads, and OpenMP
    does not know it.
    """
    return None if _forked else _found()


@lru_cache(maxsize=1)
def _found() -> OpenMPTeam | None:
    already_loaded = getattr(os, "RTLD_NOLOAD", None)
    if already_loaded is None:
        return None
    package = Path(torch.__file__).parent
    folders = (package / "lib", package.with_name("torch.libs"))
    bundled = [str(path) for folder in folders for path in sorted(folder.glob("libgomp*.so*"))]
    for name in (*bundled, "libgomp.so.1"):
        try:
            return OpenMPTeam(ctypes.CDLL(name, mode=already_loaded | os.RTLD_NOW))
        except (OSError, AttributeError):
            continue
    return None


def _after_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
