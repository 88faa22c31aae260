"""Mismatch of the write driver's transistors: a threshold shift of its own for each.

Pelgrom et al., IEEE J. Solid-State Circuits 24, 1433 (1989): sigma(Vth) = A_vt/sqrt(W L). The
shift is BSIM4's instance parameter `delvto`, in V, which raises an nMOS's threshold and lowers the
magnitude of a pMOS's; the distribution is the same either way.
"""

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.spec import DeviceSpread, WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.cards import CHANNEL_NM

__all__ = ["TRANSISTORS", "draw_vth_v", "vth_sigma_v"]

Floats = NDArray[np.float64]

#: The driver's transistors, in the order of every array of shifts: pull-up and pull-down of bit
#: and source line, and the cell's access transistor.
TRANSISTORS = ("mpbl", "mnbl", "mpsl", "mnsl", "ma")
#: Second word of the generator's key; others are `draw_factors`' and the samples' own.
_STREAM = 2


def vth_sigma_v(driver: WriteDriver, spread: DeviceSpread) -> Floats:
    """Standard deviation of each transistor's threshold in V, `[5]`; 0 for a `source` driver."""
    if driver.kind == "source":
        return np.zeros(len(TRANSISTORS))
    widths = {
        "mp": driver.pmos_width_nm,
        "mn": driver.nmos_width_nm,
        "ma": driver.access_width_nm,
    }
    area_um2 = np.array([widths[name[:2]] for name in TRANSISTORS]) * CHANNEL_NM * 1e-6
    return spread.vth_mv_um * 1e-3 / np.sqrt(area_um2)


def draw_vth_v(driver: WriteDriver, spread: DeviceSpread, count: int, seed: int) -> Floats:
    """Threshold shifts in V of the drivers of `count` cells, shape `[count, 5]`.

    Driver k is the same whatever `count` is.
    """
    if count < 0:
        raise InputError(f"count is {count!r}; it must not be negative")
    random = np.random.Generator(np.random.Philox(key=np.array([seed, _STREAM], dtype=np.uint64)))
    return random.standard_normal((count, len(TRANSISTORS))) * vth_sigma_v(driver, spread)
