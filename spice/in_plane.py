"""The in-plane STT-MTJ in ngspice: Cartesian macrospin with a demagnetising field, and its driver.

`mtj_ip` has the ports `free ref mz`: free and reference layer, and the cosine between them as a
voltage. A positive voltage from `free` to `ref` favours the parallel state, as in `spice.mtj`. In
m = (x, y, z), z along the reference layer and y along the thickness, with h = (0, -q y, z) in units
of Hk and time in units of tau (a capacitor of tau farad integrates d/dt):

    dm/dt = -(1/alpha) m x h + h |m|^2 - m (m.h) + s (z |m|^2 - m m_z) + 50 m (1 - |m|^2)

the equation of `pymodel.device.in_plane_llg`, seen from the reference layer. The overdrive s is the
current in units of Jc0 of its direction. Starts are drawn in Python; there is no noise after them.

Integration must be trapezoidal, in steps of at most `STEP_S`: Gear damps the precession, so that
a write is slow or never comes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.device.in_plane import InPlaneMtj, state_of
from nvmcosim.pymodel.device.in_plane_llg import InPlaneMotion
from nvmcosim.pymodel.device.spec import WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json
from nvmcosim.spice.driver import add_driver, add_pulse, add_supply
from nvmcosim.spice.mtj import OPTIONS
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import MAX_POINTS, session
from nvmcosim.spice.write_cell import Waveform, supply_sources

__all__ = ["STEP_S", "InPlaneSamples", "in_plane_netlist", "sample_in_plane", "simulate_in_plane"]

Floats = NDArray[np.float64]

#: Longest time step, in s: forty to a precession.
STEP_S = 2e-12
#: Samples in a file.
_CHUNK = 20

_SUBCIRCUIT = """
.subckt mtj_ip free ref mz mx my rp=1k tmr=1 vhalf=1 kp=0 kap=0 tau=1n alpha=1 hard=0
bg g 0 v=1-(1-v(mz))/2*{tmr}/(1+{tmr}+(v(free,ref)/{vhalf})^2)
bj free ref i=v(free,ref)*v(g)/{rp}
bs s 0 v=v(free,ref)*v(g)*({kp}+({kap}-{kp})*u(v(free,ref)))
cx mx 0 {tau}
cy my 0 {tau}
cz mz 0 {tau}
bhy hy 0 v=-{hard}*v(my)
bq q 0 v=v(mx)^2+v(my)^2+v(mz)^2
bd d 0 v=v(my)*v(hy)+v(mz)*(v(mz)+v(s))-50*(1-v(q))
bx 0 mx i=-(v(my)*v(mz)-v(mz)*v(hy))/{alpha}-v(mx)*v(d)
by 0 my i=v(mx)*v(mz)/{alpha}+v(hy)*v(q)-v(my)*v(d)
bz 0 mz i=-v(mx)*v(hy)/{alpha}+(v(mz)+v(s))*v(q)-v(mz)*v(d)
.ends
""".strip()


def in_plane_netlist(
    driver: WriteDriver,
    mtj: InPlaneMtj,
    direction: str,
    start: ArrayLike,
    span_s: float,
    *,
    pulse_s: float | None = None,
    step_s: float = STEP_S,
) -> Netlist:
    """The circuit of one write in `direction`, `span_s` long, under one pulse of `pulse_s`.

    `start` is a unit vector with z along the starting direction, as `InPlaneMotion.starts` draws
    them. Without `pulse_s` the pulse outlasts the run. Raises `InputError`.
    """
    vector = np.asarray(start, dtype=np.float64)
    if vector.shape != (3,) or not abs(np.linalg.norm(vector) - 1) < 1e-6:
        raise InputError(f"start is {start!r}; it must be a unit vector")
    if not 0 < span_s / step_s < MAX_POINTS:
        raise InputError(f"a run of {span_s!r} s in steps of {step_s!r} s is too long")
    if state_of(direction) == "AP":
        # Half a turn around x, to coordinates with z along the reference layer.
        vector = vector * (1, -1, -1)
    motion = InPlaneMotion.of(mtj, direction, 0.0)
    scale = (1 + motion.hard / 2) / (mtj.ra_ohm_um2 * 1e-12)
    netlist = Netlist("one write of an in-plane STT-MTJ")
    netlist.add_fixed([_SUBCIRCUIT, OPTIONS])
    add_supply(netlist, driver)
    free, ref = add_driver(netlist, driver)
    # An ammeter between driver and junction: its current is positive into the reference layer.
    netlist.add(f"vam {ref} refj 0")
    netlist.add(
        f"xm0 {free} refj mz0 mx0 my0 mtj_ip rp={{rp}} tmr={{tmr}} vhalf={{vhalf}} kp={{kp}} "
        "kap={kap} tau={tau} alpha={alpha} hard={hard}",
        rp=mtj.r_parallel_ohm,
        tmr=mtj.tmr,
        vhalf=mtj.v_half_v,
        kp=scale / mtj.critical_density("P-AP"),
        kap=scale / mtj.critical_density("AP-P"),
        tau=motion.tau_s,
        alpha=mtj.damping,
        hard=motion.hard,
    )
    x, y, z = vector.tolist()
    netlist.add(".ic v(mx0)={x} v(my0)={y} v(mz0)={z}", x=x, y=y, z=z)
    add_pulse(netlist, driver, direction, 2 * span_s if pulse_s is None else pulse_s)
    netlist.add(".tran {step} {span} 0 {step}", step=step_s, span=span_s)
    netlist.add_fixed(f".save v(mz0) v({ref}) {'' if free == '0' else f'v({free})'} i(vam)")
    for node, source in supply_sources(driver):
        netlist.add_fixed(f".save v({node}) i({source})")
    return netlist


def simulate_in_plane(
    driver: WriteDriver,
    mtj: InPlaneMtj,
    direction: str,
    start: ArrayLike,
    span_s: float,
    **options: float,
) -> Waveform:
    """Simulate the write of `in_plane_netlist` with the same arguments.

    Raises `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    netlist = in_plane_netlist(driver, mtj, direction, start, span_s, **options)
    free = "x0" if driver.kind == "cmos" else ""
    with session().circuit(netlist) as circuit:
        circuit.run()
        time, mz, current, high = circuit.vectors("time", "mz0", "vam#branch", "bl0")
        low = circuit.vectors(free)[0] if free else 0.0
        supplied = np.zeros_like(time)
        for node, source in supply_sources(driver):
            volts, amperes = circuit.vectors(node, f"{source}#branch")
            supplied -= volts * amperes
    sign = 1.0 if direction == "P-AP" else -1.0
    return Waveform(
        time, sign * mz, sign * (high - low), sign * current, supplied, driver.rise_ps * 1e-12
    )


@dataclass(frozen=True, eq=False)
class InPlaneSamples:
    """Writes of one junction from drawn starts.

    Fields:
        starts: unit vectors with z along the starting direction, `[samples, 3]`.
        times_s: switching times, infinite where the run ended first, `[samples]`.
        pulse_s: pulse widths at which the energy is known, `[n]`.
        energy_j: mean energy up to there: junction, all the rest, `[2, n]`.
    """

    starts: Floats
    times_s: Floats
    pulse_s: Floats
    energy_j: Floats


def sample_in_plane(
    driver: WriteDriver,
    mtj: InPlaneMtj,
    direction: str,
    samples: int,
    seed: int,
    span_s: float,
    folder: Path,
    progress: Callable[[int], None] = lambda count: None,
) -> InPlaneSamples:
    """Simulate `samples` writes under a pulse of `span_s`, starts drawn from `seed`.

    Files of 20 samples are kept in `folder` and taken from there, so an interrupted run goes on;
    `progress` is told how many more are done. Raises `InputError`, `MissingTool` or `SpiceError`.
    """
    if not 1 <= samples <= 10**6:
        raise InputError(f"samples is {samples!r}; it must be from 1 to 1000000")
    count = -(-samples // _CHUNK) * _CHUNK
    starts = InPlaneMotion.of(mtj, direction, 0.0).starts(count, seed)
    pulses = np.linspace(0, span_s, 41)[1:]
    nominal = in_plane_netlist(driver, mtj, direction, (0.0, 0.0, 1.0), span_s)
    digest = digest_of([nominal.text, seed, session().version])
    times: list[float] = []
    energies: list[Floats] = []
    for first in range(0, count, _CHUNK):
        path = folder / digest[:32] / f"in-plane-{first // _CHUNK:05d}.json"
        kept = _kept(path, digest, pulses.size)
        if kept is None:
            runs = [
                simulate_in_plane(driver, mtj, direction, start, span_s)
                for start in starts[first : first + _CHUNK]
            ]
            found = [run.switching_time_s for run in runs]
            kept = found, np.sum([run.energy_j(pulses) for run in runs], axis=0)
            stated = [t if math.isfinite(t) else None for t in found]
            values = {"digest": digest, "times_s": stated, "energy_j": kept[1].tolist()}
            write_json(path, values)
        times += kept[0]
        energies.append(kept[1])
        progress(_CHUNK)
    return InPlaneSamples(starts, np.array(times), pulses, np.sum(energies, axis=0) / count)


def _kept(path: Path, digest: str, pulses: int) -> tuple[list[float], Floats] | None:
    """A file's times and summed energies; None if it is not there or not whole."""
    try:
        values = read_json(path)
        times = [math.inf if t is None else float(t) for t in values["times_s"]]
        energy = np.array(values["energy_j"], dtype=np.float64)
    except (InputError, KeyError, TypeError, ValueError):
        return None
    whole = len(times) == _CHUNK and energy.shape == (2, pulses)
    return (times, energy) if whole and values.get("digest") == digest else None
