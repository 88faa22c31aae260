"""How fast programs of computing in memory run: ns an operation, one core, beside numpy's ways.

AritPIM (Leitersdorf et al., IEEE TETC 2023) is the public gate-exact simulator of floats in
memory. It is no package: its repository has to be named, and only then is timed.
"""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_interpreter import interpret
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_runner import run_program

__all__ = ["OPERATIONS", "bench_pim"]

#: What is timed, in each format.
OPERATIONS = ("add", "multiply", "multiply-skip")
#: Rows that AritPIM's programs may use; they take 142 and 172 of them.
_CELLS = 256
_ARITPIM = {"add": "floatingAdditionSignedIEEE", "multiply": "floatingMultiplicationIEEE"}


def bench_pim(
    operations: int = 1 << 21,
    rounds: int = 5,
    columns: int = 1024,
    aritpim: Path | None = None,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Time `operations` of each of `OPERATIONS` in each format on arrays of `columns` columns.

    Results are ns an operation: of the compiled interpreter beside the plain one, which has 64
    columns a machine word as well, both from words to words; and, for fp32, beside AritPIM in the
    folder `aritpim`, whose bits are already in place. The plain one and AritPIM take an eighth of
    the operations. `progress` is called after each contest.
    """
    random = np.random.default_rng(seed)
    results = []
    for name, fmt in FORMATS.items():
        a, b = (random.integers(0, fmt.mask, operations, fmt.dtype, True) for _ in range(2))
        for operation in OPERATIONS:
            program = named_program(operation, name)
            few = a[: operations // 8], b[: operations // 8]
            contestants = [
                Contestant("fast", _runs(run_program, program, (a, b), columns)),
                Contestant("plain", _runs(interpret, program, few), rounds=2),
            ]
            counts = {"fast": a.size, "plain": few[0].size}
            if aritpim is not None and name == "fp32" and operation in _ARITPIM:
                simulation = _AritPim(aritpim, operation, *few)
                contestants.append(Contestant("aritpim", simulation.run, simulation.prepare, 2))
                counts["aritpim"] = few[0].size
            seconds = interleaved(contestants, rounds)
            each = {n: 1e9 * seconds[n] / counts[n] for n in counts}
            for reference, label in (("plain", "plain interpreter"), ("aritpim", "AritPIM")):
                if reference in each:
                    title = f"{operation}-{name}" + ("-aritpim" if reference == "aritpim" else "")
                    values = (each["fast"], "ns/operation", label, each[reference])
                    results.append(BenchResult.of(title, *values))
            progress()
    return results


def _runs(
    interpreter: Callable[..., Any],
    program: PimProgram,
    words: tuple[NDArray, NDArray],
    *options: int,
) -> Callable[[], Any]:
    operands = {"a": words[0], "b": words[1]}
    return lambda: interpreter(program, operands, *options)


class _AritPim:
    """AritPIM's serial floating-point algorithms on its own simulator."""

    def __init__(self, folder: Path, operation: str, a: NDArray, b: NDArray) -> None:
        if not (folder / "serial" / "AritPIM.py").is_file():
            raise InputError(f"{folder} has no serial/AritPIM.py; name a checkout of AritPIM")
        with _on_path(folder, folder / "serial"):
            self._simulator = import_module("simulator").SerialSimulator
            self._algorithm = getattr(
                import_module("AritPIM").SerialArithmetic, _ARITPIM[operation]
            )
        # Its order is sign, exponent and fraction, the latter two from their lowest bits up.
        order = [31, *range(23, 31), *range(23)]
        self._bits = [[(w >> np.uint32(i)) & 1 for i in order] for w in (a, b)]
        self._size = a.size
        self._memory: Any = None

    def prepare(self) -> None:
        """A fresh simulator with the operands in it."""
        self._memory = self._simulator(self._size, _CELLS)
        for place, bits in enumerate(self._bits):
            for i, plane in enumerate(bits):
                self._memory.memory[32 * place + i] = plane

    def run(self) -> None:
        """The algorithm."""
        rows = [np.arange(32 * n, 32 * n + 32) for n in range(3)]
        self._algorithm(self._memory, *rows, np.arange(96, _CELLS))


@contextmanager
def _on_path(*folders: Path) -> Any:
    paths = [str(folder.resolve()) for folder in folders]
    sys.path[:0] = paths
    try:
        yield
    finally:
        for path in paths:
            sys.path.remove(path)
