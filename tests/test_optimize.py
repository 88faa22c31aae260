"""`nvmcosim optimize` from end to end on a few images: files, resume, refusals, RTL, page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim import load_plan
from nvmcosim.cli import app
from nvmcosim.datasets import ImageSet
from nvmcosim.optimize.compare import Row, comparison
from nvmcosim.optimize.options import OptimizeOptions
from nvmcosim.optimize.run import run_optimize
from nvmcosim.optimize.trials import Loss
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.studies import training_cells
from nvmcosim.training import TrainingConfig
from tests.test_training import images

SMALL = (
    *("--device", "ono2021", "--budget", "20", "--grid", "10 ns", "--longest", "20 ns"),
    *("--epochs", "3", "--batch", "32", "--screen-images", "150", "--held-out", "100"),
    *("--check-seeds", "1", "--seeds", "2", "--steps", "4", "--front-points", "1"),
    *("--workers", "1"),
)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    """A set of bright rows instead of MNIST."""
    found = images(size=500)
    monkeypatch.setattr(training_cells, "load_dataset", lambda name, data: found)
    training_cells.images_for.cache_clear()
    from nvmcosim.optimize import cells

    cells._validation.cache_clear()
    return found


def optimize(out: Path, *more: str) -> Any:
    return CliRunner().invoke(app, ["optimize", "mp", *SMALL, "--out", str(out), *more])


@pytest.mark.usefixtures("rows")
def test_a_plan_a_front_and_what_takes_them(tmp_path: Path) -> None:
    against = tmp_path / "bsp7.json"
    plan = StorePlan.two_domain("bf16", 7, "20 ns", "0 ns", tick_ps=10_000)
    against.write_text(plan.to_json())
    out = tmp_path / "out"
    result = optimize(out, "--against", str(against), "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values == json.loads((out / "front.json").read_text())
    tested = {row["name"]: row for row in values["tested"]}
    assert {"exact", "optimised", "two-domain", "bsp7"} <= set(tested)
    assert tested["exact"]["relative_energy"] == 1.0
    assert tested["bsp7"]["relative_energy"] == pytest.approx(0.5625)
    # Energies are the ledgers'; the plan's own sum agrees with them.
    chosen = load_plan(out / "plan.json")
    assert isinstance(chosen, StorePlan)
    mean = float(chosen.bit_pulse_ps.mean()) / 20_000
    assert tested["optimised"]["relative_energy"] == pytest.approx(mean, rel=1e-9)
    assert tested["optimised"]["relative_energy"] <= tested["two-domain"]["relative_energy"] < 1
    assert chosen.to_dict() == tested["optimised"]["plan"]
    held = [p["held_out"] for p in values["points"] if p["plan"] == chosen.to_dict()]
    assert held[0]["accepted"]
    assert held[0]["loss"] <= 20
    _is_a_front([p for p in values["points"] if p["on_front"]])
    assert (out / "plots" / "front.svg").is_file()
    assert values["provenance"]["configuration"]["images"]["train_images"] == 400

    command = ["cosim", "store-domain", str(out / "plan.json"), "--simulator", "icarus"]
    cosim = CliRunner().invoke(app, [*command, "--vectors", "40", "--out", str(out), "--json"])
    assert cosim.exit_code == 0, cosim.output
    assert json.loads(cosim.stdout)["runs"][0]["mismatches"] == 0
    page = CliRunner().invoke(app, ["report", str(out)])
    assert page.exit_code == 0, page.output
    html = (out / "index.html").read_text()
    assert "Least write energy for 20 points of accuracy" in html
    assert "two-domain" in html


def _is_a_front(points: list[dict[str, Any]]) -> None:
    assert len(points) > 1
    energy = np.array([point["relative_energy"] for point in points])
    loss = np.array([point["predicted_loss"] for point in points])
    assert (np.diff(energy) > 0).all()
    assert (np.diff(loss) < 0).all()


def options(out: Path, **changes: Any) -> OptimizeOptions:
    plan = StorePlan.two_domain("bf16", 0, "20 ns", "0 ns", tick_ps=10_000)
    values: dict[str, Any] = {
        "config": TrainingConfig("mp", plan, epochs=1, batch=32),
        "budget": 50.0,
        "out": out,
        "step_ps": 10_000,
        "longest_ps": 20_000,
        "screen_images": 50,
        "train_images": 50,
        "held_out": 50,
        "check_seeds": 1,
        "test_seeds": 1,
        "steps": 1,
        "front_points": 0,
    }
    return OptimizeOptions(**{**values, **changes})


@pytest.mark.usefixtures("rows")
def test_an_interrupted_run_goes_on_and_ends_alike(tmp_path: Path) -> None:
    done: list[str] = []

    def stop(line: str, number: int, total: int) -> None:
        done.append(line)
        if len(done) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_optimize(options(tmp_path / "cut"), stop)
    assert not (tmp_path / "cut" / "plan.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cut" / "cells").glob("*.json")}
    assert len(kept) == 10
    resumed = run_optimize(options(tmp_path / "cut"))
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    whole = run_optimize(options(tmp_path / "whole"))
    for values in (resumed, whole):
        del values["provenance"]
    assert resumed == whole


@pytest.mark.full
@pytest.mark.usefixtures("rows")
def test_layers_get_plans_of_their_own(tmp_path: Path) -> None:
    values = run_optimize(options(tmp_path, per_layer=True, steps=2, budget=80.0))
    plan = load_plan(tmp_path / "plan.json")
    assert plan.kind == "store-layers"
    assert [layer["name"] for layer in values["layers"]] == ["1", "3", "5"]
    assert values["chosen"]["plan"] == plan.to_dict()


@pytest.mark.usefixtures("rows")
def test_a_budget_below_the_spread_is_noted(tmp_path: Path) -> None:
    values = run_optimize(options(tmp_path, budget=1e-6, check_seeds=2))
    assert "the budget, 1e-06 points, is below the spread between seeds" in values["warnings"][0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("--budget", "0"), "budget is 0; it must be above 0 and at most 100 points"),
        (("--budget", "nan"), "budget is nan; it must be above 0 and at most 100 points"),
        (("--confidence", "1"), "confidence is 1; it must be 0.5 or more, below 1"),
        (("--device", "nothing"), "device is 'nothing'; it must be a law"),
        (("--format", "bf17"), "format is 'bf17'"),
        (("--grid", "0 ns"), "grid in ps is 0; it must be a whole number from 1 to 1000000"),
        (("--longest", "25 ns"), "longest is 25000 ps; it must be a multiple of the grid"),
        (("--longest", "50 ns"), "a pulse of 50000 ps is outside the curve of ono2021"),
        (("--held-out", "500"), "held-out images: 500 of Rows are asked for; it must be 1 to 499"),
        (
            ("--screen-images", "450"),
            "train images: 450 of Rows are asked for; it must be 1 to 400",
        ),
        (("--seeds", "101"), "test_seeds is 101; it must be 1 to 100"),
        (("--check-images", "401"), "train images: 401 of Rows are asked for; it must be 1 to 400"),
        (("--train-images", "450"), "train images: 450 of Rows are asked for; it must be 1 to 400"),
        (("--against", "examples/ono2021.toml"), "has device 'examples/stt-65nm.toml'; it must"),
    ],
)
def test_a_wrong_input_is_one_sentence(
    changes: tuple[str, str], said: str, tmp_path: Path, rows: ImageSet
) -> None:
    result = optimize(tmp_path / "out", *changes)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_an_unknown_network_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["optimize", "mq", *SMALL, "--out", str(tmp_path / "o")])
    assert "network is 'mq'; it must be one of mp" in str(result.exception)


def test_held_out_images_are_not_trained_on() -> None:
    whole = images(size=300)
    whole.train_images[:, 0, 0, 0] = np.arange(300) % 251
    whole.train_images[:, 0, 0, 1] = np.arange(300) // 251
    few, all_others = whole.held_out(60, 100), whole.held_out(60)

    def numbers(part: np.ndarray) -> set[tuple[int, int]]:
        return {(int(image[0, 0, 0]), int(image[0, 0, 1])) for image in part}

    held = numbers(few.test_images)
    assert len(held) == 60
    assert numbers(all_others.test_images) == held
    assert numbers(all_others.train_images) == numbers(whole.train_images) - held
    assert numbers(few.train_images) < numbers(all_others.train_images)
    assert few.provenance() != whole.subset(100, 60).provenance()


def bsp7(path: Path, **changes: Any) -> str:
    plan = StorePlan.two_domain("bf16", 7, "20 ns", "0 ns", tick_ps=10_000, **changes)
    path.parent.mkdir(exist_ok=True)
    path.write_text(plan.to_json())
    return str(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"retry_limit": 2}, "bsp7 has retry_limit 2; it must be that of the search, 0"),
        ({"rewrite": "changed"}, "bsp7 has rewrite 'changed'; it must be that of the search"),
        ({"device": "ono2021-15ns"}, "bsp7 has device 'ono2021-15ns'; it must be that of the sea"),
        ({"initial": "weights"}, "bsp7 has initial 'weights'; it must be that of the search"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_a_plan_that_would_be_trained_as_another_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    result = optimize(tmp_path / "out", "--against", bsp7(tmp_path / "bsp7.json", **changes))
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("rows")
def test_a_plan_off_the_grid_is_refused(tmp_path: Path) -> None:
    grid = ("--longest", "10 ns", "--grid", "5 ns")
    result = optimize(tmp_path / "out", *grid, "--against", bsp7(tmp_path / "bsp7.json"))
    assert "bsp7 has a pulse of 20000 ps; it must be 0 or from 5000" in str(result.exception)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("name", ["exact", "optimised", "two-domain", "front at 25.0%"])
def test_a_plan_with_the_name_of_another_is_refused(name: str, tmp_path: Path) -> None:
    result = optimize(tmp_path / "out", "--against", bsp7(tmp_path / f"{name}.json"))
    assert f"is called {name!r}, as one of the search's own is" in str(result.exception)
    twice = ("--against", bsp7(tmp_path / "a" / "x.json"), "--against", bsp7(tmp_path / "x.json"))
    result = optimize(tmp_path / "out", *twice)
    assert "two of the plans would be called x" in str(result.exception)


def test_a_wrong_budget_is_told_before_a_device_is_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OptimizeOptions, "problem", lambda self: pytest.fail("calibrated"))
    with pytest.raises(InputError, match="budget is 0"):
        run_optimize(options(tmp_path, budget=0.0))
    with pytest.raises(InputError, match="sensitivity is 'luck'"):
        run_optimize(options(tmp_path, sensitivity="luck"))


def row(name: str, energy: float, *losses: float) -> Row:
    accuracies = tuple(97 - loss for loss in losses)
    return Row(name, ((int(1000 * energy),),), accuracies, Loss(losses), energy)


def test_a_comparison_says_what_the_seeds_allow() -> None:
    other = row("other", 0.5, 0.5, 0.7, 0.6)

    def verdict(ours: Row, budget: float = 0.5) -> str:
        return str(comparison(ours, other, budget)["verdict"])

    better = comparison(row("ours", 0.3, 0.1, 0.3, 0.2), other, 0.5)
    assert better["verdict"] == "beats"
    assert better["energy_ratio"] == pytest.approx(0.6)
    assert better["difference"] == pytest.approx(-0.4)
    near = row("ours", 0.3, 0.6, 0.5, 0.7)
    assert verdict(near) == "no measurable loss"
    # By hand: gaps 0.1, -0.2, 0.1; deviation 0.1732, t(0.975, 2) = 4.3027.
    interval = comparison(near, other, 0.5)["interval"]
    assert interval == pytest.approx([-0.4303, 0.4303], abs=1e-4)
    # What may lose more than the budget is not called no loss: too few seeds.
    assert verdict(near, budget=0.4) == "undecided"
    assert verdict(row("ours", 0.3, 0.5, 12.7, 9.6)) == "undecided"
    assert verdict(row("ours", 0.3, 1.5, 1.7, 1.6)) == "loses more"
    assert verdict(row("ours", 0.6, 0.1, 0.3, 0.2)) == "takes no less energy"
    assert verdict(row("ours", 0.5, 0.5, 0.7, 0.6)) == "the same plan"
    single = comparison(row("ours", 0.3, 0.1), row("other", 0.5, 0.6), 0.5)
    assert (single["verdict"], single["interval"]) == ("one seed only", None)
    # Seeds that happen to agree are not taken to be exact: a deviation of 0.05, so half of 0.124.
    alike = comparison(row("ours", 0.3, 0.5, 0.7, 0.6), other, 0.5)
    assert alike["interval"] == pytest.approx([-0.1242, 0.1242], abs=1e-4)


def test_a_bound_needs_more_than_a_mean() -> None:
    # t(0.95, 2) = 2.9200; the deviation of 0.1, 0.2, 0.3 is 0.1.
    assert Loss((0.1, 0.2, 0.3)).bound(0.95) == pytest.approx(0.2 + 2.92 * 0.1 / 3**0.5, abs=1e-4)
    assert Loss((0.2,)).bound(0.95) == pytest.approx(0.2)
    # Seeds that happen to agree are not taken to be exact.
    assert Loss((0.2, 0.2, 0.2)).bound(0.95) > 0.25
