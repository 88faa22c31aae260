"""Damage: what a failed write of each bit does, and the search that goes by it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nvmcosim import ApproximateMemory, load_plan
from nvmcosim.optimize.damage import DamageCell, DamageProbe
from nvmcosim.optimize.damage_search import pile_up
from nvmcosim.optimize.options import OptimizeOptions
from nvmcosim.optimize.run import run_optimize
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.training import TrainingConfig
from tests.test_optimize import rows

__all__ = ["rows"]

PLAN = StorePlan("sm0.15", (Domain(16, 20_000),), tick_ps=5000, initial="weights")


def test_squared_errors_of_words_written_by_hand() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, -5.0]]) / 2**15)
    memory = ApproximateMemory(model, PLAN, every="step")
    probe = DamageProbe(memory, stride=2)
    memory.before_store = probe
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[4.0, 2.0]]) / 2**15)
    memory.step()
    # 3 to 4 changes bits 0, 1 and 2; -5 to 2 the sign, and bits 0, 1 and 2.
    unit = 2.0**-30
    expected = {0: (1 + 1) / 2, 1: (4 + 4) / 2, 2: (16 + 16) / 2, 15: 4.0**2 / 2}
    found = np.array(probe.mean()["weight"])[::-1] / unit
    for bit in range(15):
        # A bit that never changed counts as one change in two words.
        assert found[bit] == pytest.approx(expected.get(bit, 4**bit / 2)), bit
    assert found[15] == pytest.approx(expected[15])
    memory.step()
    assert probe.words == {"weight": 2}, "every second store is looked at"


def test_failures_pile_up_as_a_simulation_says() -> None:
    rng = np.random.default_rng(1)
    for rate in (0.01, 0.5, 0.8):
        failures = rng.geometric(1 - rate, 400_000) - 1.0
        square = (failures**2).mean()
        deviation = (failures**2).std() / 400_000**0.5
        assert abs(pile_up(rate) - square) < 5 * deviation
    assert np.isinf(pile_up(1.0))


def options(out: Path, **more: object) -> OptimizeOptions:
    plan = PLAN.replace(device="ono2021")
    config = TrainingConfig("mlp300", plan, 3, 10, "sgd", 0.05, every="step")
    chosen = {"held_out": 100, "check_seeds": 2, "test_seeds": 2, "steps": 3, "front_points": 0}
    return OptimizeOptions(
        config, 10.0, out, 5000, 20_000, sensitivity="damage", confidence=0.5, **(chosen | more)
    )


@pytest.mark.usefixtures("rows")
def test_a_search_by_damage_hands_back_a_plan_within_the_budget(tmp_path: Path) -> None:
    values = run_optimize(options(tmp_path))
    tested = {row["name"]: row for row in values["tested"]}
    assert tested["optimised"]["relative_energy"] < 1
    assert load_plan(tmp_path / "plan.json").to_dict() == tested["optimised"]["plan"]
    assert values["predicted_unit"] == "of 1% in all bits"
    front = [point for point in values["points"] if point["on_front"]]
    # Followed around the chosen plan, not to plans that spend nearly all there is to spend.
    damages = [d["damage"] for d in values["sensitivity"]["damages"] if _pulses(d, values)]
    assert front[0]["predicted_loss"] <= 4 * damages[0]
    assert all(point["predicted_loss"] > damages[0] / 4 for point in front[:-1])
    for one, other in pairwise(front):
        assert one["relative_energy"] < other["relative_energy"]
        assert one["predicted_loss"] > other["predicted_loss"]
    held = [p["held_out"] for p in values["points"] if p["plan"] == tested["optimised"]["plan"]]
    assert held[0]["accepted"]
    assert held[0]["loss"] <= 10
    # The same again, from what was kept.
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cells").iterdir()}
    again = run_optimize(options(tmp_path))
    assert again["points"] == values["points"]
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "cells").iterdir()} == kept


def _pulses(entry: dict[str, Any], values: dict[str, Any]) -> bool:
    """Whether `entry` is of the chosen plan."""
    domains = values["chosen"]["plan"]["domains"]
    chosen = [domain["pulse_ps"] for domain in domains for _ in range(domain["bits"])]
    return bool(entry["pulses_ps"] == [chosen])


@pytest.mark.usefixtures("rows")
def test_each_layer_has_damage_of_its_own(tmp_path: Path) -> None:
    values = run_optimize(options(tmp_path, per_layer=True, steps=1, test_seeds=1, check_seeds=1))
    damage = np.array(values["sensitivity"]["squared_error"])
    assert damage.shape == (2, 16)
    assert (damage > 0).all()
    assert not np.allclose(damage[0], damage[1])


@pytest.mark.usefixtures("rows")
def test_an_interrupted_training_comes_out_the_same(tmp_path: Path) -> None:
    plan = PLAN.replace(device="ono2021")
    config = TrainingConfig("mlp300", plan, 2, 10, "sgd", 0.05, every="step")
    cell = DamageCell(config, None, None, None, held_out=100)
    whole = cell.run(tmp_path / "whole.pt")

    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        cell.run(tmp_path / "part.pt", stop)
    assert cell.run(tmp_path / "part.pt") == whole
