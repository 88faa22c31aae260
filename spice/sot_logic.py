"""Logic inside the spin-orbit cells of wang2020 in ngspice: truth tables and the gate's margin.

One write does B' = V ? C : B. Each operation of Fig. 1 and its two copies say from the operand A,
and B where it is read first, what V and C are; the result takes B's place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import check_whole
from nvmcosim.spice.sot import SotCell
from nvmcosim.spice.sot_cell import SotRun, read, write

__all__ = ["OPERATIONS", "Operation", "TruthRow", "gate_curve", "threshold_a", "truth_table"]

Choice = Callable[[bool, bool], bool]


@dataclass(frozen=True)
class Operation:
    """One operation: `v` and `c` of its write by (A, B), whether B is read first, and its golden.

    `golden` is what should stand in the cell, as a plain boolean function of (A, B).
    """

    v: Choice
    c: Choice
    reads: bool
    golden: Choice


#: XOR alone needs B: the current's direction is its complement. No C that leaves B alone makes an
#: AND with V = A, which is why AND inverts its operand.
OPERATIONS = {
    "or": Operation(lambda a, b: a, lambda a, b: True, False, lambda a, b: a or b),
    "and": Operation(lambda a, b: not a, lambda a, b: False, False, lambda a, b: a and b),
    "xor": Operation(lambda a, b: a, lambda a, b: not b, True, lambda a, b: a != b),
    "copy": Operation(lambda a, b: True, lambda a, b: a, False, lambda a, b: a),
    "not": Operation(lambda a, b: True, lambda a, b: not a, False, lambda a, b: not a),
}


@dataclass(frozen=True, eq=False)
class TruthRow:
    """One row of a truth table.

    Fields: operand `a`, the cell's `b` before, `wanted` and `got` after, and the write's `run`.
    """

    a: bool
    b: bool
    wanted: bool
    got: bool
    run: SotRun


def truth_table(cell: SotCell, name: str) -> list[TruthRow]:
    """Simulate an operation for all four A, B; B is read by a simulated read where it is needed.

    Raises `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InputError(f"operation is {name!r}; it must be one of {', '.join(OPERATIONS)}")
    operation = OPERATIONS[name]
    rows = []
    for a, b in product((False, True), repeat=2):
        # An operation that reads sees what the read circuit gives, not what was put in.
        known = read(cell, b).bit if operation.reads else b
        run = _outcome(cell, b, operation.v(a, known), operation.c(a, known))
        rows.append(TruthRow(a, b, operation.golden(a, b), run.state, run))
    return rows


@lru_cache(maxsize=32)
def _outcome(cell: SotCell, stored: bool, v: bool, c: bool) -> SotRun:
    """A write, simulated once: five tables have but eight different ones."""
    return write(cell, stored, v, c)


def threshold_a(
    cell: SotCell, v: bool, c: bool, low_a: float, high_a: float, steps: int = 8
) -> float:
    """Least write current in A that switches to `c`, with the gate at Vb if `v`, else at 0 V.

    Bisection of `steps` between a current that does not switch and one that does; the middle of
    what is left. Raises `InputError` if `low_a` switches or `high_a` does not, or for more than 60
    steps, after which two doubles are one.
    """
    check_whole(steps, "steps", 0, 60)

    def switches(current_a: float) -> bool:
        at = cell.replace(mtj=cell.mtj.replace(write_a=current_a))
        return write(at, not c, v, c).state == c

    for current, wanted in ((low_a, False), (high_a, True)):
        if switches(current) != wanted:
            word = "does not switch" if wanted else "switches"
            raise InputError(f"a current of {current * 1e6:g} uA {word}; choose another bound")
    for _ in range(steps):
        middle = (low_a + high_a) / 2
        if switches(middle):
            high_a = middle
        else:
            low_a = middle
    return (low_a + high_a) / 2


def gate_curve(
    cell: SotCell,
    currents_a: Sequence[float],
    progress: Callable[[int], None] = lambda count: None,
) -> list[dict[str, float | int | None]]:
    """Writes at each current, in both directions, with the gate closed and open.

    Each point has `gate_v`, `c`, `current_a`, `switched` (0 or 1) and `time_ns`, the switching
    time, None if the cell has not switched at the end; `progress` is told how many more are done.
    Raises `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    points: list[dict[str, float | int | None]] = []
    # All looked at before the first is simulated.
    for current in currents_a:
        cell.mtj.replace(write_a=current)
    for v, c, current in product((False, True), (False, True), currents_a):
        at = cell.replace(mtj=cell.mtj.replace(write_a=float(current)))
        run = write(at, not c, v, c)
        done = run.state == c
        points.append(
            {
                "gate_v": cell.mtj.gate_v if v else 0.0,
                "c": int(c),
                "current_a": float(current),
                "switched": int(done),
                "time_ns": run.switching_time_s * 1e9 if done else None,
            }
        )
        progress(1)
    return points
