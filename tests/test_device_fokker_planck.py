import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.stats import gamma

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import (
    pulse_for,
    survival,
    switching_moments,
    write_error_rate,
)
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
    mean, deviation = switching_moments(TWICE)
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


def test_what_cannot_switch_says_so():
    with pytest.raises(InputError, match="raise the supply"):
        pulse_for(Drive.constant(MTJ, 0.1), 1e-6)
    with pytest.raises(InputError, match="between 0 and 1"):
        pulse_for(TWICE, 1.5)
    with pytest.raises(InputError, match="not negative"):
        write_error_rate(TWICE, [-1e-9])
