"""The perpendicular STT magnetic tunnel junction: its parameters and what follows from them.

Vocabulary: *x* is the cosine between the free layer and the direction it starts in, +1 before a
write and -1 after it has switched; *overdrive* i is the spin torque divided by the one at which
the initial state becomes unstable; times are in units of `tau_s` where a docstring says reduced.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from nvmcosim.pymodel.device.fields import NumberField, merge, read_fields, read_number
from nvmcosim.pymodel.device.parameters import Parameters
from nvmcosim.pymodel.errors import InputError

__all__ = ["DIRECTIONS", "GYROMAGNETIC_RATIO", "PmaMtj"]

#: Write directions: from parallel to antiparallel, and back.
DIRECTIONS = ("P-AP", "AP-P")

#: Of the electron, in rad/(s T).
GYROMAGNETIC_RATIO: float = constants.physical_constants["electron gyromag. ratio"][0]

_NUMBERS = {
    "diameter_nm": NumberField("diameter", "m", 1e9, 5.0, 500.0),
    "thickness_nm": NumberField("thickness", "m", 1e9, 0.3, 10.0),
    "ms_t": NumberField("ms", "T", 1.0, 0.05, 3.0),
    "hk_t": NumberField("hk", "T", 1.0, 1e-3, 5.0),
    "damping": NumberField("alpha", "", 1.0, 1e-4, 1.0),
    "polarization": NumberField("eta", "", 1.0, 1e-2, 1.0),
    "ra_ohm_um2": NumberField("ra", "ohm*um^2", 1.0, 0.1, 1e4),
    "tmr": NumberField("tmr", "", 1.0, 1e-3, 10.0),
    "v_half_v": NumberField("v_half", "V", 1.0, 0.05, 1e3),
    "temperature_k": NumberField("temperature", "K", 1.0, 1.0, 1000.0),
}
_TORQUES = ("current", "voltage")


@dataclass(frozen=True)
class PmaMtj(Parameters):
    """A round perpendicular junction, as one macrospin between its two tunnelling states.

    Fields:
        diameter_nm, thickness_nm: of the free layer.
        ms_t: saturation magnetisation mu0*Ms, in T.
        hk_t: effective anisotropy field mu0*Hk, demagnetisation taken off, in T.
        damping: Gilbert damping alpha.
        polarization: spin-torque efficiency eta.
        ra_ohm_um2: resistance-area product of the parallel state.
        tmr: tunnel magnetoresistance at zero bias, as a fraction (1.5 for 150%).
        v_half_v: bias at which the TMR has halved, in V.
        temperature_k: in K.
        torque: what the spin torque is proportional to. `current`: i = I/Ic0 in both states.
            `voltage`: i = V/Vc0, Vc0 = Ic0*R_P, the tunnel junction's bias-proportional torkance
            (Slonczewski, Phys. Rev. B 71, 024411 (2005)), which does not sag in the AP state.

    Frozen; raises `InputError` for a value that is not finite or out of range.
    """

    NUMBERS: ClassVar[Mapping[str, NumberField]] = _NUMBERS

    diameter_nm: float
    thickness_nm: float
    ms_t: float
    hk_t: float
    damping: float
    polarization: float
    ra_ohm_um2: float
    tmr: float
    v_half_v: float = 0.5
    temperature_k: float = 300.0
    torque: str = "voltage"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.torque not in _TORQUES:
            raise InputError(f"torque is {self.torque!r}; it must be one of {', '.join(_TORQUES)}")

    # Magnetics

    @cached_property
    def area_m2(self) -> float:
        """Area of the junction, in m^2."""
        return math.pi / 4 * (self.diameter_nm * 1e-9) ** 2

    @cached_property
    def moment_a_m2(self) -> float:
        """Magnetic moment Ms*V of the free layer, in A m^2."""
        return self.ms_t / constants.mu_0 * self.area_m2 * self.thickness_nm * 1e-9

    @cached_property
    def delta(self) -> float:
        """Thermal stability: barrier mu0*Hk*Ms*V/2 over kT, dimensionless."""
        return self.hk_t * self.moment_a_m2 / (2 * constants.k * self.temperature_k)

    @cached_property
    def tau_s(self) -> float:
        """Time scale tau_D = (1 + alpha^2)/(alpha*gamma*mu0*Hk) of the damped motion, in s."""
        return (1 + self.damping**2) / (self.damping * GYROMAGNETIC_RATIO * self.hk_t)

    @cached_property
    def critical_current_a(self) -> float:
        """Ic0 = 4*e*alpha*Delta*kT/(hbar*eta): overdrive 1 in the parallel state, in A."""
        energy = constants.k * self.temperature_k * self.delta
        return 4 * constants.e * self.damping * energy / (constants.hbar * self.polarization)

    @cached_property
    def critical_voltage_v(self) -> float:
        """Vc0 = Ic0*R_P, in V."""
        return self.critical_current_a * self.r_parallel_ohm

    # Electrics

    @cached_property
    def r_parallel_ohm(self) -> float:
        """R_P = RA/area, independent of bias, in ohm."""
        return self.ra_ohm_um2 * 1e-12 / self.area_m2

    @cached_property
    def r_antiparallel_ohm(self) -> float:
        """R_AP at zero bias, in ohm."""
        return self.r_parallel_ohm * (1 + self.tmr)

    def tmr_at(self, voltage_v: ArrayLike) -> NDArray[np.float64]:
        """TMR(V) = TMR0/(1 + (V/V_half)^2), as in mondal2018; same shape as `voltage_v`, in V."""
        return self.tmr / (1 + (np.asarray(voltage_v, dtype=np.float64) / self.v_half_v) ** 2)

    def conductance(self, cosine: ArrayLike, voltage_v: ArrayLike) -> NDArray[np.float64]:
        """G in S at `cosine` between free and *reference* layer (+1 parallel) and bias in V.

        G = G_P (1 - (1 - cosine)/2 * TMR(V)/(1 + TMR(V))): the cosine law between the conductances
        of the two states. Arguments broadcast.
        """
        tmr = self.tmr_at(voltage_v)
        share = (1 - np.asarray(cosine, dtype=np.float64)) / 2
        return (1 - share * tmr / (1 + tmr)) / self.r_parallel_ohm

    def overdrive(self, voltage_v: ArrayLike, current_a: ArrayLike) -> NDArray[np.float64]:
        """Overdrive i at bias `voltage_v` (V) and `current_a` (A): whichever `torque` names."""
        if self.torque == "voltage":
            return np.asarray(voltage_v, dtype=np.float64) / self.critical_voltage_v
        return np.asarray(current_a, dtype=np.float64) / self.critical_current_a

    # Forms

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], base: Self | None = None) -> Self:
        """The junction that `values` state, on top of `base` if given.

        Keys are field names with numbers (`diameter_nm = 40`), or without the unit and with text
        (`diameter = "40 nm"`, `ra = "18 ohm*um^2"`). `delta` stands in for the anisotropy field,
        which then follows from it. Raises `InputError` for anything unknown, missing or doubled.
        """
        stated = read_fields(values, cls.NUMBERS, cls.WHAT, ("delta", "torque"))
        delta = stated.pop("delta", None)
        if delta is not None:
            if "hk_t" in stated:
                raise InputError("delta and hk are both given; give one")
            delta = read_number(delta, "delta", 1.0, 1000.0)
            # Any field does for now: the barrier is proportional to it.
            stated["hk_t"] = 1.0
        made = cls(**merge(cls, base, stated, cls.WHAT))
        return made if delta is None else made.replace(hk_t=delta / made.delta)
