"""The voltage-gated spin-Hall junction in ngspice, and the cells of wang2020 around it.

`mtj_sot` has the ports `top a mid b mz mx my`: top of the junction, both ends and middle of the
track under it, and the free layer's cosines as voltages, `mz` to the reference layer (-1 is
antiparallel, logic 1). In units of the anisotropy field at zero gate voltage, and of time in
tau = (1 + alpha^2)/(gamma mu0 Hk) (a capacitor of tau farad integrates d/dt), with the field
W = (hx, 0, k z) + s m x y, k = 1 - gate voltage * gating, and s the damping-like spin-Hall field:

    dm/dt = -m x W + alpha (W |m|^2 - m (m.W)) + 2 m (1 - |m|^2)

that is -m x B - s m x (m x y) with Gilbert damping, solved for dm/dt; the last term restores
|m| = 1. A current from `b` to `a` favours antiparallel. It precesses: integration must be
trapezoidal, in steps of at most `STEP_S`; Gear damps the precession. There is no thermal noise: a
spin-Hall torque stands across the magnetisation, so a switch does not wait for it.

Three cells, lines as the paper names them; the access transistor is FreePDK45's:

    1t1r    wbl -- a track b -- access (wl) -- sl; the junction's top is rbl
    2t1r    the same, and a second transistor (wl) from rbl to the top
    single  as 2t1r for the row and column at work, whose transistors the array shares
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self

import numpy as np

from nvmcosim.pymodel.device.fields import NumberField, read_number
from nvmcosim.pymodel.device.mtj import GYROMAGNETIC_RATIO
from nvmcosim.pymodel.device.sot import SOT_PRESETS, SotMtj
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.units import check_bit
from nvmcosim.spice.cards import CHANNEL_NM, NMOS, model_cards
from nvmcosim.spice.mtj import OPTIONS
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import MAX_POINTS, session

__all__ = ["CELLS", "STEP_S", "Phase", "SotCell", "sot_netlist", "write_volts"]

#: Kinds of cell.
CELLS = ("1t1r", "2t1r", "single")
#: Longest time step, in s.
STEP_S = 2e-12
#: Shorter steps only add points.
_LEAST_STEP_S = 1e-15

_NUMBERS = {
    "word_line_v": NumberField("word_line", "V", 1.0, 0.3, 5.0),
    "access_width_nm": NumberField("access_width", "m", 1e9, 45.0, 1e5),
    # What settles after a pulse is left 3 ns.
    "rise_ps": NumberField("rise", "s", 1e12, 1.0, 3000.0),
}
#: Of what is not connected, and what a bare source still has in series, in ohm.
_OPEN_OHM, _LEAST_OHM = 1e12, 1e-3

_SUBCIRCUIT = """
.subckt mtj_sot top a mid b mz mx my ron=1k tmr=1 vhalf=1 half=1k tau=1n alpha=1 hx=0 vcma=0 sot=0
ra a mid {half}
rb mid b {half}
bg g 0 v=1-(1-v(mz))/2*{tmr}/(1+{tmr}+(v(top,mid)/{vhalf})^2)
bj top mid i=v(top,mid)*v(g)/{ron}
bs s 0 v=-{sot}*v(b,a)
cx mx 0 {tau}
cy my 0 {tau}
cz mz 0 {tau}
bwx wx 0 v={hx}-v(s)*v(mz)
bwz wz 0 v=(1-{vcma}*v(top,mid))*v(mz)+v(s)*v(mx)
bq q 0 v=v(mx)^2+v(my)^2+v(mz)^2
bd d 0 v={alpha}*(v(mx)*v(wx)+v(mz)*v(wz))-2*(1-v(q))
bx 0 mx i=-v(my)*v(wz)+{alpha}*v(wx)*v(q)-v(mx)*v(d)
by 0 my i=-v(mz)*v(wx)+v(mx)*v(wz)-v(my)*v(d)
bz 0 mz i=v(my)*v(wx)+{alpha}*v(wz)*v(q)-v(mz)*v(d)
.ends
""".strip()


@dataclass(frozen=True)
class SotCell:
    """A cell: its kind, junction and access transistor.

    Fields:
        kind: one of `CELLS`.
        mtj.
        word_line_v: gate of the access transistor while it is on; 1.0 V is nominal for FreePDK45,
            where the paper has 0.7 V of a 28 nm process.
        access_width_nm: its width, chosen so that it is about as resistive as the track.
        rise_ps: edges of all pulses, in ps.

    Raises `InputError`.
    """

    kind: str = "1t1r"
    mtj: SotMtj = SOT_PRESETS["sot-wang2020"]
    word_line_v: float = 1.0
    access_width_nm: float = 400.0
    rise_ps: float = 50.0

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in CELLS:
            raise InputError(f"cell is {self.kind!r}; it must be one of {', '.join(CELLS)}")
        if not isinstance(self.mtj, SotMtj):
            raise InputError(f"mtj is {self.mtj!r}; it must be a SotMtj")
        for name, field in _NUMBERS.items():
            value = read_number(getattr(self, name), name, field.low, field.high)
            object.__setattr__(self, name, value)

    @property
    def transistors(self) -> int:
        """Of the cell's own; a single junction's are the row's and the column's."""
        return {"1t1r": 1, "2t1r": 2, "single": 0}[self.kind]

    @property
    def steps(self) -> int:
        """Pulses of a row's write whose bits differ: a single junction's row shares one current."""
        return 2 if self.kind == "single" else 1

    def replace(self, **changes: Any) -> Self:
        """The same cell with other values in some fields."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Phase:
    """One pulse on the lines: voltages of read bit line, source line and word line, in V."""

    rbl_v: float
    sl_v: float
    wl_v: float


def sot_netlist(
    cell: SotCell,
    stored: bool,
    phases: tuple[Phase, ...],
    pulse_s: float,
    settle_s: float,
    *,
    write: bool = True,
    step_s: float = STEP_S,
) -> Netlist:
    """The circuit of `phases`, one pulse of `pulse_s` after another, each then left `settle_s`.

    All lines idle at 0 V; the write bit line is at ground, or open unless `write`. The free layer
    starts at rest in the state `stored`. Raises `InputError`.
    """
    check_bit(stored, "stored")
    edge = cell.rise_ps * 1e-12
    for name, value in (("pulse_s", pulse_s), ("settle_s", settle_s)):
        read_number(value, name, edge, 1e-3)
    read_number(step_s, "step_s", _LEAST_STEP_S, STEP_S)
    if not phases or not all(isinstance(phase, Phase) for phase in phases):
        raise InputError("phases must be one Phase or more")
    span = len(phases) * (pulse_s + settle_s)
    if span / step_s >= MAX_POINTS:
        raise InputError(f"a run of {span!r} s in steps of {step_s!r} s is too long")
    mtj = cell.mtj
    netlist = Netlist("a spin-orbit cell")
    netlist.add_fixed([_SUBCIRCUIT, OPTIONS])
    _add_access(netlist, cell)
    netlist.add("rw a wbl {ohm}", ohm=_LEAST_OHM if write else _OPEN_OHM)
    netlist.add("vwbl wbl 0 0")
    netlist.add(
        "xm0 top a mid b mz mx my mtj_sot ron={ron} tmr={tmr} vhalf={vhalf} half={half} tau={tau} "
        "alpha={alpha} hx={hx} vcma={vcma} sot={sot}",
        ron=mtj.r_on_ohm,
        tmr=mtj.tmr,
        vhalf=mtj.v_half_v,
        half=mtj.track_ohm / 2,
        tau=(1 + mtj.damping**2) / (GYROMAGNETIC_RATIO * mtj.hk_t),
        alpha=mtj.damping,
        hx=mtj.hx_t / mtj.hk_t,
        vcma=mtj.gating_t_per_v / mtj.hk_t,
        sot=mtj.spin_hall_t_per_a / mtj.track_ohm / mtj.hk_t,
    )
    tilt = mtj.hx_t / mtj.hk_t
    rest = np.sqrt(1 - tilt**2) * (-1 if stored else 1)
    netlist.add(".ic v(mx)={x} v(my)=0 v(mz)={z}", x=tilt, z=rest)
    for line in ("rbl", "sl", "wl"):
        _add_pulses(
            netlist, line, [getattr(p, f"{line}_v") for p in phases], pulse_s, settle_s, edge
        )
    netlist.add(".tran {step} {span} 0 {step}", step=step_s, span=span)
    netlist.add_fixed(".save v(mx) v(my) v(mz) v(top) v(a) v(mid) v(b) v(rbl) v(sl) v(wl) v(xm0.g)")
    netlist.add_fixed(".save i(vrbl) i(vsl) i(vwl)")
    return netlist


def _add_access(netlist: Netlist, cell: SotCell) -> None:
    netlist.add_fixed(model_cards())
    sizes = {"w": cell.access_width_nm * 1e-9, "l": CHANNEL_NM * 1e-9}
    netlist.add(f"ma b wl sl 0 {NMOS} w={{w}} l={{l}}", **sizes)
    if cell.kind == "1t1r":
        netlist.add("rt rbl top {ohm}", ohm=_LEAST_OHM)
    else:
        netlist.add(f"mr top wl rbl 0 {NMOS} w={{w}} l={{l}}", **sizes)


def _add_pulses(
    netlist: Netlist,
    line: str,
    levels: list[float],
    pulse_s: float,
    settle_s: float,
    edge_s: float,
) -> None:
    """Source of `line`: a pulse to each level, from middle to middle of its edges `pulse_s`."""
    values: dict[str, float] = {}
    points = []
    for n, level in enumerate(levels):
        start = n * (pulse_s + settle_s)
        times = (start, start + edge_s, start + pulse_s, start + pulse_s + edge_s)
        for k, (time, volts) in enumerate(zip(times, (0.0, level, level, 0.0), strict=True)):
            values |= {f"t{n}_{k}": time, f"v{n}_{k}": volts}
            points.append(f"{{t{n}_{k}}} {{v{n}_{k}}}")
    netlist.add(f"v{line} {line} 0 pwl({' '.join(points)})", **values)


@cache
def write_volts(cell: SotCell) -> dict[bool, float]:
    """Source-line voltage by C that drives the write current with the gate at 0 V, from a sweep.

    C = 1 is a current from source line to write bit line, which is at ground. Raises `MissingTool`,
    `SpiceError`, or `InputError` where the access transistor cannot pass that current.
    """
    netlist = Netlist("access transistor and track of a spin-orbit cell")
    _add_access(netlist, cell)
    netlist.add("ra 0 mid {half}", half=cell.mtj.track_ohm / 2)
    netlist.add("rb mid b {half}", half=cell.mtj.track_ohm / 2)
    netlist.add("rj top mid {ron}", ron=cell.mtj.r_on_ohm)
    netlist.add("vwl wl 0 {level}", level=cell.word_line_v)
    netlist.add_fixed(["vrbl rbl 0 0", "vsl sl 0 0", ".save v(b)", ".dc vsl -1 1 0.005"])
    with session().circuit(netlist) as circuit:
        circuit.run()
        volts, at_b = circuit.vectors("v-sweep", "b")
    current = at_b / cell.mtj.track_ohm
    found = {}
    for c, wanted in ((False, -cell.mtj.write_a), (True, cell.mtj.write_a)):
        if not current.min() < wanted < current.max():
            raise InputError(
                f"access_width_nm is {cell.access_width_nm:g}; at 1 V on the source line it passes "
                f"{current.min() * 1e6:.0f} to {current.max() * 1e6:.0f} uA, and a write takes "
                f"{wanted * 1e6:.0f}"
            )
        found[c] = float(np.interp(wanted, current, volts))
    return found
