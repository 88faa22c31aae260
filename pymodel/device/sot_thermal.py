"""Writes of the voltage-gated spin-Hall junction at temperature: the vector equation with noise.

    (1 + alpha^2)/gamma dm/dt = -m x W - alpha m x (m x W),  W = B + s m x y + thermal field

with s the damping-like spin-Hall field of the current. The thermal field is Gaussian, of variance
2 alpha kT/(gamma Ms V dt) in each component (fluctuation-dissipation); the integrator is Heun's,
which converges to the Stratonovich solution, in steps of `STEP_S`. Gate and current are ideal
pulses with linear edges: `spice.sot_cell` has the circuit, without noise.
"""

import math

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.device.fields import read_number
from nvmcosim.pymodel.device.mtj import GYROMAGNETIC_RATIO
from nvmcosim.pymodel.device.sot import SotMtj
from nvmcosim.pymodel.units import check_whole

__all__ = ["STEP_S", "thermal_write"]

Floats = NDArray[np.float64]

#: Time step in s: a ninetieth of a precession.
STEP_S = 2e-12
#: Edges of a pulse; time before it, in which the layers reach equilibrium; and after it, in s.
_EDGE_S, _BEFORE_S, _AFTER_S = 50e-12, 2e-9, 3e-9


def thermal_write(
    mtj: SotMtj,
    v: bool,
    switch: bool,
    samples: int,
    seed: int = 0,
    pulse_s: float | None = None,
    current_a: float | None = None,
) -> Floats:
    """Free layers `[samples, 3]` at the end of a write, each with noise of its own.

    z is along the state that they start in. The current, the junction's own unless `current_a` is
    given, favours the other state if `switch`, else the same; the gate is at Vb if `v`. Equal
    arguments give equal results. Raises `InputError`.
    """
    check_whole(samples, "samples", 1, 10**7)
    check_whole(seed, "seed", 0, 2**63 - 1)
    width = mtj.pulse_ns * 1e-9 if pulse_s is None else read_number(pulse_s, "pulse_s", 0.0, 1e-6)
    current = mtj.write_a if current_a is None else read_number(current_a, "current_a", 0.0, 1e-2)
    random = np.random.Generator(np.random.Philox(seed))
    strength = mtj.spin_hall_t_per_a * current * (-1 if switch else 1)
    gate = mtj.gate_v if v else 0.0
    # Delta = Hk Ms V/(2 kT), so that kT/(Ms V) is Hk/(2 Delta).
    density = mtj.damping * mtj.hk_t / float(mtj.delta_at(0.0))
    sigma = math.sqrt(density / (GYROMAGNETIC_RATIO * STEP_S))
    rate = GYROMAGNETIC_RATIO / (1 + mtj.damping**2) * STEP_S
    tilt = mtj.hx_t / mtj.hk_t
    m = np.empty((3, samples))
    m[:] = np.array([[tilt], [0.0], [math.sqrt(1 - tilt**2)]])
    steps = math.ceil((_BEFORE_S + width + _AFTER_S) / STEP_S)
    times = np.arange(steps + 1, dtype=np.float64) * STEP_S - _BEFORE_S
    pulse = _pulse(times, width)
    fields, currents = mtj.hk_at(pulse * gate), pulse * strength
    for n in range(steps):
        noise = sigma * random.standard_normal((3, samples))
        first = rate * _slope(mtj, m, noise, currents[n], fields[n])
        second = rate * _slope(mtj, m + first, noise, currents[n + 1], fields[n + 1])
        m += (first + second) / 2
        m /= np.sqrt(np.einsum("ij,ij->j", m, m))
    return m.T


def _pulse(times_s: Floats, width_s: float) -> Floats:
    """A pulse from time 0 on, its edges' middles `width_s` apart."""
    rise = np.clip(times_s / _EDGE_S, 0.0, 1.0)
    return np.minimum(rise, np.clip((width_s + _EDGE_S - times_s) / _EDGE_S, 0.0, 1.0))


def _slope(mtj: SotMtj, m: Floats, noise: Floats, strength: float, hk_t: float) -> Floats:
    """-m x W - alpha m x (m x W), `[3, samples]`."""
    x, y, z = m
    wx = noise[0] + mtj.hx_t - strength * z
    wy = noise[1]
    wz = noise[2] + hk_t * z + strength * x
    along = x * wx + y * wy + z * wz
    square = x * x + y * y + z * z
    alpha = mtj.damping
    return np.stack(
        [
            z * wy - y * wz + alpha * (wx * square - x * along),
            x * wz - z * wx + alpha * (wy * square - y * along),
            y * wx - x * wy + alpha * (wz * square - z * along),
        ]
    )
