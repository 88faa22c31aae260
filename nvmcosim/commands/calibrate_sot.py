"""`nvmcosim calibrate` of a spin-orbit junction: what its gate lets switch, by current."""

import sys
from pathlib import Path

import numpy as np

from nvmcosim.pymodel.device.sot import SOT_ORIGIN, SOT_PRESETS
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.files import write_json

__all__ = ["calibrate_sot"]

#: Currents in units of the write current: first, last, and how many; and of a quick run.
_FIRST, _LAST, _CURRENTS, _QUICK_CURRENTS = 0.4, 2.0, 33, 9


def calibrate_sot(name: str, quick: bool, out: Path) -> list[Path]:
    """Write `name`'s switching time by current, gate closed and open, into `out`, and its plot.

    Each point is one noiseless write of a 1T-1R cell in ngspice, in either direction. Returns the
    files, the plot last, or the file alone without matplotlib. Raises `MissingTool` without
    ngspice, `InputError` or `SpiceError`.
    """
    from nvmcosim.devices import sample_progress
    from nvmcosim.spice.sot import SotCell
    from nvmcosim.spice.sot_logic import gate_curve
    from nvmcosim.studies.wang2020.device_plots import draw_gate_curve

    cell = SotCell(mtj=SOT_PRESETS[name])
    count = _QUICK_CURRENTS if quick else _CURRENTS
    currents = (np.linspace(_FIRST, _LAST, count) * cell.mtj.write_a).tolist()
    done = 0
    with sample_progress(f"writing {name} with its gate closed and open") as update:

        def told(more: int) -> None:
            nonlocal done
            done += more
            update(done, 4 * count)

        points = gate_curve(cell, currents, told)
    values = {
        "device": name,
        "origin": SOT_ORIGIN,
        "device_digest": cell.mtj.digest(),
        "cell": cell.kind,
        "critical_current_a": {
            f"{volts:g} V": float(cell.mtj.critical_current_a(volts))
            for volts in (0.0, cell.mtj.gate_v)
        },
        "points": points,
    }
    written = [write_json(out / f"{name}-gate.json", values)]
    try:
        plot = draw_gate_curve(out, cell, points, f"{name}-gate", f"{name}: switching by current")
    except MissingTool as error:
        print(f"no plot: {error}", file=sys.stderr)
        return written
    return [*written, out.parent / plot["png"]]
