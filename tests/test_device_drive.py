import numpy as np
import pytest
from scipy.optimize import brentq

from nvmcosim.pymodel.device.drive import Drive, LoadLine, operating_voltage, write_drive
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpread
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError

SPEC = preset("stt-65nm")


def solve(spec, cosine):
    """The operating point by bisection on Kirchhoff's law, written out again."""
    mtj, driver = spec.mtj, spec.driver

    def excess(v):
        tmr = mtj.tmr / (1 + (v / mtj.v_half_v) ** 2)
        conductance = (1 - (1 - cosine) / 2 * tmr / (1 + tmr)) / mtj.r_parallel_ohm
        return (driver.vdd_v - v) / driver.series_ohm - conductance * v

    return brentq(excess, 0, driver.vdd_v, xtol=1e-14)


@pytest.mark.parametrize(("direction", "sign"), [("P-AP", 1), ("AP-P", -1)])
def test_the_polynomials_follow_kirchhoff(direction, sign):
    drive = write_drive(SPEC, direction)
    for x in (1.0, 0.8, 0.1, -0.5, -1.0):
        volts = solve(SPEC, sign * x)
        amps = (SPEC.driver.vdd_v - volts) / SPEC.driver.series_ohm
        assert drive.at(x, "voltage")[0] == pytest.approx(volts, rel=1e-9)
        assert drive.at(x, "current")[0] == pytest.approx(amps, rel=1e-9)
        assert drive.at(x)[0] == pytest.approx(volts / SPEC.mtj.critical_voltage_v, rel=1e-9)


def test_torque_by_current_uses_the_critical_current():
    spec = SPEC.replace(mtj=SPEC.mtj.replace(torque="current"))
    drive = write_drive(spec, "AP-P")
    expected = drive.at(0.3, "current") / spec.mtj.critical_current_a
    assert drive.at(0.3) == pytest.approx(expected, rel=1e-9)


def test_a_straight_load_line_is_a_resistor():
    line = LoadLine(np.array([0.0, 0.5, 1.2]), np.array([1.2, 0.7, 0.0]) / SPEC.driver.series_ohm)
    ours = write_drive(SPEC, "P-AP", load_line=line)
    assert ours.overdrive == pytest.approx(write_drive(SPEC, "P-AP").overdrive, abs=1e-9)


def test_a_source_without_resistance_holds_its_voltage():
    spec = preset("locatelli2018")
    drive = write_drive(spec, "P-AP")
    assert drive.at(np.array([1.0, 0.0, -1.0])) == pytest.approx(
        np.full((1, 3), 0.381 / spec.mtj.critical_voltage_v)
    )
    assert drive.at(1.0)[0] == pytest.approx(2.0, abs=0.005)  # "381 mV = 2.0 Vc"


def test_a_spread_device_is_the_junction_with_those_parameters():
    factors = np.array([[1.1, 0.9, 1.05, 0.95]])
    mtj = SPEC.mtj
    changed = SPEC.replace(
        mtj=mtj.replace(
            ra_ohm_um2=mtj.ra_ohm_um2 * 1.1,
            tmr=mtj.tmr * 0.9,
            diameter_nm=mtj.diameter_nm * 1.05,
            hk_t=mtj.hk_t * 0.95,
        )
    )
    spread, alone = write_drive(SPEC, "AP-P", factors), write_drive(changed, "AP-P")
    for name in Drive.__dataclass_fields__:
        assert getattr(spread, name) == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-12)


def test_drawn_factors_have_the_stated_spread_and_do_not_depend_on_the_count():
    spread = DeviceSpread(ra=0.1, tmr=0.05, diameter=0.02, hk=0.0)
    factors = draw_factors(spread, 20_000, seed=3)
    assert np.log(factors).std(axis=0) == pytest.approx([0.1, 0.05, 0.02, 0.0], rel=0.03)
    assert np.log(factors).mean(axis=0) == pytest.approx([0, 0, 0, 0], abs=0.003)
    assert (draw_factors(spread, 5, seed=3) == factors[:5]).all()
    assert (draw_factors(spread, 5, seed=4) != factors[:5])[:, :3].all()


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="P-AP, AP-P"):
        write_drive(SPEC, "up")
    with pytest.raises(InputError, match="shape"):
        write_drive(SPEC, "P-AP", np.ones(4))
    with pytest.raises(InputError, match="fall"):
        LoadLine(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="finite"):
        Drive.constant(SPEC.mtj, float("nan"))
    assert operating_voltage(SPEC.driver, 1e9, 1.0, 0.5, 1.0)[0] == pytest.approx(1.2, abs=1e-5)
