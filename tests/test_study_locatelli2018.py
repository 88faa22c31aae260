"""The study of locatelli2018 from training to its file, and its rules on made-up runs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.datasets import ImageSet
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.studies import training_cells
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.locatelli2018 import study as study_module
from nvmcosim.studies.locatelli2018.network import network_figures
from nvmcosim.studies.locatelli2018.reading_rows import fits, reading_figures
from nvmcosim.studies.locatelli2018.readings import PROBES, READINGS, sweep_of
from nvmcosim.studies.locatelli2018.runs import Runs, saving, weight_energy_pj
from nvmcosim.studies.locatelli2018.study import StudyOptions, run_study
from nvmcosim.studies.locatelli2018.sweep import (
    ACCURATE,
    DEVICE,
    FIGURE_3,
    FIGURE_4,
    Setting,
    Sweep,
    plan_for,
)

# Two workers share two cores.
torch.set_num_threads(1)


def run(accuracy: float, overstated: float = 30.0) -> dict[str, Any]:
    ledger = {"energy_by_rewrite": {"all": overstated, "changed": 1.0}}
    epoch = {"test_accuracy": accuracy / 100, "train_loss": 0.1}
    return {"history": [epoch] * 5, "ledger": ledger, "digest": "x"}


#: Deviations of five initialisations from their mean; their standard deviation is 0.2.
SEEDS = tuple(0.2 * n / 2.5**0.5 for n in (-2, -1, 0, 1, 2))
ALL = (ACCURATE, *FIGURE_3, *FIGURE_4, Setting(0.01, 11, 0.5))


def runs(changes: Mapping[Setting, float] | None = None, reduced: str = "") -> Runs:
    """Runs of five seeds, 97.2% at each setting that `changes` has no other value of."""
    return Runs(
        {
            setting: {
                seed: run((changes or {}).get(setting, 97.2) + noise)
                for seed, noise in enumerate(SEEDS)
            }
            for setting in ALL
        },
        reduced,
    )


def rows_of(found: Runs) -> dict[str, Figure]:
    rows = network_figures(found)
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows)
    return by_id


def test_plans_keep_their_error_rates_and_what_the_paper_leaves_open_is_stated() -> None:
    curve = law_curve(DEVICE)
    for setting in ALL:
        plan = plan_for(setting, seed=3)
        assert (plan.format, plan.initial, plan.rewrite, plan.seed) == (
            "sm0.15",
            "weights",
            "all",
            3,
        )
        assert [d.bits for d in plan.domains] == (
            [16 - setting.lsbs, setting.lsbs] if setting.lsbs else [16]
        )
        for domain, rate in zip(plan.domains, (setting.rate, setting.lsb_rate), strict=False):
            assert 0.98 * rate <= curve.failure_rate(domain.pulse_ps) <= rate


def test_savings_are_the_texts_and_those_worked_out_before() -> None:
    # locatelli2018, IV: 54.4 and 62.7% for all bits alike.
    assert saving(Setting(0.001)) == pytest.approx(54.4, abs=0.6)
    assert saving(Setting(0.01)) == pytest.approx(62.7, abs=0.6)
    # By the gamma and log-normal laws: 71.3, 73.5 and 75.8% at 8, 10 and 12 LSBs at 50%.
    for lsbs, percent in ((8, 71.3), (10, 73.5), (12, 75.8)):
        assert saving(Setting(0.01, lsbs, 0.5)) == pytest.approx(percent, abs=0.15)
    assert saving(ACCURATE) == 0
    # 20.5 ns at 0.48 pJ by 15 ns, 16 bits.
    assert weight_energy_pj(ACCURATE) == pytest.approx(16 * 20.5 * 0.48 / 15, rel=3e-3)


def test_labels_tell_settings_apart() -> None:
    labels = [setting.label for setting in ALL]
    assert len(set(labels)) == len(labels)
    assert {"none", "0.1", "1", "8@90", "12@10", "4@100"} <= set(labels)


def test_recognition_is_reproduced_within_four_tenths() -> None:
    low = {Setting(0.001): 97.61, Setting(0.01): 97.1, Setting(0.01, 8, 0.5): 95.8}
    rows = rows_of(runs(low))
    verdicts = {id: rows[id].verdict for id in ("text-97.2", "fig3/0.1", "fig3/1", "text-96.2")}
    assert verdicts == {
        "text-97.2": "reproduced",
        "fig3/0.1": "differs",
        "fig3/1": "reproduced",
        "text-96.2": "reproduced",
    }
    assert rows["fig3/1"].ours == pytest.approx(97.1)
    assert rows["fig3/1"].spread == pytest.approx(0.2)
    assert [p["setting"] for p in rows["fig3/1"].points] == ["none", *(s.label for s in FIGURE_3)]
    point = rows["fig3/1"].points[0]
    ends = (97.2 + SEEDS[0], 97.2 + SEEDS[-1])
    assert (point["lowest"], point["highest"]) == pytest.approx(ends)


def test_resilience_is_a_point_and_the_rest_of_fig_4_has_its_rules() -> None:
    eight, ten, twelve = (Setting(0.01, n, r) for n, r in ((8, 0.9), (10, 0.7), (12, 0.1)))
    never, often = Setting(0.01, 10, 1.0), Setting(0.01, 10, 0.9)
    rows = rows_of(runs({eight: 96.3, ten: 96.1, Setting(0.01, 14, 0.1): 95.0, never: 90.0}))
    assert rows["fig4/8@90"].verdict == "reproduced"
    assert rows["fig4/10@70"].verdict == "differs"
    assert "ours loses 1.10" in rows["fig4/10@70"].reason
    assert "lose an update whose bits fail" in rows["fig4/10@70"].reason
    assert "lose an update" not in rows["fig4/8@90"].reason
    assert rows["fig4/12@10"].verdict == "reproduced"
    assert rows["fig4/14@10"].verdict == "reproduced"
    assert rows["fig4/10@100"].verdict == "reproduced"
    assert rows["fig4/4@100"].verdict == "differs"
    assert rows["fig4/8@90"].points[0]["setting"] == "1"
    assert len(rows["fig4/8@90"].points) == 1 + len(FIGURE_4)
    assert often in ALL
    assert twelve in ALL


def test_beyond_one_percent_it_must_fall_and_scatter() -> None:
    last = FIGURE_3[-1]
    assert rows_of(runs())["fig3/beyond"].verdict == "differs"
    assert rows_of(runs({last: 94.0}))["fig3/beyond"].verdict == "differs"
    scattered = runs({last: 94.0})
    wide = {seed: run(94 + 5 * noise) for seed, noise in enumerate(SEEDS)}
    scattered = Runs({**scattered.done, last: wide})
    assert rows_of(scattered)["fig3/beyond"].verdict == "reproduced"


def test_fewer_initialisations_than_the_papers_decide_nothing() -> None:
    few = Runs({s: {n: run(97.2 + n / 100) for n in range(4)} for s in ALL})
    for row in network_figures(few):
        assert row.verdict == "not-run"
        assert "4 of 5 initialisations" in row.reason
    single = Runs({s: {0: run(94.0 if s == FIGURE_3[-1] else 97.2)} for s in ALL})
    assert rows_of(single)["fig3/beyond"].verdict == "not-run"


def test_the_saving_and_the_recognition_must_meet_at_one_number_of_lsbs() -> None:
    half = {n: Setting(0.01, n, 0.5) for n in (8, 10, 11, 12)}
    row = rows_of(runs({half[10]: 94.3, half[11]: 92.0, half[12]: 91.0}))["text-74.6"]
    assert row.ours == pytest.approx(71.3, abs=0.15)
    assert row.verdict == "differs"
    assert "10: 73.5% at 94.30 ± 0.20%" in row.reason
    assert "a saving of 74.6% takes 11 LSBs, which recognise 92.00 ± 0.20%" in row.reason
    met = rows_of(runs({half[12]: 91.0}))["text-74.6"]
    assert met.ours == pytest.approx(74.6, abs=0.15)
    assert "not 96.2%" not in met.reason


def test_the_best_ratio_is_the_least_energy_that_keeps_a_point() -> None:
    low = dict.fromkeys(ALL[1:], 90.0)
    row = rows_of(runs({**low, Setting(0.01, 10, 0.5): 96.5, Setting(0.01, 4, 0.5): 96.9}))
    assert row["fig5/best"].ours == "10 LSBs at 50%"
    assert row["fig5/best"].verdict == "reproduced"
    alike = rows_of(runs({**low, Setting(0.1): 96.5, Setting(0.01, 4, 0.5): 96.9}))["fig5/best"]
    assert (alike.ours, alike.verdict) == ("10% of all bits", "differs")


def test_the_accounting_is_that_of_the_ledgers() -> None:
    row = rows_of(runs())["text-iv/accounting"]
    assert (row.ours, row.verdict) == (pytest.approx(30.0), "not-run")


def test_what_is_reduced_or_not_trained_is_not_run() -> None:
    for found in (runs(reduced="reduced: 10 images"), Runs({}), Runs({}, "no data")):
        for row in network_figures(found):
            assert row.verdict == "not-run"
            assert (found.reduced or "not trained") in row.reason


def reading(changes: Mapping[Setting, float]) -> Runs:
    settings = (ACCURATE, *PROBES)
    return Runs({s: {0: run(changes.get(s, 97.2))} for s in settings})


def test_readings_fit_only_if_both_sentences_hold() -> None:
    never = Setting(0.01, 8, 1.0)
    both, deaf, weak = reading({never: 90.0}), reading({}), reading({Setting(0.01, 10, 0.7): 95.0})
    assert fits(both) == {"resilient": True, "useful": True}
    assert fits(deaf) == {"resilient": True, "useful": False}
    assert fits(weak) == {"resilient": False, "useful": False}
    assert fits(Runs({ACCURATE: {0: run(97.0)}})) is None
    found = {"studied": weak, "range-1/4": both, "master-copy": deaf, "zeros": Runs({})}
    rows = {row.id: row for row in reading_figures(found)}
    assert rows["fig4/readings"].ours == "range-1/4"
    assert "3 of 4 readings" in rows["fig4/readings"].reason
    assert rows["readings/zeros"].reason == "not trained"
    assert str(rows["readings/studied"].ours).startswith("none: 97.2, 1: 97.2, 8@50: 97.2")
    assert "1 seed" in rows["readings/studied"].reason


def test_each_reading_changes_what_it_says_and_nothing_else() -> None:
    base = Sweep((Setting(0.01),), (0,)).cell(ACCURATE, 0).config
    digests = set()
    for name, entry in READINGS.items():
        config = sweep_of(name, Sweep(), (0,)).cell(ACCURATE, 0).config
        changed = {f for f in config.__dataclass_fields__ if getattr(config, f) != getattr(base, f)}
        plan = set(config.plan.__dataclass_fields__)
        inside = {f for f in plan if getattr(config.plan, f) != getattr(base.plan, f)}
        assert changed == set(entry.config) | ({"plan"} if entry.plan else set()), name
        assert inside == set(entry.plan), name
        digests.add(json.dumps(config.to_dict(), sort_keys=True))
    assert len(digests) == len(READINGS)


def made_up(name: str, data: Any = None) -> ImageSet:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 200).astype(np.uint8)
    pictures = random.integers(0, 60, (200, 1, 28, 28)).astype(np.uint8)
    pictures[np.arange(200), 0, 2 * labels + 4] = 250
    return ImageSet(name, "Rows", "here", pictures, labels, pictures, labels, {"rows": "0"})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    chosen = (Setting(0.01), *(Setting(0.01, 8, rate) for rate in (0.5, 0.9, 1.0)))
    monkeypatch.setattr(training_cells, "load_dataset", made_up)
    monkeypatch.setattr(study_module, "_QUICK_IMAGES", (120, 100))
    monkeypatch.setattr(study_module, "_QUICK_SETTINGS", chosen)
    monkeypatch.setattr(study_module, "_QUICK_READINGS", ("studied", "master-copy"))
    training_cells.images_for.cache_clear()
    yield
    training_cells.images_for.cache_clear()


@pytest.mark.usefixtures("tiny")
def test_a_study_is_trained_once_and_says_that_it_is_reduced(tmp_path: Path) -> None:
    options = StudyOptions(tmp_path, quick=True, parts=("network", "readings"), seeds=2)
    lines: list[str] = []
    values = run_study(options, lambda line, done, total: lines.append(f"{done}/{total} {line}"))
    # 5 settings of two seeds; of each reading 7, of which "studied" shares 5 with the first seed.
    assert len(lines) == 2 * 5 + 2 + 7
    assert lines[0].startswith("1/19 mlp300 16@20.54 ns, seed 0: ")
    rows = {row["id"]: row for row in values["figures"]}
    row = rows["fig4/8@90"]
    assert (row["verdict"], row["n"]) == ("not-run", 2)
    assert "reduced: 120 of 60,000 training images, 5 of 5 presentations, 60 steps" in row["reason"]
    assert {plot["id"] for plot in values["plots"]} == {
        *("fig3", "fig4", "fig4-window", "fig5a", "fig5b", "readings")
    }
    assert "not chosen" in values["lead"]
    assert len(values["trainings"]) == 2 * 5 + 7
    training = values["provenance"]["configuration"]["training"]
    assert (training["every"], training["batch"], training["learning_rate"]) == ("step", 10, 0.03)
    assert values == json.loads((tmp_path / "study.json").read_text())

    again = run_study(
        StudyOptions(tmp_path, quick=True, parts=("network", "readings"), seeds=2, train=False)
    )
    assert again["figures"] == values["figures"]


@pytest.mark.usefixtures("tiny")
def test_more_presentations_than_the_papers_are_not_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(study_module, "_PAPER_IMAGES", 200)
    said = {n: study_module._reduced(Sweep((ACCURATE,), (0,), epochs=n)) for n in (4, 5, 6)}
    assert said[4].startswith("reduced: 200 of 200 training images, 4 of 5 presentations")
    assert said[5] == ""
    assert said[6] == "not the paper's 5 presentations, but 6"


def test_without_data_the_rows_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NVMCOSIM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    training_cells.images_for.cache_clear()
    values = run_study(StudyOptions(tmp_path / "out", quick=True, parts=("network",)))
    rows = {row["id"]: row for row in values["figures"]}
    assert {row["verdict"] for row in rows.values()} == {"not-run"}
    assert "MNIST was not found" in rows["fig3/1"]["reason"]
    assert "MNIST was not found" in values["lead"]
    assert values["plots"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parts", "x"), "part is 'x'; it must be one of device, network, readings"),
        (("--parts", ""), "parts is empty; it must have some of device, network, readings"),
        (("--data", "/nowhere"), "data is '/nowhere'; it must be a folder"),
        (("--seeds", "1001"), "seeds is 1001; it must be 1 to 1000"),
    ],
)
def test_wrong_options_are_one_sentence(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "out"))
    result = CliRunner().invoke(app, ["study", "locatelli2018", *arguments, *out])
    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(message)
    assert not (tmp_path / "out").exists()
