"""The whole flow: what it leaves, what it reuses, and what a missing part costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import report_folder
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.demo import flow
from nvmcosim.demo.training import TrainingSize
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.files import read_json, write_json, write_text
from nvmcosim.pymodel.store_plan import StorePlan

PLAN = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns", seed=1)


def begin(number: int, steps: int, title: str) -> Callable[[float, float, str], None]:
    assert 1 <= number <= steps
    return lambda done, total, what: None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that take long replaced by made-up results; the names of those that ran."""
    ran: list[str] = []

    def training(plan: StorePlan, files: list[Path], *others: Any) -> dict[str, Any]:
        ran.append("training")
        return report_folder.training(plan)

    def cosim(plan: StorePlan, *others: Any) -> dict[str, Any]:
        ran.append("cosim")
        return report_folder.cosim(plan)

    def rtl(plan: StorePlan, folder: Path, report: Any) -> list[Path]:
        ran.append("rtl")
        return [write_json(folder / "store_controller.json", report_folder.sidecar(plan))]

    def synth(plan: StorePlan, report: Any) -> dict[str, Any]:
        return {"results": [{"name": "store_controller", "cells": 1}]}

    def analog(*others: Any) -> dict[str, Any]:
        raise MissingTool("analog needs ngspice; install it")

    monkeypatch.setattr(flow, "training_result", training)
    monkeypatch.setattr(flow, "cosim_result", cosim)
    monkeypatch.setattr(flow, "write_rtl", rtl)
    monkeypatch.setattr(flow, "synth_result", synth)
    monkeypatch.setattr(flow, "analog_result", analog)
    return ran


def outcomes(summary: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in summary["steps"]}


def test_flow_leaves_a_page_with_every_view(tmp_path: Path, quick: list[str]) -> None:
    summary = flow.run_demo(PLAN, tmp_path, begin)
    assert outcomes(summary) == {
        **dict.fromkeys(("curve", "golden", "rtl", "synth", "cosim", "training"), "computed"),
        "analog": "missing",
    }
    page = Path(summary["page"]).read_text()
    for name in ("plan", "curve", "golden", "rtl", "cosim", "training", "provenance"):
        assert f'id="{name}"' in page
    assert "analog needs ngspice; install it" in page
    assert page.count(PLAN.digest()[:16]) >= 6
    assert set(summary["views"]) == {"plan", "curve", "golden", "bench", "training"}
    assert read_json(tmp_path / "demo.json")["plan_digest"] == PLAN.digest()


def test_second_run_reuses_what_is_there(tmp_path: Path, quick: list[str]) -> None:
    flow.run_demo(PLAN, tmp_path, begin)
    quick.clear()
    summary = flow.run_demo(PLAN, tmp_path, begin)
    assert quick == []
    assert set(outcomes(summary).values()) == {"reused", "missing"}


def test_a_changed_plan_does_all_but_the_curve_again(tmp_path: Path, quick: list[str]) -> None:
    flow.run_demo(PLAN, tmp_path, begin)
    quick.clear()
    other = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", seed=1)
    summary = flow.run_demo(other, tmp_path, begin)
    assert quick == ["rtl", "cosim", "training"]
    assert outcomes(summary)["curve"] == "reused"
    assert other.digest()[:16] in Path(summary["page"]).read_text()


def test_a_changed_device_does_again_what_draws_from_its_curve(
    tmp_path: Path, quick: list[str]
) -> None:
    """The plan's file and its digest stay as they are; what the device's file holds changes."""
    device, out = tmp_path / "device.json", tmp_path / "out"
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns", device=str(device), seed=1)
    report_folder.made_up_curve().save(device)
    flow.run_demo(plan, out, begin)
    quick.clear()
    report_folder.made_up_curve("another junction").save(device)
    summary = flow.run_demo(plan, out, begin)
    assert quick == ["cosim", "training"]
    again = {name for name, outcome in outcomes(summary).items() if outcome == "computed"}
    assert again == {"curve", "golden", "cosim", "training"}
    assert read_json(out / "golden.json")["device"] == "another junction"


def test_an_interrupted_run_goes_on(
    tmp_path: Path, quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = flow.training_result

    def interrupt(*others: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "training_result", interrupt)
    with pytest.raises(KeyboardInterrupt):
        flow.run_demo(PLAN, tmp_path, begin)
    assert not (tmp_path / "index.html").exists()
    monkeypatch.setattr(flow, "training_result", whole)
    quick.clear()
    flow.run_demo(PLAN, tmp_path, begin)
    assert quick == ["training"]
    assert (tmp_path / "index.html").exists()


def test_without_the_devices_curve_the_papers_law_stands_in(
    tmp_path: Path, quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: flow.Demo, report: Any) -> list[Path]:
        raise MissingTool("a device curve needs ngspice; install it")

    report_folder.made_up_curve().save(tmp_path / flow.CURVE_FILE)
    monkeypatch.setattr(flow.Demo, "_make_curve", refuse)
    summary = flow.run_demo(PLAN, tmp_path, begin)
    assert outcomes(summary)["curve"] == "missing"
    assert not (tmp_path / flow.CURVE_FILE).exists()
    assert read_json(tmp_path / "golden.json")["device"] == "ono2021"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('device = "none.toml"', "none.toml"),
        ('device = "none.json"', "none.json"),
        ('device = "nothing"', "device is 'nothing'"),
        ('device = "cut.json"', "is not valid JSON"),
        ('tick = "3 ns"', "multiple of the clock period"),
        ("retry_limit = -1", "retry_limit is -1"),
    ],
)
def test_wrong_plans_leave_nothing_behind(tmp_path: Path, line: str, message: str) -> None:
    text = 'kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "0 ns"\n'
    write_text(tmp_path / "cut.json", '{"schema": 1, "device"')
    plan = write_text(tmp_path / "plan.toml", text + line + "\n")
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["demo", str(plan), "--out", str(out)])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert not out.exists()


def test_a_wrong_data_folder_is_refused_at_once(tmp_path: Path, quick: list[str]) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="it must be a folder"):
        flow.run_demo(PLAN, out, begin, data=str(tmp_path / "none"))
    assert quick == []
    assert not out.exists()


def test_pulses_that_the_curve_does_not_cover_are_refused(tmp_path: Path, quick: list[str]) -> None:
    device = report_folder.made_up_curve().save(tmp_path / "device.json")
    long = StorePlan.two_domain("bf16", 6, "50 ns", "0 ns", device=str(device))
    with pytest.raises(InputError, match="outside the curve of made-up junction"):
        flow.run_demo(long, tmp_path / "out", begin)
    assert not (tmp_path / "out").exists()


def test_plans_of_another_kind_are_refused(tmp_path: Path) -> None:
    class Other:
        kind = "other"

    with pytest.raises(InputError, match="kind is 'other'"):
        flow.run_demo(Other(), tmp_path, begin)  # type: ignore[arg-type]


def test_command_prints_one_object_and_names_the_page(tmp_path: Path, quick: list[str]) -> None:
    plan = write_text(
        tmp_path / "plan.toml",
        'kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "0 ns"\n',
    )
    command = ["demo", str(plan), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["page"] == str(tmp_path / "out" / "index.html")
    again = CliRunner().invoke(app, command)
    assert again.stdout.splitlines()[-1] == f"page: {tmp_path / 'out' / 'index.html'}"
    assert "reused: curve, golden, rtl, synth, cosim, training" in again.stdout


def test_training_at_the_least_size(tmp_path: Path) -> None:
    """The real sweep, small: every point there, energies of the ledger, a second call at once."""
    pytest.importorskip("torch")
    from nvmcosim.datasets import load_dataset
    from nvmcosim.demo.training import training_result
    from nvmcosim.pymodel.device.threshold import law_curve

    try:
        load_dataset("mnist")
    except MissingTool as error:
        pytest.skip(str(error))
    law = law_curve("ono2021").save(tmp_path / "law.json")
    told: list[tuple[float, float]] = []
    plan = StorePlan("bf16", PLAN.domains[:1] + PLAN.domains[1:], seed=1)

    def call() -> dict[str, Any]:
        told.clear()
        report = lambda done, total, what: told.append((done, total))  # noqa: E731
        return training_result(plan, [law], tmp_path, TrainingSize(1, 256), None, report)

    result = call()
    (column,) = result["columns"]
    assert [(p["bsp"], p["short_ps"]) for p in column["points"] if p["planned"]] == [(6, 0)]
    assert len(column["points"]) == 12
    for point in column["points"]:
        # ono2021: energy is linear in bits times pulse width.
        saved = point["bsp"] / 16 * (1 - point["short_ps"] / 20_000)
        assert point["saved"] == pytest.approx(saved)
    assert column["baseline"]["saved"] == 0
    assert told[-1] == (13, 13)
    first, again = result, call()
    assert again["columns"] == first["columns"]
