"""The Fokker-Planck equation's switching time as a law, to stand beside the closed forms."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import Decay, decay_of, switching_moments
from nvmcosim.pymodel.device.moments import Moments
from nvmcosim.pymodel.device.switching_law import SwitchingLaw
from nvmcosim.pymodel.errors import InputError

__all__ = ["ExactLaw"]

#: The solution is followed to this rate, and goes on as an exponential.
_DEEP = 1e-40


@dataclass(frozen=True, eq=False)
class ExactLaw(SwitchingLaw):
    """Switching times of one device by the Fokker-Planck equation; solved once.

    Fields:
        drive: the device, under its drive.
        spread: sigma of a log-normal factor on the switching time of each device, median 1.
    """

    drive: Drive
    spread: float = 0.0

    def __post_init__(self) -> None:
        if len(self.drive) != 1:
            raise InputError(f"a law is of one device, not of {len(self.drive)}")
        self._check_spread()

    @cached_property
    def _decay(self) -> Decay:
        return decay_of(self.drive, _DEEP)

    @cached_property
    def moments(self) -> Moments:
        """Of the switching time of a device without spread."""
        return switching_moments(self.drive)

    def _alone(self, pulse_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._decay.rate(pulse_s / self.drive.tau_s[0])
