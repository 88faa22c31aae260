"""Studies: verdict rules, cells that survive interruption, and ono2021's rows."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from step_cell import StepCell, noted
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.commands.options import terminable
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.studies.cells import CellStore, run_cells
from nvmcosim.studies.executors import InProcess, LocalProcesses
from nvmcosim.studies.figures import Figure, half_unit, judge_number, judge_rule


@pytest.mark.parametrize(
    ("printed", "half"),
    [("37.5", 0.05), ("9", 0.5), ("0.004", 0.0005), ("9.2e-41", 5e-43), ("3.4e38", 5e36)],
)
def test_half_a_unit_of_the_last_digit(printed: str, half: float) -> None:
    assert half_unit(printed) == pytest.approx(half)


@pytest.mark.parametrize("printed", ["", "x", "nan", "inf"])
def test_what_is_no_number_is_refused(printed: str) -> None:
    with pytest.raises(InputError, match="is not a printed number"):
        half_unit(printed)


@pytest.mark.parametrize(
    ("printed", "ours", "spread", "verdict"),
    [
        ("38", 37.5, None, "reproduced"),
        ("38", 37.49, None, "differs"),
        ("38", 38.5, None, "reproduced"),
        ("38", 37.0, 0.4, "differs"),
        ("38", 37.0, 0.5, "reproduced"),
        ("9.2e-41", 9.18e-41, None, "reproduced"),
        ("5.9e-8", 5.96e-8, None, "differs"),
    ],
)
def test_numbers_agree_within_half_a_unit_or_twice_the_spread(
    printed: str, ours: float, spread: float | None, verdict: str
) -> None:
    row = judge_number("id", "title", printed, ours, "%", spread=spread)
    assert row.verdict == verdict
    assert bool(row.reason) == (verdict == "differs")


def test_a_row_that_is_not_reproduced_has_a_reason() -> None:
    with pytest.raises(InputError, match="without a reason"):
        Figure("id", "title", 1.0, 2.0, "", "differs")
    row = judge_rule("id", "title", "< 1", 0.5, "", True, "the rule").to_dict()
    assert row["verdict"] == "reproduced"
    assert "points" not in row
    assert json.dumps(row)


@dataclass(frozen=True)
class CountingCell:
    """Notes each run in a file; may kill its worker the first time."""

    name: str
    folder: str
    killed: bool = False

    @property
    def digest(self) -> str:
        return self.name * 64

    @property
    def title(self) -> str:
        return self.name

    def run(self, checkpoint: Path, tick: Any = None) -> dict[str, Any]:
        mark = Path(self.folder) / self.name
        with mark.open("a") as stream:
            stream.write("x")
        if self.killed and not checkpoint.exists():
            checkpoint.parent.mkdir(exist_ok=True)
            checkpoint.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"name": self.name}


def runs(folder: Path) -> dict[str, int]:
    return {path.name: len(path.read_text()) for path in folder.iterdir() if path.is_file()}


def test_cells_that_are_done_are_not_run_again(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [CountingCell(name, str(tmp_path)) for name in "abc"]
    run_cells(cells[:2], store, InProcess())
    seen: list[str] = []
    run_cells(cells, store, InProcess(), lambda cell: seen.append(cell.title))
    assert seen == ["a", "b", "c"]
    assert runs(tmp_path) == {"a": 1, "b": 1, "c": 1}
    assert store.get("b" * 64) == {"name": "b"}


def test_an_interrupted_study_keeps_what_is_done(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [CountingCell(name, str(tmp_path)) for name in "ab"]

    def interrupt(cell: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cells(cells, store, InProcess(), interrupt)
    run_cells(cells, store, InProcess())
    assert runs(tmp_path) == {"a": 1, "b": 1}


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cell = CountingCell("a", str(tmp_path))
    run_cells([cell], store, InProcess())
    path = next((tmp_path / "cells").iterdir())
    path.write_text(path.read_text()[:-5])
    run_cells([cell], store, InProcess())
    assert runs(tmp_path) == {"a": 2}


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.pop("result"),
        lambda kept: kept.update(result=None),
        lambda kept: kept["result"].update(name="z"),
    ],
    ids=["none", "null", "altered"],
)
def test_a_result_that_is_not_what_was_kept_is_none(
    change: Callable[[dict[str, Any]], Any], tmp_path: Path
) -> None:
    store = CellStore(tmp_path)
    store.put("b" * 64, {"name": "b"})
    path = tmp_path / f"{'b' * 24}.json"
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))
    assert store.get("b" * 64) is None
    # One that was kept before there were checksums is taken.
    path.write_text(json.dumps({"digest": "b" * 64, "result": {"name": "b"}}))
    assert store.get("b" * 64) == {"name": "b"}


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "from step_cell import StepCell; from nvmcosim.studies.cells import CellStore, run_cells;"
        "from nvmcosim.studies.executors import LocalProcesses; folder = Path(sys.argv[2]);"
        "cells = [StepCell(n, folder, steps=1000, pause=0.05) for n in 'ab'];"
        "run_cells(cells, CellStore(folder / 'cells'), LocalProcesses(2))"
    )
    here = str(Path(__file__).parent)
    parent = subprocess.Popen([sys.executable, "-c", script, here, str(tmp_path)])
    cells = [StepCell(name, tmp_path) for name in "ab"]
    workers = {int(process) for cell in cells for process, _ in waited_for(cell)}
    parent.kill()
    parent.wait()
    ended_by = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < ended_by, "a worker outlived its parent"
        time.sleep(0.1)


def waited_for(cell: StepCell) -> list[tuple[int, int]]:
    """The first steps of `cell`, as soon as there are any."""
    until = time.monotonic() + 60
    while not noted(cell):
        assert time.monotonic() < until, "the cell never started"
        time.sleep(0.1)
    return noted(cell)


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [CountingCell(name, str(tmp_path), killed=name == "b") for name in "abc"]
    run_cells(cells, store, LocalProcesses(2))
    assert all(store.get(cell.digest) for cell in cells)
    assert runs(tmp_path)["b"] == 2
    # The checkpoint that the killed worker left was taken up, then dropped.
    assert not list((tmp_path / "cells").glob("*.pt"))


def test_tables_and_savings_are_the_papers() -> None:
    from nvmcosim.studies.ono2021.energy import energy_figures

    rows = {row.id: row for row in energy_figures()}
    # PHYSICS: all of Table III recomputes; 25% and 38% of the contribution list do not.
    expected = {
        "mp": (37.5, 43.75, 43.75),
        "cnn": (31.25, 37.5, 43.75),
        "mn": (9.375, 12.5, 18.75),
    }
    for network, savings in expected.items():
        for constraint, saving in zip(("0.5", "2.5", "7.5"), savings, strict=True):
            row = rows[f"table3/{network}/{constraint}/saving"]
            assert row.ours == pytest.approx(saving, abs=1e-9)
            assert row.verdict == "reproduced"
    assert rows["text-vi-c/fraction/least"].ours == pytest.approx(100 * 2 * 15 / (7 * 20))
    assert rows["text-vi-c/fraction/most"].ours == pytest.approx(100 * 6 / 7)
    assert rows["text-contributions/cnn/0.5"].verdict == "contradicted"
    assert rows["text-contributions/cnn/7.5"].verdict == "contradicted"
    assert rows["fig5/15ns"].verdict == "contradicted"
    assert rows["fig5/15ns"].ours == pytest.approx(0.98, abs=0.005)
    assert rows["table1/bf16/max"].ours == pytest.approx((2 - 2**-7) * 2.0**127)
    assert len(rows) == len(energy_figures())


def network_runs(losses: dict[tuple[int, int], float], reduced: str = "") -> Any:
    from nvmcosim.studies.ono2021.accuracy import NetworkRuns
    from nvmcosim.studies.ono2021.sweep import ALL_SETTINGS

    found: dict[Any, dict[int, Any]] = {}
    for setting in ALL_SETTINGS:
        loss = losses.get((setting.bsp, setting.t_r_ns), 0.0)
        for seed, noise in ((0, -0.05), (1, 0.05)):
            accuracy = 0.98 - (loss + (noise if setting.bsp else 0.0)) / 100
            history = [{"test_accuracy": accuracy, "train_loss": 0.1}] * 20
            found.setdefault(setting, {})[seed] = {"history": history, "digest": "x"}
    return NetworkRuns("mp", found, reduced)


def test_trends_and_choices_are_read_off_the_accuracies() -> None:
    from nvmcosim.studies.ono2021.accuracy import accuracy_figures

    losing = {(6, 0): 0.8, (7, 0): 2.0, (6, 5): 0.7, (7, 5): 3.0, (7, 10): 0.3}
    rows = {row.id: row for row in accuracy_figures(network_runs(losing))}
    assert rows["fig6a/loses/tr0"].ours == "6, 7"
    assert rows["fig6a/loses/tr0"].verdict == "reproduced"
    assert rows["fig6a/loses/tr10"].ours == "none"
    assert rows["fig6a/loses/tr10"].verdict == "reproduced"
    assert rows["table3/mp/0.5/loss"].ours == pytest.approx(0.8)
    assert rows["table3/mp/0.5/loss"].spread == pytest.approx(0.05 * np.sqrt(2))
    assert rows["table3/mp/0.5/loss"].verdict == "differs"
    # 5 bits left out save more than 7 bits at half the pulse.
    assert rows["table3/mp/0.5/choice"].ours == "BSP 5, T_R 0 ns"
    assert rows["table3/mp/0.5/choice"].verdict == "differs"
    assert rows["table3/mp/2.5/choice"].ours == "BSP 7, T_R 0 ns"
    assert rows["table3/mp/2.5/choice"].verdict == "reproduced"


def test_reduced_and_untrained_rows_are_not_run() -> None:
    from nvmcosim.studies.ono2021.accuracy import NetworkRuns, accuracy_figures

    reduced = "reduced: 10 images"
    for runs in (network_runs({}, reduced), NetworkRuns("mn", {}, "no data")):
        for row in accuracy_figures(runs):
            assert row.verdict == "not-run"
            assert runs.reduced in row.reason


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_a_cluster_without_dask_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "nvmcosim.studies.cluster", raising=False)
    result = invoke("study", "ono2021", "--scheduler", "tcp://host:8786", "--out", str(tmp_path))
    assert isinstance(result.exception, MissingTool)
    assert str(result.exception) == (
        "--scheduler needs distributed; install it with: pip install 'nvmcosim[cluster]'"
    )


def test_without_data_the_rest_of_the_study_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NVMCOSIM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = invoke(
        "study", "ono2021", "--quick", "--networks", "cnn", "--out", str(tmp_path / "o"), "--json"
    )
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values == json.loads((tmp_path / "o" / "study.json").read_text())
    by_verdict = {row["verdict"] for row in values["figures"]}
    assert by_verdict == {"reproduced", "differs", "contradicted", "not-run"}
    row = next(row for row in values["figures"] if row["id"] == "table3/cnn/0.5/loss")
    assert "CIFAR-10 was not found" in row["reason"]
    for plot in values["plots"]:
        assert (tmp_path / "o" / plot["svg"]).read_text().startswith("<?xml")


def test_a_study_that_there_is_not_is_refused() -> None:
    result = invoke("study", "other")
    assert result.exit_code == 2
    assert "No such command 'other'" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ono2021", "--networks", "x"), "network is 'x'; it must be one of mp, cnn, mn"),
        (("ono2021", "--settings", "x"), "settings is 'x'; it must be all or table3"),
        (("ono2021", "--optimizer", "x", "--quick"), "optimizer is 'x'"),
        (("ono2021", "--initial", "x", "--quick"), "initial is 'x'"),
        (("ono2021", "--data", "/nowhere"), "data is '/nowhere'; it must be a folder"),
        (("ono2021", "--scheduler", "host"), "scheduler is 'host'; it must be an address such as"),
        (
            ("ono2021", "--scheduler", "tcp://host:8786", "--workers", "2"),
            "workers is 2 and scheduler is 'tcp://host:8786'; give one of them",
        ),
    ],
)
def test_wrong_options_are_one_sentence(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    result = invoke("study", *arguments, "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tcp://host:8786", "is not valid JSON"),
        ('{"type": "Scheduler"}', "is no file of a Dask scheduler: it has no address"),
        ('{"address": 8786}', "is no file of a Dask scheduler: it has no address"),
    ],
)
def test_a_file_that_no_scheduler_wrote_is_one_sentence(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(text)
    result = invoke("study", "ono2021", "--scheduler", str(file), "--out", str(tmp_path / "out"))
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(f"{file} {message}")
    assert not (tmp_path / "out").exists()


def test_a_termination_is_an_interrupt() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
