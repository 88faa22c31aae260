import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim import curve_for
from nvmcosim.cli import app
from nvmcosim.devices import cache_folder, device_for
from nvmcosim.pymodel.curve import load_curve
from nvmcosim.pymodel.device.presets import PRESETS
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.spice import characterise as characterise_module

DEVICE = """
name = "mine"
base = "locatelli2018"
[mtj]
ra = "4 ohm*um^2"
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NVMCOSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(*arguments):
    """The command as a user runs it: (exit code, what it printed, its error)."""
    result = CliRunner().invoke(app, ["calibrate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.exception


def test_laws_and_curve_files_need_no_ngspice(cache, tmp_path):
    law = curve_for("ono2021")
    assert law.digest == law_curve("ono2021").digest
    path = law.save(tmp_path / "law.json")
    assert curve_for(str(path)).digest == law.digest
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns", device="ono2021-15ns")
    assert curve_for(plan).device == "ono2021-15ns"
    assert not cache.exists()


def test_names_that_are_no_device_are_refused():
    with pytest.raises(InputError, match=r"must be a law .ono2021.*stt-65nm"):
        curve_for("nothing")
    with pytest.raises(InputError, match="cannot read"):
        curve_for("nowhere.toml")
    assert device_for("stt-65nm") is PRESETS["stt-65nm"]


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("NVMCOSIM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "nvmcosim"


def test_one_changed_line_makes_another_curve(cache, tmp_path, monkeypatch):
    pytest.importorskip("PySpice")
    path = tmp_path / "mine.toml"
    path.write_text(DEVICE)
    one = curve_for(str(path), samples=20, progress=False)
    assert one.direction == "both"
    assert one.noise == "thermal"
    assert one.energy_unit == "J"
    assert one.pulse_ps[-1] == 40_000
    kept = list((cache / "curves").iterdir())
    assert len(kept) == 1

    with monkeypatch.context() as patch:
        patch.setattr(characterise_module, "characterise", None)
        assert curve_for(str(path), samples=20, progress=False).digest == one.digest

    path.write_text(DEVICE.replace("4 ohm", "4.2 ohm"))
    two = curve_for(str(path), samples=20, progress=False)
    assert len(list((cache / "curves").iterdir())) == 2
    # At one voltage, more resistance is less energy and, here, less overdrive.
    assert two.energy(20_000).sum() < one.energy(20_000).sum()
    assert two.failure_rate(6000) > one.failure_rate(6000)

    kept[0].write_text("{}")
    path.write_text(DEVICE)
    assert curve_for(str(path), samples=20, progress=False).digest == one.digest


def test_calibrate_writes_curves_and_a_plot(cache, tmp_path):
    pytest.importorskip("PySpice")
    out = tmp_path / "out"
    code, printed, _ = run(
        *("locatelli2018", "--samples", 20, "--amplitude", "0.36,0.4", "--direction", "AP-P"),
        *("--out", out, "--json"),
    )
    assert code == 0
    result = json.loads(printed)
    assert [row["direction"] for row in result["curves"]] == ["AP-P", "AP-P"]
    low, high = (load_curve(row["file"]) for row in result["curves"])
    assert (low.amplitude_v, high.amplitude_v) == (0.36, 0.4)
    assert (high.failure_rate([4000, 8000]) < low.failure_rate([4000, 8000])).all()
    for path in result["plots"]:
        assert Path(path).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_calibrate_takes_a_law(tmp_path):
    code, printed, _ = run("ono2021", "--out", tmp_path, "--json")
    assert code == 0
    (row,) = json.loads(printed)["curves"]
    assert np.array_equal(load_curve(row["file"]).p_fail, law_curve("ono2021").p_fail)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "device is 'nothing'"),
        (["stt-65nm", "--direction", "up"], "direction is 'up'"),
        (["stt-65nm", "--amplitude", "1 A"], "must be a quantity in V"),
        (["stt-65nm", "--amplitude", "1,1"], "twice"),
        (["stt-65nm", "--amplitude", "1.2,1.2000001"], "twice"),
        (["stt-65nm", "--amplitude", "1.2,9"], "vdd_v is 9"),
        (["stt-65nm", "--samples", "0"], "samples is 0"),
        (["ono2021", "--samples", "30"], "--samples is given, but ono2021 is a law"),
        (["ono2021", "--amplitude", "1"], "--amplitude is given, but ono2021 is a law"),
        (["ono2021", "--pulse", "1ns:2ns:1ns"], "--pulse is given, but ono2021 is a law"),
        (["sot-wang2020", "--noise", "angle"], "--noise is given, but sot-wang2020 is swept by"),
        (["ip-20x58", "--noise", "zzz"], "--noise is given, but an in-plane device is written"),
        (["ip-20x58", "--macrospin", "cartesian"], "--macrospin is given, but an in-plane"),
        (["ip-20x58", "--workers", "2"], "--workers is given, but an in-plane device"),
        (["stt-65nm", "--amplitude", "-1"], "vdd_v is -1"),
        (["stt-65nm", "--amplitude", "0.2"], "raise the supply"),
        (["stt-65nm", "--pulse", "5ns"], "FIRST:LAST:STEP"),
        (["stt-65nm", "--pulse", "0ns:5ns:1ns"], "above 0"),
        (["stt-65nm", "--pulse", "1ns:5ns:0ns"], "rise"),
        (["stt-65nm", "--samples", "3"], "samples is 3"),
        (["stt-65nm", "--noise", "pink"], "noise is 'pink'"),
        (["stt-65nm", "--macrospin", "2d"], "macrospin is '2d'"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_write_nothing(arguments, message, cache, tmp_path):
    if "0.2" in arguments:
        pytest.importorskip("PySpice")
    out = tmp_path / "out"
    code, _, error = run(*arguments, "--out", out)
    assert code != 0
    assert isinstance(error, InputError)
    assert message in str(error)
    assert not out.exists()
