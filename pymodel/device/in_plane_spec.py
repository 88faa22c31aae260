"""An in-plane device as a device file states it: junction, write driver and reset.

Such a file says `type = "in-plane"`; one without a type is a perpendicular device, `spec`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from scipy import optimize

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.device.fields import merge, read_fields
from nvmcosim.pymodel.device.in_plane import InPlaneMtj, state_of
from nvmcosim.pymodel.device.precessional import CERTAIN, PrecessionalPulse, bias_for
from nvmcosim.pymodel.device.spec import DRIVER_FIELDS, DeviceSpec, WriteDriver, check_named
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_mapping
from nvmcosim.pymodel.units import check_whole

__all__ = ["IN_PLANE", "InPlaneSpec", "load_any_device"]

#: The type of such a device in a file.
IN_PLANE = "in-plane"


@dataclass(frozen=True)
class InPlaneSpec:
    """A named in-plane device.

    Fields:
        name, mtj.
        driver: of the write, antiparallel to parallel: a `source` of `vdd_v` behind `series_ohm`.
        reset_ps: length of the reset, parallel to antiparallel, whose supply follows from it.
        origin: where the numbers are from.

    `digest()` covers everything but name and origin. Raises `InputError`.
    """

    name: str
    mtj: InPlaneMtj = field(default_factory=InPlaneMtj)
    driver: WriteDriver = field(
        default_factory=lambda: WriteDriver("source", vdd_v=1.2, series_ohm=0.0, rise_ps=10.0)
    )
    reset_ps: int = 4330
    origin: str = ""

    def __post_init__(self) -> None:
        check_named(self.name, self.origin)
        check_whole(self.reset_ps, "reset_ps", 1, 10**6)
        if self.driver.kind != "source":
            raise InputError(
                f"kind is {self.driver.kind!r}; the driver of an in-plane device must be a source"
            )

    # Pulses

    def junction_v(self, state: str, vdd_v: float | None = None) -> float:
        """Bias in V of a junction in `state` behind the series resistance; the supply's if none."""
        supply = self.driver.vdd_v if vdd_v is None else vdd_v
        if self.driver.series_ohm == 0:
            return supply

        def excess(bias_v: float) -> float:
            drop = self.driver.series_ohm * float(self.mtj.current_a(state, bias_v))
            return bias_v + drop - supply

        return float(optimize.brentq(excess, 0.0, supply, xtol=1e-12))

    def pulse(self, direction: str, vdd_v: float | None = None) -> PrecessionalPulse:
        """Pulses in `direction` at a supply in V; that of the driver, or of the reset, if None."""
        start = state_of(direction)
        if vdd_v is None and direction == "P-AP":
            vdd_v = self.reset_v
        end = "P" if start == "AP" else "AP"
        before, after = self.junction_v(start, vdd_v), self.junction_v(end, vdd_v)
        return PrecessionalPulse(self.mtj, direction, before, after)

    @property
    def reset_v(self) -> float:
        """Supply in V at which the reset is certain to 99.9%."""
        bias = bias_for(self.mtj, "P-AP", self.reset_ps * 1e-12, CERTAIN)
        return bias + self.driver.series_ohm * float(self.mtj.current_a("P", bias))

    def curve(self, direction: str, pulses_ps: Any, vdd_v: float | None = None) -> WriteCurve:
        """The law's write curve at `pulses_ps`, with the junction's and the resistor's energy."""
        pulse = self.pulse(direction, vdd_v)
        start = state_of(direction)
        end = "P" if start == "AP" else "AP"
        supply = vdd_v or (self.reset_v if direction == "P-AP" else self.driver.vdd_v)
        pulses = np.asarray(pulses_ps, dtype=np.float64)
        first = float(self.mtj.current_a(start, pulse.bias_v))
        last = float(self.mtj.current_a(end, pulse.final_v))
        widths = pulses * 1e-12
        # What the resistor takes, before and after the switch.
        after = (last**2 - first**2) * pulse.switched_time(widths)
        driver_j = self.driver.series_ohm * (first**2 * widths + after)
        fail = np.minimum.accumulate(1 - pulse.probability(widths))
        return WriteCurve(
            device=self.name,
            direction=direction,
            amplitude_v=supply,
            pulse_ps=pulses,
            p_fail=fail,
            energy_mtj_j=pulse.energy_j(widths),
            energy_driver_j=driver_j,
            noise="law",
            parameters={
                "law": "precessional, mondal2018 Eq. 3 corrected",
                "origin": self.origin,
                "device_digest": self.digest(),
                **{f"mtj.{k}": v for k, v in self.mtj.to_dict().items()},
                "driver.series_ohm": self.driver.series_ohm,
            },
        )

    # Forms

    def replace(self, **changes: Any) -> Self:
        """The same device with other values in some fields."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The device as JSON-ready values; `from_dict` takes it back."""
        return {
            "type": IN_PLANE,
            "name": self.name,
            "origin": self.origin,
            "mtj": self.mtj.to_dict(),
            "driver": self.driver.to_dict(),
            "reset_ps": self.reset_ps,
        }

    def digest(self) -> str:
        """SHA-256 of junction, driver and reset."""
        values = self.to_dict()
        return digest_of({part: values[part] for part in ("type", "mtj", "driver", "reset_ps")})

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The device that `values` state: tables `mtj` and `driver`, `reset_ps` and a name.

        What is not stated is mondal2018's. Raises `InputError`.
        """
        if not isinstance(values, Mapping):
            raise InputError(f"a device is a table of values, not {values!r}")
        known = ("type", "name", "origin", "mtj", "driver", "reset_ps")
        for key in values:
            if key not in known:
                raise InputError(f"an in-plane device has no {key!r}; it has {', '.join(known)}")
        if values.get("type", IN_PLANE) != IN_PLANE:
            raise InputError(f"type is {values['type']!r}; it must be {IN_PLANE}")
        if "name" not in values:
            raise InputError("name is missing from the device")
        base = cls("base")
        driver = read_fields(values.get("driver", {}), DRIVER_FIELDS, "driver", ("kind",))
        return cls(
            name=values["name"],
            mtj=InPlaneMtj.from_dict(values.get("mtj", {})),
            driver=WriteDriver(**merge(WriteDriver, base.driver, driver, "driver")),
            reset_ps=values.get("reset_ps", base.reset_ps),
            origin=values.get("origin", ""),
        )


def load_any_device(path: str | os.PathLike[str]) -> DeviceSpec | InPlaneSpec:
    """The device in the `.toml` or `.json` file at `path`, of the type it states.

    Raises `InputError`.
    """
    values = read_mapping(path)
    try:
        if "type" in values:
            # Only an in-plane device states one.
            return InPlaneSpec.from_dict(values)
        return DeviceSpec.from_dict(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
