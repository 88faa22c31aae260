"""Parameters that a memory takes, and what becomes of them after it was made."""

import pytest
import torch
from torch import nn

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.torch_plugin import ApproximateMemory

PLAN = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns")


def linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(40, 30)


def test_equal_views_of_one_storage_are_stored_once():
    a, b = linear(), linear(1)
    b.weight.data = a.weight.data
    memory = ApproximateMemory(nn.ModuleList([a, b]), PLAN)
    assert list(memory.words) == ["0.weight", "0.bias", "1.bias"]
    memory.store()
    assert torch.equal(a.weight, b.weight)


def test_what_overlaps_in_part_is_refused():
    module = linear()
    whole = torch.randn(60, 40)
    module.weight.data = whole[:30]
    module.other = nn.Parameter(whole[10:40])
    with pytest.raises(InputError, match="parameters weight and other overlap in memory"):
        ApproximateMemory(module, PLAN)
    ApproximateMemory(module, PLAN, names=["weight", "bias"]).store()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: [linear()], "model is a list; it must be a torch.nn.Module"),
        (nn.ReLU, "no parameters to store"),
        (lambda: nn.LazyLinear(3), "parameter weight has no values yet"),
        (lambda: nn.Linear(3, 3, device="meta"), "parameter weight has no values yet"),
        (lambda: linear().double(), "parameter weight is torch.float64; a bf16 memory stores"),
    ],
)
def test_what_cannot_be_stored_is_one_sentence(make, sentence):
    with pytest.raises(InputError, match=sentence):
        ApproximateMemory(make(), PLAN)


def test_an_expanded_parameter_is_refused():
    module = linear()
    module.bias.data = torch.zeros(1).expand(30)
    with pytest.raises(InputError, match="parameter bias is expanded"):
        ApproximateMemory(module, PLAN)


@pytest.mark.parametrize("names", [[], 5, [1], ""])
def test_names_must_be_patterns(names):
    with pytest.raises(InputError, match="names "):
        ApproximateMemory(linear(), PLAN, names=names)


def resize(module: nn.Linear) -> None:
    module.weight.data = module.weight.data[:10].clone()


def replace(module: nn.Linear) -> None:
    module.load_state_dict(linear(2).state_dict(), assign=True)


def remove(module: nn.Linear) -> None:
    module.weight = None


def cast(module: nn.Linear) -> None:
    module.double()


def overlap(module: nn.Linear) -> None:
    whole = torch.zeros(30 * 40 + 10)
    module.weight.data = whole[: 30 * 40].view(30, 40)
    module.bias.data = whole[-30:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (resize, r"weight has the shape \(10, 40\); the memory was made for \(30, 40\)"),
        (replace, "weight is no longer the module's own"),
        (remove, "weight is no longer the module's own"),
        (cast, "weight is torch.float64"),
        (overlap, "weight and bias overlap"),
    ],
)
def test_a_store_refuses_what_changed_and_writes_nothing(change, sentence):
    module = linear()
    memory = ApproximateMemory(module, PLAN)
    memory.store()
    change(module)
    held = {name: words.clone() for name, words in memory.words.items()}
    left = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(InputError, match=sentence):
        memory.store()
    assert all(torch.equal(words, held[name]) for name, words in memory.words.items())
    assert all(torch.equal(value, left[name]) for name, value in module.state_dict().items())
    assert len(memory.ledger) == 1


def test_values_that_moved_are_followed():
    module, other = linear(), linear()
    memory, twin = ApproximateMemory(module, PLAN), ApproximateMemory(other, PLAN)
    module.weight.data = module.weight.data.clone()
    memory.store()
    twin.store()
    assert torch.equal(module.weight, other.weight)


def test_failures_do_not_depend_on_what_the_ledger_keeps():
    module, other = linear(), linear()
    memory, twin = ApproximateMemory(module, PLAN), ApproximateMemory(other, PLAN)
    for each in (memory, twin):
        each.store()
    memory.ledger.records.clear()
    for each in (memory, twin):
        each.store()
    assert torch.equal(module.weight, other.weight)


def test_an_epoch_stores_on_request_though_stores_are_by_the_step():
    module = linear()
    memory = ApproximateMemory(module, PLAN, every="step")
    assert memory.end_epoch() is None
    record = memory.end_epoch(exact=True)
    assert record is not None
    assert record.failed_bits == 0
    assert memory.end_epoch(plan=PLAN, skip=True) is None
    assert memory.end_epoch(plan=PLAN) is not None
