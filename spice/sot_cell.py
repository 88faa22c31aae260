"""Writes and reads of the spin-orbit cells of wang2020 in ngspice: waveforms, outcome, energy."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.units import check_bit
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import session
from nvmcosim.spice.sot import STEP_S, Phase, SotCell, sot_netlist, write_volts

__all__ = ["READ_V", "SotRead", "SotRun", "read", "unselected", "write", "write_phases"]

Floats = NDArray[np.float64]

#: Read bit line while a cell is read: wang2020, Section 3.1.
READ_V = -0.1
#: From the end of a pulse until the state is looked at, in s: five relaxation times.
_SETTLE_S = 3e-9


@dataclass(frozen=True, eq=False)
class SotRun:
    """What happened in a cell; arrays are `[points]`.

    Fields:
        time_s: from the start of the first edge, in s.
        m: cosines of the free layer, `[points, 3]`, the last to the reference layer.
        rbl_v, sl_v, wl_v: line voltages, the write bit line being at ground or open.
        gate_v: from the top of the junction to the middle of the track.
        junction_a: into the track.
        track_a: mean over the track, positive from source line to write bit line.
        track_w, supplied_w: power of the track, and of all sources together.
        edge_s: rise time of the edges.
        stored: state before.
    """

    time_s: Floats
    m: Floats
    rbl_v: Floats
    sl_v: Floats
    wl_v: Floats
    gate_v: Floats
    junction_a: Floats
    track_a: Floats
    track_w: Floats
    supplied_w: Floats
    edge_s: float
    stored: bool

    @property
    def state(self) -> bool:
        """State at the end."""
        return bool(self.m[-1, 2] < 0)

    @cached_property
    def x(self) -> Floats:
        """Cosine to the direction the layer started in."""
        return self.m[:, 2] * (-1 if self.stored else 1)

    @property
    def switching_time_s(self) -> float:
        """From the middle of the first edge until the layer passes the plane; infinite if never."""
        below = np.flatnonzero(self.x < 0)
        if not below.size:
            return math.inf
        k = int(below[0])
        share = self.x[k - 1] / (self.x[k - 1] - self.x[k])
        time = self.time_s[k - 1] + share * (self.time_s[k] - self.time_s[k - 1])
        return float(time) - self.edge_s / 2

    def energy_j(self) -> dict[str, float]:
        """Energy in J of `track`, `junction` and `transistors` (all the rest), and the `total`."""
        junction = self._integral(self.gate_v * self.junction_a)
        track, total = self._integral(self.track_w), self._integral(self.supplied_w)
        return {
            "track": track,
            "junction": junction,
            "transistors": total - track - junction,
            "total": total,
        }

    def _integral(self, power: Floats) -> float:
        return float(np.trapezoid(power, self.time_s))


@dataclass(frozen=True, eq=False)
class SotRead:
    """A read.

    Fields:
        run: its waveforms.
        current_a: from source line to read bit line, settled.
        reference_a: what it is compared with: midway between the currents of both states.
        bit: what was read: 1 if the current is the smaller.
        tilt: how far the layer ever moved from rest, as a distance between unit vectors.
    """

    run: SotRun
    current_a: float
    reference_a: float
    bit: bool
    tilt: float


def write_phases(cell: SotCell, v: bool, c: bool) -> tuple[Phase, ...]:
    """The pulses of a write: gate voltage if `v`, current by `c`.

    A row of single junctions has one current for all, so it takes both directions in turn, and a
    junction's gate opens it in its own alone.
    """
    check_bit(v, "v")
    check_bit(c, "c")
    volts, gate = write_volts(cell), cell.mtj.gate_v
    turns = (True, False) if cell.kind == "single" else (c,)
    return tuple(
        Phase(gate if v and turn == c else 0.0, volts[turn], cell.word_line_v) for turn in turns
    )


def write(
    cell: SotCell,
    stored: bool,
    v: bool,
    c: bool,
    pulse_s: float | None = None,
    step_s: float = STEP_S,
) -> SotRun:
    """Write a cell that holds `stored`: B' = V ? C : B is what should come of it.

    Pulses are as long as the junction says, unless `pulse_s` is given; `step_s` is the longest
    step of the integration. Raises `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    width = cell.mtj.pulse_ns * 1e-9 if pulse_s is None else pulse_s
    phases = write_phases(cell, v, c)
    netlist = sot_netlist(cell, stored, phases, width, _SETTLE_S, step_s=step_s)
    return _run(netlist, cell, stored)


def unselected(cell: SotCell, stored: bool, c: bool) -> SotRun:
    """A cell whose word line is off, while one that shares all its other lines is written.

    That write has V = 1 and the current of `c`. Raises as `write` does.
    """
    check_bit(c, "c")
    phase = Phase(cell.mtj.gate_v, write_volts(cell)[c], 0.0)
    netlist = sot_netlist(cell, stored, (phase,), cell.mtj.pulse_ns * 1e-9, _SETTLE_S)
    return _run(netlist, cell, stored)


def read(cell: SotCell, stored: bool, pulse_s: float | None = None) -> SotRead:
    """Read a cell that holds `stored`: -100 mV on the read bit line, the write bit line open.

    Raises as `write` does.
    """
    width = cell.mtj.pulse_ns * 1e-9 if pulse_s is None else pulse_s
    phases = (Phase(READ_V, 0.0, cell.word_line_v),)
    run = _run(sot_netlist(cell, stored, phases, width, _SETTLE_S, write=False), cell, stored)
    # The end of the pulse's flat top.
    at = int(np.searchsorted(run.time_s, width)) - 1
    current = -float(run.junction_a[at])
    states = cell.mtj.conductance([1.0, -1.0], READ_V)
    reference = float(-READ_V * states.mean())
    tilt = float(np.linalg.norm(run.m - run.m[0], axis=1).max())
    return SotRead(run, current, reference, current < reference, tilt)


def _run(netlist: Netlist, cell: SotCell, stored: bool) -> SotRun:
    lines = ("rbl", "sl", "wl")
    with session().circuit(netlist) as circuit:
        circuit.run()
        time, x, y, z = circuit.vectors("time", "mx", "my", "mz")
        top, a, mid, b, share = circuit.vectors("top", "a", "mid", "b", "xm0.g")
        volts = circuit.vectors(*lines)
        currents = circuit.vectors(*(f"v{line}#branch" for line in lines))
    gate, half = top - mid, cell.mtj.track_ohm / 2
    return SotRun(
        time_s=time,
        m=np.stack([x, y, z], axis=1),
        rbl_v=volts[0],
        sl_v=volts[1],
        wl_v=volts[2],
        gate_v=gate,
        junction_a=gate * share / cell.mtj.r_on_ohm,
        track_a=(b - a) / (2 * half),
        track_w=((b - mid) ** 2 + (mid - a) ** 2) / half,
        # The write bit line is at ground: it takes no energy from a source.
        supplied_w=-np.einsum("ij,ij->j", volts, currents),
        edge_s=cell.rise_ps * 1e-12,
        stored=stored,
    )
