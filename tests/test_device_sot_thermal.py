"""Noise of the spin-orbit junction: against Boltzmann's distribution, and writes at two ends."""

import numpy as np
import pytest

from nvmcosim.pymodel.device.sot import SotMtj
from nvmcosim.pymodel.device.sot_thermal import thermal_write
from nvmcosim.pymodel.errors import InputError

MTJ = SotMtj()
SAMPLES = 1500


def test_a_layer_at_rest_has_boltzmanns_distribution() -> None:
    m = thermal_write(MTJ, False, True, SAMPLES, current_a=0.0)
    # exp(-E/kT) over the sphere's upper half, E/kT = Delta (sin^2 - 2 (Hx/Hk) mx), by quadrature.
    delta, ratio = float(MTJ.delta_at(0.0)), MTJ.hx_t / MTJ.hk_t
    z, phi = np.meshgrid(np.linspace(0, 1, 801), np.linspace(0, 2 * np.pi, 181)[:-1])
    x, y = np.sqrt(1 - z * z) * np.cos(phi), np.sqrt(1 - z * z) * np.sin(phi)
    weight = np.exp(-delta * (1 - z * z - 2 * ratio * x))
    for n, axis in ((0, x), (1, y)):
        mean = float((axis * weight).sum() / weight.sum())
        square = float((axis * axis * weight).sum() / weight.sum())
        # Four standard errors.
        assert m[:, n].mean() == pytest.approx(mean, abs=4 * np.sqrt(square / SAMPLES))
        assert (m[:, n] ** 2).mean() == pytest.approx(square, rel=4 * np.sqrt(2 / SAMPLES))


def test_near_absolute_zero_a_write_is_certain_and_at_300_kelvin_it_is_not() -> None:
    cold = MTJ.replace(temperature_k=1.0)
    for v, switch in ((True, True), (True, False), (False, True)):
        ended = thermal_write(cold, v, switch, 40)[:, 2] < 0
        assert ended.all() if v and switch else not ended.any()
    switched = (thermal_write(MTJ, True, True, 400)[:, 2] < 0).mean()
    kept = (thermal_write(MTJ, False, True, 400)[:, 2] > 0).mean()
    assert 0.5 < switched < 0.95
    assert kept > 0.98


def test_noise_repeats_with_its_seed() -> None:
    first, again, other = (
        thermal_write(MTJ, True, True, 5, seed, pulse_s=1e-10) for seed in (3, 3, 4)
    )
    assert (first == again).all()
    assert not np.allclose(first, other)
    assert np.allclose((first**2).sum(axis=1), 1)


def test_wrong_values_are_told() -> None:
    with pytest.raises(InputError, match="samples is 0"):
        thermal_write(MTJ, True, True, 0)
    with pytest.raises(InputError, match="pulse_s is -1"):
        thermal_write(MTJ, True, True, 1, pulse_s=-1)
    for seed in (-1, 1.5, "1", None, True):
        with pytest.raises(InputError, match=r"seed is .*; it must be a whole number from 0"):
            thermal_write(MTJ, True, True, 1, seed)
