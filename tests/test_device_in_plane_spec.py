import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim import curve_for
from nvmcosim.cli import app
from nvmcosim.devices import any_device_for, device_for
from nvmcosim.pymodel.curve import load_curve
from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec, load_any_device
from nvmcosim.pymodel.device.precessional import PrecessionalPulse
from nvmcosim.pymodel.device.presets import IN_PLANE_PRESETS, PRESETS
from nvmcosim.pymodel.device.spec import DeviceSpec, WriteDriver
from nvmcosim.pymodel.errors import InputError, MissingTool

SPEC = IN_PLANE_PRESETS["ip-20x58"]
FILE = """
type = "in-plane"
name = "mine"
[mtj]
width = "25 nm"
ms = "1100 kA/m"
[driver]
vdd = "1.1 V"
"""


def test_a_device_survives_its_own_dictionary_and_a_file(tmp_path):
    assert InPlaneSpec.from_dict(SPEC.to_dict()) == SPEC
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    device = load_any_device(path)
    assert isinstance(device, InPlaneSpec)
    assert (device.mtj.width_nm, device.mtj.ms_ka_m, device.driver.vdd_v) == (25, 1100, 1.1)
    assert device.mtj.length_nm == SPEC.mtj.length_nm
    assert device.digest() != SPEC.digest()
    assert device.replace(name="other").digest() == device.digest()
    # A file without a type is a memory cell, as before.
    path.write_text('name = "cell"\nbase = "stt-65nm"\n')
    assert isinstance(load_any_device(path), DeviceSpec)


def test_perpendicular_devices_have_the_digests_they_had():
    # Of the commit before in-plane devices; a change would throw away every user's cache.
    assert PRESETS["stt-65nm"].digest().startswith("42adbceba362b0d7")
    assert set(PRESETS["stt-65nm"].to_dict()) == {"name", "origin", "mtj", "driver", "spread"}


def test_curve_is_the_law_and_its_energy(tmp_path):
    curve = curve_for("ip-20x58")
    assert (curve.direction, curve.noise, curve.amplitude_v) == ("AP-P", "law", 1.2)
    pulse = PrecessionalPulse(SPEC.mtj)
    times = np.array([1.0, 1.5, 3.4]) * 1e-9
    assert curve.failure_rate(times * 1e12) == pytest.approx(
        1 - pulse.probability(times), rel=1e-3, abs=1e-6
    )
    assert np.interp(1500, curve.pulse_ps, curve.energy_mtj_j) == pytest.approx(
        float(pulse.energy_j(1.5e-9)), rel=1e-9, abs=0
    )
    assert (curve.energy_driver_j == 0).all()
    assert load_curve(curve.save(tmp_path / "c.json")).digest == curve.digest


def test_a_series_resistance_divides_the_supply():
    spec = SPEC.replace(driver=WriteDriver("source", vdd_v=1.5, series_ohm=2000.0))
    for state in ("P", "AP"):
        bias = spec.junction_v(state)
        assert bias + 2000 * float(spec.mtj.current_a(state, bias)) == pytest.approx(1.5)
    pulse = spec.pulse("AP-P")
    assert pulse.bias_v > pulse.final_v
    curve = spec.curve("AP-P", [1e3, 5e3, 20e3])
    # Long after the switch both powers are those of the parallel state.
    junction = np.diff(curve.energy_mtj_j)[1] / 15e-9
    driver = np.diff(curve.energy_driver_j)[1] / 15e-9
    current = float(spec.mtj.current_a("P", pulse.final_v))
    assert junction == pytest.approx(pulse.final_v * current, rel=1e-3)
    assert driver == pytest.approx(2000 * current**2, rel=1e-3)
    reset = SPEC.replace(driver=spec.driver).pulse("P-AP")
    assert reset.probability(4.33e-9) == pytest.approx(0.999)


def test_calibrate_writes_a_curve_a_direction_and_a_plot(tmp_path, monkeypatch):
    pytest.importorskip("PySpice")
    monkeypatch.setenv("NVMCOSIM_CACHE", str(tmp_path.parent / "in-plane-cache"))
    command = ["calibrate", "ip-20x58", "--quick", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"ip-20x58-1.2V-AP-P.json", "ip-20x58-0.7955V-P-AP.json", "ip-20x58.png"}
    curve = load_curve(tmp_path / "ip-20x58-1.2V-AP-P.json")
    assert curve.pulse_for(0.5) == pytest.approx(1490, rel=0.01)
    assert curve.noise == "law"
    # The equation is faster than the law; all is over long before its end.
    assert curve.parameters["samples"] == curve.parameters["switched"] == 20
    assert 1000 < curve.parameters["switching_mean_ps"] < 1490


def test_calibrate_without_ngspice_has_the_law(tmp_path, monkeypatch):
    def missing(*_):
        raise MissingTool("ngspice is not installed")

    monkeypatch.setattr("nvmcosim.spice.in_plane.sample_in_plane", missing)
    command = ["calibrate", "ip-20x58", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, [*command, "--direction", "AP-P"])
    assert result.exit_code == 0, result.output
    assert "samples" not in load_curve(tmp_path / "ip-20x58-1.2V-AP-P.json").parameters
    asked = CliRunner().invoke(app, [*command, "--samples", "20"])
    assert isinstance(asked.exception, MissingTool)


def test_wrong_input_is_named(tmp_path):
    for values, words in (
        ({"name": "a", "type": "vertical"}, "type is 'vertical'; it must be in-plane"),
        ({"name": "a", "spread": {}}, "no 'spread'"),
        ({"name": "a", "driver": {"kind": "cmos"}}, "must be a source"),
        ({"name": "a", "reset_ps": 0}, "reset_ps is 0"),
        ({"name": "", "type": "in-plane"}, "name is ''"),
        ({"type": "in-plane"}, "name is missing"),
        ([], "a table of values"),
    ):
        with pytest.raises(InputError, match=words):
            InPlaneSpec.from_dict(values)
    with pytest.raises(InputError, match="an in-plane junction; it must be a perpendicular one"):
        device_for("ip-20x58")
    with pytest.raises(InputError, match="a perpendicular device, wanted here, states none"):
        DeviceSpec.from_dict(SPEC.to_dict())
    assert any_device_for("ip-20x58") is SPEC
    for options, words in (
        (["--amplitude", "0.1"], "takes more than"),
        (["--workers", "2"], "--workers is given"),
        (["--samples", "0"], "samples is 0"),
    ):
        command = ["calibrate", "ip-20x58", "--out", str(tmp_path), *options]
        result = CliRunner().invoke(app, command)
        assert isinstance(result.exception, InputError)
        assert words in str(result.exception)
