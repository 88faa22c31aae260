"""The study of ono2021 from training to its file, on made-up images; and its rows beyond Fig. 6."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nvmcosim.datasets import ImageSet
from nvmcosim.studies import training_cells
from nvmcosim.studies.ono2021 import study as study_module
from nvmcosim.studies.ono2021.accuracy import NetworkRuns
from nvmcosim.studies.ono2021.extras import extra_cells, extra_figures
from nvmcosim.studies.ono2021.study import StudyOptions, run_study
from nvmcosim.studies.ono2021.sweep import ALL_SETTINGS, BASELINE, Setting, Sweep, plan_for

# Two workers share two cores.
torch.set_num_threads(1)


def made_up(name: str, data: Any = None) -> ImageSet:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 200).astype(np.uint8)
    pictures = random.integers(0, 60, (200, 1, 28, 28)).astype(np.uint8)
    pictures[np.arange(200), 0, 2 * labels + 4] = 250
    return ImageSet(name, "Rows", "here", pictures, labels, pictures, labels, {"rows": "0"})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(training_cells, "load_dataset", made_up)
    monkeypatch.setitem(study_module.QUICK, "mp", (120, 100, 3, False))
    training_cells.images_for.cache_clear()
    yield
    training_cells.images_for.cache_clear()


@pytest.mark.usefixtures("tiny")
def test_a_study_is_trained_once_and_says_that_it_is_reduced(tmp_path: Path) -> None:
    options = StudyOptions(tmp_path, ("mp",), ("mp",))
    lines: list[str] = []
    values = run_study(options, lambda line, done, total: lines.append(f"{done}/{total} {line}"))
    # Two settings of Table III and no approximation; 2 toggles, as three epochs have no other last
    # quarter than the last epoch, 1 power loss, 6 variants.
    assert lines[0].startswith("1/12 mp 16@20 ns, seed 0")
    assert len(lines) == 12
    rows = {row["id"]: row for row in values["figures"]}
    loss = rows["table3/mp/0.5/loss"]
    assert loss["verdict"] == "not-run"
    assert loss["ours"] is not None
    assert "reduced: 120 of 60,000 training images, 3 of 20 epochs, 3 iterations" in loss["reason"]
    assert rows["table3/cnn/0.5/loss"]["reason"] == "not among the networks of this run"
    assert {plot["id"] for plot in values["plots"]} == {
        *("fig5", "fig6a", "fig7a", "fig8", "power", "toggle")
    }
    assert len(values["trainings"]) == 3
    assert values["provenance"]["configuration"]["data"]["mp"]["checksums"] == {"rows": "0"}

    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    again = run_study(StudyOptions(tmp_path, ("mp",), ("mp",), train=False))
    assert again["figures"] == values["figures"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()} == stamps


@pytest.mark.usefixtures("tiny")
def test_seeds_and_data_make_other_cells() -> None:
    sweep = Sweep("mp", epochs=2, train_images=100)
    one = sweep.cell(BASELINE, 0).digest
    assert one == sweep.cell(BASELINE, 0).digest
    others = {
        sweep.cell(BASELINE, 1).digest,
        sweep.cell(Setting(1, 0), 0).digest,
        sweep.cell(BASELINE, 0, full_epochs=(1,)).digest,
        Sweep("mp", epochs=3, train_images=100).cell(BASELINE, 0).digest,
        Sweep("mp", epochs=2, train_images=101).cell(BASELINE, 0).digest,
        Sweep("mp", epochs=2, train_images=100, optimizer="sgd").cell(BASELINE, 0).digest,
        Sweep("mp", epochs=2, train_images=100, initial="weights").cell(BASELINE, 0).digest,
    }
    assert len(others | {one}) == 8


def test_settings_are_figure_6s() -> None:
    assert len(ALL_SETTINGS) == 22
    assert set(ALL_SETTINGS[1:]) == {Setting(b, t) for b in range(1, 8) for t in (0, 5, 10)}
    plan = plan_for(Setting(6, 5))
    assert [(d.bits, d.pulse_ps) for d in plan.domains] == [(10, 20_000), (6, 5_000)]
    assert (plan.format, plan.initial, plan.device) == ("bf16", "zeros", "ono2021")
    assert plan_for(BASELINE).bit_pulse_ps.tolist() == [20_000] * 16


def run(accuracy: float, energy: float = 1.0) -> dict[str, Any]:
    history = [{"epoch": n + 1, "test_accuracy": accuracy, "train_loss": 0.0} for n in range(20)]
    return {"history": history, "ledger": {"relative_energy": energy}, "digest": "x"}


def runs(**losing: float) -> NetworkRuns:
    by_label = {setting.label.replace("/", "_"): setting for setting in ALL_SETTINGS}
    found = {setting: {0: run(0.98)} for setting in ALL_SETTINGS}
    found |= {by_label[label]: {0: run(0.98 - loss)} for label, loss in losing.items()}
    return NetworkRuns("mp", found)


def test_toggling_is_an_improvement_only_if_it_saves_more_for_the_same_loss() -> None:
    losing = runs(bsp7_tr0=0.01, bsp6_tr0=0.01)
    for energy, ours in ((0.65, "an improvement"), (0.70, "no improvement")):
        extras = {"toggle/x": {0: run(0.98, energy)}, "toggle/lossy": {0: run(0.9, 0.1)}}
        row = extra_figures(losing, extras)[0]
        # Never toggled, BSP 7 at 5 ns saves 7/16 * 15/20: the most that loses nothing here.
        assert row.ours == ours
        assert row.verdict == ("reproduced" if ours == "no improvement" else "differs")
        assert "32.81%" in row.reason


def test_power_loss_is_judged_against_the_same_seed() -> None:
    for accuracy, verdict in ((0.976, "reproduced"), (0.97, "differs")):
        row = extra_figures(runs(), {"power": {0: run(accuracy)}})[1]
        assert row.ours == pytest.approx(100 * (0.98 - accuracy))
        assert row.verdict == verdict
    assert extra_figures(runs(), {})[1].verdict == "not-run"


def test_extra_runs_cover_toggling_power_and_what_is_not_stated() -> None:
    cells = extra_cells(Sweep("mp", seeds=(3,)))
    assert cells["toggle/the last epoch", 3].config.full_epochs == (20,)
    assert cells["toggle/every other epoch", 3].config.full_epochs == tuple(range(2, 21, 2))
    assert cells["power", 3].config.power_lost == (11,)
    names = {name for name, _ in cells if name.startswith("variant/")}
    assert len(names) == 6
    sgd = cells["variant/SGD at 0.1/none", 3].config
    assert (sgd.optimizer, sgd.rate) == ("sgd", 0.1)
    weights = "variant/memory starts at the initial weights/bsp7/tr0"
    assert cells[weights, 3].config.plan.initial == "weights"
