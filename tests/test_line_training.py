"""Training by the iteration in phase-change memory: solvers, chunks, memories, going on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nvmcosim.datasets import ImageSet
from nvmcosim.networks import NETWORKS
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.training import DamagedCheckpoint
from nvmcosim.training.line_training import SOLVERS, LineTraining, train_lines

# Two workers share two cores.
torch.set_num_threads(1)

PING_PONG = LinePlan("fp32")


def digits(train: int = 96, test: int = 40) -> ImageSet:
    """Images whose bright row is their class."""
    random = np.random.default_rng(5)
    labels = np.arange(train + test, dtype=np.uint8) % 10
    images = random.integers(0, 60, (train + test, 1, 28, 28)).astype(np.uint8)
    images[np.arange(train + test), 0, 2 + 2 * labels.astype(int)] = 255
    parts = images[:train], labels[:train], images[train:], labels[train:]
    return ImageSet("mnist", "made up", "here", *parts, {})


def config(**changes: object) -> LineTraining:
    chosen = {"network": "lenet", "iterations": 6, "batch": 24, "rate": 0.01, "test_every": 2}
    return LineTraining(**{**chosen, **changes})  # type: ignore[arg-type]


def test_rates_follow_the_solvers_policy() -> None:
    inverse, drops = SOLVERS["caffe-lenet"], SOLVERS["densenet"]
    assert inverse.rate(0.01, 0, 100) == 0.01
    assert inverse.rate(0.01, 10_000, 100) == pytest.approx(0.01 * 2**-0.75)
    rates = [drops.rate(1.0, n, 100) for n in (0, 49, 50, 74, 75)]
    np.testing.assert_allclose(rates, [1, 1, 0.1, 0.1, 0.01])
    assert SOLVERS["plain"].rate(0.3, 77, 100) == 0.3


def test_watching_changes_nothing_and_each_memory_reports_its_scheme() -> None:
    alone = train_lines(config(), digits())
    plans = (LinePlan("fp32", "basic"), LinePlan("fp32", "wom-set"))
    watched = train_lines(config(watched=plans, plan=LinePlan("fp32", "dcw")), digits())
    for one, other in zip(alone["history"], watched["history"], strict=True):
        assert one["train_loss"] == other["train_loss"]
        assert one["test_accuracy"] == other["test_accuracy"]
    assert [r["plan"]["scheme"] for r in watched["reports"]] == ["basic", "wom-set", "dcw"]
    # The initial weights are a write too.
    assert [r["writes"] for r in watched["reports"]] == [7, 7, 7]
    assert len(watched["reports"][0]["ones"]) == 32
    entries = watched["history"]
    assert [entry["iteration"] for entry in entries] == [2, 4, 6]
    assert all(a < b for a, b in zip(entries[0]["flips"], entries[1]["flips"], strict=True))
    # Every trained weight but those that no gradient reaches changed low bits.
    assert watched["reports"][2]["flips"][0] > 0.2


def test_what_an_approximate_memory_holds_flows_back() -> None:
    exact, near = (train_lines(config(plan=plan), digits()) for plan in (None, PING_PONG))
    assert exact["history"][-1]["train_loss"] != near["history"][-1]["train_loss"]
    assert near["reports"][0]["ignored"] > 0
    assert near["history"][-1]["train_loss"] == pytest.approx(
        exact["history"][-1]["train_loss"], rel=0.05
    )


def test_chunks_add_up_to_their_batch() -> None:
    whole = train_lines(config(iterations=2), digits())
    parts = train_lines(config(iterations=2, chunk=8), digits())
    assert parts["history"][0]["train_loss"] == pytest.approx(
        whole["history"][0]["train_loss"], rel=1e-5
    )


def test_a_run_goes_on_bit_for_bit_after_any_test(tmp_path: Path) -> None:
    chosen = config(plan=PING_PONG, watched=(LinePlan("fp32", "preset"),), solver="caffe-lenet")
    whole = train_lines(chosen, digits())

    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    path = tmp_path / "run.pt"
    for _ in range(2):
        with pytest.raises(Stopped):
            train_lines(chosen, digits(), path, stop)
    assert train_lines(chosen, digits(), path, stop) == whole
    with pytest.raises(InputError, match="of a run with other settings"):
        train_lines(config(), digits(), path)
    saved = torch.load(path, weights_only=True)
    memory = saved["memories"][1]
    for wrong in (
        {"network": {}},
        {"optimizer": 3},
        {"memories": saved["memories"][:1]},
        {"memories": [saved["memories"][0], {**memory, "steps": -1}]},
    ):
        torch.save({**saved, **wrong}, path)
        with pytest.raises(DamagedCheckpoint, match="is a damaged checkpoint: delete it"):
            train_lines(chosen, digits(), path)
    del saved["history"]
    torch.save(saved, path)
    with pytest.raises(DamagedCheckpoint, match="is a damaged checkpoint: delete it"):
        train_lines(chosen, digits(), path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(DamagedCheckpoint):
        train_lines(chosen, digits(), path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "resnet"}, "network is 'resnet'; it must be one of mp, "),
        ({"solver": "adam"}, "solver is 'adam'; it must be one of caffe-lenet, "),
        ({"iterations": 0}, "iterations is 0"),
        ({"chunk": 25}, "chunk is 25"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"watched": ("x",)}, "plan is 'x'; it must be a LinePlan"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        config(**changes)


def test_images_must_suit_the_network() -> None:
    with pytest.raises(InputError, match="the network densenet-bc takes 3 x 32 x 32"):
        train_lines(config(network="densenet-bc"), digits())


@pytest.mark.parametrize("network", ["googlenet", "densenet-bc"])
def test_large_networks_live_in_an_approximate_memory(network: str) -> None:
    images = digits(8, 4)
    if network == "densenet-bc":
        colour = {
            f"{part}_images": np.pad(
                np.repeat(getattr(images, f"{part}_images"), 3, 1), ((0, 0), (0, 0), (2, 2), (2, 2))
            )
            for part in ("train", "test")
        }
        images = replace(images, name="cifar10", **colour)
    chosen = config(network=network, iterations=2, batch=4, chunk=2, plan=PING_PONG)
    result = train_lines(chosen, images)
    assert np.isfinite(result["history"][-1]["train_loss"])
    assert result["reports"][0]["words"] == NETWORKS[network].parameters
