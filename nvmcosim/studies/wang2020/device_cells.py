"""The three cells of wang2020's Fig. 2 beside each other, from simulated writes."""

from nvmcosim.spice.sot import CELLS, SotCell
from nvmcosim.spice.sot_cell import SotRun, unselected, write
from nvmcosim.studies.figures import Figure, judge_rule

__all__ = ["NO_NUMBER", "cell_figures", "slash", "switches"]

#: Why a row of ours alone differs.
NO_NUMBER = "no number in the paper"
#: Rows of a subarray, all on the same bit lines.
_ROWS = 1024


def switches(cell: SotCell, pulse_s: float | None = None) -> list[SotRun]:
    """Writes that turn a cell, to 0 and to 1."""
    return [write(cell, not c, True, c, pulse_s) for c in (False, True)]


def slash(values: list[float], digits: int) -> str:
    """Numbers of one row beside each other."""
    return " / ".join(f"{value:.{digits}f}" for value in values)


def cell_figures() -> list[Figure]:
    """Transistors, pulses, time, energy and unselected cells of the three kinds."""
    cells = [SotCell(kind) for kind in CELLS]
    runs = [switches(cell) for cell in cells]
    # A single junction's pulse of its own direction comes first or second: count from its start.
    times = [run[1].switching_time_s * 1e9 for run in runs]
    energies = [sum(run.energy_j()["total"] for run in pair) / 2 * 1e15 for pair in runs]
    writes = [cell.steps * cell.mtj.pulse_ns for cell in cells]
    gates = [float(run[1].gate_v[len(run[1].gate_v) // 10]) for run in runs]
    steps = [cell.steps for cell in cells]
    transistors = [cell.transistors for cell in cells]
    one, two = (unselected(SotCell(kind), False, True) for kind in CELLS[:2])
    idle = float(one.junction_a.max())
    lost = one.energy_j()["total"]
    return [
        judge_rule(
            "fig2/transistors",
            "Transistors of a cell, 1T-1R / 2T-1R / single MTJ",
            "1 / 2 / 0",
            " / ".join(map(str, transistors)),
            "",
            transistors == [1, 2, 0],
            "the netlists'",
        ),
        judge_rule(
            "fig2/steps",
            "Pulses of a row's write, 1T-1R / 2T-1R / single MTJ",
            "1 / 1 / 2",
            f"{' / '.join(map(str, steps))}, {slash(writes, 1)} ns",
            "",
            steps == [1, 1, 2],
            "a row of single junctions has one current for all, so it takes both in turn",
        ),
        judge_rule(
            "fig2/time",
            "Switch to 1, from the start of its own pulse: 1T-1R / 2T-1R / single MTJ",
            "1T-1R faster than 2T-1R",
            slash(times, 2),
            "ns",
            times[0] < times[1],
            "the second transistor, a follower, takes gate voltage: "
            f"{slash(gates, 2)} V are left on the junction",
        ),
        Figure(
            "fig2/energy",
            "Energy of a switch, mean of both directions: 1T-1R / 2T-1R / single MTJ",
            None,
            slash(energies, 1),
            "fJ",
            "differs",
            f"{NO_NUMBER}; the 2T-1R junction takes less, as less voltage reaches it, and "
            "the single junction takes a second pulse of current",
        ),
        Figure(
            "fig2/unselected",
            "Current through an unselected 1T-1R / 2T-1R cell on the bit line of a written one",
            None,
            f"{idle * 1e6:.1f} / {float(two.junction_a.max()) * 1e6:.3f}",
            "uA",
            "differs",
            f"{NO_NUMBER}: a 1T-1R junction has no switch between read and write bit line; if both "
            f"run along a column, the other {_ROWS - 1} cells of it draw "
            f"{(_ROWS - 1) * idle * 1e3:.1f} mA and {(_ROWS - 1) * lost * 1e12:.1f} pJ in a write "
            "with V = 1, which neither Table 1 nor the cell's 12.0 fJ counts; the second "
            "transistor of 2T-1R is what stops it",
        ),
    ]
