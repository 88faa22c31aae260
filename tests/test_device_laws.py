import math

import numpy as np
import pytest
from scipy import stats

from nvmcosim.pymodel.device.drive import Drive, write_drive
from nvmcosim.pymodel.device.exact_law import ExactLaw
from nvmcosim.pymodel.device.fits import FAMILIES, best_fit, fit_threshold
from nvmcosim.pymodel.device.fokker_planck import (
    pulse_for,
    survival,
    switching_moments,
    write_error_rate,
)
from nvmcosim.pymodel.device.laws import (
    GammaLaw,
    attempt_time,
    butler_failure_rate,
    neel_brown_failure_rate,
)
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError

MTJ = preset("locatelli2018").mtj


def test_butler_is_its_equation_and_does_not_overflow():
    t = 5e-9
    growth = 2 * math.exp(2 * t / MTJ.tau_s) - 1
    expected = 1 - math.exp(-(math.pi**2) / 4 * MTJ.delta / growth)
    assert butler_failure_rate(MTJ, 2.0, t) == pytest.approx(expected, rel=1e-9)
    rates = butler_failure_rate(MTJ, 3.0, [0.0, 1e-9, 1e-6, 1.0])
    assert rates[0] == pytest.approx(1)
    assert (np.diff(rates) <= 0).all()
    assert rates[-1] == 0


def test_butler_meets_the_fokker_planck_tail_at_high_overdrive():
    drive = Drive.constant(MTJ, 4.0)
    pulse = np.array([6e-9, 8e-9])
    ratio = butler_failure_rate(MTJ, 4.0, pulse) / write_error_rate(drive, pulse)
    # The rates differ by a constant factor, which is a constant shift of the pulse.
    assert ratio[0] == pytest.approx(ratio[1], rel=0.03)
    assert ratio[0] == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("delta", "overdrive"), [(30.0, 0.4), (40.0, 0.5), (25.0, 0.3)])
def test_thermal_activation_meets_the_fokker_planck_decay(delta, overdrive):
    mtj = MTJ.replace(hk_t=MTJ.hk_t * delta / MTJ.delta)
    tau = attempt_time(mtj, overdrive) * math.exp(delta * (1 - overdrive) ** 2)
    horizon = 3 * tau / mtj.tau_s
    alive = survival(Drive.constant(mtj, overdrive), horizon, steps=4000)[0]
    slope = np.log(alive[-1] / alive[2000]) / (horizon / 2) / mtj.tau_s
    # Kramers' formula is good to about 1/barrier
    assert -1 / slope == pytest.approx(tau, rel=2 / (delta * (1 - overdrive) ** 2))
    assert neel_brown_failure_rate(mtj, overdrive, tau) == pytest.approx(math.exp(-1), rel=1e-9)


def test_retention_of_a_stable_cell_is_ten_years_and_more():
    """Locatelli: delta 70 keeps one failure in time for 64 MB; ten years lose next to nothing."""
    assert 1 - neel_brown_failure_rate(MTJ, 0.0, 3.156e8) < 1e-10


def test_locatelli_gamma_law_gives_its_published_figures():
    law = GammaLaw(14.9, 4.157e-9)
    exact = law.pulse_for(1e-10)
    assert exact == pytest.approx(15.0e-9, rel=1e-3)
    savings = [1 - law.pulse_for(rate) / exact for rate in (1e-4, 1e-3, 1e-2)]
    assert 100 * np.array(savings) == pytest.approx([37.4, 44.7, 52.9], abs=0.06)
    spread = GammaLaw(14.9, 4.157e-9, spread=0.139)
    assert spread.pulse_for(1e-10) == pytest.approx(20.5e-9, rel=0.005)
    assert spread.pulse_for(1e-4) / law.pulse_for(1e-4) - 1 == pytest.approx(0.173, abs=0.002)


def test_a_gamma_law_takes_mean_and_deviation_from_the_exact_one():
    exact = switching_moments(Drive.constant(MTJ, 2.0))
    law = GammaLaw.of(exact)
    assert law.moments[:2] == pytest.approx(exact[:2], rel=1e-12)
    assert law.shape == pytest.approx(13.7, abs=0.1)  # PHYSICS
    mean, variance, skewness = stats.gamma(law.shape, scale=law.mean_s / law.shape).stats("mvs")
    assert law.moments == pytest.approx((mean, math.sqrt(variance), skewness))
    # What it misses is the exact law's skewness, and with it the tail.
    assert exact.skewness > 2 * law.moments.skewness


def test_the_exact_law_is_the_equation_and_its_spread_the_mean_over_devices():
    drive = Drive.constant(MTJ, 2.0)
    pulses = np.array([[0.0, 2e-9, 4e-9], [8e-9, 16e-9, 40e-9]])
    alone = ExactLaw(drive)
    assert alone.failure_rate(pulses) == pytest.approx(write_error_rate(drive, pulses), rel=5e-3)
    assert alone.moments == switching_moments(drive)
    rates = (1e-2, 1e-10)
    assert [alone.pulse_for(r) for r in rates] == pytest.approx(pulse_for(drive, rates), rel=1e-3)
    factors = np.exp(0.2 * np.random.default_rng(1).standard_normal(100_000))
    expected = alone.failure_rate(6e-9 / factors).mean()
    assert ExactLaw(drive, 0.2).failure_rate(6e-9) == pytest.approx(expected, rel=0.015)
    with pytest.raises(InputError, match="one device, not of 3"):
        ExactLaw(write_drive(preset("locatelli2018"), "P-AP", np.ones((3, 4))))
    with pytest.raises(InputError, match="spread is 2"):
        ExactLaw(drive, 2)


def test_a_law_that_does_not_reach_a_rate_says_so():
    # Thermal equilibrium leaves some cells, whatever the pulse.
    weak = Drive.constant(MTJ.replace(hk_t=MTJ.hk_t / 10), 0.4)
    law = ExactLaw(weak)
    with pytest.raises(InputError, match=r"no pulse up to .* reaches 1e-10"):
        law.pulse_for(1e-10)


def test_the_spread_gamma_law_is_the_mean_over_devices():
    law = GammaLaw(14.9, 4.157e-9, spread=0.2)
    factors = np.exp(0.2 * np.random.default_rng(1).standard_normal(400_000))
    alone = stats.gamma(14.9, scale=4.157 / 14.9).sf(6.0 / factors).mean()
    assert law.failure_rate(6e-9) == pytest.approx(alone, rel=0.01)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_found_again_from_its_own_samples(family):
    random = np.random.default_rng(7)
    draws = {
        "normal": lambda n: random.normal(8, 1.5, n),
        "gamma": lambda n: random.gamma(16, 0.5, n),
        "lognormal": lambda n: np.exp(random.normal(2, 0.3, n)),
    }
    means = {"normal": 8, "gamma": 8, "lognormal": math.exp(2 + 0.045)}
    times = draws[family](20_000) * 1e-9
    assert best_fit(times).family == family
    whole = fit_threshold(times, family)
    assert whole.mean_s == pytest.approx(means[family] * 1e-9, rel=0.01)
    assert whole.distance < 1.63 / math.sqrt(times.size)
    # Cut off at the 70th percentile, the same distribution must still come out.
    end = float(np.quantile(times, 0.7))
    cut = fit_threshold(np.where(times > end, np.inf, times), family, end)
    assert cut.switched == pytest.approx(14_000, abs=1)
    assert cut.mean_s == pytest.approx(whole.mean_s, rel=0.02)
    assert cut.sigma_s == pytest.approx(whole.sigma_s, rel=0.05)
    assert cut.failure_rate(means[family] * 1e-9) == pytest.approx(
        (times > means[family] * 1e-9).mean(), abs=0.02
    )


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="above 1"):
        butler_failure_rate(MTJ, 1.0, 1e-9)
    with pytest.raises(InputError, match="from 0 to below 1"):
        neel_brown_failure_rate(MTJ, 1.0, 1e-9)
    with pytest.raises(InputError, match="shape is -1"):
        GammaLaw(-1, 1e-9)
    with pytest.raises(InputError, match="normal, lognormal, gamma"):
        fit_threshold([1e-9] * 20, "weibull")
    with pytest.raises(InputError, match="too few"):
        fit_threshold([1e-9, 2e-9], "normal")
    with pytest.raises(InputError, match="positive"):
        fit_threshold([-1e-9] * 20, "normal")
