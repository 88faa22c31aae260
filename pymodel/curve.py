"""Write curves: how often a pulse fails, and what it costs; read from untrusted curve files."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json

__all__ = ["WriteCurve", "load_curve"]

#: Version of the curve file's layout.
SCHEMA = 1
_DIRECTIONS = ("P-AP", "AP-P", "both")
_NOISES = ("law", "angle", "thermal")
_UNITS = ("J", "relative")
#: No write amplitude is beyond this.
_MOST_VOLTS = 1e3
#: Probits beyond these are those of a probability that a double cannot tell from 0 or 1.
_PROBIT = 37.0


@dataclass(frozen=True, eq=False)
class WriteCurve:
    """P(fail | pulse) and energy per bit of one device, direction and amplitude.

    Fields:
        device: name of the device or law.
        direction: `P-AP`, `AP-P`, or `both` where the law does not distinguish them.
        amplitude_v: write amplitude in V; None for a law that states none.
        pulse_ps: tabulated pulse widths in ps, strictly increasing, shape `[n]`.
        p_fail: probability that a pulse fails to switch the cell, not increasing, shape `[n]`.
        energy_mtj_j, energy_driver_j: mean energy of a write of that pulse, shape `[n]`.
        energy_unit: `J`; `relative` (in ns of pulse) for a law that states no absolute energy.
        noise: `law`, `angle` (random initial angle alone) or `thermal`.
        parameters: what the curve was made from, names to numbers, text or lists of them.
        seed, versions: of the run that made it.

    Raises `InputError` if the values are no curve.
    """

    device: str
    direction: str
    amplitude_v: float | None
    pulse_ps: NDArray[np.float64]
    p_fail: NDArray[np.float64]
    energy_mtj_j: NDArray[np.float64]
    energy_driver_j: NDArray[np.float64]
    energy_unit: str = "J"
    noise: str = "thermal"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, choices in (
            ("direction", _DIRECTIONS),
            ("noise", _NOISES),
            ("energy_unit", _UNITS),
        ):
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(choices)}"
                )
        columns = ("pulse_ps", "p_fail", "energy_mtj_j", "energy_driver_j")
        for name in columns:
            object.__setattr__(self, name, _column(getattr(self, name), name))
        if len({getattr(self, name).size for name in columns}) != 1 or self.pulse_ps.size < 2:
            raise InputError("pulse_ps, p_fail and the energies must have one length, at least 2")
        if self.pulse_ps[0] < 0 or (np.diff(self.pulse_ps) <= 0).any():
            raise InputError("pulse_ps must not be negative and must increase strictly")
        if (self.p_fail < 0).any() or (self.p_fail > 1).any():
            raise InputError("p_fail must lie between 0 and 1")
        if (np.diff(self.p_fail) > 0).any():
            raise InputError("p_fail must not increase with the pulse")
        if (self.energy_mtj_j < 0).any() or (self.energy_driver_j < 0).any():
            raise InputError("an energy must not be negative")

    @cached_property
    def _probit(self) -> NDArray[np.float64]:
        return np.clip(-ndtri(self.p_fail), -_PROBIT, _PROBIT)

    def failure_rate(self, pulse_ps: ArrayLike) -> NDArray[np.float64]:
        """Probability that a write pulse of `pulse_ps` (any shape, in ps) leaves the old value.

        Linear in the probit between tabulated pulses, so exact for a normal threshold. A pulse of
        0 always fails. Raises `InputError` past the last tabulated pulse.
        """
        pulse = np.asarray(pulse_ps, dtype=np.float64)
        self._refuse_beyond(pulse)
        first = self.pulse_ps[0]
        rate = ndtr(-np.interp(pulse, self.pulse_ps, self._probit))
        if first > 0:
            below = 1 - (1 - self.p_fail[0]) * pulse / first
            rate = np.where(pulse < first, below, rate)
        return np.where(pulse <= 0, 1.0, rate)

    def threshold_ps(self, uniform: ArrayLike) -> NDArray[np.float64]:
        """Switching thresholds in ps of cells whose `uniform` draws lie in (0, 1), same shape.

        The inverse of `failure_rate`: P(threshold >= pulse) is the rate at `pulse`. A draw below
        the last tabulated rate gives infinity: such a cell is not known to switch at all.
        """
        uniform = np.asarray(uniform, dtype=np.float64)
        # A hair above 0, so that no pulse of 0 ever writes.
        known = np.maximum(self._pulse_at(np.maximum(uniform, self.p_fail[-1])), 1e-9)
        return np.where(-ndtri(uniform) > self._probit[-1], np.inf, known)

    def pulse_for(self, rate: ArrayLike) -> NDArray[np.float64]:
        """Shortest pulses in ps of a failure rate of at most `rate` (any shape, in (0, 1]).

        The inverse of `failure_rate`; 0 for a rate of 1. Raises `InputError` for another rate, and
        for one that no pulse of the curve reaches.
        """
        rates = np.asarray(rate, dtype=np.float64)
        for value in rates.flat:
            if not 0 < value <= 1:
                raise InputError(f"rate is {value:g}; it must be above 0 and at most 1")
            if value < self.p_fail[-1]:
                raise InputError(
                    f"no pulse of the curve of {self.device} reaches an error rate of {value:g}: "
                    f"its last, {self.pulse_ps[-1]:g} ps, has {self.p_fail[-1]:.3g}"
                )
        return np.where(rates < 1, np.maximum(self._pulse_at(rates), 1e-9), 0.0)

    def pulse_on_grid(self, rate: float, tick_ps: int, name: str = "rate") -> int:
        """Shortest multiple of `tick_ps`, in ps, that fails at most at `rate`; 0 for a rate of 1.

        `name` is what a message calls the rate. Raises `InputError` as `pulse_for` does.
        """
        number = isinstance(rate, int | float) and not isinstance(rate, bool)
        if not number or not 0 < rate <= 1:
            raise InputError(f"{name} is {rate!r}; it must be a number above 0 and at most 1")
        ticks = math.ceil(float(self.pulse_for(rate)) / tick_ps)
        # What a division rounds away may be a tick.
        if ticks and float(self.failure_rate((ticks - 1) * tick_ps)) <= rate:
            ticks -= 1
        return ticks * tick_ps

    def _pulse_at(self, rate: NDArray[np.float64]) -> NDArray[np.float64]:
        """The first pulse of that failure rate, from the last tabulated one to 1."""
        probit = np.clip(-ndtri(rate), -_PROBIT, self._probit[-1])
        after = np.searchsorted(self._probit, probit)
        before = np.maximum(after - 1, 0)
        rise = self._probit[after] - self._probit[before]
        share = (probit - self._probit[before]) / np.where(rise > 0, rise, 1.0)
        inside = self.pulse_ps[before] + share * (self.pulse_ps[after] - self.pulse_ps[before])
        # Before the first tabulated pulse it is the rate that is linear.
        early = self.pulse_ps[0] * (1 - rate) / max(1 - self.p_fail[0], 1e-300)
        return np.where(after > 0, inside, np.minimum(early, self.pulse_ps[0]))

    def energy(self, pulse_ps: ArrayLike) -> NDArray[np.float64]:
        """Energy of writing one bit with `pulse_ps` (any shape), as `[2, ...]`: MTJ, driver.

        In `energy_unit`; linear between tabulated pulses, 0 for a pulse of 0.
        """
        pulse = np.asarray(pulse_ps, dtype=np.float64)
        self._refuse_beyond(pulse)
        xs = self.pulse_ps
        columns = [self.energy_mtj_j, self.energy_driver_j]
        if xs[0] > 0:
            xs = np.concatenate(([0.0], xs))
            columns = [np.concatenate(([0.0], column)) for column in columns]
        return np.where(pulse > 0, np.stack([np.interp(pulse, xs, c) for c in columns]), 0.0)

    def _refuse_beyond(self, pulse: NDArray[np.float64]) -> None:
        if pulse.size and not 0 <= pulse.min() <= pulse.max() <= self.pulse_ps[-1] + 1e-6:
            worst = pulse.max() if pulse.max() > self.pulse_ps[-1] else pulse.min()
            raise InputError(
                f"a pulse of {worst:g} ps is outside the curve of {self.device}, "
                f"which covers 0 to {self.pulse_ps[-1]:g} ps"
            )

    def to_dict(self) -> dict[str, Any]:
        """The curve as the values of a curve file, `digest` last."""
        values: dict[str, Any] = {"schema": SCHEMA}
        for name in _FIELDS:
            value = getattr(self, name)
            values[name] = value.tolist() if isinstance(value, np.ndarray) else value
        values["parameters"] = dict(self.parameters)
        values["versions"] = dict(self.versions)
        return {**values, "digest": digest_of(values)}

    @property
    def digest(self) -> str:
        """SHA-256 of all the rest of the curve file."""
        return self.to_dict()["digest"]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the curve file at `path`, atomically."""
        return write_json(path, self.to_dict())


_FIELDS = tuple(WriteCurve.__dataclass_fields__)


def load_curve(path: str | os.PathLike[str]) -> WriteCurve:
    """The curve in the file at `path`.

    Raises `InputError` if the file is truncated, was edited after it was written, is of another
    schema, or holds what is no curve.
    """
    values = read_json(path)
    if values.get("schema") != SCHEMA:
        raise InputError(f"{path}: schema is {values.get('schema')!r}; it must be {SCHEMA}")
    expected = {"schema", *_FIELDS, "digest"}
    if set(values) != expected:
        odd = sorted(expected ^ set(values))[0]
        state = "missing" if odd in expected else "unknown"
        raise InputError(f"{path}: {odd!r} is {state} in a curve file")
    stated = values.pop("digest")
    if stated != digest_of(values):
        raise InputError(f"{path} was changed after it was written: its digest does not match")
    del values["schema"]
    try:
        return WriteCurve(**_typed(values))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    for name, kinds in (
        ("device", str),
        ("direction", str),
        ("energy_unit", str),
        ("noise", str),
        ("parameters", dict),
        ("versions", dict),
        ("seed", int),
        ("amplitude_v", int | float | None),
    ):
        if not isinstance(values[name], kinds) or isinstance(values[name], bool):
            raise InputError(f"{name} is {values[name]!r}, of the wrong type")
    amplitude = values["amplitude_v"]
    if amplitude is not None and not -_MOST_VOLTS <= amplitude <= _MOST_VOLTS:
        raise InputError(f"amplitude_v is {amplitude!r}; it must be within {_MOST_VOLTS:g} V")
    return values


def _column(values: Any, name: str) -> NDArray[np.float64]:
    try:
        # Text of a number is no number.
        if isinstance(values, list) and any(isinstance(value, str | bool) for value in values):
            raise TypeError
        column = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a list of numbers") from None
    if column.ndim != 1 or not np.isfinite(column).all():
        raise InputError(f"{name} must be a list of finite numbers")
    column.flags.writeable = False
    return column
