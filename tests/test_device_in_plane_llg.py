import numpy as np
import pytest
from scipy import integrate

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.device.in_plane_llg import InPlaneMotion
from nvmcosim.pymodel.device.llg import cartesian_switching_times
from nvmcosim.pymodel.device.mtj import GYROMAGNETIC_RATIO
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError

MTJ = InPlaneMtj()
WRITE = InPlaneMotion.of(MTJ, "AP-P", 1.2)
RESET = InPlaneMotion.of(MTJ, "P-AP", 0.8)


def start(angle, azimuth=0.7):
    sine = np.sin(angle)
    return np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), np.cos(angle)])


@pytest.mark.parametrize("motion", [WRITE, RESET], ids=["AP-P", "P-AP"])
def test_trajectory_is_that_of_gilberts_equation_in_si_units(motion):
    # Gilbert's damping as it stands, solved for dm/dt as a linear system; fields in T.
    field_t = (1 + motion.alpha**2) / (motion.alpha * GYROMAGNETIC_RATIO * motion.tau_s)
    torque_t = motion.alpha * field_t

    def slope(_, m):
        field = field_t * np.array([0.0, -motion.hard * m[1], m[2]])
        share = (1 - motion.start * m[2]) / 2 * motion.share
        i = motion.parallel * (1 - share)
        # The torque of Landau and Lifshitz's form, without its alpha-fold field.
        push = -torque_t * i * (np.array([0, 0, 1.0]) - m * m[2])
        cross = np.array([[0, -m[2], m[1]], [m[2], 0, -m[0]], [-m[1], m[0], 0]])
        right = -GYROMAGNETIC_RATIO * np.cross(m, field)
        free = np.linalg.solve(np.eye(3) - motion.alpha * cross, right)
        return free + GYROMAGNETIC_RATIO * push / (1 + motion.alpha**2)

    spacing, points = 20e-12, 40
    times = np.arange(points) * spacing
    exact = integrate.solve_ivp(
        slope, (0, times[-1]), start(0.15), t_eval=times, rtol=1e-10, atol=1e-12
    ).y.T
    got = motion.trajectory(start(0.15), points, spacing, part=40)
    assert np.abs(got - exact).max() < 1e-5


@pytest.mark.parametrize("motion", [WRITE, RESET], ids=["AP-P", "P-AP"])
def test_small_angles_grow_at_the_laws_rate(motion):
    path = motion.trajectory(start(1e-4), 200, 5e-12)
    energy = path[:, 0] ** 2 + (1 + motion.hard) * path[:, 1] ** 2
    # Over whole precessions.
    slope = np.polyfit(np.arange(200) * 5e-12, np.log(energy), 1)[0]
    assert slope / 2 == pytest.approx(motion.rate, rel=0.01)


def test_the_threshold_is_the_junctions_critical_current():
    for direction, state in (("AP-P", "AP"), ("P-AP", "P")):
        volts = np.linspace(0.1, 1.0, 1001)
        density = MTJ.density(state, volts)
        bias = float(np.interp(MTJ.critical_density(direction), density, volts))
        assert InPlaneMotion.of(MTJ, direction, 1.01 * bias).rate > 0
        assert InPlaneMotion.of(MTJ, direction, 0.99 * bias).rate < 0


def test_starts_have_boltzmanns_moments():
    starts = WRITE.starts(40_000, 5)
    assert np.linalg.norm(starts, axis=1) == pytest.approx(1)

    def weight(theta, azimuth):
        x, y = np.sin(theta) * np.cos(azimuth), np.sin(theta) * np.sin(azimuth)
        return np.exp(-WRITE.delta * (x * x + (1 + WRITE.hard) * y * y)) * np.sin(theta)

    whole = integrate.dblquad(weight, 0, 2 * np.pi, 0, np.pi / 2)[0]
    for axis, shape in ((0, np.cos), (1, np.sin)):
        square = integrate.dblquad(
            lambda t, a, shape=shape: weight(t, a) * (np.sin(t) * shape(a)) ** 2,
            *(0, 2 * np.pi, 0, np.pi / 2),
        )[0]
        got = (starts[:, axis] ** 2).mean()
        # Five standard errors of a mean of squares.
        assert got == pytest.approx(square / whole, rel=5 * np.sqrt(2 / 40_000))
    assert np.array_equal(WRITE.starts(10, 5), starts[:10])


def test_without_demagnetising_field_it_is_the_perpendicular_junction():
    mtj = preset("locatelli2018").mtj
    drive = Drive.constant(mtj, 2.0)
    motion = InPlaneMotion(
        mtj.delta, mtj.damping, 0.0, mtj.tau_s, parallel=2.0, share=0.0, start=1.0
    )
    ours = motion.switching_times(motion.starts(1500, 1), thermal=True, seed=2)
    theirs = cartesian_switching_times(drive, mtj.damping, 1500, 3)
    error = np.sqrt((ours.var() + theirs.var()) / 1500)
    assert abs(ours.mean() - theirs.mean()) < 4 * error


def test_a_crossing_is_a_switch():
    starts = WRITE.starts(400, 7)
    times = WRITE.switching_times(starts)
    pulse = float(np.median(times))
    ends = WRITE.settled(starts, pulse)
    assert (np.abs(ends) > 0.99).all()
    # A few turn back, or go over after the pulse, as they are at the barrier when it ends.
    assert np.mean((ends < 0) == (times <= pulse)) > 0.9


def test_wrong_input_is_named():
    for make, words in (
        (lambda: InPlaneMotion.of(MTJ, "AP-P", -1.0), "bias_v is -1"),
        (lambda: InPlaneMotion.of(MTJ, "up", 1.0), "direction is 'up'"),
        (lambda: WRITE.switching_times([[1.0, 1.0, 1.0]]), "unit vectors"),
        (lambda: WRITE.switching_times([1.0, 0.0]), "shape"),
        (lambda: WRITE.switching_times([[0, 0, 1.0]], step_s=1.0), "step_s is 1.0"),
        (lambda: WRITE.starts(-1, 0), "count is -1"),
    ):
        with pytest.raises(InputError, match=words):
            make()
