"""The voltage-gated spin-Hall magnetic tunnel junction: its parameters and what follows from them.

A perpendicular junction stands on a heavy-metal track. A current along the track (x) exerts a
damping-like spin-Hall torque with its spins along y; a small in-plane field along x says which way
that torque turns the free layer. A positive *gate voltage* Vb, from the top of the junction to the
track, lowers the anisotropy field, and with it the current that switches:

    Hk(Vb) = Hk(0) - 2 xi Vb/(mu0 Ms tox tF)
    Ic(Vb) = (2e/hbar) (Ms tF/theta) (mu0 Hk(Vb)/2 - mu0 Hx/sqrt(2)) w tHM

(the threshold of Lee et al., Appl. Phys. Lett. 102, 112410 (2013), with the anisotropy of
voltage-controlled magnetism). So the junction obeys B' = V ? C : B, V the gate voltage, C the
current's direction and B the state: *antiparallel* (AP, high resistance) is logic 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from nvmcosim.pymodel.device.fields import NumberField
from nvmcosim.pymodel.device.parameters import Parameters
from nvmcosim.pymodel.errors import InputError

__all__ = ["SOT_ORIGIN", "SOT_PRESETS", "SotMtj", "gated"]

Floats = NDArray[np.float64]

_NUMBERS = {
    "diameter_nm": NumberField("diameter", "m", 1e9, 5.0, 500.0),
    "thickness_nm": NumberField("thickness", "m", 1e9, 0.3, 10.0),
    "oxide_nm": NumberField("oxide", "m", 1e9, 0.3, 10.0),
    "ms_ka_m": NumberField("ms", "A/m", 1e-3, 50.0, 2500.0),
    "hk_t": NumberField("hk", "T", 1.0, 1e-3, 5.0),
    "hx_t": NumberField("hx", "T", 1.0, 1e-4, 1.0),
    "xi_fj_vm": NumberField("xi", "", 1.0, 0.0, 1e4),
    "damping": NumberField("alpha", "", 1.0, 1e-4, 1.0),
    "spin_hall_angle": NumberField("theta", "", 1.0, 1e-3, 100.0),
    "track_length_nm": NumberField("track_length", "m", 1e9, 5.0, 1e5),
    "track_width_nm": NumberField("track_width", "m", 1e9, 5.0, 1e4),
    "track_thickness_nm": NumberField("track_thickness", "m", 1e9, 0.5, 100.0),
    "resistivity_uohm_cm": NumberField("resistivity", "", 1.0, 0.1, 1e5),
    "r_on_ohm": NumberField("r_on", "ohm", 1.0, 10.0, 1e8),
    "r_off_ohm": NumberField("r_off", "ohm", 1.0, 10.0, 1e9),
    "v_half_v": NumberField("v_half", "V", 1.0, 0.05, 1e3),
    "temperature_k": NumberField("temperature", "K", 1.0, 1.0, 1000.0),
    "gate_v": NumberField("gate", "V", 1.0, 0.01, 5.0),
    "write_a": NumberField("write", "A", 1.0, 1e-7, 1e-2),
    "pulse_ns": NumberField("pulse", "s", 1e9, 0.01, 1000.0),
}

#: Where the numbers of `sot-wang2020` come from.
SOT_ORIGIN = (
    "R_on, R_off, 600 mV, 65 uA and 2.0 ns of wang2020, Table 1. The paper gives no magnetics: "
    "those are the published values of the open compact model of a voltage-gated spin-orbit-torque "
    "junction (Zhang et al., IEEE Access 8, 50792 (2020); BUAA-spinlib/Voltage-Gated-SOT-MTJ), "
    "which shares authors with the paper's reference [7]; the anisotropy field follows from its "
    "interface anisotropy and demagnetisation. Nothing is solved for or fitted to Table 1"
)


@dataclass(frozen=True)
class SotMtj(Parameters):
    """A round perpendicular junction on a heavy-metal track; the defaults are `sot-wang2020`.

    "Model" below is the open compact model of `SOT_ORIGIN`, a typical value where the paper has
    none. 1 kA/m is 1 emu/cc.

    Fields:
        diameter_nm: of the free layer; model. It sets the thermal stability alone.
        thickness_nm, oxide_nm: tF of the free layer, tox of the barrier; model.
        ms_ka_m: saturation magnetisation Ms; model.
        hk_t: anisotropy field mu0*Hk(0) at zero gate voltage, demagnetisation taken off, in T:
            2 Ki/(Ms tF) - mu0 Ms (1 - 3 Nx), Ki = 0.32 mJ/m^2 and Nx = pi tF/(4 D); both model.
        hx_t: in-plane field mu0*Hx along the track, in T: the 50 Oe of exchange bias of the model,
            from a track of an antiferromagnet, which needs no magnet.
        xi_fj_vm: coefficient of voltage-controlled anisotropy, in fJ/(V m); model.
        damping: Gilbert damping alpha; model.
        spin_hall_angle: theta of the track; model.
        track_length_nm, track_width_nm, track_thickness_nm: of the track; model.
        resistivity_uohm_cm: of the track (beta-IrMn), in uohm cm; model. A track of 12 fJ by
            I^2 R t would need 355.
        r_on_ohm, r_off_ohm: of the parallel and antiparallel state at zero bias; Table 1.
        v_half_v: bias at which the TMR has halved, in V; model.
        temperature_k: in K.
        gate_v, write_a, pulse_ns: Vb, write current and pulse that cells use; Table 1.

    Frozen; raises `InputError` for a value that is not finite or out of range.
    """

    NUMBERS: ClassVar[Mapping[str, NumberField]] = _NUMBERS
    WHAT: ClassVar[str] = "spin-orbit junction"

    diameter_nm: float = 50.0
    thickness_nm: float = 1.1
    oxide_nm: float = 1.4
    ms_ka_m: float = 625.0
    hk_t: float = 0.18622
    hx_t: float = 5e-3
    xi_fj_vm: float = 60.0
    damping: float = 0.05
    spin_hall_angle: float = 0.25
    track_length_nm: float = 60.0
    track_width_nm: float = 50.0
    track_thickness_nm: float = 3.0
    resistivity_uohm_cm: float = 278.0
    r_on_ohm: float = 50e3
    r_off_ohm: float = 100e3
    v_half_v: float = 0.5
    temperature_k: float = 300.0
    gate_v: float = 0.6
    write_a: float = 65e-6
    pulse_ns: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.r_off_ohm <= self.r_on_ohm:
            raise InputError(f"r_off_ohm is {self.r_off_ohm:g}; it must be above r_on_ohm")
        if self.hx_t >= self.hk_t:
            raise InputError(
                f"hx_t is {self.hx_t:g}; it must be below hk_t, or the layer has no two states"
            )

    # Magnetics

    @cached_property
    def gating_t_per_v(self) -> float:
        """What a volt of gate takes off the anisotropy field: 2 xi/(Ms tox tF), in T/V."""
        lengths = self.oxide_nm * self.thickness_nm * 1e-18
        return 2 * self.xi_fj_vm * 1e-15 / (self.ms_ka_m * 1e3 * lengths)

    def hk_at(self, gate_v: ArrayLike) -> Floats:
        """Anisotropy field mu0*Hk in T at gate voltages in V; same shape."""
        return self.hk_t - self.gating_t_per_v * np.asarray(gate_v, dtype=np.float64)

    @cached_property
    def spin_hall_t_per_a(self) -> float:
        """Damping-like field of a current: hbar theta/(2 e Ms tF w tHM), in T/A."""
        section = self.track_width_nm * self.track_thickness_nm * 1e-18
        layer = self.ms_ka_m * 1e3 * self.thickness_nm * 1e-9
        return constants.hbar * self.spin_hall_angle / (2 * constants.e * layer * section)

    def critical_current_a(self, gate_v: ArrayLike) -> Floats:
        """Ic(Vb) in A: the current at which a state is no longer stable; 0 where none is needed."""
        torque = self.hk_at(gate_v) / 2 - self.hx_t / math.sqrt(2)
        return np.maximum(torque, 0.0) / self.spin_hall_t_per_a

    def delta_at(self, gate_v: ArrayLike) -> Floats:
        """Thermal stability Hk Ms V/(2 kT), without the in-plane field; same shape."""
        volume = math.pi / 4 * (self.diameter_nm * 1e-9) ** 2 * self.thickness_nm * 1e-9
        moment = self.ms_ka_m * 1e3 * volume
        return self.hk_at(gate_v) * moment / (2 * constants.k * self.temperature_k)

    # Electrics

    @cached_property
    def track_ohm(self) -> float:
        """Resistance of the track, in ohm."""
        section = self.track_width_nm * self.track_thickness_nm
        return self.resistivity_uohm_cm * 1e-8 * self.track_length_nm / section * 1e9

    @cached_property
    def tmr(self) -> float:
        """R_off/R_on - 1 at zero bias, as a fraction."""
        return self.r_off_ohm / self.r_on_ohm - 1

    def conductance(self, cosine: ArrayLike, voltage_v: ArrayLike) -> Floats:
        """G in S at `cosine` to the reference layer (+1 parallel) and bias in V; they broadcast.

        As `PmaMtj.conductance`: the cosine law, with TMR(V) = TMR0/(1 + (V/V_half)^2).
        """
        tmr = self.tmr / (1 + (np.asarray(voltage_v, dtype=np.float64) / self.v_half_v) ** 2)
        share = (1 - np.asarray(cosine, dtype=np.float64)) / 2
        return (1 - share * tmr / (1 + tmr)) / self.r_on_ohm


def gated(stored: bool, v: bool, c: bool) -> bool:
    """B' = V ? C : B, what one write does to a stored bit: wang2020, Fig. 1."""
    return c if v else stored


#: Spin-orbit junctions by name.
SOT_PRESETS = {"sot-wang2020": SotMtj()}
