"""One long pulse against pulses; energy against what supply and junction say; the load line."""

import numpy as np
import pytest

from nvmcosim.pymodel.device.drive import write_drive
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.driver import gate_levels, load_lines
from nvmcosim.spice.mismatch import TRANSISTORS
from nvmcosim.spice.montecarlo import MonteCarlo
from nvmcosim.spice.mtj import Start, draw_start, noise_step_s, thermal_noise
from nvmcosim.spice.write_cell import simulate_write

pytest.importorskip("PySpice")

SPEC = preset("stt-65nm")
SPAN = 18e-9


def load_line(driver, direction):
    """Of the nominal transistors."""
    return load_lines(driver, direction, np.zeros((1, len(TRANSISTORS))))[0]


def sample(direction, seed):
    random = np.random.Generator(np.random.Philox(key=seed))
    start = draw_start(SPEC.mtj, direction, random)
    step = noise_step_s(SPEC.mtj)
    return start, {"noise": thermal_noise(random, SPAN + 3e-9, step), "noise_step_s": step}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_long_pulse_says_what_every_shorter_one_does(direction):
    start, noise = sample(direction, 4)
    long = simulate_write(SPEC.driver, SPEC.mtj, start, SPAN, **noise)
    time = long.switching_time_s
    assert 3e-9 < time < SPAN - 1e-9
    # What follows the pulse is the same noise on a cell well past, or well before, the equator.
    for pulse in (time - 0.4e-9, time + 0.4e-9):
        run = simulate_write(SPEC.driver, SPEC.mtj, start, pulse + 3e-9, pulse_s=pulse, **noise)
        assert (run.x[-1] < 0) == (pulse > time)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_energy_by_pulse_is_that_of_the_pulsed_run(direction):
    start, noise = sample(direction, 4)
    long = simulate_write(SPEC.driver, SPEC.mtj, start, SPAN, **noise)
    edge = MonteCarlo(SPEC, direction, 0, "thermal", "1d", SPAN, 1e-9).edge_energy_j()
    for pulse in (5e-9, 17e-9):
        run = simulate_write(SPEC.driver, SPEC.mtj, start, pulse + 1e-9, pulse_s=pulse, **noise)
        expected = run.energy_j([pulse + 1e-9])[:, 0]
        got = long.energy_j([pulse])[:, 0] + edge
        assert got == pytest.approx(expected, rel=5e-3, abs=2e-15)


def test_energy_is_power_times_time_behind_a_source():
    driver = WriteDriver(kind="source", vdd_v=1.0, series_ohm=2000.0, rise_ps=1.0)
    at_rest = Start("AP-P", np.pi - 1e-6)  # parallel already, and driven that way
    wave = simulate_write(driver, SPEC.mtj, at_rest, 2e-9)
    current = 1.0 / (2000.0 + SPEC.mtj.r_parallel_ohm)
    mtj_pj, rest_pj = wave.energy_j([2e-9])[:, 0] * 1e12
    assert mtj_pj == pytest.approx(current**2 * SPEC.mtj.r_parallel_ohm * 2e3, rel=2e-3)
    assert rest_pj == pytest.approx(current**2 * 2000.0 * 2e3, rel=2e-3)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_load_line_is_what_the_junction_meets(direction):
    line = load_line(SPEC.driver, direction)
    drive = write_drive(SPEC, direction, load_line=line)
    wave = simulate_write(SPEC.driver, SPEC.mtj, Start(direction, 0.3), 12e-9)
    settled = wave.time_s > 0.5e-9
    x = wave.x[settled]
    assert x[0] > 0.8
    assert x[-1] < -0.9
    assert wave.voltage_v[settled] == pytest.approx(drive.at(x, "voltage")[0], rel=5e-3)
    assert wave.current_a[settled] == pytest.approx(drive.at(x, "current")[0], rel=5e-3)


def test_a_driver_idles_and_a_word_line_boosts_the_follower():
    assert gate_levels(SPEC.driver, None) == {"bln": 1.2, "sln": 1.2, "wl": 0.0}
    with pytest.raises(InputError, match="direction is 'up'"):
        gate_levels(SPEC.driver, "up")
    low = load_line(SPEC.driver.replace(word_line_v=1.2), "AP-P")
    high = load_line(SPEC.driver, "AP-P")
    assert low(0.8)[0] < 0.7 * high(0.8)[0]
    # The other direction, whose access transistor has its source at ground, hardly minds.
    low, high = (load_line(SPEC.driver.replace(word_line_v=volts), "P-AP") for volts in (1.2, 2.0))
    assert low(0.9)[0] > 0.75 * high(0.9)[0]


def test_a_pulse_starts_in_the_middle_of_its_edge():
    times = []
    for rise in (1.0, 600.0):
        # Far above threshold, so that what the cell does on the way up hardly matters.
        driver = WriteDriver(kind="source", vdd_v=4.0, series_ohm=500.0, rise_ps=rise)
        wave = simulate_write(driver, SPEC.mtj, Start("P-AP", 0.2), 5e-9)
        times.append(wave.switching_time_s)
    assert times[1] == pytest.approx(times[0], abs=120e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_pulse_is_as_long_as_it_is_said_to_be_between_the_middles_of_its_edges(direction):
    driver = WriteDriver(kind="source", vdd_v=0.9, series_ohm=500.0, rise_ps=400.0)
    # A cell that is there already: its resistance does not change.
    at_rest = Start(direction, np.pi - 1e-6)
    wave = simulate_write(driver, SPEC.mtj, at_rest, 5e-9, pulse_s=3e-9)
    high = wave.voltage_v.max()
    above = wave.time_s[wave.voltage_v > high / 2]
    assert above[-1] - above[0] == pytest.approx(3e-9, abs=30e-12)


def test_directions_and_samples_are_drawn_apart():
    starts = [
        MonteCarlo(SPEC, direction, 0, "angle", "1d", 1e-9, 1e-9).sample(k, np.ones(4)).x[0]
        for direction in DIRECTIONS
        for k in (0, 1)
    ]
    assert len({round(float(x), 9) for x in starts}) == 4
