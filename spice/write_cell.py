"""One write of one cell in ngspice: waveforms, switching time, and energy by pulse width.

One pulse as long as the run gives the outcome of every shorter one at once: up to the moment where
a shorter pulse would end, both are the same circuit. A pulse of width T, between the middles
of its edges, fails if the cell has not passed mz = 0 by T. It takes the energy delivered up to T
and that of its last edge, which one pulsed run measures. `tests/test_spice_write_cell.py` holds
this against pulsed runs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.device.mtj import PmaMtj
from nvmcosim.pymodel.device.spec import WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.driver import add_driver, add_pulse, add_supply, gate_levels
from nvmcosim.spice.mtj import LLG_STEP_S, OPTIONS, SUBCIRCUITS, Start, add_mtj
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import MAX_POINTS, session

__all__ = ["Waveform", "simulate_write", "supply_sources", "time_step_s", "write_netlist"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Waveform:
    """What a write of a cell looked like; all of shape `[points]`.

    Fields:
        time_s: from the start of the pulse's first edge, in s.
        x: cosine to the starting direction, +1 before the write.
        voltage_v, current_a: of the junction, positive in the write's direction.
        supplied_w: power that all sources together deliver, in W.
        edge_s: rise time of the pulse's edges.
    """

    time_s: Floats
    x: Floats
    voltage_v: Floats
    current_a: Floats
    supplied_w: Floats
    edge_s: float

    @property
    def switching_time_s(self) -> float:
        """Time from the middle of the first edge until x passes 0; infinite if it does not."""
        below = np.flatnonzero(self.x <= 0)
        if not below.size:
            return math.inf
        k = int(below[0])
        if k == 0:
            return 0.0
        share = self.x[k - 1] / (self.x[k - 1] - self.x[k])
        crossing = self.time_s[k - 1] + share * (self.time_s[k] - self.time_s[k - 1])
        return max(float(crossing) - self.edge_s / 2, 0.0)

    def energy_j(self, until_s: ArrayLike) -> Floats:
        """Energy in J delivered until `until_s` `[n]`, as `[2, n]`: junction, all the rest."""
        steps = np.diff(self.time_s)
        junction = self.voltage_v * self.current_a
        result = []
        for power in (junction, self.supplied_w - junction):
            mean = (power[1:] + power[:-1]) / 2
            total = np.concatenate(([0.0], np.cumsum(mean * steps)))
            result.append(np.interp(np.asarray(until_s), self.time_s, total))
        return np.stack(result)


def time_step_s(mtj: PmaMtj, model: str = "1d") -> float:
    """Longest time step of a Monte Carlo run, in s: a sixth of the spacing of the noise's points.

    So every single run is within 0.1% of the reference's switching time; half the spacing would
    leave up to 0.6%, though the mean over runs is right even then.
    """
    return mtj.tau_s / 240 if model == "1d" else LLG_STEP_S


def write_netlist(
    driver: WriteDriver,
    mtj: PmaMtj,
    start: Start,
    span_s: float,
    *,
    pulse_s: float | None = None,
    noise: Floats | None = None,
    noise_step_s: float = 0.0,
    model: str = "1d",
    step_s: float | None = None,
    vth_v: Floats | None = None,
) -> Netlist:
    """The circuit of one write from `start`, `span_s` long, under one pulse of `pulse_s`.

    Without `pulse_s` the pulse outlasts the run. `noise`, `noise_step_s` and `model` as in
    `spice.mtj.add_mtj`; `step_s` is the longest time step; `vth_v` as in `spice.driver.add_driver`.
    Raises `InputError`.
    """
    step = time_step_s(mtj, model) if step_s is None else step_s
    if not 0 < span_s / step < MAX_POINTS:
        raise InputError(f"a run of {span_s!r} s in steps of {step!r} s is too long")
    netlist = Netlist("one write of an STT-MTJ cell")
    netlist.add_fixed([SUBCIRCUITS, OPTIONS])
    add_supply(netlist, driver)
    free, ref = add_driver(netlist, driver, vth_v=vth_v)
    # An ammeter between driver and junction: its current is positive into the reference layer.
    netlist.add(f"vam {ref} refj 0")
    add_mtj(netlist, mtj, start, free, "refj", noise=noise, step_s=noise_step_s, model=model)
    add_pulse(netlist, driver, start.direction, 2 * span_s if pulse_s is None else pulse_s)
    netlist.add(".tran {step} {span} 0 {step}", step=step, span=span_s)
    netlist.add_fixed(f".save v(mz0) v({ref}) {'' if free == '0' else f'v({free})'} i(vam)")
    for node, source in supply_sources(driver):
        netlist.add_fixed(f".save v({node}) i({source})")
    return netlist


def supply_sources(driver: WriteDriver) -> list[tuple[str, str]]:
    """Node and element of every source that delivers energy."""
    if driver.kind == "source":
        return [("p0", "edrive0")]
    return [("vdd", "vdd"), *((f"{gate}0", f"v{gate}0") for gate in gate_levels(driver, None))]


def simulate_write(
    driver: WriteDriver, mtj: PmaMtj, start: Start, span_s: float, **options: object
) -> Waveform:
    """Simulate the write of `write_netlist` with the same arguments.

    Raises `InputError`, `MissingTool`, or `SpiceError` if ngspice fails.
    """
    netlist = write_netlist(driver, mtj, start, span_s, **options)  # type: ignore[arg-type]
    free, ref = ("x0", "bl0") if driver.kind == "cmos" else ("", "bl0")
    with session().circuit(netlist) as circuit:
        circuit.run()
        time, mz, current, high = circuit.vectors("time", "mz0", "vam#branch", ref)
        low = circuit.vectors(free)[0] if free else 0.0
        supplied = np.zeros_like(time)
        for node, source in supply_sources(driver):
            volts, amperes = circuit.vectors(node, f"{source}#branch")
            supplied -= volts * amperes
    sign = 1.0 if start.direction == "P-AP" else -1.0
    return Waveform(
        time, sign * mz, sign * (high - low), sign * current, supplied, driver.rise_ps * 1e-12
    )
