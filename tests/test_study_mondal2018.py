"""The study of mondal2018 from training to its file, on small made-up sets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.commands import study_mondal2018
from nvmcosim.datasets import ImageSet, TableSet
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.mondal2018 import networks as networks_module
from nvmcosim.studies.mondal2018 import study as study_module
from nvmcosim.studies.mondal2018.networks import TASKS, samples_of
from nvmcosim.studies.mondal2018.printed import TABLE_4, TABLE_5, TABLE_6, TABLE_7
from nvmcosim.studies.mondal2018.runs import Runs
from nvmcosim.studies.mondal2018.study import StudyOptions, run_study
from nvmcosim.studies.mondal2018.sweep import PAPER_SAVING, Size, Sweep
from nvmcosim.studies.mondal2018.tables import network_figures

SIZE = Size((20, 60), 30, 2, 20, (128,), True, 1)


def made_up(name: str, data: Any = None) -> ImageSet | TableSet:
    """Few pixels that are lit, by class; or a table of two classes that its first column tells."""
    rng = np.random.default_rng(0)
    if name == "mnist":
        labels = (np.arange(120) % 10).astype(np.uint8)
        pictures = np.zeros((120, 1, 28, 28), np.uint8)
        for n, label in enumerate(labels):
            pictures[n, 0, 4 + label : 8 + label, 6:10] = rng.integers(100, 256, (4, 4))
        return ImageSet(name, "Rows", "here", pictures, labels, pictures, labels, {"rows": "0"})
    if name == "wine-white":
        raise MissingTool("Wine quality, white was not found")
    width, classes = (60, (0, 1)) if name == "sonar" else (11, (5, 6, 7))
    labels = rng.choice(classes, 60).astype(np.uint8)
    features = rng.random((60, width))
    features[:, 0] = labels + 0.1 * features[:, 0]
    columns = tuple(str(n) for n in range(width))
    return TableSet(name, "T", "here", columns, features, labels, features, labels, "", {"t": "0"})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks_module, "load_dataset", made_up)
    monkeypatch.setattr(study_module, "_QUICK", SIZE)
    tasks = {name: replace(task, epochs=30) for name, task in TASKS.items()}
    monkeypatch.setitem(TASKS, "mnist-1", tasks["mnist-1"])
    for name, task in tasks.items():
        monkeypatch.setitem(TASKS, name, task)
    samples_of.cache_clear()
    yield
    samples_of.cache_clear()


def rows_of(figures: list[Figure]) -> dict[str, Figure]:
    by_id = {figure.id: figure for figure in figures}
    assert len(by_id) == len(figures)
    return by_id


def test_every_printed_number_has_a_row() -> None:
    everything = Sweep(SIZE, tuple(name for name in TASKS), 0, None, "")
    rows = rows_of(network_figures(Runs(everything)))
    assert sum(len(printed) for _, printed in TABLE_4) == 5 * 8
    for phi in ("bms", "phi0.00", "phi0.01", "phi0.02", "phi0.03"):
        for length in ("512", "256", "128"):
            for ending in ("", "/fsm", "/ours"):
                assert f"table4/{phi}/{length}{ending}" in rows
            assert f"table4/{phi}/energy-{length}" in rows
    assert rows["table4/phi0.03/power"].paper == 428.2
    assert rows["table4/phi0.03/saving"].paper == 21.4
    assert rows["table5/phi0.08/phi-z"].paper == 3.84
    assert rows["table5/bms/inf"].paper == 92.28
    assert rows["table6/2-layer/phi0.15/inf"].paper == 90
    assert rows["table7/red/phi0.02/power"].paper == 22.4
    assert rows["table7/white/phi0.10/inf"].paper == 86.86
    assert rows["table7/white-within-1/phi0.10/inf"].paper == 86.86
    assert rows["text-v/mnist-2/normal"].paper == 273.68
    # Nothing was run, so nothing is judged but the paper's own rule.
    assert {r.verdict for id, r in rows.items() if id != "table4/energy-rule"} == {"not-run"}
    assert rows["table4/energy-rule"].verdict == "reproduced"


def test_the_printed_tables_are_whole() -> None:
    assert len(TABLE_5) == 8
    assert [len(rows) for rows in TABLE_6.values()] == [7, 7]
    assert [len(rows) for rows in TABLE_7.values()] == [6, 6]
    assert pytest.approx(18.6, abs=0.05) == PAPER_SAVING
    # The paper states 43% over normal generators and 26% over BMS for the last column of Table V.
    last = float(TABLE_5[-1][1]["power"])
    assert round(100 * (1 - last / float(TABLE_5[0][1]["power"]))) == 26
    assert round(100 * (1 - last / 273.68)) == 43


@pytest.mark.usefixtures("small")
def test_the_study_runs_resumes_and_certifies(tmp_path: Path) -> None:
    names = ("mnist-1", "sonar-2", "wine-white")
    options = StudyOptions(tmp_path, quick=True, parts=("network",), networks=names)
    lines: list[str] = []
    values = run_study(options, lambda line, done, of: lines.append(line))
    assert "Wine quality, white was not found" in values["lead"]
    assert any("dual gap" in line for line in lines)
    rows = {row["id"]: row for row in values["figures"]}
    assert not any(id.startswith("table7/white") for id in rows)
    assert rows["program/inside"]["ours"] == 0
    assert rows["program/gap"]["verdict"] == "reproduced"
    # Reduced runs are not judged, but have their number and the trivial rate.
    one = rows["table4/phi0.03/inf"]
    assert one["verdict"] == "not-run"
    assert 0 <= one["ours"] <= 100
    assert "always the same answer is right for 10.00%" in one["reason"]
    assert "states, start in the middle" in rows["table4/bms/128/fsm"]["reason"]
    bent = [a for a in values["approximations"] if a["phi"] is not None]
    assert {a["samples"] for a in bent if a["task"] == "mnist-1"} == {20, 60}
    for a in bent:
        assert a["inside"]["violations"] == 0
        assert sum(a["distance"]) <= sum(a["original"]) + 1e-6
        assert abs(a["gap"]) < 1e-4
    plots = {plot["id"] for plot in values["plots"]}
    assert {"samples", "front-mnist-1", "front-sonar-2", "precision"} <= plots
    assert all((tmp_path / plot["png"]).is_file() for plot in values["plots"])
    # The same command takes over everything, without training or solving.
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npz")}
    again = run_study(options)
    assert again["figures"] == values["figures"]
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npz")} == before


@pytest.mark.usefixtures("small")
def test_within_one_and_the_trivial_rate() -> None:
    quality = samples_of("wine-red-quality")
    assert quality.classes == 3
    # Always the middle one is never off by more than 1.
    assert quality.trivial() == 1.0
    off = np.clip(quality.test_labels.astype(np.int64) + 1, 0, 2)
    assert quality.right(off, quality.test_labels) == 1.0
    binary = samples_of("wine-red")
    assert binary.classes == 2
    counts = np.bincount(binary.train_labels)
    assert binary.trivial() == pytest.approx(counts.max() / counts.sum())
    assert binary.right(1 - binary.test_labels.astype(np.int64), binary.test_labels) == 0.0
    small_images = samples_of("mnist-2")
    assert small_images.train.shape == (120, 196)
    assert small_images.train.max() <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"networks": ("mnist-3",)}, "network is 'mnist-3'; it must be one of mnist-1"),
        ({"parts": ("nets",)}, "part is 'nets'; it must be one of device, network"),
        ({"parts": ()}, "parts is empty"),
        ({"networks": ()}, "networks is empty; it must have some of mnist-1"),
        ({"counts": (0,)}, "a count of samples is 0; it must be 1 to 60000"),
    ],
)
def test_wrong_options_are_a_sentence(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        StudyOptions(tmp_path, **change)


def test_the_command_names_all_networks_and_runs_the_device(tmp_path: Path) -> None:
    assert tuple(study_mondal2018._ALL.split(",")) == tuple(TASKS)
    arguments = ["study", "mondal2018", "--parts", "device", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "study.json").is_file()
    assert "table1/bms" in done.output
