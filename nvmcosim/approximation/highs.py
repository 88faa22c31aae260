"""HiGHS without the two lines that it prints when it is first used."""

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from nvmcosim.pymodel.errors import MissingTool

__all__ = ["highs"]


@cache
def highs() -> Any:
    """The module `highspy`; raises `MissingTool` with what to install.

    Its first solver prints a notice to standard output, before any option can forbid it, where it
    would stand beside a command's JSON: that one is made here, with standard output turned away.
    """
    try:
        module = import_module("highspy")
    except ImportError:
        raise MissingTool(
            "weight approximation needs highspy and cvxpy; "
            "install them with: pip install 'nvmcosim[approximation]'"
        ) from None
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        module.Highs()
        # C's own buffer, or the notice would be written when the program ends.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    return module
