"""A device as a device file states it: junction, write driver and device spread."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from nvmcosim.pymodel.device.fields import NumberField, merge, read_fields, read_number
from nvmcosim.pymodel.device.mtj import PmaMtj
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_mapping

__all__ = [
    "DRIVER_FIELDS",
    "DeviceSpec",
    "DeviceSpread",
    "WriteDriver",
    "check_named",
    "load_device",
]

#: Numbers of a write driver as a device file states them.
DRIVER_FIELDS = {
    "vdd_v": NumberField("vdd", "V", 1.0, 0.05, 5.0),
    "word_line_v": NumberField("word_line", "V", 1.0, 0.05, 5.0),
    "series_ohm": NumberField("series", "ohm", 1.0, 0.0, 1e6),
    "nmos_width_nm": NumberField("nmos_width", "m", 1e9, 45.0, 1e5),
    "pmos_width_nm": NumberField("pmos_width", "m", 1e9, 45.0, 1e5),
    "access_width_nm": NumberField("access_width", "m", 1e9, 45.0, 1e5),
    "rise_ps": NumberField("rise", "s", 1e12, 1.0, 5000.0),
}
_KINDS = ("cmos", "source")
_SPREAD = {
    **{name: NumberField(name, "", 1.0, 0.0, 0.5) for name in ("ra", "tmr", "diameter", "hk")},
    "vth_mv_um": NumberField("vth_mv_um", "", 1.0, 0.0, 20.0),
}


@dataclass(frozen=True)
class WriteDriver:
    """The bidirectional write driver that puts the supply across junction and access transistor.

    Fields:
        kind: `cmos` is an H-bridge of transistors, `source` a voltage source of `vdd_v` behind
            `series_ohm`.
        vdd_v: supply, in V.
        word_line_v: gate of the access transistor while it writes, in V; above the supply, it makes
            up for what the transistor loses in the direction where it is a follower.
        series_ohm: all that is in series with the junction, as one resistance, in ohm: the whole
            driver to a model without transistors; 0 is a bare voltage source.
        nmos_width_nm, pmos_width_nm: of the driver's pull-down and pull-up transistors.
        access_width_nm: of the cell's access transistor.
        rise_ps: rise and fall time of the write pulse's edges, in ps.
    """

    kind: str = "cmos"
    vdd_v: float = 1.2
    word_line_v: float = 2.0
    series_ohm: float = 2000.0
    nmos_width_nm: float = 500.0
    pmos_width_nm: float = 1000.0
    access_width_nm: float = 400.0
    rise_ps: float = 50.0

    def __post_init__(self) -> None:
        _check(self, DRIVER_FIELDS)
        if self.kind not in _KINDS:
            raise InputError(f"kind is {self.kind!r}; it must be one of {', '.join(_KINDS)}")

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def replace(self, **changes: Any) -> Self:
        """The same driver with other values in some fields."""
        return replace(self, **changes)


@dataclass(frozen=True)
class DeviceSpread:
    """Device-to-device spread, independent from one parameter and device to the next.

    Fields:
        ra, tmr, diameter, hk: relative standard deviations of resistance-area product, TMR,
            diameter and anisotropy field: a device's is nominal * exp(sigma*z), z standard normal.
        vth_mv_um: Pelgrom's A_vt in mV um: the threshold of a transistor of W by L um is normal
            with a deviation of A_vt/sqrt(W L), each on its own. Nothing to a `source` driver.
    """

    ra: float = 0.0
    tmr: float = 0.0
    diameter: float = 0.0
    hk: float = 0.0
    vth_mv_um: float = 0.0

    def __post_init__(self) -> None:
        _check(self, _SPREAD)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def none(self) -> bool:
        """Whether all devices are alike."""
        return not any(self.to_dict().values())


def check_named(name: object, origin: object) -> None:
    """Raise `InputError` unless `name` and `origin` are what a device can be called and be from."""
    if not isinstance(name, str) or not name or len(name) > 100:
        raise InputError(f"name is {name!r}; it must be text of 1 to 100 characters")
    if not isinstance(origin, str):
        raise InputError(f"origin is {origin!r}; it must be text")


@dataclass(frozen=True)
class DeviceSpec:
    """A named device: what a device file states and `calibrate` turns into a write curve.

    `origin` says where the numbers are from. `digest()` covers everything but name and origin.
    """

    name: str
    mtj: PmaMtj
    driver: WriteDriver = field(default_factory=WriteDriver)
    spread: DeviceSpread = field(default_factory=DeviceSpread)
    origin: str = ""

    def __post_init__(self) -> None:
        check_named(self.name, self.origin)

    def to_dict(self) -> dict[str, Any]:
        """The device as JSON-ready values; `from_dict` takes it back."""
        return {
            "name": self.name,
            "origin": self.origin,
            "mtj": self.mtj.to_dict(),
            "driver": self.driver.to_dict(),
            "spread": self.spread.to_dict(),
        }

    def digest(self) -> str:
        """SHA-256 of junction, driver and spread."""
        values = self.to_dict()
        return digest_of({part: values[part] for part in ("mtj", "driver", "spread")})

    def replace(self, **changes: Any) -> Self:
        """The same device with other values in some fields."""
        return replace(self, **changes)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The device that `values` state: tables `mtj`, `driver`, `spread`, and a name.

        `base` names a preset whose values hold where none are stated. Raises `InputError`.
        """
        from nvmcosim.pymodel.device.presets import preset

        if not isinstance(values, Mapping):
            raise InputError(f"a device is a table of values, not {values!r}")
        known = ("name", "origin", "base", "mtj", "driver", "spread")
        if "type" in values:
            raise InputError(
                f"type is {values['type']!r}; a perpendicular device, wanted here, states none"
            )
        for key in values:
            if key not in known:
                raise InputError(f"a device has no {key!r}; it has {', '.join(known)}")
        if "name" not in values:
            raise InputError("name is missing from the device")
        base = preset(values["base"]) if "base" in values else None
        driver = read_fields(values.get("driver", {}), DRIVER_FIELDS, "driver", ("kind",))
        spread = read_fields(values.get("spread", {}), _SPREAD, "spread")
        return cls(
            name=values["name"],
            mtj=PmaMtj.from_dict(values.get("mtj", {}), base.mtj if base else None),
            driver=WriteDriver(**merge(WriteDriver, base and base.driver, driver, "driver")),
            spread=DeviceSpread(**merge(DeviceSpread, base and base.spread, spread, "spread")),
            origin=values.get("origin", f"changed from {base.name}" if base else ""),
        )


def load_device(path: str | os.PathLike[str]) -> DeviceSpec:
    """The device in the `.toml` or `.json` file at `path`; raises `InputError`."""
    values = read_mapping(path)
    try:
        return DeviceSpec.from_dict(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _check(record: Any, table: Mapping[str, NumberField]) -> None:
    for name, entry in table.items():
        value = read_number(getattr(record, name), name, entry.low, entry.high)
        object.__setattr__(record, name, value)
