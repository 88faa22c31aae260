import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from nvmcosim.pymodel.device.drive import Drive, write_drive
from nvmcosim.pymodel.device.fokker_planck import switching_moments, write_error_rate
from nvmcosim.pymodel.device.llg import (
    cartesian_switching_times,
    cartesian_trajectory,
    initial_angles,
    switching_times,
    trajectory,
)
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError

LOCATELLI = preset("locatelli2018").mtj
TWICE = Drive.constant(LOCATELLI, 2.0)
SPEC = preset("stt-65nm")


def test_initial_angles_are_boltzmann_distributed():
    delta = 8.0
    drive = Drive.constant(LOCATELLI.replace(hk_t=LOCATELLI.hk_t * delta / LOCATELLI.delta), 0.0)
    angles = np.sort(initial_angles(drive, 40_000, seed=1))

    def density(angle):
        return math.exp(-delta * math.sin(angle) ** 2) * math.sin(angle)

    total = quad(density, 0, math.pi / 2)[0]
    for angle in (0.1, 0.25, 0.4, 0.7, 1.2):
        expected = quad(density, 0, angle)[0] / total
        # 4 standard deviations of 40,000 draws are at most 0.01
        assert np.searchsorted(angles, angle) / angles.size == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("direction", ["P-AP", "AP-P"])
def test_thermal_times_follow_the_fokker_planck_curve(direction):
    """Monte Carlo and the Fokker-Planck solve share no code but the overdrive."""
    drive = write_drive(SPEC, direction)
    times = switching_times(drive, 100_000, seed=2)
    mean, deviation, _ = switching_moments(drive)
    error = deviation / math.sqrt(times.size)
    assert times.mean() == pytest.approx(mean, abs=4 * error + 1e-3 * mean)
    assert times.std() == pytest.approx(deviation, rel=0.015)
    pulses = np.array([4e-9, 8e-9, 12e-9, 16e-9])
    expected = write_error_rate(drive, pulses)
    measured = (times[:, None] > pulses).mean(axis=0)
    spread = np.sqrt(expected * (1 - expected) / times.size)
    assert (np.abs(measured - expected) < 4 * spread + 0.003 * expected).all()


def test_cartesian_times_follow_the_fokker_planck_curve():
    mean, deviation, _ = switching_moments(TWICE)
    times = cartesian_switching_times(TWICE, LOCATELLI.damping, 3000, seed=3)
    assert times.mean() == pytest.approx(mean, abs=4 * deviation / math.sqrt(times.size))
    assert times.std() == pytest.approx(deviation, rel=0.08)


def test_angle_alone_is_slower_by_what_physics_states():
    mean = switching_moments(TWICE).mean_s
    excess = switching_times(TWICE, 50_000, seed=4, noise="angle").mean() / mean - 1
    assert 0.12 < excess < 0.15  # PHYSICS: 12 to 14% above the thermal run at 2 Vc


def test_angle_times_are_the_integral_of_the_motion():
    drive = write_drive(SPEC, "P-AP")
    angles = initial_angles(drive, 5, seed=9)
    ours = switching_times(drive, 5, seed=9, noise="angle")
    for angle, time in zip(angles, ours, strict=True):
        exact = quad(
            lambda a: 1 / (math.sin(a) * (drive.at(math.cos(a))[0] - math.cos(a))),
            angle,
            math.pi / 2,
            epsabs=1e-10,
        )[0]
        assert time == pytest.approx(exact * drive.tau_s[0], rel=1e-5)


def test_samples_depend_on_seed_and_number_alone():
    import numba

    all_threads = switching_times(TWICE, 64, seed=5)
    numba.set_num_threads(1)
    try:
        one_thread = switching_times(TWICE, 64, seed=5)
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert (all_threads == one_thread).all()
    assert (switching_times(TWICE, 20, seed=5, first=44) == all_threads[44:]).all()
    assert (switching_times(TWICE, 64, seed=6) != all_threads).all()
    cartesian = cartesian_switching_times(TWICE, LOCATELLI.damping, 6, seed=5)
    later = cartesian_switching_times(TWICE, LOCATELLI.damping, 2, seed=5, first=4)
    assert (later == cartesian[4:]).all()


def test_a_device_a_sample_is_that_device():
    factors = draw_factors(SPEC.spread, 8, seed=1)
    drives = write_drive(SPEC, "AP-P", factors)
    together = switching_times(drives, 8, seed=7)
    alone = [switching_times(drives[k : k + 1], 1, seed=7, first=k)[0] for k in range(8)]
    assert together == pytest.approx(alone, rel=1e-12)


def test_one_dimension_and_three_agree_without_noise():
    spacing = LOCATELLI.tau_s / 40
    flat = trajectory(TWICE, 0.05, 250, spacing)
    start = [math.sin(0.05), 0.0, math.cos(0.05)]
    full = cartesian_trajectory(TWICE, LOCATELLI.damping, start, 250, spacing, part=60)
    assert full[:, 2] == pytest.approx(flat, abs=1e-4)
    assert np.linalg.norm(full, axis=1) == pytest.approx(1, abs=1e-12)


def test_a_noisy_path_solves_its_equation():
    """Oracle: scipy's DOP853 on the Stratonovich equation in x, as PHYSICS states it."""
    drive = write_drive(SPEC, "P-AP")
    delta, tau = drive.delta[0], drive.tau_s[0]
    noise = np.random.default_rng(1).standard_normal(80)
    spacing = tau / 20
    ours = trajectory(drive, 0.3, noise, spacing, part=20)

    def motion(t, x):
        force = np.interp(t, np.arange(80) / 20, noise) * math.sqrt(20)
        swing = math.sqrt(max(1 - x[0] ** 2, 0.0))
        drift = (1 - x[0] ** 2) * (x[0] - drive.at(x[0])[0]) - x[0] / (2 * delta)
        return [drift - swing / math.sqrt(delta) * force]

    x = math.cos(0.3)
    for n in range(79):
        inside = solve_ivp(motion, (n / 20, (n + 1) / 20), [x], "DOP853", rtol=1e-9, atol=1e-10)
        x = inside.y[0, -1]
        assert ours[n + 1] == pytest.approx(x, abs=1e-4)


def test_a_noisy_cartesian_path_solves_its_equation():
    """Oracle: scipy on the equation in Landau-Lifshitz form with written-out cross products."""
    drive = write_drive(SPEC, "P-AP")
    alpha, spacing = SPEC.mtj.damping, 5e-12
    noise = np.random.default_rng(2).standard_normal((3, 60))
    start = np.array([0.6, 0.0, 0.8])
    ours = cartesian_trajectory(drive, alpha, start, noise, spacing)
    step = spacing / drive.tau_s[0]
    strength = math.sqrt(alpha**2 / (1 + alpha**2) / drive.delta[0] / step)

    def motion(t, m):
        at = t / step
        thermal = [strength * np.interp(at, np.arange(60), row) for row in noise]
        field = np.add(thermal, [0, 0, m[2]])
        turn = np.cross(m, field)
        torque = drive.at(m[2])[0] * np.cross(m, np.cross(m, [0, 0, 1]))
        return -turn / alpha - np.cross(m, turn) + torque

    m = start
    for n in range(59):
        m = solve_ivp(motion, (n * step, (n + 1) * step), m, rtol=1e-9, atol=1e-10).y[:, -1]
        assert ours[n + 1] == pytest.approx(m, abs=1e-4)


def test_the_limit_is_infinity_and_no_current_does_not_switch():
    assert np.isinf(switching_times(TWICE, 10, seed=1, limit_s=1e-12)).all()
    still = Drive.constant(LOCATELLI, 0.0)
    assert np.isinf(switching_times(still, 10, seed=1, limit_s=2e-8)).all()
    assert np.isinf(switching_times(still, 10, seed=1, noise="angle", limit_s=2e-8)).all()


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="thermal, angle"):
        switching_times(TWICE, 1, seed=0, noise="white")
    with pytest.raises(InputError, match="seed is -1"):
        switching_times(TWICE, 1, seed=-1)
    with pytest.raises(InputError, match="one a sample"):
        switching_times(write_drive(SPEC, "P-AP", np.ones((3, 4))), 5, seed=0)
    with pytest.raises(InputError, match="unit vector"):
        cartesian_trajectory(TWICE, 0.01, [0, 0, 2], 5, 1e-12)
    with pytest.raises(InputError, match="shape"):
        trajectory(TWICE, 0.1, np.ones((3, 5)), 1e-12)
