"""The optimizer that stores: bit for bit torch's own followed by a store."""

import os

import pytest
import torch

import nvmcosim
from nvmcosim import ApproximateMemory, InputError, StorePlan, StoringSGD
from nvmcosim.memory import LayeredMemory
from nvmcosim.pymodel import torch_store
from nvmcosim.pymodel.layer_plan import LayerPlan, PlannedLayer
from nvmcosim.pymodel.torch_team import torch_team

RATE = 0.05


def plan(format="sm0.15", **options):
    return StorePlan.two_domain(format, 6, "20 ns", "10 ns", initial="weights").replace(
        seed=5, **options
    )


def network(seed=1):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(300, 90), torch.nn.Tanh(), torch.nn.Linear(90, 10))


def convolution():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten(), torch.nn.Linear(8 * 64, 10)
    ).to(memory_format=torch.channels_last)


def train(model, optimizer, memory=None, shape=(300,), steps=5):
    generator = torch.Generator().manual_seed(2)
    for _ in range(steps):
        inputs = torch.rand(10, *shape, generator=generator)
        labels = torch.randint(10, (10,), generator=generator)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
        if memory is not None:
            memory.step()


def assert_same(ours, oracle, memory, reference):
    for a, b in zip(ours.parameters(), oracle.parameters(), strict=True):
        assert torch.equal(a, b)
    for name, words in memory.words.items():
        assert torch.equal(words, reference.words[name])
    assert memory.ledger.to_dict() == reference.ledger.to_dict()


@pytest.fixture
def one_pass_only(monkeypatch):
    def refuse(rates):
        raise AssertionError(f"a pass of its own over {len(rates)} parameters")

    monkeypatch.setattr(torch_store, "descend", refuse)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("format", ["sm0.15", "q2.13", "bf16", "fp16", "fp32"])
def test_one_pass_is_torchs_step_and_then_a_store(format, threads, one_pass_only):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        ours, oracle = network(), network()
        memory = ApproximateMemory(ours, plan(format), every="step")
        reference = ApproximateMemory(oracle, plan(format), every="step")
        train(ours, StoringSGD(ours.parameters(), RATE, memory))
        train(oracle, torch.optim.SGD(oracle.parameters(), RATE), reference)
    finally:
        torch.set_num_threads(before)
    assert memory.ledger.failed_bits.sum() > 0
    assert_same(ours, oracle, memory, reference)


@pytest.mark.parametrize(
    ("options", "every"),
    [
        ({}, 2),
        ({}, "epoch"),
        ({"rewrite": "changed"}, "step"),
        ({"retry_limit": 1}, "step"),
        ({"variation": "cell"}, "step"),
    ],
)
def test_every_other_way_to_store_gives_the_same_as_well(options, every):
    ours, oracle = network(), network()
    memory = ApproximateMemory(ours, plan(**options), every=every)
    reference = ApproximateMemory(oracle, plan(**options), every=every)
    train(ours, StoringSGD(ours.parameters(), RATE, memory))
    train(oracle, torch.optim.SGD(oracle.parameters(), RATE), reference)
    memory.end_epoch()
    reference.end_epoch()
    assert_same(ours, oracle, memory, reference)


def test_values_that_are_not_contiguous_are_stepped_by_torch():
    ours, oracle = convolution(), convolution()
    memory = ApproximateMemory(ours, plan(), every="step")
    reference = ApproximateMemory(oracle, plan(), every="step")
    train(ours, StoringSGD(ours.parameters(), RATE, memory), shape=(3, 10, 10))
    train(oracle, torch.optim.SGD(oracle.parameters(), RATE), reference, (3, 10, 10))
    assert_same(ours, oracle, memory, reference)


def test_groups_have_rates_of_their_own_and_frozen_or_unstored_parameters_stay_apart():
    ours, oracle = network(), network()
    for model in (ours, oracle):
        model[0].bias.requires_grad_(False)
    names = ["0.*", "2.weight"]
    memory = ApproximateMemory(ours, plan(), every="step", names=names)
    reference = ApproximateMemory(oracle, plan(), every="step", names=names)

    def groups(model):
        return [
            {"params": model[0].parameters(), "lr": 0.2},
            {"params": model[2].parameters()},
        ]

    train(ours, StoringSGD(groups(ours), RATE, memory))
    train(oracle, torch.optim.SGD(groups(oracle), RATE), reference)
    assert_same(ours, oracle, memory, reference)


def test_layers_with_plans_of_their_own(one_pass_only):
    layers = LayerPlan(
        (
            PlannedLayer("first", ("0.*",), plan()),
            PlannedLayer("last", ("2.*",), plan().replace(domains=plan().domains[::-1])),
        )
    )
    ours, oracle = network(), network()
    memory, reference = LayeredMemory(ours, layers, "step"), LayeredMemory(oracle, layers, "step")
    train(ours, StoringSGD(ours.parameters(), RATE, memory))
    train(oracle, torch.optim.SGD(oracle.parameters(), RATE), reference)
    assert_same(ours, oracle, memory, reference)


def test_who_looks_before_a_store_sees_what_is_to_be_stored():
    ours, oracle = network(), network()
    memory = ApproximateMemory(ours, plan(), every="step")
    reference = ApproximateMemory(oracle, plan(), every="step")
    seen = []
    memory.before_store = lambda: seen.append([p.detach().clone() for p in ours.parameters()])
    train(ours, StoringSGD(ours.parameters(), RATE, memory), steps=1)
    train(oracle, torch.optim.SGD(oracle.parameters(), RATE), steps=1)
    for saw, stepped in zip(seen[0], oracle.parameters(), strict=True):
        assert torch.equal(saw, stepped)
    reference.step()
    assert_same(ours, oracle, memory, reference)


def test_a_gradient_is_taken_once():
    model = network()
    sure = StorePlan.two_domain("sm0.15", 6, "40 ns", "40 ns", initial="weights")
    memory = ApproximateMemory(model, sure, every="step")
    train(model, StoringSGD(model.parameters(), RATE, memory), steps=1)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    memory.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))


def test_a_closure_is_run_with_gradients_and_its_loss_returned():
    model = network()
    memory = ApproximateMemory(model, plan(), every="step")
    optimizer = StoringSGD(model.parameters(), 1e-4, memory)

    def closure():
        optimizer.zero_grad()
        loss = model(torch.ones(1, 300)).square().sum()
        loss.backward()
        return loss

    with torch.no_grad():
        first, second = optimizer.step(closure), optimizer.step(closure)
    assert second < first
    assert memory.steps == 2


def test_wrong_arguments_are_named():
    model = network()
    memory = ApproximateMemory(model, plan(), every="step")
    with pytest.raises(InputError, match="memory is None; it must be an approximate memory"):
        StoringSGD(model.parameters(), RATE, None)
    for rate in (-0.1, float("nan"), float("inf"), "fast", None, True):
        with pytest.raises(InputError, match=f"lr is {rate!r}; it must be a number of at least 0"):
            StoringSGD(model.parameters(), rate, memory)


def test_the_front_door_has_it():
    assert nvmcosim.StoringSGD is StoringSGD


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_stores_without_its_parents_threads():
    model = network()
    memory = ApproximateMemory(model, plan(), every="step")
    memory.step()
    assert torch_team() is not None
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        memory.step()
        os._exit(0 if torch_team() is None else 1)
    assert os.waitpid(child, 0)[1] == 0
