"""One ngspice in this process, through PySpice's shared-library mode.

libngspice keeps global state, so there is one `Session` a process (`session()`); parallel work
takes more processes. A circuit is loaded, run, read and unloaded:

    with session().circuit(netlist) as circuit:
        circuit.run()
        time_s, mz = circuit.vectors("time", "mz")

What was learnt about ngspice 39 stands here: without `remcirc` a circuit with transistors leaks
178 kB; its own default of two OpenMP threads makes small circuits slower, up to 30 times on a busy
machine, and no environment variable changes it.
"""

import ctypes.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.spice.netlist import Netlist, number

__all__ = ["Circuit", "Session", "SpiceError", "session"]

#: Most time points a transient analysis may have: memory stays under about 100 MB a vector.
MAX_POINTS = 10_000_000


class SpiceError(InputError):
    """ngspice refused or failed; the message holds its own words."""


def session() -> "Session":
    """The one ngspice session of this process; raises `MissingTool` if ngspice is not there."""
    found = _session()
    if isinstance(found, MissingTool):
        raise MissingTool(str(found))
    return found


@cache
def _session() -> "Session | MissingTool":
    # A failure is kept as well: PySpice cannot declare the library's interface a second time.
    try:
        return Session()
    except MissingTool as error:
        return error


class Session:
    """The ngspice library, loaded once; use `session()`."""

    def __init__(self) -> None:
        self._ngspice = _load_ngspice()
        # Else every error is also logged to standard error by PySpice.
        logging.getLogger("PySpice").setLevel(logging.CRITICAL + 1)
        self._loaded: Circuit | None = None
        self.command("set num_threads=1")

    @property
    def version(self) -> str:
        """Version of the library, such as `ngspice-39`."""
        return f"ngspice-{self._ngspice.ngspice_version}"

    def command(self, text: str) -> str:
        """Run one ngspice command and return what it printed; raises `SpiceError` if it fails.

        `text` is the program's own; a number in it goes through `netlist.number`.
        """
        try:
            return self._ngspice.exec_command(text)
        except NameError as error:  # what PySpice derives its errors from
            raise SpiceError(f"ngspice could not do {text!r}: {self._complaint(error)}") from None

    @contextmanager
    def circuit(self, netlist: Netlist) -> Iterator["Circuit"]:
        """Load `netlist`, and unload it with all its results at the end.

        Raises `SpiceError` if ngspice cannot read it, or if a circuit is loaded already.
        """
        circuit = self.open(netlist)
        try:
            yield circuit
        finally:
            circuit.close()

    def open(self, netlist: Netlist) -> "Circuit":
        """Load `netlist` until `close()`; see `circuit`."""
        if self._loaded is not None:
            raise SpiceError("a circuit is loaded already; ngspice holds one at a time")
        try:
            self._ngspice.load_circuit(netlist.text)
        except NameError as error:
            complaint = self._complaint(error)
            with suppress(NameError):
                self._ngspice.exec_command("remcirc")
            raise SpiceError(f"ngspice cannot read the netlist: {complaint}") from None
        self._loaded = Circuit(self)
        return self._loaded

    def _unload(self) -> None:
        self._loaded = None
        for text in ("delete all", "destroy all", "remcirc"):
            with suppress(Exception):
                self._ngspice.exec_command(text)

    def _complaint(self, error: Exception) -> str:
        lines = [*self._ngspice.stderr.splitlines(), *self._ngspice.stdout.splitlines()]
        told = [line.strip() for line in lines if line.strip() and "Note:" not in line]
        return "; ".join(told[:3]) or str(error) or type(error).__name__


class Circuit:
    """A loaded circuit; made by `Session.circuit`."""

    def __init__(self, owner: Session) -> None:
        self._session = owner
        self._started = False

    def run(self) -> None:
        """Run the netlist's analysis; raises `SpiceError` if it does not converge or finish."""
        self._session.command("destroy all")
        self._session.command("run")
        self._started = True

    def advance(self, to_s: float) -> float:
        """Run the transient analysis on to `to_s`, and return the time reached, in s.

        The first accepted time point from `to_s` on: exact where the netlist has a breakpoint.
        """
        command = self._session.command
        # A hair early: the breakpoint's own time is rounded.
        command(f"stop when time > {number(to_s - 1e-16)}")
        # PySpice takes ngspice's notice of the pause for an error, so look at the time instead.
        with suppress(SpiceError):
            command("resume" if self._started else "run")
        self._started = True
        with suppress(SpiceError):
            command("delete all")
        reached = self.last("time")
        if reached < to_s - 1e-15:
            raise SpiceError(f"ngspice stopped at {reached:g} s on the way to {to_s:g} s")
        return reached

    def alter(self, device: str, value: float, parameter: str = "") -> None:
        """Set source or passive `device`, or a device's instance `parameter`, to `value`.

        Both names are the program's own.
        """
        self._session.command(f"alter {device} {parameter} = {number(value, device)}")

    def vectors(self, *names: str) -> list[NDArray[np.float64]]:
        """The saved vectors called `names` of the last run, each `[points]`; copies."""
        ngspice = self._session._ngspice
        plot = ngspice.last_plot
        return [_vector(ngspice, plot, name) for name in names]

    def last(self, name: str) -> float:
        """The newest value of the saved vector called `name`."""
        return self.last_of(name)[0]

    def last_of(self, *names: str) -> list[float]:
        """The newest values of the saved vectors called `names`."""
        ngspice = self._session._ngspice
        plot = ngspice.last_plot
        return [float(_view(ngspice, plot, name)[-1]) for name in names]

    def close(self) -> None:
        """Unload the circuit and free its results."""
        self._session._unload()


def _view(ngspice: Any, plot: str, name: str) -> NDArray[np.float64]:
    from PySpice.Spice.NgSpice.Shared import ffi

    info = ngspice._ngspice_shared.ngGet_Vec_Info(f"{plot}.{name}".encode())
    if info == ffi.NULL or info.v_realdata == ffi.NULL or info.v_length < 1:
        raise SpiceError(f"ngspice has no result called {name!r}")
    return np.frombuffer(ffi.buffer(info.v_realdata, info.v_length * 8), dtype=np.float64)


def _vector(ngspice: Any, plot: str, name: str) -> NDArray[np.float64]:
    return _view(ngspice, plot, name).copy()


def _load_ngspice() -> Any:
    try:
        from PySpice.Spice.NgSpice.Shared import NgSpiceShared
    except ImportError:
        raise MissingTool("PySpice is not installed: pip install 'nvmcosim[spice]'") from None
    # Debian's library package has no `libngspice.so`, only `libngspice.so.0`.
    found = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    missing = MissingTool(
        "the ngspice library is not installed: apt install libngspice0, "
        "or name it in NGSPICE_LIBRARY_PATH"
    )
    if found is None:
        raise missing
    NgSpiceShared.LIBRARY_PATH = found
    logging.getLogger("PySpice").setLevel(logging.CRITICAL + 1)
    try:
        return NgSpiceShared.new_instance()
    except (OSError, AttributeError):  # no such library, or another one
        raise missing from None
