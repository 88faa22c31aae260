"""Demagnetising factors of a free layer, and the barrier and critical current that follow.

The axes are (length, width, thickness) of the layer. The three factors add up to 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import constants
from scipy.special import elliprd, j1

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.errors import InputError

__all__ = [
    "SHAPES",
    "Factors",
    "demagnetising_factors",
    "shape_critical_density",
    "shape_delta",
]

Floats = NDArray[np.float64]

#: Bodies whose factors are known.
SHAPES = ("elliptic-cylinder", "prism", "ellipsoid")
#: The cylinder's integral: end of the range in units of 1/semi-axis, panels and nodes a panel.
_REACH, _PANELS, _NODES = 400.0, 400, 8
_ANGLES = 48


class Factors(NamedTuple):
    """Demagnetising factors along length, width and thickness."""

    length: float
    width: float
    thickness: float


def demagnetising_factors(mtj: InPlaneMtj, shape: str = "elliptic-cylinder") -> Factors:
    """Factors of the free layer's body, averaged over its volume.

    `elliptic-cylinder` by quadrature in Fourier space (Beleggia et al., J. Phys. D 38, 3333
    (2005)); `prism` by Aharoni, J. Appl. Phys. 83, 3432 (1998); `ellipsoid`, of the same three
    axes, by Osborn, Phys. Rev. 67, 351 (1945). Raises `InputError` for another shape.
    """
    axes = (mtj.length_nm / 2, mtj.width_nm / 2, mtj.thickness_nm / 2)
    if shape == "ellipsoid":
        squares = np.square(axes)
        scale = math.prod(axes) / 3
        first, second, third = (
            scale * float(elliprd(*np.delete(squares, n), squares[n])) for n in range(3)
        )
        return Factors(first, second, third)
    if shape == "prism":
        a, b, c = axes
        return Factors(_aharoni(b, c, a), _aharoni(c, a, b), _aharoni(a, b, c))
    if shape == "elliptic-cylinder":
        return _cylinder(*axes)
    raise InputError(f"shape is {shape!r}; it must be one of {', '.join(SHAPES)}")


def shape_delta(mtj: InPlaneMtj, shape: str = "elliptic-cylinder") -> float:
    """Barrier over kT by shape anisotropy: mu0 Ms(T)^2 (N_width - N_length) V/(2 k T).

    Ms(T) = Ms (1 - 2e-5 T^1.5) as the polarisation; V is the body's. mondal2018 prints 47.5.
    """
    factors = demagnetising_factors(mtj, shape)
    share = {"elliptic-cylinder": math.pi / 4, "prism": 1.0, "ellipsoid": math.pi / 6}[shape]
    volume = share * mtj.area_m2 * mtj.thickness_nm * 1e-9
    density = constants.mu_0 * mtj.ms_now_a_m**2 * (factors.width - factors.length) / 2
    return density * volume / (constants.k * mtj.temperature_k)


def shape_critical_density(mtj: InPlaneMtj, shape: str = "elliptic-cylinder") -> float:
    """Jc0 in A/m^2 at which the initial state becomes unstable under a torque of efficiency P(T).

        Jc0 = (2 e/hbar) alpha mu0 Ms^2 tF ((N_w - N_l) + (N_t - N_l))/(2 P)

    (Sun, Phys. Rev. B 62, 570 (2000), without field); the same for both directions as the torque's
    dependence on the angle is not in it.
    """
    n = demagnetising_factors(mtj, shape)
    stiffness = ((n.width - n.length) + (n.thickness - n.length)) / 2
    field = constants.mu_0 * mtj.ms_now_a_m**2 * mtj.thickness_nm * 1e-9 * stiffness
    return 2 * constants.e / constants.hbar * mtj.damping * field / mtj.polarization_now


def _cylinder(a: float, b: float, half_thickness: float) -> Factors:
    thickness = 2 * half_thickness
    nodes, weights = np.polynomial.legendre.leggauss(_ANGLES)
    # The integrand is even about both axes.
    angle = math.pi / 4 * (nodes + 1)
    weight = weights * math.pi / 4 * 4 / math.pi
    along, across = (np.cos(angle) / a) ** 2, (np.sin(angle) / b) ** 2
    inner = _thickness_integral(thickness * np.sqrt(along + across))
    third = float((weight * inner).sum())
    first = float((weight * along / (along + across) * (0.5 - inner)).sum())
    second = float((weight * across / (along + across) * (0.5 - inner)).sum())
    return Factors(first, second, third)


def _thickness_integral(beta: Floats) -> Floats:
    """Integral over q from 0 to infinity of J1(q)^2/q (1 - exp(-q beta))/(q beta), by `beta`."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    step = _REACH / _PANELS
    q = (np.arange(_PANELS)[:, None] * step + step / 2 * (nodes + 1)).ravel()
    w = np.tile(weights * step / 2, _PANELS)
    kernel = w * j1(q) ** 2 / q
    product = q * beta[:, None]
    body = (kernel * -np.expm1(-product) / product).sum(axis=1)
    # Beyond, J1^2 is 1/(pi q) on average and the exponential nothing.
    return body + 1 / (2 * math.pi * beta * _REACH**2)


def _aharoni(a: float, b: float, c: float) -> float:
    """Factor along the side 2c of a prism of sides 2a, 2b, 2c (Aharoni's Eq. 1)."""
    ab, bc, ac = math.hypot(a, b), math.hypot(b, c), math.hypot(a, c)
    abc = math.sqrt(a * a + b * b + c * c)
    total = (b * b - c * c) / (2 * b * c) * math.log((abc - a) / (abc + a))
    total += (a * a - c * c) / (2 * a * c) * math.log((abc - b) / (abc + b))
    total += b / (2 * c) * math.log((ab + a) / (ab - a))
    total += a / (2 * c) * math.log((ab + b) / (ab - b))
    total += c / (2 * a) * math.log((bc - b) / (bc + b))
    total += c / (2 * b) * math.log((ac - a) / (ac + a))
    total += 2 * math.atan(a * b / (c * abc))
    total += (a**3 + b**3 - 2 * c**3) / (3 * a * b * c)
    total += (a * a + b * b - 2 * c * c) / (3 * a * b * c) * abc
    total += c / (a * b) * (ac + bc)
    total -= (ab**3 + bc**3 + ac**3) / (3 * a * b * c)
    return total / math.pi
