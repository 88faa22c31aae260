"""The MTJ in ngspice against the numba integrators, from the same start and on the same noise."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import dawsn

from nvmcosim.pymodel.device.drive import write_drive
from nvmcosim.pymodel.device.llg import cartesian_trajectory, trajectory
from nvmcosim.pymodel.device.mtj import DIRECTIONS
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpec, WriteDriver
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.mtj import Start, draw_start, noise_step_s, thermal_noise
from nvmcosim.spice.session import session
from nvmcosim.spice.write_cell import simulate_write, write_netlist

pytest.importorskip("PySpice")

MTJ = preset("stt-65nm").mtj


def device(overdrive=2.0, series_ohm=0.0, **changes):
    """A junction on a source that, without series resistance, keeps to one overdrive."""
    mtj = MTJ.replace(**changes)
    supply = overdrive * mtj.critical_voltage_v * (1 + series_ohm / mtj.r_parallel_ohm)
    return DeviceSpec(
        "test", mtj, WriteDriver(kind="source", vdd_v=supply, series_ohm=series_ohm, rise_ps=1.0)
    )


def crossing(x, spacing):
    k = int(np.argmax(x <= 0))
    assert k > 0, "the reference has not switched"
    return (k - 1 + x[k - 1] / (x[k - 1] - x[k])) * spacing


def finer(noise, spacing, parts):
    """The same path of noise with `parts` points a spacing: (values, spacing)."""
    points = np.arange((noise.shape[-1] - 1) * parts + 1) / parts
    old = np.arange(noise.shape[-1])
    rows = [np.interp(points, old, row) for row in np.atleast_2d(noise)]
    # The integrator scales by 1/sqrt(spacing); the path itself must stay.
    values = np.array(rows) / np.sqrt(parts)
    return values if noise.ndim > 1 else values[0], spacing / parts


def reference_1d(spec, start, noise, spacing, span):
    drive = write_drive(spec, start.direction)
    if noise is None:
        fine = spec.mtj.tau_s / 400
        return crossing(trajectory(drive, start.angle, int(span / fine), fine), fine)
    # The reference's angle is counted from the starting direction.
    sign = 1 if start.direction == "P-AP" else -1
    values, fine = finer(sign * noise[0], spacing, 8)
    return crossing(trajectory(drive, start.angle, values, fine), fine)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("series_ohm", [0.0, 2000.0])
@pytest.mark.parametrize("torque", ["voltage", "current"])
def test_1d_from_one_start(direction, series_ohm, torque):
    # Near the pole in the AP state current is short, so take enough for both torques.
    spec = device(5.0 if torque == "current" else 2.0, series_ohm, torque=torque)
    start = Start(direction, 0.11)
    span = 15e-9
    expected = reference_1d(spec, start, None, 0, span)
    got = simulate_write(spec.driver, spec.mtj, start, span, step_s=MTJ.tau_s / 160)
    assert got.switching_time_s == pytest.approx(expected, rel=1e-3)
    assert got.x[0] == pytest.approx(np.cos(0.11), rel=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("seed", range(12))
def test_1d_on_one_path_of_noise(direction, seed):
    spec = device()
    random = np.random.Generator(np.random.Philox(key=seed))
    start = draw_start(spec.mtj, direction, random)
    span, spacing = 14e-9, noise_step_s(spec.mtj)
    noise = thermal_noise(random, span, spacing)
    expected = reference_1d(spec, start, noise, spacing, span)
    # At the step that calibration takes.
    got = simulate_write(spec.driver, spec.mtj, start, span, noise=noise, noise_step_s=spacing)
    assert got.switching_time_s == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("thermal", [False, True])
def test_cartesian_on_one_path(direction, thermal):
    spec = device(2.5)
    random = np.random.Generator(np.random.Philox(key=11))
    start = draw_start(spec.mtj, direction, random)
    span, spacing = 8e-9, noise_step_s(spec.mtj, "cartesian")
    drive = write_drive(spec, direction)
    # Half a turn round x takes the reference's axes, whose z is the starting direction, to ours.
    turn = np.array([1.0, 1.0, 1.0] if direction == "P-AP" else [1.0, -1.0, -1.0])
    vector = turn * start.vector
    options = {}
    if thermal:
        noise = thermal_noise(random, span, spacing, "cartesian")
        values, fine = finer(turn[:, None] * noise, spacing, 5)
        m = cartesian_trajectory(drive, spec.mtj.damping, vector, values, fine)
        options = {"noise": noise, "noise_step_s": spacing}
    else:
        fine = 1e-12
        m = cartesian_trajectory(drive, spec.mtj.damping, vector, int(span / fine), fine)
    got = simulate_write(spec.driver, spec.mtj, start, span, model="cartesian", **options)
    assert got.switching_time_s == pytest.approx(crossing(m[:, 2], fine), rel=5e-3)


def test_cartesian_equals_1d_without_noise():
    spec = device()
    start = Start("P-AP", 0.2, 1.0)
    one = simulate_write(spec.driver, spec.mtj, start, 8e-9, step_s=MTJ.tau_s / 400)
    three = simulate_write(spec.driver, spec.mtj, start, 8e-9, model="cartesian")
    assert three.switching_time_s == pytest.approx(one.switching_time_s, rel=5e-3)


def test_the_cartesian_model_restores_the_length_of_m():
    class Longer(Start):
        @property
        def vector(self):
            return tuple(1.05 * part for part in super().vector)

    spec = device()
    netlist = write_netlist(
        spec.driver, spec.mtj, Longer("P-AP", 0.5), 0.3 * MTJ.tau_s, model="cartesian"
    )
    netlist.add_fixed(".save v(mx0) v(my0)")
    with session().circuit(netlist) as circuit:
        circuit.run()
        m = np.stack(circuit.vectors("mx0", "my0", "mz0"))
    length = np.linalg.norm(m, axis=0)
    assert length[0] == pytest.approx(1.05, rel=1e-3)
    assert length[-1] == pytest.approx(1, abs=1e-4)


def test_the_junction_obeys_its_conductance():
    spec = device(1.8, 1500.0)
    wave = simulate_write(spec.driver, spec.mtj, Start("AP-P", 0.3), 12e-9)
    conductance = spec.mtj.conductance(-wave.x, wave.voltage_v)
    on = wave.time_s > 1e-11
    assert wave.current_a[on] == pytest.approx(conductance[on] * wave.voltage_v[on], rel=1e-4)
    assert wave.x[-1] < -0.99


def test_starts_are_boltzmann_distributed():
    random = np.random.Generator(np.random.Philox(key=5))
    x = np.cos([draw_start(MTJ, "P-AP", random).angle for _ in range(4000)])
    root = np.sqrt(MTJ.delta)

    def below(x):  # integral of exp(delta*(x^2 - 1)) from 0
        return np.exp(MTJ.delta * (x**2 - 1)) * dawsn(root * x) / dawsn(root)

    assert stats.kstest(x, below).pvalue > 0.01


def test_wrong_values_are_refused():
    spec = device()
    with pytest.raises(InputError, match="direction is 'up'"):
        Start("up", 0.1)
    with pytest.raises(InputError, match="macrospin is '2d'"):
        simulate_write(spec.driver, spec.mtj, Start("P-AP", 0.1), 1e-9, model="2d")
    with pytest.raises(InputError, match="too long"):
        simulate_write(spec.driver, spec.mtj, Start("P-AP", 0.1), 1.0)
