"""How hard a driver pushes a junction while it turns: overdrive as a function of x.

A junction's resistance changes as its free layer turns, so with anything in series the torque does
too. What matters to the motion is the overdrive i(x) at each x = cosine to the starting direction;
it is smooth and is kept as a polynomial, which every integrator here takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.device.mtj import DIRECTIONS, PmaMtj
from nvmcosim.pymodel.device.spec import DeviceSpec, WriteDriver
from nvmcosim.pymodel.errors import InputError

__all__ = ["COEFFICIENTS", "Drive", "LoadLine", "operating_voltage", "write_drive"]

Floats = NDArray[np.float64]

#: Coefficients of an overdrive polynomial, constant term first.
COEFFICIENTS = 7
_NODES = np.cos(np.pi * (2 * np.arange(COEFFICIENTS) + 1) / (2 * COEFFICIENTS))
_TO_POWERS = np.linalg.inv(np.vander(_NODES, increasing=True))


@dataclass(frozen=True)
class LoadLine:
    """Current that a driver delivers at each voltage across the junction, tabulated.

    `voltage_v` increases strictly from 0 to the open-circuit voltage, where `current_a`, which
    must not increase, is 0; both shape `[n]`. Linear in between.
    """

    voltage_v: Floats
    current_a: Floats

    def __post_init__(self) -> None:
        voltage = np.asarray(self.voltage_v, dtype=np.float64)
        current = np.asarray(self.current_a, dtype=np.float64)
        object.__setattr__(self, "voltage_v", voltage)
        object.__setattr__(self, "current_a", current)
        if voltage.ndim != 1 or voltage.shape != current.shape or voltage.size < 2:
            raise InputError("a load line needs as many voltages as currents, at least 2")
        if not (np.isfinite(voltage).all() and np.isfinite(current).all()):
            raise InputError("a load line's voltages and currents must be finite")
        if voltage[0] != 0 or (np.diff(voltage) <= 0).any() or (np.diff(current) > 0).any():
            raise InputError("a load line's voltages increase from 0 and its currents fall")

    def __call__(self, voltage_v: ArrayLike) -> tuple[Floats, Floats]:
        """Current in A and its slope in A/V at `voltage_v`."""
        voltage = np.asarray(voltage_v, dtype=np.float64)
        slopes = np.diff(self.current_a) / np.diff(self.voltage_v)
        piece = np.clip(np.searchsorted(self.voltage_v, voltage) - 1, 0, slopes.size - 1)
        current = self.current_a[piece] + slopes[piece] * (voltage - self.voltage_v[piece])
        return current, slopes[piece]


@dataclass(frozen=True, eq=False)
class Drive:
    """One or more devices under a write: all that the reduced equation of motion needs.

    Fields (n devices):
        delta, tau_s: thermal stability, and time scale in s, shape `[n]`.
        overdrive: polynomials i(x), constant term first, shape `[n, COEFFICIENTS]`.
        voltage: polynomials of the junction's voltage in V, same shape.
        current: polynomials of its current in A, same shape.
    """

    delta: Floats
    tau_s: Floats
    overdrive: Floats
    voltage: Floats
    current: Floats

    @classmethod
    def constant(cls, mtj: PmaMtj, overdrive: float) -> Self:
        """`mtj` at the same `overdrive` whatever x, as under an ideal source."""
        if not np.isfinite(overdrive):
            raise InputError(f"overdrive is {overdrive!r}; it must be finite")
        flat = np.zeros((3, 1, COEFFICIENTS))
        flat[0, 0, 0] = overdrive
        flat[1, 0, 0] = overdrive * mtj.critical_voltage_v
        flat[2, 0, 0] = overdrive * mtj.critical_current_a
        return cls(np.array([mtj.delta]), np.array([mtj.tau_s]), *flat)

    @classmethod
    def stack(cls, drives: Sequence["Drive"]) -> Self:
        """All devices of `drives`, one after the other."""
        return cls(*(np.concatenate([getattr(d, f.name) for d in drives]) for f in fields(cls)))

    def __len__(self) -> int:
        return self.delta.size

    def at(self, x: ArrayLike, of: str = "overdrive") -> Floats:
        """`overdrive`, `voltage` or `current` of each device at cosines `x`, as `[n, *x.shape]`."""
        x = np.asarray(x, dtype=np.float64)
        powers = x[..., None] ** np.arange(COEFFICIENTS)
        return np.tensordot(getattr(self, of), powers, axes=(1, -1))

    def __getitem__(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> "Drive":
        return Drive(
            self.delta[which],
            self.tau_s[which],
            self.overdrive[which],
            self.voltage[which],
            self.current[which],
        )


def write_drive(
    spec: DeviceSpec,
    direction: str,
    factors: Floats | None = None,
    load_line: LoadLine | None = None,
) -> Drive:
    """The drive of `spec`'s junction, or of devices spread around it, in one write direction.

    `factors`, shape `[n, 4]`, multiply the nominal RA, TMR, diameter and anisotropy field of each
    device (`spread.draw_factors`); without them there is one nominal device. `load_line` stands
    in for the driver's supply and series resistance. Raises `InputError`.
    """
    if direction not in DIRECTIONS:
        raise InputError(f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}")
    mtj = spec.mtj
    scale = np.ones((1, 4)) if factors is None else np.asarray(factors, dtype=np.float64)
    if scale.ndim != 2 or scale.shape[1] != 4 or not (scale > 0).all():
        raise InputError("factors must be positive, of shape [n, 4]")
    ra, tmr, diameter, hk = scale.T
    area = diameter**2
    r_parallel = mtj.r_parallel_ohm * ra / area
    tmr0 = mtj.tmr * tmr
    cosine = _NODES if direction == "P-AP" else -_NODES
    voltage, current = operating_voltage(
        spec.driver, r_parallel[:, None], tmr0[:, None], mtj.v_half_v, cosine, load_line
    )
    critical_current = mtj.critical_current_a * hk * area
    if mtj.torque == "voltage":
        overdrive = voltage / (critical_current * r_parallel)[:, None]
    else:
        overdrive = current / critical_current[:, None]
    return Drive(
        mtj.delta * hk * area,
        mtj.tau_s / hk,
        overdrive @ _TO_POWERS.T,
        voltage @ _TO_POWERS.T,
        current @ _TO_POWERS.T,
    )


def operating_voltage(
    driver: WriteDriver,
    r_parallel_ohm: ArrayLike,
    tmr: ArrayLike,
    v_half_v: float,
    cosine: ArrayLike,
    load_line: Callable[[ArrayLike], tuple[Floats, Floats]] | None = None,
) -> tuple[Floats, Floats]:
    """Voltage (V) across a junction and current (A) through it, where driver and junction agree.

    `cosine` is to the reference layer, `tmr` at zero bias; arguments broadcast. The driver is
    (VDD - V)/series, a bare voltage source if the series resistance is 0, or `load_line`.
    Newton's method on a function that falls monotonically.
    """
    share = (1 - np.asarray(cosine, dtype=np.float64)) / 2
    r_parallel = np.asarray(r_parallel_ohm, dtype=np.float64)
    tmr = np.asarray(tmr, dtype=np.float64)

    def junction(voltage: Floats) -> tuple[Floats, Floats]:
        # share * TMR(V)/(1 + TMR(V)) = share * TMR0/(1 + TMR0 + u), u = (V/V_half)^2
        u = (voltage / v_half_v) ** 2
        below = 1 + tmr + u
        conductance = (1 - share * tmr / below) / r_parallel
        slope = share * tmr / below**2 * 2 * u / r_parallel
        return conductance * voltage, conductance + slope

    shape = np.broadcast_shapes(share.shape, r_parallel.shape, tmr.shape)
    if load_line is None and driver.series_ohm == 0:
        voltage = np.full(shape, driver.vdd_v)
        return voltage, junction(voltage)[0]
    ceiling: float = driver.vdd_v
    if isinstance(load_line, LoadLine):
        ceiling = float(load_line.voltage_v[-1])
    voltage = np.full(shape, ceiling / 2)
    given_slope: NDArray[np.float64] | np.float64
    for _ in range(60):
        taken, taken_slope = junction(voltage)
        if load_line is None:
            given = (ceiling - voltage) / driver.series_ohm
            given_slope = np.float64(-1 / driver.series_ohm)
        else:
            given, given_slope = load_line(voltage)
        change = (given - taken) / (taken_slope - given_slope)
        voltage = np.clip(voltage + change, 0.0, ceiling)
        if np.abs(change).max() < 1e-12 * ceiling:
            return voltage, junction(voltage)[0]
    raise InputError("the driver's load line and the junction have no common operating point")
