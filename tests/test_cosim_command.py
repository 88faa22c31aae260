"""`nvmcosim cosim`: results, exit codes, what is refused, and going on after an interruption."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.cocotb_tests import store_domain
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.store_plan import StorePlan

PLAN = """kind = "store"
format = "bf16"
bsp = 5
long = "10 ns"
short = "5 ns"
"""


def invoke(*arguments: str | Path):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, ["cosim", *map(str, arguments)])


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(PLAN)
    return path


def test_a_users_plan_on_icarus_as_json(plan: Path, tmp_path: Path) -> None:
    options = ("--simulator", "icarus", "--vectors", "30", "--seed", "4")
    result = invoke("store-domain", plan, *options, "--out", tmp_path / "o", "--json")
    assert result.exit_code == 0, result.output
    (run,) = json.loads(result.stdout)["runs"]
    assert {k: run[k] for k in ("block", "simulator", "vectors", "mismatches", "seed")} == {
        "block": "store-domain",
        "simulator": "icarus",
        "vectors": 30,
        "mismatches": 0,
        "seed": 4,
    }
    assert run["cycles"] > 0
    assert run["seconds"] > 0
    assert "build_seconds" in run
    written = json.loads((tmp_path / "o" / "cosim.json").read_text())
    assert written["runs"] == [run]
    assert written["provenance"]["seed"] == 4
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["cosim.json"]


def test_a_users_plan_as_a_gate(plan: Path, tmp_path: Path) -> None:
    options = ("--simulator", "icarus", "--vectors", "30", "--stages", "6")
    result = invoke("pulse", plan, *options, "--out", tmp_path / "o", "--json")
    assert result.exit_code == 0, result.output
    (run,) = json.loads(result.stdout)["runs"]
    assert (run["block"], run["vectors"], run["mismatches"]) == ("pulse-gate", 30, 0)
    assert run["facts"]["config_writes"] > 0
    written = json.loads((tmp_path / "o" / "cosim.json").read_text())
    assert written["provenance"]["configuration"]["stages"] == 6


def test_mismatches_are_told_and_exit_with_1(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store_domain.elaborate

    def wrong(plans, rows):  # type: ignore[no-untyped-def]
        shorter = [StorePlan.two_domain("bf16", 5, "5 ns", "5 ns") for _ in plans]
        return real(plans, rows).edited(lambda _: real(shorter, rows).catalogue)

    monkeypatch.setattr(store_domain, "elaborate", wrong)
    options = ("--simulator", "icarus", "--vectors", "10", "--out", tmp_path / "o")
    result = invoke("store-domain", plan, *options)
    assert result.exit_code == 1
    assert "10 mismatches" in result.output
    assert '"expected"' in result.output
    assert '"seed": 0' in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pulsar"], "block is 'pulsar'; it must be store-domain, pulse-gate, "),
        (["store", "--simulator", "vcs"], "simulator is 'vcs'; it must be one of icarus"),
        (["store", "--full", "--analog"], "--analog and --full are both given; give one"),
        (["store", "PLAN", "--full"], "--full has its own plans"),
        (["store", "missing.toml"], "cannot read missing.toml"),
        (["store", "PLAN", "PLAN", "--analog"], "--analog takes one plan, not 2"),
        (["pulse", "--analog"], "--analog is for store-domain, not pulse"),
        (["store", "PLAN", "--stages", "3"], "--stages and --code-bits are for pulse-gate with"),
        (
            ["pulse", "--code-bits", "3"],
            "--stages and --code-bits are for pulse-gate with plan files",
        ),
        (["pulse", "PLAN", "--stages", "1"], "the plan takes 2 stages; the gate has 1"),
        (["store", "PLAN", "--analog"], "device is 'ono2021'; --analog needs a junction (stt-65nm"),
    ],
)
def test_wrong_input_is_one_sentence(arguments: list[str], sentence: str, plan: Path) -> None:
    result = invoke(*[str(plan) if a == "PLAN" else a for a in arguments])
    assert isinstance(result.exception, InputError)
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_bad_plan_is_refused_before_anything_runs(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("bsp = 5", "bsp = 8"))
    result = invoke("store-domain", plan, "--out", tmp_path / "o")
    assert isinstance(result.exception, InputError)
    assert "bsp is 8; it must be a whole number from 0 to 7" in str(result.exception)
    assert not (tmp_path / "o").exists()


def test_a_missing_simulator_is_one_sentence(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = invoke("store", plan, "--simulator", "icarus", "--out", tmp_path / "o")
    assert isinstance(result.exception, MissingTool)
    assert "install it with: apt-get install iverilog" in str(result.exception)
    assert not (tmp_path / "o").exists()
