"""An array of MTJ cells in ngspice that another simulator drives in lock-step.

    cells = CellArray(preset("stt-65nm"), cells=16, seed=7, tick_ps=5000)
    to_one, to_zero = cells.thresholds_ps("P-AP"), cells.thresholds_ps("AP-P")
    with cells:                     # opens the circuit; every cell holds 0
        cells.drive(3, 1)           # from now on cell 3 is driven towards 1
        cells.advance(10_000)       # ... until 10 ns
        cells.drive(3, None)        # driver off
        cells.advance(15_000)
        bit = cells.sense(3)
        time_ps, mz = cells.waveforms()

A bit 0 is the parallel state, 1 the antiparallel one: writing 1 is direction "P-AP". Each cell is
a one-dimensional macrospin with its own driver (`spice.driver`), and has its own parameters: its
device's factors (RA, TMR, diameter, Hk) and driver's thresholds drawn from the spread and its
*angle of rest* drawn from
the thermal distribution, both frozen, from `seed`. A term in the equation of motion brings an idle
cell back to its angle of rest, in the place of thermal noise, which cannot be drawn in advance for
a run of unknown length. So a cell's switching time is its own, always the same, and can be known:
`thresholds_ps` measures it in a separate circuit of that one cell under one long pulse.

What holds: a pulse longer than the threshold writes, a shorter one leaves the old value, whenever
the cell has rested for `rest_ps` since its last pulse (a cell that was pushed part of the way and
is driven again at once has a start; one that was held against its end, a handicap). A pulse within
about `margin_ps` of the threshold may fall either way.

`advance` stops at the first time step from the asked time on: exactly there at multiples of
`tick_ps`, where the circuit has breakpoints; at most `step_ps` later elsewhere. ngspice holds one
circuit a process: `thresholds_ps` must not be called while the array is open.
"""

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.mtj import DIRECTIONS, PmaMtj
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.driver import add_driver, add_supply, gate_levels
from nvmcosim.spice.mismatch import draw_vth_v
from nvmcosim.spice.mtj import OPTIONS, SUBCIRCUITS, Start, add_mtj, draw_start
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import Circuit, SpiceError, session

__all__ = ["CellArray", "device_at"]

Floats = NDArray[np.float64]

#: More cells than this in one circuit are refused: it gets slower than real use allows.
MAX_CELLS = 1024
#: The open-ended transient analysis ends here, in s.
_END_S = 1e-3


def device_at(mtj: PmaMtj, factors: Floats) -> PmaMtj:
    """`mtj` with its RA, TMR, diameter and Hk multiplied by `factors`, shape `[4]`."""
    ra, tmr, diameter, hk = (float(factor) for factor in factors)
    return mtj.replace(
        ra_ohm_um2=mtj.ra_ohm_um2 * ra,
        tmr=mtj.tmr * tmr,
        diameter_nm=mtj.diameter_nm * diameter,
        hk_t=mtj.hk_t * hk,
    )


class CellArray:
    """`cells` cells of device `spec` with their drivers; see the module.

    Attributes: `cells`, `tick_ps`, `step_ps`; `mtjs`, `vth_v` (threshold shifts of its driver) and
    `rest_angles` of each cell. Raises `InputError` for a wrong parameter, `MissingTool` without
    ngspice or transistor models.
    """

    def __init__(self, spec: DeviceSpec, cells: int, seed: int = 0, tick_ps: int = 5000) -> None:
        for name, value, low, high in (
            ("cells", cells, 1, MAX_CELLS),
            ("seed", seed, 0, 2**63 - 1),
            ("tick_ps", tick_ps, 100, 10**6),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(f"{name} is {value!r}; it must be from {low} to {high}")
        self.spec, self.cells, self.seed, self.tick_ps = spec, cells, seed, tick_ps
        factors = draw_factors(spec.spread, cells, seed)
        self.mtjs = [device_at(spec.mtj, row) for row in factors]
        self.vth_v = list(draw_vth_v(spec.driver, spec.spread, cells, seed))
        random = np.random.Generator(np.random.Philox(key=np.array([seed, 1], np.uint64)))
        self.rest_angles = [draw_start(mtj, "P-AP", random).angle for mtj in self.mtjs]
        self._thresholds: dict[str, Floats] = {}
        self._circuit: Circuit | None = None
        self._driven: list[str | None] = [None] * cells

    @property
    def step_ps(self) -> float:
        """Longest time step of the circuit."""
        return self.spec.mtj.tau_s / 80 * 1e12

    @property
    def rest_ps(self) -> float:
        """Idle time after which the next pulse starts from rest, to within 1% in angle."""
        return 5 * self.spec.mtj.tau_s * 1e12

    @property
    def margin_ps(self) -> float:
        """How near to the threshold a pulse's outcome is open: edges, and start angle at rest."""
        return 2 * self.spec.driver.rise_ps + 0.1 * self.spec.mtj.tau_s * 1e12

    def netlist(self, which: list[int] | None = None, initial: int = 0) -> Netlist:
        """The circuit of the cells `which` (all), holding the bit `initial`."""
        driver = self.spec.driver
        netlist = Netlist("array of STT-MTJ cells with their write drivers")
        netlist.add_fixed([SUBCIRCUITS, OPTIONS])
        add_supply(netlist, driver)
        which = list(range(self.cells)) if which is None else which
        for n in which:
            free, ref = add_driver(netlist, driver, n, self.vth_v[n])
            rest = self.rest_angles[n]
            start = Start(DIRECTIONS[initial], rest)
            add_mtj(netlist, self.mtjs[n], start, free, ref, index=n, hold=math.sin(rest) ** 2)
            for gate, level in gate_levels(driver, None).items():
                # `alter` makes a step; the RC makes an edge of it that the integrator can follow.
                netlist.add(f"v{gate}{n} s{gate}{n} 0 {{level}}", level=level)
                netlist.add(f"r{gate}{n} s{gate}{n} {gate}{n} 1k")
                netlist.add(f"c{gate}{n} {gate}{n} 0 {{c}}", c=driver.rise_ps * 1e-15 / 2.2)
        tick = self.tick_ps * 1e-12
        netlist.add("vtick tick 0 pulse(0 1 0 1p 1p {half} {tick})", half=tick / 2, tick=tick)
        netlist.add(".tran {step} {end} 0 {step}", step=self.step_ps * 1e-12, end=_END_S)
        netlist.add_fixed(".save " + " ".join(f"v(mz{n})" for n in which))
        return netlist

    # Measuring

    def thresholds_ps(self, direction: str, longest_ps: int = 200_000) -> Floats:
        """Switching time of each cell in ps under one long pulse from rest, shape `[cells]`.

        Infinite for a cell that has not switched after `longest_ps`. Measured on each cell's own
        circuit, once; from the middle of the pulse's first edge.
        """
        if direction not in self._thresholds:
            times = [
                self.threshold_ps(n, direction, longest_ps=longest_ps) for n in range(self.cells)
            ]
            self._thresholds[direction] = np.array(times)
        return self._thresholds[direction].copy()

    def threshold_ps(
        self,
        cell: int,
        direction: str,
        before: Sequence[tuple[int, int]] = (),
        longest_ps: int = 200_000,
    ) -> float:
        """Switching time of one `cell`, as `thresholds_ps` has it, after pulses that failed.

        `before` are those pulses in the same direction, each with the pause that followed it, in
        ps: a cell without the time to rest has a start. Raises `InputError` if one of them writes.
        """
        if direction not in DIRECTIONS:
            raise InputError(
                f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}"
            )
        netlist = self.netlist([cell], DIRECTIONS.index(direction))
        with session().circuit(netlist) as circuit:
            begin = circuit.advance(self.tick_ps * 1e-12)
            for pulse_ps, pause_ps in before:
                self._set_gates(circuit, cell, direction)
                begin = circuit.advance(begin + pulse_ps * 1e-12)
                self._set_gates(circuit, cell, None)
                begin = circuit.advance(begin + pause_ps * 1e-12)
                if circuit.last(f"mz{cell}") * (1 if direction == "P-AP" else -1) < 0:
                    raise InputError(f"a pulse of {pulse_ps} ps does not fail: it writes the cell")
            self._set_gates(circuit, cell, direction)
            now = begin
            sign = 1 if direction == "P-AP" else -1
            while (now - begin) * 1e12 < longest_ps:
                now = circuit.advance(now + 20_000e-12)
                if sign * circuit.last(f"mz{cell}") < 0:
                    time, mz = circuit.vectors("time", f"mz{cell}")
                    return (_crossing(time, sign * mz) - begin) * 1e12 - self._edge_delay_ps
        return math.inf

    def _set_gates(self, circuit: Circuit, cell: int, direction: str | None) -> None:
        for gate, level in gate_levels(self.spec.driver, direction).items():
            circuit.alter(f"v{gate}{cell}", level)

    def chosen(self, which: Sequence[int]) -> "CellArray":
        """An array of the cells `which` of this one, in that order; a cell must not come twice."""
        for n in which:
            self._check_cell(n)
        array = CellArray(self.spec, len(which), self.seed, self.tick_ps)
        array.mtjs = [self.mtjs[n] for n in which]
        array.vth_v = [self.vth_v[n] for n in which]
        array.rest_angles = [self.rest_angles[n] for n in which]
        return array

    def _check_cell(self, cell: int) -> None:
        if not 0 <= cell < self.cells:
            raise InputError(f"cell is {cell!r}; it must be from 0 to {self.cells - 1}")

    @property
    def _edge_delay_ps(self) -> float:
        # An RC step reaches its middle after ln(2) RC; RC is rise/2.2.
        return math.log(2) / 2.2 * self.spec.driver.rise_ps

    # Running

    def __enter__(self) -> Self:
        if self._circuit is not None:
            raise SpiceError("the cell array is open already")
        self._circuit = session().open(self.netlist())
        self._driven = [None] * self.cells
        try:
            # A change before the first step would alter the operating point, not the waveform.
            self._circuit.advance(self.step_ps * 1e-12)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._circuit is not None:
            self._circuit.close()
            self._circuit = None

    @property
    def _open(self) -> Circuit:
        if self._circuit is None:
            raise SpiceError("the cell array is not open: use it in a `with` statement")
        return self._circuit

    def advance(self, to_ps: float) -> float:
        """Run on to `to_ps`, which must not lie in the past; returns the time reached, in ps."""
        circuit = self._open
        if to_ps * 1e-12 <= circuit.last("time"):
            return round(circuit.last("time") * 1e12, 6)
        return round(circuit.advance(to_ps * 1e-12) * 1e12, 6)

    def drive(self, cell: int, value: int | None) -> None:
        """Drive `cell` towards the bit `value` from now on, or leave it alone (None)."""
        circuit = self._open
        self._check_cell(cell)
        if value not in (None, 0, 1):
            raise InputError(f"value is {value!r}; it must be 0, 1 or None")
        direction = None if value is None else DIRECTIONS[1 - value]
        before = gate_levels(self.spec.driver, self._driven[cell])
        for gate, level in gate_levels(self.spec.driver, direction).items():
            if level != before[gate]:
                circuit.alter(f"v{gate}{cell}", level)
        self._driven[cell] = direction

    def sense(self, cell: int) -> int:
        """The bit that `cell` holds now: 1 if it is nearer to antiparallel."""
        return int(self._open.last(f"mz{cell}") < 0)

    def sense_all(self) -> NDArray[np.bool_]:
        """The bits that all cells hold now, shape `[cells]`."""
        return np.array(self._open.last_of(*(f"mz{n}" for n in range(self.cells)))) < 0

    def waveforms(self) -> tuple[Floats, Floats]:
        """Times in ps `[points]` and mz of every cell `[cells, points]` so far."""
        time, *mz = self._open.vectors("time", *(f"mz{n}" for n in range(self.cells)))
        return time * 1e12, np.stack(mz)


def _crossing(time: Floats, x: Floats) -> float:
    """The time at which `x`, positive at first, first falls to 0; linear between points."""
    k = int(np.argmax(x <= 0))
    return float(time[k - 1] + (time[k] - time[k - 1]) * x[k - 1] / (x[k - 1] - x[k]))
