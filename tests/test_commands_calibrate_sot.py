"""`nvmcosim calibrate sot-wang2020`, and what a spin-orbit junction is not."""

import json

import pytest
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.commands import calibrate_sot
from nvmcosim.devices import any_device_for
from nvmcosim.pymodel.errors import InputError


def test_calibrate_sweeps_current_with_the_gate_closed_and_open(tmp_path, monkeypatch) -> None:
    # 0.4, 1 and 1.6 times the write current: below, between and above both thresholds.
    monkeypatch.setattr(calibrate_sot, "_QUICK_CURRENTS", 3)
    monkeypatch.setattr(calibrate_sot, "_LAST", 1.6)
    command = ["calibrate", "sot-wang2020", "--quick", "--out", str(tmp_path / "o"), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    values = json.loads((tmp_path / "o" / "sot-wang2020-gate.json").read_text())
    found = {(p["gate_v"], p["c"]): [] for p in values["points"]}
    for point in values["points"]:
        found[point["gate_v"], point["c"]].append(point["switched"])
        assert (point["time_ns"] is not None) == bool(point["switched"])
    for c in (0, 1):
        assert found[0.0, c] == [0, 0, 1]
        assert found[0.6, c][:2] == [0, 1]
    assert (tmp_path / "o" / "sot-wang2020-gate.png").stat().st_size > 10_000


@pytest.mark.parametrize("option", ["--amplitude=1", "--samples=5", "--workers=2"])
def test_options_that_mean_nothing_are_told(option, tmp_path) -> None:
    result = CliRunner().invoke(app, ["calibrate", "sot-wang2020", option, "--out", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "swept by current alone" in str(result.exception)


def test_a_spin_orbit_junction_is_listed_and_no_plans_device() -> None:
    listed = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert "sot-wang2020" in listed["devices"]
    with pytest.raises(InputError, match="a spin-orbit junction, which has no write curve"):
        any_device_for("sot-wang2020")
