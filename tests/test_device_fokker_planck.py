import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.stats import gamma

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import (
    escape,
    pulse_for,
    survival,
    switching_moments,
    write_error_rate,
)
from nvmcosim.pymodel.device.laws import attempt_time
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError

MTJ = preset("locatelli2018").mtj
TWICE = Drive.constant(MTJ, 2.0)


def butler(reduced_time, overdrive, delta):
    """Butler et al., IEEE Trans. Magn. 48, 4684 (2012), Eq. 14, written out again."""
    growth = overdrive * np.exp(2 * (overdrive - 1) * reduced_time) - 1
    return -np.expm1(-(np.pi**2) / 4 * delta * (overdrive - 1) / growth)


@pytest.mark.parametrize(("rate", "excess"), [(1e-10, 0.022), (0.5, 0.096)])
def test_butler_is_above_by_what_physics_states(rate, excess):
    closed = brentq(lambda t: np.log(butler(t, 2.0, MTJ.delta) / rate), 0.1, 30)
    ours = float(pulse_for(TWICE, rate)) / MTJ.tau_s
    assert closed / ours - 1 == pytest.approx(excess, abs=0.001)


def test_savings_are_those_physics_states_for_locatelli():
    pulses = pulse_for(TWICE, [1e-10, 1e-4, 1e-3, 1e-2])
    savings = 1 - pulses[1:] / pulses[0]
    assert np.round(100 * savings) == pytest.approx([51, 60, 68])
    mean, deviation, _ = switching_moments(TWICE)
    assert mean == pytest.approx(4.157e-9, rel=1e-3)
    shape = (mean / deviation) ** 2
    assert shape == pytest.approx(13.7, abs=0.1)
    law = gamma(shape, scale=mean / shape).isf([1e-10, 1e-4, 1e-3, 1e-2])
    assert 100 * (1 - law[1:] / law[0]) == pytest.approx([38.3, 45.7, 54.0], abs=0.1)
    assert law[0] / pulses[0] - 1 == pytest.approx(-0.35, abs=0.005)


def test_curve_equals_a_dense_matrix_exponential():
    """Independent oracle: central differences on a uniform x grid and scipy's expm."""
    delta, overdrive, cells = 8.0, 1.5, 800
    drive = Drive.constant(MTJ.replace(hk_t=MTJ.hk_t * delta / MTJ.delta), overdrive)
    edge = np.linspace(1, -1, cells + 1)
    centre = (edge[:-1] + edge[1:]) / 2
    width = 2 / cells
    inner = edge[1:-1]
    drift = (1 - inner**2) * (overdrive - inner) / 2
    spread = (1 - inner**2) / (2 * delta * width)
    # flux onward through each inner face, from the densities on both its sides
    onward, back = drift + spread, drift - spread
    matrix = np.zeros((cells, cells))
    here = np.arange(cells - 1)
    matrix[here, here] -= onward
    matrix[here, here + 1] -= back
    matrix[here + 1, here] += onward
    matrix[here + 1, here + 1] += back
    density = np.where(centre > 0, np.exp(delta * (centre**2 - 1)), 0.0)
    density /= density.sum()
    times = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    oracle = [(expm(matrix / width * t) @ density)[centre > 0].sum() for t in times]
    ours = write_error_rate(drive, times * drive.tau_s[0])
    assert ours == pytest.approx(oracle, rel=3e-3)


def test_deep_tail_falls_with_the_rate_of_linear_instability():
    """At a constant overdrive the last mode near the pole decays as exp(-2 (i - 1) t)."""
    times = np.linspace(10, 40, 7)
    rate = write_error_rate(TWICE, times * MTJ.tau_s)
    slopes = np.diff(np.log(rate)) / np.diff(times)
    assert slopes[-1] == pytest.approx(-2.0, abs=0.03)
    assert rate[-1] < 1e-30


def test_no_current_leaves_the_equilibrium_in_place():
    alive = survival(Drive.constant(MTJ, 0.0), 10.0)[0]
    assert alive.min() > 1 - 1e-9


def test_halving_the_mesh_and_the_step_changes_nothing_that_matters():
    coarse = survival(TWICE, 14.0)[0][::100]
    fine = survival(TWICE, 14.0, steps=6000, cells=1200)[0][::400]
    # a relative change of a rate is twice the overdrive less one times that of the pulse
    assert np.log(coarse / fine) == pytest.approx(0, abs=0.005)


def test_devices_are_averaged_by_weight():
    both = Drive.constant(MTJ, 1.5), Drive.constant(MTJ, 2.5)
    stacked = Drive(
        *(np.concatenate([getattr(d, n) for d in both]) for n in Drive.__dataclass_fields__)
    )
    pulse = np.array([0.0, 2e-9, 9e-9])
    mixed = write_error_rate(stacked, pulse, [0.25, 0.75])
    alone = [write_error_rate(d, pulse) for d in both]
    assert mixed == pytest.approx(0.25 * alone[0] + 0.75 * alone[1], rel=0.01)
    assert mixed[0] == 1


def at_delta(delta):
    return MTJ.replace(hk_t=MTJ.hk_t * delta / MTJ.delta)


def test_moments_are_those_of_the_written_out_chain():
    """Oracle: mean and higher moments of absorption by solving with the dense generator."""
    delta, overdrive, cells = 10.0, 2.5, 400
    drive = Drive.constant(at_delta(delta), overdrive)
    edge = np.linspace(1, -1, cells + 1)
    centre, inner, width = (edge[:-1] + edge[1:]) / 2, edge[1:-1], 2 / cells
    drift = (1 - inner**2) * (overdrive - inner) / 2
    spread = (1 - inner**2) / (2 * delta * width)
    onward, back = drift + spread, drift - spread
    matrix = np.zeros((cells, cells))
    here = np.arange(cells - 1)
    matrix[here, here] -= onward
    matrix[here, here + 1] -= back
    matrix[here + 1, here] += onward
    matrix[here + 1, here + 1] += back
    matrix /= width
    density = np.where(centre > 0, np.exp(delta * (centre**2 - 1)), 0.0)
    density /= density.sum()
    # P(x > 0) at time t is 1' exp(Mt) rho; its moments are those of M's inverse on what decays.
    values, vectors = np.linalg.eig(matrix)
    weights = vectors[centre > 0].sum(axis=0) * np.linalg.solve(vectors, density)
    decaying = np.abs(values) > 1e-9
    weights, values = weights[decaying], -values[decaying]
    first, second, third = (
        factor * float(np.real((weights / values**n).sum()))
        for n, factor in ((1, 1), (2, 2), (3, 6))
    )
    deviation = np.sqrt(second - first**2)
    skewness = (third - 3 * first * deviation**2 - first**3) / deviation**3
    ours = switching_moments(drive)
    tau = drive.tau_s[0]
    assert ours[:2] == pytest.approx((first * tau, deviation * tau), rel=2e-3)
    assert ours.skewness == pytest.approx(skewness, rel=5e-3)


@pytest.mark.parametrize("overdrive", [0.35, 0.5, 0.65, 0.8, 0.95])
def test_below_threshold_the_curve_is_joined_to_the_end(overdrive):
    drive = Drive.constant(MTJ, overdrive)
    mean = switching_moments(drive).mean_s
    horizon = 256 * MTJ.tau_s  # where the solution is joined
    pulses = np.unique(np.concatenate([np.geomspace(1e-9, 60 * mean, 300), [horizon]]))
    rates = write_error_rate(drive, np.append(0.0, pulses))
    assert np.isfinite(rates).all()
    assert rates[0] == 1
    assert (np.diff(rates) <= 0).all()
    assert rates[-1] < 1e-20
    before, at, after = np.log(write_error_rate(drive, horizon * np.array([0.99, 1.0, 1.01])))
    # Neither value nor slope jumps.
    assert after - at == pytest.approx(at - before, rel=2e-3, abs=1e-12)
    for rate in (0.9, 0.5, 1e-3, 1e-10):
        assert write_error_rate(drive, pulse_for(drive, rate)) == pytest.approx(rate, rel=2e-3)


def test_deep_below_threshold_it_is_neel_and_brown():
    for overdrive in (0.1, 0.3, 0.5):
        drive = Drive.constant(MTJ, overdrive)
        moments = switching_moments(drive)
        tau = attempt_time(MTJ, overdrive) * np.exp(MTJ.delta * (1 - overdrive) ** 2)
        # Kramers' formula is good to about one over the barrier, an exponential is not.
        assert moments.mean_s == pytest.approx(tau, rel=2 / (MTJ.delta * (1 - overdrive) ** 2))
        assert moments.deviation_s == pytest.approx(moments.mean_s, rel=1e-4)
        assert moments.skewness == pytest.approx(2, rel=1e-4)
        assert pulse_for(drive, np.exp(-1.0)) == pytest.approx(tau, rel=0.12)


@pytest.mark.parametrize(("delta", "overdrive"), [(25.0, 0.3), (40.0, 0.4), (12.0, 0.0)])
def test_escape_is_the_rate_at_which_the_solution_decays(delta, overdrive):
    drive = Drive.constant(at_delta(delta), overdrive)
    time, share = escape(drive)
    alive = survival(drive, 400.0, steps=8000)[0] - share[0]
    pace = np.log(alive[4000] / alive[-1]) / 200.0 / drive.tau_s[0]
    # Escape and return; a passage also takes the few tau_D of the way to the other well.
    assert 1 / (time[0] * (1 - share[0])) == pytest.approx(pace, rel=2e-3)


def test_without_current_escapes_from_both_wells_make_the_equilibrium():
    drive = Drive.constant(MTJ, 0.0)
    tau = float(escape(drive)[0][0])
    # To and fro at the same pace: relaxation to a half at twice that of one escape.
    times = np.array([0.1, 1.0, 3.0])
    expected = 0.5 * (1 + np.exp(-2 * times))
    assert write_error_rate(drive, tau * times) == pytest.approx(expected, rel=1e-3)


def test_hardly_any_current_leaves_the_thermal_equilibrium():
    delta, overdrive = 6.0, 0.2
    drive = Drive.constant(at_delta(delta), overdrive)

    def boltzmann(x):
        return np.exp(delta * ((x - overdrive) ** 2))

    share = quad(boltzmann, 0, 1)[0] / quad(boltzmann, -1, 1)[0]
    assert escape(drive)[1] == pytest.approx(share, rel=1e-3)
    assert write_error_rate(drive, 1e9) == pytest.approx(share, rel=1e-3)
    with pytest.raises(InputError, match=r"no pulse reaches an error rate of 0\.001: thermal"):
        pulse_for(drive, 1e-3)
    with pytest.raises(InputError, match="does not switch for good"):
        switching_moments(drive)


def test_what_cannot_switch_says_so():
    with pytest.raises(InputError, match=r"thermal equilibrium leaves 0\.5; raise the supply"):
        pulse_for(Drive.constant(MTJ, 0.0), 1e-6)
    with pytest.raises(InputError, match="between 0 and 1"):
        pulse_for(TWICE, 1.5)
    with pytest.raises(InputError, match="not negative"):
        write_error_rate(TWICE, [-1e-9])
