import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvmcosim.pymodel.device.presets import PRESETS, preset
from nvmcosim.pymodel.device.spec import DeviceSpec, DeviceSpread, WriteDriver, load_device
from nvmcosim.pymodel.errors import InputError

BASE = {"name": "mine", "base": "stt-65nm"}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_own_dictionary(name):
    device = preset(name)
    assert DeviceSpec.from_dict(device.to_dict()) == device
    assert DeviceSpec.from_dict(device.to_dict()).digest() == device.digest()


def test_locatelli_has_the_published_field_and_resistance():
    mtj = preset("locatelli2018").mtj
    assert mtj.hk_t == pytest.approx(0.441, abs=5e-4)  # PHYSICS: delta 70 means 0.441 T
    assert mtj.r_parallel_ohm == pytest.approx(4974, abs=0.5)
    assert mtj.r_antiparallel_ohm == pytest.approx(2.5 * 4974, abs=2)


def test_derived_values_follow_their_equations():
    mtj = preset("stt-65nm").mtj
    volume = math.pi / 4 * 60e-9**2 * 1.3e-9
    energy = mtj.hk_t * (1.58 / (4e-7 * math.pi)) * volume / 2
    assert mtj.delta == pytest.approx(energy / (1.380649e-23 * 300), rel=1e-6)
    ic0 = 4 * 1.602177e-19 * 0.027 * energy / (1.054572e-34 * mtj.polarization)
    assert mtj.critical_current_a == pytest.approx(ic0, rel=1e-6)
    tau = (1 + 0.027**2) / (0.027 * 1.760859e11 * mtj.hk_t)
    assert mtj.tau_s == pytest.approx(tau, rel=1e-6)


def test_conductance_joins_the_two_states():
    mtj = preset("stt-65nm").mtj
    assert mtj.conductance(1.0, 0.3) == pytest.approx(1 / mtj.r_parallel_ohm)
    assert mtj.conductance(-1.0, 0.0) == pytest.approx(1 / mtj.r_antiparallel_ohm)
    assert mtj.conductance(-1.0, mtj.v_half_v) == pytest.approx(
        1 / (mtj.r_parallel_ohm * (1 + mtj.tmr / 2))
    )


def test_text_with_units_is_scaled_and_t_and_k_are_units_not_prefixes():
    device = DeviceSpec.from_dict(
        {
            **BASE,
            "mtj": {"diameter": "0.05 um", "ms": "1400 mT", "temperature": "350 K", "hk": "0.2 T"},
            "driver": {"vdd": "1100 mV", "series": "2.5 kohm", "rise": "0.1 ns"},
        }
    )
    assert device.mtj.diameter_nm == pytest.approx(50)
    assert device.mtj.ms_t == pytest.approx(1.4)
    assert device.mtj.temperature_k == 350
    assert device.mtj.hk_t == 0.2
    assert device.driver.vdd_v == pytest.approx(1.1)
    assert device.driver.series_ohm == 2500
    assert device.driver.rise_ps == pytest.approx(100)
    assert device.mtj.damping == preset("stt-65nm").mtj.damping


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mtj": {"diameter_nm": -1}}, "diameter_nm is -1"),
        ({"mtj": {"diameter_nm": 0}}, "diameter_nm is 0"),
        ({"mtj": {"ra_ohm_um2": float("nan")}}, "ra_ohm_um2 is nan"),
        ({"mtj": {"ra_ohm_um2": float("inf")}}, "ra_ohm_um2 is inf"),
        ({"mtj": {"ra_ohm_um2": True}}, "ra_ohm_um2 is True"),
        ({"mtj": {"ra": "18 ohm"}}, "ra is '18 ohm'"),
        ({"mtj": {"ra": "1 ohm*um^2\n.include /etc/passwd"}}, "ra is"),
        ({"mtj": {"tmr": "1 V"}}, "tmr is '1 V'"),
        ({"mtj": {"colour": 1}}, "no 'colour'"),
        ({"mtj": {"diameter": "60 nm", "diameter_nm": 60}}, "given twice"),
        ({"mtj": {"delta": 60, "hk": "0.2 T"}}, "delta and hk"),
        ({"mtj": {"torque": "spin-orbit"}}, "current, voltage"),
        ({"mtj": 3}, "a junction is a table"),
        ({"driver": {"vdd_v": "1.2"}}, "vdd_v is '1.2'"),
        ({"driver": {"vdd": "1.2 A"}}, "must be a quantity in V"),
        ({"spread": {"ra": 0.9}}, "ra is 0.9"),
        ({"spread": {"mood": 0.1}}, "no 'mood'"),
        ({"spread": {"vth_mv_um": -1}}, "vth_mv_um is -1"),
        ({"name": ""}, "name is ''"),
        ({"base": "paper"}, "stt-65nm, locatelli2018"),
        ({"voltage": 1}, "a device has no 'voltage'"),
    ],
)
def test_wrong_values_are_one_sentence(changes, words):
    with pytest.raises(InputError) as caught:
        DeviceSpec.from_dict({**BASE, **changes})
    assert words in str(caught.value)


def test_a_file_without_a_base_must_state_the_junction(tmp_path):
    path = tmp_path / "device.toml"
    path.write_text('name = "mine"\n[mtj]\ndiameter = "40 nm"\n')
    with pytest.raises(InputError, match="thickness_nm is missing"):
        load_device(path)
    path.write_text('name = "mine"\nbase = "stt-65nm"\n[mtj]\nra = "12 ohm*um^2"\n')
    device = load_device(path)
    assert device.mtj.ra_ohm_um2 == 12
    assert device.digest() != preset("stt-65nm").digest()


def test_driver_and_spread_refuse_what_is_out_of_range():
    with pytest.raises(InputError, match="series_ohm"):
        WriteDriver(series_ohm=-1)
    with pytest.raises(InputError, match=r"hk is -0\.1"):
        DeviceSpread(hk=-0.1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["diameter", "diameter_nm", "ra", "delta", "hk", "torque", "vdd", "vdd_v", "kind", "tmr", "x"]
)


@settings(max_examples=200, deadline=None)
@given(
    part=st.sampled_from(["mtj", "driver", "spread"]),
    values=st.dictionaries(KEYS, VALUES, max_size=3) | VALUES,
    name=st.just("mine") | VALUES,
    base=st.just("stt-65nm") | VALUES,
)
def test_whatever_a_file_holds_it_is_a_device_or_an_input_error(part, values, name, base):
    try:
        device = DeviceSpec.from_dict({"name": name, "base": base, part: values})
    except InputError:
        return
    assert math.isfinite(device.mtj.critical_voltage_v)
    assert device.mtj.delta > 0


def test_text_and_number_make_the_same_device():
    text = {**BASE, "mtj": {"diameter": "60 nm"}, "driver": {"rise": "50 ps"}}
    assert DeviceSpec.from_dict(text).digest() == preset("stt-65nm").digest()
