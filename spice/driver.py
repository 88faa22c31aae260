"""Bidirectional write driver: on transistor models an H-bridge around a 1T-1R cell.

    vdd -- pmos --+                                     +-- pmos -- vdd
                  bl -- (ref MTJ free) -- x -- access -- sl
    gnd -- nmos --+               word line --+         +-- nmos -- gnd

An inverter drives the bit line `bl`, another the source line `sl`; both lines idle low. "P-AP"
raises the bit line: the current enters the reference layer, and the access transistor has its
source at ground. "AP-P" raises the source line, and the access transistor is a follower, which is
what `word_line_v` above the supply makes up for. The word line is on while a line is driven.

Models are FreePDK45's (`cards`): absolute driver energies are those of 45 nm, and are no statement
on another process. A driver of kind `source` is a voltage source and one resistor instead.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.drive import LoadLine
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.spec import WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.cards import CHANNEL_NM, NMOS, PMOS, model_cards
from nvmcosim.spice.mismatch import TRANSISTORS
from nvmcosim.spice.netlist import Netlist
from nvmcosim.spice.session import session

__all__ = ["add_driver", "add_pulse", "add_supply", "gate_levels", "load_lines"]

Floats = NDArray[np.float64]

#: Wire capacitance of a bit or source line, and of the cell's inner node, in F.
_LINE_F, _CELL_F = 10e-15, 0.2e-15
#: A bare voltage source still has this much in series: ngspice has no resistor of 0 ohm.
_LEAST_OHM = 1e-3


def gate_levels(driver: WriteDriver, direction: str | None) -> dict[str, float]:
    """Voltages of the driver's gates by name, while it writes in `direction` or idles (None).

    Gates take no current beyond what charges them. Raises `InputError`.
    """
    if direction not in (None, *DIRECTIONS):
        raise InputError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}")
    vdd = driver.vdd_v
    if driver.kind == "source":
        return {"drive": {"P-AP": vdd, "AP-P": -vdd, None: 0.0}[direction]}
    return {
        "bln": 0.0 if direction == "P-AP" else vdd,
        "sln": 0.0 if direction == "AP-P" else vdd,
        "wl": driver.word_line_v if direction else 0.0,
    }


def add_supply(netlist: Netlist, driver: WriteDriver) -> None:
    """Add transistor models and the supply `vdd`, where the driver has any; once a netlist."""
    if driver.kind == "cmos":
        netlist.add_fixed(model_cards())
        netlist.add("vdd vdd 0 {vdd_v}", vdd_v=driver.vdd_v)


def add_driver(
    netlist: Netlist, driver: WriteDriver, index: int = 0, vth_v: Floats | None = None
) -> tuple[str, str]:
    """Add driver `index` and return its nodes for the junction: free layer, reference layer.

    Its gates are nodes with the names of `gate_levels` and `index` behind. `vth_v`, shape `[5]`,
    shifts the thresholds of its `mismatch.TRANSISTORS`.
    """
    n = int(index)
    if driver.kind == "source":
        netlist.add(f"edrive{n} p{n} 0 drive{n} 0 1")
        netlist.add(f"rs{n} p{n} bl{n} {{series}}", series=max(driver.series_ohm, _LEAST_OHM))
        return "0", f"bl{n}"
    sizes = {
        "wn": driver.nmos_width_nm * 1e-9,
        "wp": driver.pmos_width_nm * 1e-9,
        "wa": driver.access_width_nm * 1e-9,
        "l": CHANNEL_NM * 1e-9,
        "line": _LINE_F,
        "cell": _CELL_F,
    }
    shifts = {} if vth_v is None else dict(zip(TRANSISTORS, vth_v.tolist(), strict=True))

    def transistor(name: str, nodes: str, model: str, width: str) -> None:
        text = f"{name}{n} {nodes} {model} w={{{width}}} l={{l}}"
        shift = shifts.get(name, 0.0)
        netlist.add(text + " delvto={shift}" if shift else text, **sizes, shift=shift)

    for line in ("bl", "sl"):
        transistor(f"mp{line}", f"{line}{n} {line}n{n} vdd vdd", PMOS, "wp")
        transistor(f"mn{line}", f"{line}{n} {line}n{n} 0 0", NMOS, "wn")
        netlist.add(f"c{line}{n} {line}{n} 0 {{line}}", **sizes)
    transistor("ma", f"x{n} wl{n} sl{n} 0", NMOS, "wa")
    netlist.add(f"cx{n} x{n} 0 {{cell}}", **sizes)
    return f"x{n}", f"bl{n}"


def add_pulse(netlist: Netlist, driver: WriteDriver, direction: str, width_s: float) -> None:
    """Drive the gates of driver 0 with one write pulse of `width_s` that starts at time 0.

    The width is from edge start to edge start, which is from middle to middle.
    """
    edge = driver.rise_ps * 1e-12
    for gate, idle in gate_levels(driver, None).items():
        netlist.add(
            f"v{gate}0 {gate}0 0 pulse({{idle}} {{active}} 0 {{edge}} {{edge}} {{on}} {{period}})",
            idle=idle,
            active=gate_levels(driver, direction)[gate],
            edge=edge,
            on=max(width_s - edge, 1e-15),
            period=10 * width_s + 1e-6,
        )


def load_lines(
    driver: WriteDriver, direction: str, vth_v: Floats, points: int = 61
) -> list[LoadLine]:
    """Current through the junction's place at each voltage across it, from DC sweeps.

    One for each row of threshold shifts `vth_v`, `[n, 5]`, of a `cmos` driver. This is all that the
    junction sees of a driver: it turns in nanoseconds where the lines settle in picoseconds.
    Raises `MissingTool`, `SpiceError`, or `InputError` if the driver delivers no current.
    """
    netlist = Netlist("load line of the write driver")
    add_supply(netlist, driver)
    free, ref = add_driver(netlist, driver)
    for gate, level in gate_levels(driver, direction).items():
        netlist.add(f"v{gate}0 {gate}0 0 {{level}}", level=level)
    plus, minus = (ref, free) if direction == "P-AP" else (free, ref)
    netlist.add(f"vj {plus} {minus} 0")
    netlist.add_fixed(".save i(vj)")
    step = driver.vdd_v / (points - 1)
    netlist.add(".dc vj 0 {last} {step}", last=driver.vdd_v + step / 2, step=step)
    lines = []
    with session().circuit(netlist) as circuit:
        for shifts in np.asarray(vth_v, dtype=np.float64):
            for name, shift in zip(TRANSISTORS, shifts.tolist(), strict=True):
                circuit.alter(f"{name}0", shift, "delvto")
            circuit.run()
            voltage, current = circuit.vectors("v-sweep", "vj#branch")
            if not current[0] > 0:
                raise InputError(
                    f"the write driver delivers {current[0]:g} A: check its widths and supply"
                )
            lines.append(_until_open(voltage, current))
    return lines


def _until_open(voltage: Any, current: Any) -> LoadLine:
    """The load line up to its open-circuit voltage, where the current has fallen to 0."""
    current = np.minimum.accumulate(current)
    if current[-1] < 0:
        last = int(np.argmax(current <= 0))
        share = current[last - 1] / (current[last - 1] - current[last])
        end = voltage[last - 1] + share * (voltage[last] - voltage[last - 1])
        voltage = np.append(voltage[:last], end)
        current = np.append(current[:last], 0.0)
    return LoadLine(voltage, current)
