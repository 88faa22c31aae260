"""The in-plane STT magnetic tunnel junction: its parameters and what follows from them.

Vocabulary: *antiparallel* (AP) reads as logic 1 and *parallel* (P) as logic 0. A current density
is positive in the sense that favours the switch in question. 1 kA/m is 1 emu/cc.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from nvmcosim.pymodel.device.fields import NumberField
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.parameters import Parameters
from nvmcosim.pymodel.errors import InputError

__all__ = ["STATES", "InPlaneMtj", "state_of"]

Floats = NDArray[np.float64]

#: The two states of a junction.
STATES = ("P", "AP")

#: Of magnetisation and polarisation with temperature, in K^-1.5: Bloch's law.
_BLOCH = 2e-5
_BOHR_MAGNETON: float = constants.physical_constants["Bohr magneton"][0]
#: From MA/cm^2 to A/m^2.
_DENSITY = 1e10

_NUMBERS = {
    "width_nm": NumberField("width", "m", 1e9, 5.0, 500.0),
    "length_nm": NumberField("length", "m", 1e9, 5.0, 500.0),
    "thickness_nm": NumberField("thickness", "m", 1e9, 0.3, 20.0),
    "ms_ka_m": NumberField("ms", "A/m", 1e-3, 50.0, 2500.0),
    "damping": NumberField("alpha", "", 1.0, 1e-4, 1.0),
    "polarization": NumberField("eta", "", 1.0, 1e-2, 0.99),
    "ra_ohm_um2": NumberField("ra", "ohm*um^2", 1.0, 0.1, 1e4),
    "v_half_v": NumberField("v_half", "V", 1.0, 0.05, 1e3),
    "temperature_k": NumberField("temperature", "K", 1.0, 1.0, 1000.0),
    "delta": NumberField("delta", "", 1.0, 1.0, 1000.0),
    "jc_ap_p_ma_cm2": NumberField("jc_ap_p", "", 1.0, 0.01, 1000.0),
    "jc_p_ap_ma_cm2": NumberField("jc_p_ap", "", 1.0, 0.01, 1000.0),
}


def state_of(direction: str) -> str:
    """The state that a write in `direction` starts from: `P` of `P-AP`, `AP` of `AP-P`.

    Raises `InputError` for another direction.
    """
    if direction not in DIRECTIONS:
        raise InputError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}")
    return direction.split("-")[0]


@dataclass(frozen=True)
class InPlaneMtj(Parameters):
    """An in-plane junction as one macrospin; the defaults are mondal2018's (footnote 2).

    Fields:
        width_nm, length_nm, thickness_nm: of the free layer; the easy axis is along its length.
        ms_ka_m: saturation magnetisation Ms, in kA/m (emu/cc).
        damping: Gilbert damping alpha.
        polarization: P0 = eta, spin polarisation at 0 K, which is also the spin-transfer
            efficiency of the precessional law.
        ra_ohm_um2: resistance-area product of the parallel state.
        v_half_v: bias at which the TMR has halved, in V.
        temperature_k: in K.
        delta: thermal stability at that temperature. An input: the paper prints 47.5, and no
            textbook shape of its free layer gives quite that (an elliptic cylinder 47.65).
        jc_ap_p_ma_cm2, jc_p_ap_ma_cm2: critical current densities Jc0 of the two directions, in
            MA/cm^2. Inputs as well, as the paper took them from a simulation.

    Frozen; raises `InputError` for a value that is not finite or out of range.
    """

    NUMBERS: ClassVar[Mapping[str, NumberField]] = _NUMBERS

    width_nm: float = 20.0
    length_nm: float = 58.0
    thickness_nm: float = 2.5
    ms_ka_m: float = 1222.0
    damping: float = 6.82e-3
    polarization: float = 0.85
    ra_ohm_um2: float = 5.0
    v_half_v: float = 0.65
    temperature_k: float = 300.0
    delta: float = 47.48
    jc_ap_p_ma_cm2: float = 4.10
    jc_p_ap_ma_cm2: float = 7.55

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length_nm < self.width_nm:
            raise InputError(
                f"length_nm is {self.length_nm:g} and width_nm {self.width_nm:g}; the length, "
                "along which the easy axis lies, must not be the shorter"
            )
        if self.polarization_now <= 0:
            raise InputError(
                f"temperature_k is {self.temperature_k:g}; no polarisation is left by Bloch's law"
            )

    # Magnetics

    @cached_property
    def area_m2(self) -> float:
        """Width times length, in m^2: the paper's energies are of this rectangle."""
        return self.width_nm * self.length_nm * 1e-18

    @cached_property
    def ms_now_a_m(self) -> float:
        """Ms(T) = Ms (1 - 2e-5 T^1.5) at the junction's temperature, in A/m."""
        return self.ms_ka_m * 1e3 * (1 - _BLOCH * self.temperature_k**1.5)

    def critical_density(self, direction: str) -> float:
        """Jc0 of `direction` (`P-AP` or `AP-P`), in A/m^2."""
        density = self.jc_ap_p_ma_cm2 if state_of(direction) == "AP" else self.jc_p_ap_ma_cm2
        return density * _DENSITY

    def rate(self, direction: str, density: ArrayLike) -> Floats:
        """Growth rate of the angle, eta muB/(e Ms tF) (J - Jc0), in 1/s; `density` J in A/m^2.

        mondal2018, below Eq. 3: with Ms at 0 K, as the paper's switching times need.
        """
        lever = self.polarization * _BOHR_MAGNETON / constants.e
        excess = np.asarray(density, dtype=np.float64) - self.critical_density(direction)
        return lever / (self.ms_ka_m * 1e3 * self.thickness_nm * 1e-9) * excess

    # Electrics

    @cached_property
    def polarization_now(self) -> float:
        """P(T) = P0 (1 - 2e-5 T^1.5) at the junction's temperature."""
        return self.polarization * (1 - _BLOCH * self.temperature_k**1.5)

    @cached_property
    def tmr(self) -> float:
        """Julliere's TMR0 = 2 P^2/(1 - P^2) at zero bias, as a fraction."""
        square = self.polarization_now**2
        return 2 * square / (1 - square)

    @cached_property
    def r_parallel_ohm(self) -> float:
        """R_P = RA/area, independent of bias, in ohm."""
        return self.ra_ohm_um2 * 1e-12 / self.area_m2

    def tmr_at(self, voltage_v: ArrayLike) -> Floats:
        """TMR(V) = TMR0/(1 + (V/V_half)^2); same shape as `voltage_v`, in V."""
        return self.tmr / (1 + (np.asarray(voltage_v, dtype=np.float64) / self.v_half_v) ** 2)

    def density(self, state: str, voltage_v: ArrayLike) -> Floats:
        """Current density J = |V|/RA(V) in A/m^2, of `state` (`P` or `AP`) at a bias in V."""
        if state not in STATES:
            raise InputError(f"state is {state!r}; it must be one of {', '.join(STATES)}")
        voltage = np.abs(np.asarray(voltage_v, dtype=np.float64))
        rise = self.tmr_at(voltage) if state == "AP" else 0.0
        return voltage / (self.ra_ohm_um2 * 1e-12 * (1 + rise))

    def current_a(self, state: str, voltage_v: ArrayLike) -> Floats:
        """Current in A, of `state` at a bias in V; same shape."""
        return self.density(state, voltage_v) * self.area_m2
