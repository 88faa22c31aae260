"""Where a result comes from: command, configuration, seed, versions; in every result file."""

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["processor", "provenance", "versions"]

_PACKAGES = (
    "nvmcosim",
    "numpy",
    "scipy",
    "numba",
    "torch",
    "amaranth",
    "cocotb",
    "PySpice",
    "cvxpy",
    "highspy",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results rest on, as far as installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """The processor's name as the kernel states it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def provenance(seed: int | None = None, **configuration: Any) -> dict[str, Any]:
    """A result file's provenance: the command line, `configuration`, seed, versions, processor."""
    command = ["nvmcosim", *sys.argv[1:]] if Path(sys.argv[0]).name != "pytest" else ["pytest"]
    return {
        "command": " ".join(command),
        "configuration": configuration,
        "seed": seed,
        "versions": versions(),
        "processor": processor(),
    }
