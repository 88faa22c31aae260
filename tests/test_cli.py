"""How the command line ends: its exit codes and what stands on standard error."""

import json

import pytest

from nvmcosim import cli
from nvmcosim.pymodel.errors import InputError, ToolError


def interrupted() -> None:
    raise SystemExit(130)


def wrong_input() -> None:
    raise InputError("bsp is 9; it must be a whole number from 0 to 7")


def broken_tool() -> None:
    raise ToolError("verilator: Command failed\nno space left")


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        (wrong_input, 2, "nvmcosim: bsp is 9; it must be a whole number from 0 to 7\n"),
        (broken_tool, 1, "nvmcosim: verilator: Command failed\nno space left\n"),
        (
            interrupted,
            130,
            "nvmcosim: interrupted; the same command takes over what was finished\n",
        ),
    ],
)
def test_ends(end, code, said, monkeypatch, capsys) -> None:
    monkeypatch.setattr(cli, "app", end)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr() == ("", said)


def test_a_real_mistake_ends_so(monkeypatch, capsys, tmp_path) -> None:
    out = tmp_path / "out"
    command = ["nvmcosim", "verilog", "store-domain", "--bsp", "9", "--out", str(out)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "nvmcosim: bsp is 9; it must be a whole number from 0 to 7\n"
    assert not out.exists()


def test_the_list_names_what_the_commands_take(monkeypatch, capsys) -> None:
    from nvmcosim.commands import bench

    monkeypatch.setattr("sys.argv", ["nvmcosim", "list", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    groups = json.loads(capsys.readouterr().out)
    assert {"formats", "laws", "devices", "plans", "blocks", "studies", "benches"} <= set(groups)
    assert "ho2021" in groups["PCM cells"]
    assert {"dcw", "appwom-ping-pong"} <= set(groups["schemes"])
    commands = {command.callback.__name__ for command in bench._benches.registered_commands}
    assert set(groups["benches"]) == commands
