"""Plans by layer: read and refused as stated, stored as one memory, one block a layer."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from nvmcosim import load_plan, view
from nvmcosim.cli import app
from nvmcosim.memory import ApproximateMemory, LayeredMemory, memory_for
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.layer_plan import LayerPlan, PlannedLayer, plans_within
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.training import Trainer, TrainingConfig
from tests.test_training import images

FIRST = StorePlan.two_domain("bf16", 7, "15 ns", "5 ns", seed=3)
SECOND = FIRST.replace(domains=(Domain(10, 20_000), Domain(6, 0)))
PLAN = LayerPlan(
    (PlannedLayer("in", ("1.*",), FIRST), PlannedLayer("rest", ("3.*", "5.*"), SECOND))
)
TEXT = """
kind = "store-layers"
format = "bf16"
tick = "5 ns"
seed = 3

[[layers]]
name = "in"
names = ["1.*"]
bsp = 7
long = "15 ns"
short = "5 ns"

[[layers]]
name = "rest"
names = ["3.*", "5.*"]
domains = [{bits = 10, pulse = "20 ns"}, {bits = 6, pulse = "0 ns"}]
"""


def perceptron(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(70, 30), torch.nn.ReLU(), torch.nn.Linear(30, 9))


def test_a_file_states_the_plan_and_json_gives_it_back(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(TEXT)
    assert load_plan(tmp_path / "plan.toml") == PLAN
    assert LayerPlan.from_json(PLAN.to_json()) == PLAN
    assert (PLAN.format, PLAN.device, PLAN.tick_ps, PLAN.seed) == ("bf16", "ono2021", 5000, 3)
    assert PLAN.in_full() == FIRST.replace(domains=(Domain(16, 20_000),))
    assert PLAN.replace(seed=4).plans == {
        "in": FIRST.replace(seed=4),
        "rest": SECOND.replace(seed=4),
    }
    assert PLAN.digest() != PLAN.replace(seed=4).digest()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "rest"', 'name = "in"', "a layer is named 'in'; each must have its own name"),
        ("bsp = 7", "bsp = 8", r"layers\[0\]: bsp is 8"),
        ("bsp = 7", "bsp = 7\nseed = 4", r"layers\[0\] has 'seed'; it has name, names, domains"),
        ("seed = 3", "bsp = 3", "a store-layers plan has its bsp in each layer"),
        ('names = ["1.*"]\n', "", r"layers\[0\] must have a name, and names"),
        ('names = ["1.*"]', "names = []", "layer in: names must list parameters"),
        ('names = ["1.*"]', "names = [3]", "layer in: names must list parameters"),
        ("tick =", "tack =", "a store plan has no 'tack'"),
    ],
)
def test_what_is_no_layer_plan_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "plan.toml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(InputError, match=said):
        load_plan(tmp_path / "plan.toml")


def test_a_layer_may_state_error_rates(tmp_path: Path) -> None:
    domains = "domains = [{bits = 9, error_rate = 0.01}, {bits = 7, error_rate = 1}]"
    shorthand = 'bsp = 7\nlong = "15 ns"\nshort = "5 ns"'
    (tmp_path / "plan.toml").write_text(TEXT.replace(shorthand, domains))
    first = load_plan(tmp_path / "plan.toml").plans["in"]  # type: ignore[attr-defined]
    # 15 ns fails 0.98% of the time.
    assert first.domains == (Domain(9, 15_000), Domain(7, 0))


@pytest.mark.parametrize("changes", [{"rounding": "truncate"}, {"seed": 1}, {"device": "other"}])
def test_layers_differ_in_their_domains_alone(changes: dict) -> None:
    layers = (PLAN.layers[0], PlannedLayer("rest", ("3.*",), SECOND.replace(**changes)))
    with pytest.raises(InputError, match="layer rest differs from layer in in more than its"):
        LayerPlan(layers)


@pytest.mark.parametrize("variation", ["cycle", "cell"])
def test_one_plan_in_all_layers_is_one_memory_bit_for_bit(variation: str) -> None:
    plan = FIRST.replace(variation=variation)
    one, layered = perceptron(), perceptron()
    whole = ApproximateMemory(one, plan)
    layers = (PlannedLayer("a", ("0.*",), plan), PlannedLayer("b", ("2.*",), plan))
    parts = LayeredMemory(layered, LayerPlan(layers))
    for _ in range(3):
        expected, record = whole.end_epoch(), parts.end_epoch()
        assert record is not None
        assert expected is not None
        assert record.failed_bits == expected.failed_bits
        assert record.relative_energy == pytest.approx(expected.relative_energy, rel=1e-12)
    assert (parts.epoch, parts.steps) == (3, 0)
    for name, words in whole.words.items():
        assert torch.equal(parts.words[name], words), name
    stated, sums = whole.ledger.to_dict(), parts.ledger.to_dict()
    by_layer = sums.pop("layers")
    assert sums.pop("energy_unit") == stated.pop("energy_unit")
    for name, value in stated.items():
        assert sums[name] == pytest.approx(value, rel=1e-12), name
    assert by_layer["b"]["words"] == 3 * (30 * 9 + 9)


def test_each_layer_is_written_by_its_own_plan() -> None:
    network = perceptron()
    plan = LayerPlan((PlannedLayer("a", ("0.*",), FIRST), PlannedLayer("b", ("2.*",), SECOND)))
    memory = memory_for(network, plan)
    memory.end_epoch()
    driven = {name: d["driven_bits"] for name, d in memory.ledger.to_dict()["layers"].items()}
    assert driven["a"] == [30 * 71] * 16
    assert driven["b"] == [0] * 6 + [9 * 31] * 10
    # 15 ns for 9 bits and 5 ns for 7 of one, 20 ns for 10 of the other, of 20 ns for all.
    energy = 30 * 71 * (9 * 15 + 7 * 5) + 9 * 31 * 10 * 20
    assert memory.ledger.relative_energy == pytest.approx(
        energy / ((30 * 71 + 9 * 31) * 16 * 20), rel=1e-12
    )
    assert not any((words & 0x3F).any() for n, words in memory.words.items() if n[0] == "2")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((("0.*",), ("0.*", "2.*")), "parameter 0.weight is of a and b; it must be of one layer"),
        ((("0.*",), ("2.weight",)), "parameter 2.bias is of no layer; it must be of one layer"),
    ],
)
def test_every_parameter_is_of_one_layer(names: tuple, said: str) -> None:
    layers = tuple(PlannedLayer(n, p, FIRST) for n, p in zip("ab", names, strict=True))
    with pytest.raises(InputError, match=said):
        LayeredMemory(perceptron(), LayerPlan(layers))


def test_a_state_of_other_layers_is_refused() -> None:
    plan = LayerPlan((PlannedLayer("a", ("0.*",), FIRST), PlannedLayer("b", ("2.*",), SECOND)))
    memory = LayeredMemory(perceptron(), plan)
    with pytest.raises(InputError, match="state must have the layers a, b"):
        memory.load_state_dict({"a": memory.state_dict()["a"]})


def test_a_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    config = TrainingConfig("mp", PLAN, epochs=3, batch=32)
    whole = Trainer(config, images())
    whole.run()
    begun = Trainer(config, images())
    begun.train_epoch()
    begun.save(tmp_path / "checkpoint.pt")
    rest = Trainer(config, images())
    rest.run(tmp_path / "checkpoint.pt")
    assert rest.history == whole.history
    assert whole.history[0].relative_energy == pytest.approx(
        (100_480 * (9 * 15 + 7 * 5) + 17_802 * 200) / (118_282 * 320), rel=1e-12
    )
    for one, other in zip(whole.network.parameters(), rest.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_epochs_in_full_write_every_layer_in_full() -> None:
    trainer = Trainer(TrainingConfig("mp", PLAN, 1, 32, full_epochs=(1,)), images())
    assert trainer.train_epoch().relative_energy == pytest.approx(1.0, rel=1e-12)


def test_a_block_for_each_layer(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(PLAN.to_json())
    command = ["verilog", str(tmp_path / "mine.json"), "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    modules = json.loads(result.stdout)["modules"]
    assert [module["name"] for module in modules] == [
        "store_domain_mine_in",
        "store_domain_mine_rest",
    ]
    sidecar = json.loads(Path(modules[1]["sidecar"]).read_text())
    assert StorePlan.from_dict(sidecar["plan"]) == SECOND


def test_every_layer_is_cosimulated(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(PLAN.to_json())
    command = ["cosim", "store-domain", str(tmp_path / "mine.json"), "--simulator", "icarus"]
    command += ["--vectors", "20", "--out", str(tmp_path / "o"), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    (run,) = json.loads(result.stdout)["runs"]
    assert (run["plans"], run["vectors"], run["mismatches"]) == (2, 40, 0)


def test_hardware_views_are_those_of_the_layers() -> None:
    with pytest.raises(InputError, match="a store-layers plan has no 'rtl' view"):
        view(PLAN, "rtl")
    assert plans_within(PLAN, "x") == {"x_in": FIRST, "x_rest": SECOND}
    assert plans_within(FIRST, "x") == {"x": FIRST}
    curve = view(PLAN, "curve")(PLAN)
    assert np.isclose(curve.failure_rate(15_000.0), 0.0098153)
