import math

import pytest
from scipy import integrate

from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.shape import (
    SHAPES,
    demagnetising_factors,
    shape_critical_density,
    shape_delta,
)
from nvmcosim.pymodel.errors import InputError

MTJ = InPlaneMtj()


@pytest.mark.parametrize("shape", SHAPES)
def test_factors_add_up_and_are_alike_in_a_ball_or_cube(shape):
    assert sum(demagnetising_factors(MTJ, shape)) == pytest.approx(1, abs=1e-6)
    same = MTJ.replace(width_nm=20, length_nm=20, thickness_nm=20)
    factors = demagnetising_factors(same, shape)
    assert factors.length == pytest.approx(factors.width, rel=1e-9)
    if shape != "elliptic-cylinder":
        assert factors.thickness == pytest.approx(1 / 3, rel=1e-9)


def test_round_cylinders_have_the_tabulated_factors():
    # Magnetometric factors along the axis of cylinders by length over diameter: Chen et al., IEEE
    # Trans. Magn. 27, 3601 (1991), Table I, susceptibility 0.
    for ratio, printed in ((0.1, 0.7967), (0.2, 0.6802), (0.5, 0.4745), (1.0, 0.3116)):
        disc = MTJ.replace(width_nm=20, length_nm=20, thickness_nm=20 * ratio)
        factors = demagnetising_factors(disc, "elliptic-cylinder")
        assert factors.thickness == pytest.approx(printed, abs=1.5e-4)


def test_prism_is_the_integral_over_its_charged_faces():
    a, b, c = MTJ.length_nm, MTJ.width_nm, MTJ.thickness_nm

    def pair(gap):
        def density(v, u):
            return (a - u) * (b - v) / math.sqrt(u * u + v * v + gap * gap)

        return 4 * integrate.dblquad(density, 0, a, 0, b, epsabs=1e-3)[0]

    expected = 2 * (pair(1e-9) - pair(c)) / (4 * math.pi * a * b * c)
    assert demagnetising_factors(MTJ, "prism").thickness == pytest.approx(expected, rel=1e-5)


def test_what_the_shape_says_to_the_papers_delta_and_critical_current():
    # PHYSICS.md: factors 0.03485, 0.14986, 0.81529; 47.65 where the paper prints 47.5; 4.59.
    factors = demagnetising_factors(MTJ)
    assert factors == pytest.approx((0.03485, 0.14986, 0.81529), abs=1e-5)
    assert shape_delta(MTJ) == pytest.approx(47.65, abs=0.01)
    assert shape_critical_density(MTJ) == pytest.approx(4.59e10, rel=0.001)


def test_wrong_shape_is_named():
    with pytest.raises(InputError, match="shape is 'ball'"):
        demagnetising_factors(MTJ, "ball")
