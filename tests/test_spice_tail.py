import numpy as np
import pytest

from nvmcosim.pymodel.device.drive import write_drive
from nvmcosim.pymodel.device.fokker_planck import write_error_rate
from nvmcosim.pymodel.device.llg import switching_times
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpread
from nvmcosim.pymodel.device.spread import spread_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.tail import Theory, fit_times, spread_drive, theory_for

# The source behind a resistor: none of this needs ngspice.
SPEC = preset("stt-65nm")
SPEC = SPEC.replace(driver=SPEC.driver.replace(kind="source"))


def test_the_line_along_the_gradient_stands_for_the_whole_spread():
    pulses = np.array([5e-9, 10e-9, 20e-9, 40e-9])
    spec = SPEC.replace(spread=DeviceSpread(ra=0.05, hk=0.03))
    # Gauss-Hermite quadrature over both parameters.
    nodes, shares = np.polynomial.hermite_e.hermegauss(7)
    shares /= shares.sum()
    index = np.array(list(np.ndindex(7, 7)))
    deviates = np.zeros((49, 4))
    deviates[:, [0, 3]] = nodes[index]
    drive = write_drive(spec, "P-AP", spread_factors(spec.spread, deviates))
    expected = write_error_rate(drive, pulses, shares[index].prod(axis=1))
    theory = theory_for(spec, "P-AP", None, 50e-9)
    assert theory.rate(pulses) == pytest.approx(expected, rel=0.03)
    nominal = write_error_rate(write_drive(SPEC, "P-AP"), pulses)
    assert expected[-1] > 2 * nominal[-1]


def test_without_spread_it_is_the_nominal_device():
    spec = SPEC.replace(spread=DeviceSpread())
    drive, weights = spread_drive(spec, "AP-P", None)
    assert drive.overdrive.tolist() == write_drive(spec, "AP-P").overdrive.tolist()
    assert weights.tolist() == [1.0]
    theory = theory_for(spec, "AP-P", None, 60e-9)
    expected = write_error_rate(write_drive(spec, "AP-P"), 30e-9)
    assert theory.rate(30e-9) == pytest.approx(expected, rel=1e-3)
    assert theory.rate(theory.pulse_for(1e-3)) == pytest.approx(1e-3, rel=0.02)
    assert theory.pulse_for(1e-30) == np.inf
    with pytest.raises(InputError, match="theory ends"):
        theory.rate(70e-9)


@pytest.mark.parametrize("direction", ["P-AP", "AP-P"])
def test_an_initial_angle_alone_gives_the_integrators_distribution(direction):
    spec = SPEC.replace(spread=DeviceSpread())
    theory = theory_for(spec, direction, None, 100e-9, "angle")
    times = switching_times(write_drive(spec, direction), 20_000, 3, noise="angle")
    for pulse in (6e-9, 9e-9, 15e-9, 30e-9):
        failed = (times > pulse).mean()
        assert theory.rate(pulse) == pytest.approx(failed, abs=4 * np.sqrt(failed / 20_000) + 1e-4)


def test_a_device_below_its_critical_voltage_is_thermally_activated():
    driver = SPEC.driver.replace(vdd_v=0.5)
    spec = SPEC.replace(driver=driver, spread=DeviceSpread(ra=0.05))
    drive = write_drive(spec.replace(spread=DeviceSpread()), "P-AP")
    assert drive.at(1.0)[0] < 0.9
    theory = theory_for(spec, "P-AP", None, 400e-9)
    assert np.isfinite(theory.log_rate).all()
    assert (np.diff(theory.log_rate) <= 0).all()
    assert 0.5 < theory.rate(40e-9) < 1
    nodes, shares = np.polynomial.hermite_e.hermegauss(9)
    deviates = np.zeros((9, 4))
    deviates[:, 0] = nodes
    devices = write_drive(spec, "P-AP", spread_factors(spec.spread, deviates))
    expected = write_error_rate(devices, 400e-9, shares / shares.sum())
    assert theory.rate(400e-9) == pytest.approx(expected, rel=0.01)


def test_hardly_any_supply_is_refused():
    spec = SPEC.replace(driver=SPEC.driver.replace(vdd_v=0.05), spread=DeviceSpread())
    hard = SPEC.mtj.replace(damping=0.3)
    with pytest.raises(InputError, match="no pulse reaches an error rate of 1e-06"):
        theory_for(spec.replace(mtj=hard), "P-AP", None, 40e-9)


def test_fit_finds_a_known_stretch_and_says_how_well():
    times = np.linspace(0, 60e-9, 4000)
    theory = Theory(times, -np.maximum(times - 4e-9, 0) / 3e-9)
    random = np.random.Generator(np.random.Philox(key=1))
    samples = 1.05 * (4e-9 + 3e-9 * random.standard_exponential(3000))
    span = 20e-9
    censored = np.where(samples > span, np.inf, samples)
    fit = fit_times(theory, censored, span)
    assert fit.stretch == pytest.approx(1.05, abs=0.01)
    assert fit.p_value > 0.01
    # Samples of another shape do not pass.
    wrong = fit_times(theory, np.abs(random.normal(8e-9, 1e-9, 3000)), span)
    assert wrong.p_value < 1e-6
    with pytest.raises(InputError, match="only 2 of 50"):
        fit_times(theory, np.array([5e-9, 6e-9] + [np.inf] * 48), span)


def test_rare_slow_devices_are_in_the_tail():
    spec = SPEC.replace(spread=DeviceSpread(hk=0.06))
    pulses = np.array([40e-9, 60e-9])
    # The trapezoidal rule over the one parameter that varies, as far as devices can matter.
    deviates = np.zeros((361, 4))
    deviates[:, 3] = np.linspace(-9, 9, 361)
    shares = np.exp(-(deviates[:, 3] ** 2) / 2)
    drive = write_drive(spec, "P-AP", spread_factors(spec.spread, deviates))
    expected = write_error_rate(drive, pulses, shares / shares.sum())
    assert expected[-1] < 1e-4
    theory = theory_for(spec, "P-AP", None, 70e-9)
    assert theory.rate(pulses) == pytest.approx(expected, rel=0.03)


def weibull():
    """A theory of shape 3 and scale 8 ns, and samples of it with a stretch of 1.05."""
    times = np.linspace(0, 60e-9, 4000)
    random = np.random.Generator(np.random.Philox(key=2))
    return Theory(times, -((times / 8e-9) ** 3)), lambda n: 1.05 * 8e-9 * random.weibull(3, n)


def test_the_stated_error_is_the_deviation_of_fits():
    theory, draw = weibull()
    fits = [fit_times(theory, draw(400), 60e-9) for _ in range(150)]
    # Of a scale by maximum likelihood: 1/(shape sqrt(n)), relative.
    expected = 1.05 / (3 * np.sqrt(400))
    assert np.mean([fit.stretch_error for fit in fits]) == pytest.approx(expected, rel=0.05)
    assert np.std([fit.stretch for fit in fits]) == pytest.approx(expected, rel=0.25)


def test_samples_that_have_not_switched_count():
    theory, draw = weibull()
    samples = draw(4000)
    span = float(np.median(samples))
    fit = fit_times(theory, np.where(samples > span, np.inf, samples), span)
    assert fit.stretch == pytest.approx(1.05, abs=4 * fit.stretch_error)
    assert fit.stretch_error < 0.02
