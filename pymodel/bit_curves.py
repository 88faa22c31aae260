"""What a device's curves say of each bit of a plan: failure rates, energies, thresholds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = [
    "CurveSet",
    "DeviceCurve",
    "bit_energy",
    "bit_failure_rates",
    "bit_thresholds_ps",
    "curve_at",
]


@dataclass(frozen=True, eq=False)
class CurveSet:
    """The curves of one device at several write amplitudes.

    Fields: `own`, at the device's own supply; `others`, each at another `amplitude_v`. Raises
    `InputError` for curves of different devices or units, or two of one amplitude.
    """

    own: WriteCurve
    others: tuple[WriteCurve, ...]

    def __post_init__(self) -> None:
        amplitudes = [curve.amplitude_v for curve in (self.own, *self.others)]
        if None in amplitudes or len(set(amplitudes)) != len(amplitudes):
            raise InputError(f"amplitudes are {amplitudes}; each curve must have its own")
        for curve in self.others:
            for name in ("device", "energy_unit"):
                stated, wanted = getattr(curve, name), getattr(self.own, name)
                if stated != wanted:
                    raise InputError(f"{name} is {stated!r} in one curve and {wanted!r} in another")

    @property
    def device(self) -> str:
        """The device's name."""
        return self.own.device

    @property
    def energy_unit(self) -> str:
        """Unit of every energy."""
        return self.own.energy_unit

    @property
    def digest(self) -> str:
        """SHA-256 of all the curves."""
        return digest_of([self.own.digest, *sorted(curve.digest for curve in self.others)])


#: What a plan's device says: one curve, or one an amplitude.
DeviceCurve = WriteCurve | CurveSet


def curve_at(curve: DeviceCurve, amplitude_v: float | None) -> WriteCurve:
    """The curve at a write amplitude in V, None the device's own; raises `InputError`."""
    own = curve.own if isinstance(curve, CurveSet) else curve
    if amplitude_v is None:
        return own
    known = (own, *curve.others) if isinstance(curve, CurveSet) else (own,)
    for each in known:
        if each.amplitude_v == amplitude_v:
            return each
    there = ", ".join("none" if c.amplitude_v is None else f"{c.amplitude_v:g} V" for c in known)
    raise InputError(
        f"a domain has the amplitude {amplitude_v:g} V; the curves of {own.device} have {there}"
    )


def _by_amplitude(
    plan: StorePlan, curve: DeviceCurve
) -> list[tuple[WriteCurve, NDArray[np.bool_]]]:
    """Each curve that the plan needs, and the bits that it is for, `[width]`."""
    amplitudes = [plan.domains[n].amplitude_v for n in plan.bit_domain]
    return [
        (curve_at(curve, amplitude), np.array([a == amplitude for a in amplitudes]))
        for amplitude in dict.fromkeys(amplitudes)
    ]


def bit_failure_rates(plan: StorePlan, curve: DeviceCurve) -> NDArray[np.float64]:
    """P(fail) of one write of each bit, shape `[width]`, index 0 least significant; 1 if never.

    Raises `InputError` where the curve does not cover a pulse or an amplitude.
    """
    rates = np.empty(plan.width)
    for each, bits in _by_amplitude(plan, curve):
        rates[bits] = each.failure_rate(plan.bit_pulse_ps[bits])
    return rates


def bit_energy(plan: StorePlan, curve: DeviceCurve) -> NDArray[np.float64]:
    """Energy of writing each bit once, MTJ and driver, shape `[2, width]`; see `WriteCurve`."""
    energy = np.empty((2, plan.width))
    for each, bits in _by_amplitude(plan, curve):
        energy[:, bits] = each.energy(plan.bit_pulse_ps[bits])
    return energy


def bit_thresholds_ps(
    plan: StorePlan, curve: DeviceCurve, uniform: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Switching thresholds in ps of cells whose `uniform` draws, `[..., width]`, are in (0, 1)."""
    thresholds = np.empty(uniform.shape)
    for each, bits in _by_amplitude(plan, curve):
        thresholds[..., bits] = each.threshold_ps(uniform[..., bits])
    return thresholds
