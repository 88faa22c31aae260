"""The Landau-Lifshitz-Gilbert equation of an in-plane junction, beside the precessional law.

Axes: z along the layer's length, where it starts from; x along its width; y along its thickness.
Fields are in units of Hk, that of Delta, and time in units of tau = (1 + alpha^2)/(alpha gamma Hk):

    dm/dt = -(1/alpha) m x h - m x (m x h) - i (z - m m_z),   h = m_z z - q m_y y + thermal field,

with q = (N_thickness - N_width)/(Hk/Ms) of the demagnetising factors. The overdrive

    i = (1 + q/2) J/Jc0,  J = V/RA (1 - (1 - cos)/2 TMR(V)/(1 + TMR(V))),

is scaled by the junction's own Jc0 of each direction, at which the noiseless start becomes unstable
(linear stability: i = 1 + q/2), so that law and equation have one threshold. Ms is that at the
junction's temperature. alpha times the torque as a field, a part in 1/alpha^2, is left out.

What the law has otherwise: a rate with Ms at 0 K, a current that stays that of the initial state,
an exponential up to the end, and no noise after the start.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from nvmcosim.pymodel.device.in_plane import InPlaneMtj, state_of
from nvmcosim.pymodel.device.mtj import GYROMAGNETIC_RATIO
from nvmcosim.pymodel.device.precessional import switched_share
from nvmcosim.pymodel.device.shape import demagnetising_factors, shape_delta
from nvmcosim.pymodel.errors import InputError

__all__ = ["STEP_S", "InPlaneMotion"]

Floats = NDArray[np.float64]

#: Default step, in s: a ninetieth of a precession.
STEP_S = 1e-12
#: Default limit after which a junction has not switched, and rest after a pulse, in s.
LIMIT_S, REST_S = 20e-9, 5e-9


@dataclass(frozen=True)
class InPlaneMotion:
    """One junction in one direction at one bias, in the units of the equation.

    Fields:
        delta: barrier over kT; alpha: damping; hard: q; tau_s: unit of time, in s.
        parallel: overdrive while parallel, without cosine term.
        share: TMR(V)/(1 + TMR(V)).
        start: +1 from parallel, -1 from antiparallel.
    """

    delta: float
    alpha: float
    hard: float
    tau_s: float
    parallel: float
    share: float
    start: float

    @classmethod
    def of(cls, mtj: InPlaneMtj, direction: str, bias_v: float) -> Self:
        """The motion of `mtj` in `direction` under `bias_v` volts; raises `InputError`."""
        start = state_of(direction)
        if not 0 <= bias_v < 1e3:
            raise InputError(f"bias_v is {bias_v!r}; it must be a voltage of 0 or more")
        factors = demagnetising_factors(mtj)
        easy = (factors.width - factors.length) * mtj.delta / shape_delta(mtj)
        hard = (factors.thickness - factors.width) / easy
        hk_t = constants.mu_0 * mtj.ms_now_a_m * easy
        tmr = float(mtj.tmr_at(bias_v))
        critical = mtj.critical_density(direction) * mtj.ra_ohm_um2 * 1e-12
        return cls(
            delta=mtj.delta,
            alpha=mtj.damping,
            hard=hard,
            tau_s=(1 + mtj.damping**2) / (mtj.damping * GYROMAGNETIC_RATIO * hk_t),
            parallel=(1 + hard / 2) * bias_v / critical,
            share=tmr / (1 + tmr),
            start=1.0 if start == "P" else -1.0,
        )

    @property
    def initial_overdrive(self) -> float:
        """i of the initial state."""
        return self.parallel * (1.0 if self.start > 0 else 1 - self.share)

    @property
    def rate(self) -> float:
        """Growth rate of a small angle in 1/s: (i - (1 + q/2))/tau."""
        return (self.initial_overdrive - (1 + self.hard / 2)) / self.tau_s

    def law(self, pulse_s: ArrayLike) -> Floats:
        """P_sw of pulses in s (any shape) by the precessional law, at this equation's own rate."""
        pulse = np.asarray(pulse_s, dtype=np.float64)
        return switched_share(self.delta, math.pi / 2 * np.exp(-self.rate * pulse))

    def starts(self, count: int, seed: int) -> Floats:
        """Unit vectors `[count, 3]` drawn from the Boltzmann distribution in the initial well.

        Sample k of a seed is the same whatever the count or the number of threads.
        """
        from nvmcosim.pymodel.device.in_plane_kernel import boltzmann_starts

        if not 0 <= count <= 10**8 or not 0 <= seed < 2**63:
            raise InputError(f"count is {count!r} and seed {seed!r}; neither may be negative")
        return boltzmann_starts(self.delta, self.hard, count, seed)

    def switching_times(
        self,
        starts: ArrayLike,
        *,
        thermal: bool = False,
        seed: int = 0,
        limit_s: float = LIMIT_S,
        step_s: float = STEP_S,
    ) -> Floats:
        """Times in s at which samples from `starts` `[n, 3]` first pass the layer's width.

        Infinity where `limit_s` has passed first. Without `thermal` noise all that is random is
        the start; with it, `seed` counts.
        """
        from nvmcosim.pymodel.device.in_plane_kernel import crossing_times

        vectors = _unit_vectors(starts)
        if not 0 < step_s <= 1e-11 or not 0 < limit_s < 1e-5:
            raise InputError(f"step_s is {step_s!r} and limit_s {limit_s!r}; neither fits")
        return self.tau_s * crossing_times(
            vectors,
            self._drive,
            self.delta,
            thermal,
            limit_s / self.tau_s,
            step_s / self.tau_s,
            seed,
        )

    def settled(self, starts: ArrayLike, pulse_s: float, rest_s: float = REST_S) -> Floats:
        """cos to the starting direction, `[n]`, `rest_s` after the end of a pulse; no noise."""
        from nvmcosim.pymodel.device.in_plane_kernel import settled

        scale = 1 / self.tau_s
        vectors = _unit_vectors(starts)
        return settled(vectors, self._drive, pulse_s * scale, rest_s * scale, STEP_S * scale)

    def trajectory(self, start: ArrayLike, points: int, spacing_s: float, part: int = 10) -> Floats:
        """m `[points, 3]` every `spacing_s` from a unit vector `start`, without noise."""
        from nvmcosim.pymodel.device.in_plane_kernel import path

        vector = _unit_vectors(np.asarray(start)[None])[0]
        return path(vector, self._drive, points, spacing_s / self.tau_s, part)

    @cached_property
    def _drive(self) -> Floats:
        return np.array([self.alpha, self.hard, self.parallel, self.share, self.start])


def _unit_vectors(starts: ArrayLike) -> Floats:
    vectors = np.ascontiguousarray(starts, dtype=np.float64)
    if vectors.ndim != 2 or vectors.shape[1] != 3:
        raise InputError(f"starts have shape {vectors.shape}; they must be vectors, [n, 3]")
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6):
        raise InputError("starts must be unit vectors")
    return vectors
