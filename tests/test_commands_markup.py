"""Names that users choose are shown as they are, whatever they hold."""

import pytest
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.commands.options import console
from nvmcosim.pymodel.files import write_text

PLAN = 'kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "0 ns"\n'


def test_console_obeys_no_markup(capsys: pytest.CaptureFixture) -> None:
    console().print("[/x] [red]text")
    assert capsys.readouterr().out == "[/x] [red]text\n"


def test_folders_may_be_called_like_markup(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_text("[/b]/plan.toml", PLAN)
    result = CliRunner().invoke(app, ["verilog", "[/b]/plan.toml", "--out", "[/b]/rtl"])
    assert result.exit_code == 0, result.output
    assert "[/b]/rtl/store_domain_plan.v" in result.output


def test_a_devices_name_may_look_like_markup(capsys: pytest.CaptureFixture[str]) -> None:
    from nvmcosim.devices import sample_progress

    with sample_progress("calibrating [/x]") as update:
        update(1, 2)
    assert "calibrating [/x]" in capsys.readouterr().err
