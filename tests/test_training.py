"""Training in an approximate memory: deterministic, resumable, honest about its store."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nvmcosim.datasets import ImageSet
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.training import DamagedCheckpoint, Trainer, TrainingConfig, train

# Two workers share two cores.
torch.set_num_threads(1)

PLAN = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns")


def images(seed: int = 0, size: int = 300) -> ImageSet:
    """Ten classes that a network learns in an epoch or two: a bright row each, in noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, size).astype(np.uint8)
    pictures = random.integers(0, 60, (size, 1, 28, 28)).astype(np.uint8)
    pictures[np.arange(size), 0, 2 * labels + 4] = 250
    return ImageSet(
        "rows", "Rows", "here", pictures, labels, pictures[:100], labels[:100], {"rows": str(seed)}
    )


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig(**{"network": "mp", "plan": PLAN, "epochs": 4, "batch": 32, **changes})  # type: ignore[arg-type]


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.network.parameters()])


def test_it_learns_and_the_network_holds_what_the_memory_holds() -> None:
    trainer = Trainer(config(), images())
    history = trainer.run()
    assert [record.epoch for record in history] == [1, 2, 3, 4]
    assert history[-1].test_accuracy > 0.9
    assert history[-1].train_loss < history[0].train_loss
    # After a store every weight is a bf16 number: its low 16 bits are 0.
    assert not (weights(trainer).view(torch.int32) & 0xFFFF).any()
    assert trainer.test() == (history[-1].test_loss, history[-1].test_accuracy)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_same_seeds_give_the_same_bits_and_others_do_not(optimizer: str) -> None:
    runs = {}
    for name, seed, plan_seed in (("one", 1, 1), ("same", 1, 1), ("order", 2, 1), ("draws", 1, 2)):
        trainer = Trainer(
            config(epochs=2, optimizer=optimizer, seed=seed, plan=PLAN.replace(seed=plan_seed)),
            images(),
        )
        trainer.run()
        runs[name] = weights(trainer)
    assert torch.equal(runs["one"], runs["same"])
    assert not torch.equal(runs["one"], runs["order"])
    assert not torch.equal(runs["one"], runs["draws"])


class Watched(Trainer):
    """Notes the number in the corner of each image that it trains on."""

    def __init__(self) -> None:
        numbered = images(size=250)
        numbered.train_images[:, 0, 0, 0] = np.arange(250)
        super().__init__(config(), numbered)
        self.seen: list[int] = []

    def _inputs(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += images[:, 0, 0, 0].tolist()
        return super()._inputs(images)


def order(epoch: int) -> list[int]:
    trainer = Watched()
    trainer._train(epoch)
    return trainer.seen


def test_every_epoch_sees_every_image_once_in_an_order_of_its_own() -> None:
    assert sorted(order(1)) == sorted(order(2)) == list(range(250))
    assert order(1) == order(1) != order(2) == order(2)


@pytest.mark.parametrize("every", ["step", 3])
def test_a_run_with_a_store_every_few_steps_resumes_in_its_middle(
    every: str | int, tmp_path: Path
) -> None:
    plan = StorePlan.two_domain("sm0.15", 8, "10 ns", "5 ns", initial="weights")
    chosen = config(
        network="mlp300", plan=plan, optimizer="sgd", learning_rate=0.05, every=every, batch=10
    )
    whole, stopped = Trainer(chosen, images()), Trainer(chosen, images())
    whole.run()
    path = tmp_path / "checkpoint.pt"
    stopped.train_epoch()
    stopped.train_epoch()
    stopped.save(path)
    resumed = Trainer(chosen, images())
    resumed.run(path)
    assert resumed.history == whole.history
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.memory.ledger.to_dict() == whole.memory.ledger.to_dict()
    steps = 4 * 30
    stores = steps if every == "step" else steps // 3
    assert whole.memory.ledger.words == stores * 238_510
    # Both domains are written, the low one for half as long.
    assert [entry.relative_energy for entry in whole.history] == pytest.approx([0.75] * 4)
    assert whole.history[-1].failed_bits > 0


def test_with_a_store_at_each_step_the_network_is_always_what_the_memory_holds() -> None:
    plan = StorePlan.two_domain("sm0.15", 8, "20 ns", 0, initial="weights")
    trainer = Trainer(config(network="mlp300", plan=plan, every="step", epochs=1), images())
    before = trainer.network[1].weight.detach().clone()  # type: ignore[index]
    trainer.run()
    after = trainer.network[1].weight.detach()  # type: ignore[index]
    # Low bits that no pulse reaches hold what they held at first.
    held = (before.abs() * 2**15).round().int() & 0xFF
    low = (after.abs() * 2**15).int() & 0xFF
    assert (after * 2**15 == (after * 2**15).round()).all()
    moved = (after - before).abs() > 2**-8
    assert moved.any()
    assert torch.equal(low[moved], held[moved])


def test_with_a_master_copy_what_the_memory_loses_is_not_lost() -> None:
    # The low 12 bits are never written: updates below 1/8 are lost, unless kept outside.
    plan = StorePlan.two_domain("sm0.15", 12, "20 ns", 0, initial="weights")
    chosen = {"network": "mlp300", "plan": plan, "every": "step", "optimizer": "sgd", "epochs": 3}
    kept, lost = (Trainer(config(master_copy=copy, **chosen), images()) for copy in (True, False))
    assert kept.run()[-1].test_accuracy > 0.9
    assert lost.run()[-1].test_accuracy < 0.6
    # The network computes with what the memory holds of the copy: 3 bits of each weight.
    held, master = kept.network[1].weight.detach(), kept._masters[0]  # type: ignore[index]
    upper = (master * 2**15).round().abs().int() & 0x7000
    assert torch.equal((held.abs() * 2**15).int() & 0x7000, upper)


def test_a_run_with_a_master_copy_resumes(tmp_path: Path) -> None:
    chosen = config(master_copy=True, every=2, optimizer="sgd")
    whole, half, resumed = (Trainer(chosen, images()) for _ in range(3))
    whole.run()
    half.train_epoch()
    half.save(tmp_path / "c.pt")
    resumed.run(tmp_path / "c.pt")
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.history == whole.history


def test_the_squared_loss_is_that_of_tanh_outputs() -> None:
    scores, labels = torch.tensor([[0.5, -1.0], [2.0, 0.0]]), torch.tensor([0, 1])
    squares = [(np.tanh(0.5) - 1) ** 2 + (np.tanh(-1) + 1) ** 2, (np.tanh(2) + 1) ** 2 + 1]
    trainer = Trainer(config(loss="squared", epochs=1), images())
    assert float(trainer._loss(scores, labels)) == pytest.approx(sum(squares) / 4)
    assert float(trainer._loss(scores, labels, reduction="sum")) == pytest.approx(sum(squares) / 2)
    assert trainer.run()[-1].test_accuracy > 0.5


def test_settings_that_came_later_leave_the_digests_of_kept_results() -> None:
    assert set(config().to_dict()) == {
        *("network", "plan", "epochs", "batch", "optimizer", "learning_rate", "seed"),
        *("full_epochs", "power_lost"),
    }
    later = [
        config(**change).to_dict()
        for change in (
            {"every": "step"},
            {"loss": "squared"},
            {"initialisation": "torch"},
            {"master_copy": True},
        )
    ]
    assert [set(values) - set(config().to_dict()) for values in later] == [
        {"every"},
        {"loss"},
        {"initialisation"},
        {"master_copy"},
    ]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_resumed_run_ends_bit_for_bit_as_one_that_never_stopped(
    optimizer: str, tmp_path: Path
) -> None:
    chosen = config(optimizer=optimizer, full_epochs=(3,), power_lost=(4,))
    whole = Trainer(chosen, images())
    whole.run()
    path = tmp_path / "checkpoint.pt"
    for _ in range(2):
        stopped = Trainer(chosen, images())
        if path.exists():
            stopped.load(path)
        stopped.train_epoch()
        stopped.save(path)
        # A crash in the middle of the next epoch: what it did is not in the checkpoint.
        stopped.train_epoch()
    resumed = Trainer(chosen, images())
    resumed.run(path)
    assert len(resumed.history) == 4
    assert resumed.history == whole.history
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.memory.ledger.to_dict() == whole.memory.ledger.to_dict()


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(config(epochs=2), images(), checkpoint=tmp_path / "c.pt")
    seen: list[object] = []
    again = train(config(epochs=2), images(), checkpoint=tmp_path / "c.pt", progress=seen.append)
    assert again == first
    assert not seen


def test_energy_is_the_plans_and_full_epochs_cost_the_whole(tmp_path: Path) -> None:
    # 6 of 16 bits at 5 of 20 ns: 1 - 6/16 * 15/20 of the energy.
    result = train(config(full_epochs=(2, 4)), images())
    energies = [entry["relative_energy"] for entry in result["history"]]
    assert energies == pytest.approx([0.71875, 1.0, 0.71875, 1.0])
    assert result["ledger"]["relative_energy"] == pytest.approx((0.71875 + 1) / 2)


def test_bits_that_are_never_written_stay_zero() -> None:
    trainer = Trainer(config(plan=StorePlan.two_domain("bf16", 7, "20 ns", 0)), images())
    trainer.run()
    # fp32 holds the bf16 fraction in bits 16 to 22.
    assert not (weights(trainer).view(torch.int32) & 0x7F0000).any()


def test_after_a_power_loss_training_goes_on_from_the_memory_alone() -> None:
    kept, lost = (Trainer(config(power_lost=epochs), images()) for epochs in ((), (3,)))
    for trainer in (kept, lost):
        trainer.train_epoch()
        trainer.train_epoch()
    before = weights(lost)
    assert torch.equal(before, weights(kept))
    lost._train(3, part=0.5)
    assert not torch.equal(weights(lost), before)
    old_optimizer = lost.optimizer
    lost._lose_power(3)
    assert torch.equal(weights(lost), before)
    assert lost.optimizer is not old_optimizer
    assert not lost.optimizer.state
    record = lost.train_epoch()
    assert record.test_accuracy > 0.8
    assert not torch.equal(weights(lost), weights(kept))


def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    trainer = Trainer(config(epochs=1), images())
    trainer.run(path)
    data = path.read_bytes()
    for broken in (b"", data[:1000], b"cos\nsystem\n(S'true'\ntR.", b"\0" + data[1:]):
        path.write_bytes(broken)
        with pytest.raises(DamagedCheckpoint, match="or a damaged one: delete it") as caught:
            trainer.run(path)
        assert "\n" not in str(caught.value)
        assert "weights_only" not in str(caught.value)


def test_a_checkpoint_with_another_memory_state_counts_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    trainer = Trainer(config(epochs=1), images())
    trainer.run(path)
    state = torch.load(path, weights_only=True)
    del state["memory"]["steps"]
    torch.save(state, path)
    with pytest.raises(DamagedCheckpoint, match="cannot be taken up, delete it: the memory's"):
        Trainer(config(epochs=1), images()).load(path)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    Trainer(config(), images()).save(path)
    for other in (
        Trainer(config(seed=1), images()),
        Trainer(config(plan=PLAN.replace(seed=1)), images()),
        Trainer(config(), images(seed=1)),
    ):
        with pytest.raises(InputError, match="other settings"):
            other.load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "x"}, "network is 'x'; it must be one of mp, cnn, mn, mlp300"),
        ({"plan": "x"}, "plan is 'x'; it must be a StorePlan"),
        ({"epochs": 0}, "epochs is 0; it must be a whole number from 1"),
        ({"batch": 0}, "batch is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"optimizer": "x"}, "optimizer is 'x'; it must be one of adam, sgd"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"full_epochs": (5,)}, "full_epochs has 5; it must have epochs from 1 to 4"),
        ({"power_lost": (1,)}, "power_lost has 1; it must have epochs from 2 to 4"),
        ({"every": 0}, "every is 0; it must be 'epoch', 'step' or a number of steps"),
        ({"every": "step", "full_epochs": (1,)}, "every is 'step'; with full_epochs it must be"),
        ({"master_copy": True, "power_lost": (2,)}, "power_lost has epochs; with master_copy"),
        ({"master_copy": 1}, "master_copy is 1; it must be true or false"),
        ({"loss": "x"}, "loss is 'x'; it must be one of cross-entropy, squared"),
        (
            {"initialisation": "x"},
            "initialisation is 'x'; it must be one of glorot, lecun, caffe, he, torch",
        ),
    ],
)
def test_wrong_settings_are_one_sentence(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        config(**changes)
    assert str(caught.value).startswith(message)


def test_images_must_suit_the_network() -> None:
    with pytest.raises(InputError, match="Rows has images of 1 x 28 x 28; the network cnn takes 3"):
        Trainer(config(network="cnn"), images())


def test_mobilenet_trains_and_resumes(tmp_path: Path) -> None:
    chosen = config(network="mn", epochs=2, batch=50)
    small = images(size=150)
    whole = Trainer(chosen, small)
    whole.run()
    half = Trainer(chosen, small)
    half.train_epoch()
    half.save(tmp_path / "c.pt")
    resumed = Trainer(chosen, small)
    resumed.run(tmp_path / "c.pt")
    assert torch.equal(weights(resumed), weights(whole))
    # Running values too are what the memory holds.
    assert not (weights(whole).view(torch.int32) & 0xFFFF).any()
