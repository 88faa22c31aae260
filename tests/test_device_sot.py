"""The voltage-gated spin-Hall junction: its law against the open model's numbers, and Table 1."""

import math

import numpy as np
import pytest
from scipy import constants

from nvmcosim.pymodel.device.sot import SOT_PRESETS, SotMtj, gated
from nvmcosim.pymodel.errors import InputError

MTJ = SOT_PRESETS["sot-wang2020"]


def test_the_anisotropy_field_is_that_of_the_open_models_interface() -> None:
    # Ki = 0.32 mJ/m^2, D = 50 nm: interface field less a thin disc's demagnetisation.
    ms, thickness, nx = 0.625e6, 1.1e-9, math.pi * 1.1 / (4 * 50)
    field = 2 * 0.32e-3 / (ms * thickness) - constants.mu_0 * ms * (1 - 3 * nx)
    assert pytest.approx(field, rel=1e-4) == MTJ.hk_t


def test_the_law_by_hand() -> None:
    # 2 * 60e-15 * 0.6/(625e3 * 1.4e-9 * 1.1e-9) = 74.81 mT.
    assert MTJ.hk_at(0.6) == pytest.approx(0.18622 - 0.074805, abs=1e-6)
    # 3.038535e15 * 625e3 * 1.1e-9 * 1.5e-16/0.25 = 1.253396 mA/T.
    for volts in (0.0, 0.6, -0.1):
        expected = 1.253396e-3 * (float(MTJ.hk_at(volts)) / 2 - 5e-3 / math.sqrt(2))
        assert MTJ.critical_current_a(volts) == pytest.approx(expected, rel=1e-5)
    assert MTJ.critical_current_a(5.0) == 0.0


def test_the_gate_lets_through_what_it_must() -> None:
    off, read = MTJ.critical_current_a([0.0, -0.1])
    assert MTJ.write_a < 0.6 * off
    assert read > off
    assert MTJ.delta_at(0.6) < MTJ.delta_at(0.0) < MTJ.delta_at(-0.1)


def test_table_1_and_the_track() -> None:
    assert 1 / MTJ.conductance([1.0, -1.0], 0.0) == pytest.approx([50e3, 100e3])
    assert MTJ.conductance(1.0, 0.6) == pytest.approx(1 / 50e3)
    assert MTJ.track_ohm == pytest.approx(1112.0)
    # At the half bias half the TMR is left.
    assert 1 / MTJ.conductance(-1.0, 0.5) == pytest.approx(75e3)
    # What I^2 R t = 12 fJ would ask of the track.
    assert 12e-15 / (MTJ.write_a**2 * 2e-9) == pytest.approx(1420, abs=1)


def test_a_write_is_a_choice() -> None:
    for bits in range(8):
        b, v, c = (bool(bits >> n & 1) for n in range(3))
        assert gated(b, v, c) == (c if v else b)


def test_forms() -> None:
    assert SotMtj.from_dict(MTJ.to_dict()) == MTJ
    text = SotMtj.from_dict({"oxide": "1.6 nm", "write": "70 uA", "pulse": "1.5 ns"})
    assert (text.oxide_nm, text.write_a, text.pulse_ns) == (1.6, 7e-05, 1.5)
    assert text.digest() != MTJ.digest() == MTJ.replace().digest()
    assert np.shape(MTJ.hk_at(np.zeros((2, 3)))) == (2, 3)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"oxide_nm": 0.0}, "oxide_nm is 0.0; it must be a number from 0.3 to 10"),
        ({"write_a": float("nan")}, "write_a is nan"),
        ({"hk_t": True}, "hk_t is True"),
        ({"r_off_ohm": 4e4}, "r_off_ohm is 40000; it must be above r_on_ohm"),
        ({"hx_t": 0.2}, "hx_t is 0.2; it must be below hk_t"),
        ({"colour": 1}, "has no 'colour'"),
        ({"oxide": "1 nm", "oxide_nm": 1.0}, "given twice"),
    ],
)
def test_wrong_values_are_told(changes, told) -> None:
    with pytest.raises(InputError, match=told):
        SotMtj.from_dict(changes)
