"""The torch plug-in: against the golden store, and what a user relies on."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from mask_oracle import oracle_mask

import nvmcosim
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.failures import FROZEN, failure_recipe, full_recipe
from nvmcosim.pymodel.store import GoldenStore, to_bits
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.pymodel.torch_masks import draw_mask
from nvmcosim.pymodel.torch_plugin import ApproximateMemory
from nvmcosim.pymodel.torch_store import WriteRule

CURVE = law_curve("ono2021")
PLAN = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns", seed=3)


def network(dtype=torch.float32):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(61, 70), torch.nn.ReLU(), torch.nn.Linear(70, 5)]
    return torch.nn.Sequential(*layers).to(dtype)


def domains(width):
    """Four domains: certain, likely, unlikely and never written."""
    pulses = ((width - 9, 20_000), (3, 10_000), (4, 5_000), (2, 0))
    return tuple(Domain(*pulse) for pulse in pulses)


def golden_stores(plan, model, stores):
    """GoldenStore's contents by parameter after each store, and all counters, oracle-masked.

    `stores` are the parameters' values before each store.
    """
    rates = CURVE.failure_rate(plan.bit_pulse_ps)
    frozen = plan.variation == "cell"
    recipe = full_recipe(rates) if frozen else failure_recipe(rates)
    goldens, contents, block = {}, [], 0
    for name, parameter in model.named_parameters():
        rows = -(-parameter.numel() // plan.bank_words)
        goldens[name] = (GoldenStore(plan, CURVE, rows), block)
        block += -(-parameter.numel() // recipe.block_words)
    for number, values in enumerate(stores):
        held = {}
        for name, (golden, block) in goldens.items():
            words = plan.number_format.encode(values[name].numpy(), plan.rounding).ravel()
            shape = golden.contents.shape
            padding = golden.contents.size - words.size
            masks = [
                oracle_mask(
                    recipe,
                    plan.seed,
                    FROZEN if frozen else number,
                    0 if frozen else attempt,
                    block,
                    words.size,
                )
                for attempt in range(1 + plan.retry_limit)
            ]
            masks = np.stack([np.pad(mask, (0, padding)) for mask in masks])
            thresholds = np.where(to_bits(masks, plan.width), np.inf, 0.0)
            # What pads the last row is held as it is and never written.
            wanted = np.concatenate((words, golden.contents.ravel()[words.size :]))
            after = golden.store(wanted.reshape(shape), thresholds.reshape(-1, *shape, plan.width))
            held[name] = after.ravel()[: words.size]
        contents.append(held)
    return contents, [golden.counters for golden, _ in goldens.values()]


COUNTED = (
    *("pulses", "driven_cycles", "driven_bits", "failed_bits", "changed_bits"),
    *("commands", "retries"),
)
OPTIONS = [
    {},
    {"rounding": "truncate"},
    {"rewrite": "changed"},
    {"retry_limit": 2},
    {"rewrite": "changed", "retry_limit": 3},
    {"variation": "cell"},
    {"variation": "cell", "rewrite": "changed", "retry_limit": 1},
]


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda options: " ".join(map(str, options.values()))
)
@pytest.mark.parametrize(
    ("format", "device_agnostic"),
    [("bf16", False), ("fp16", False), ("fp32", False), ("sm0.15", False), ("bf16", True)],
)
def test_stores_are_the_golden_stores(format, options, device_agnostic, monkeypatch):
    width = 32 if format == "fp32" else 16
    plan = StorePlan(format, domains(width), seed=11, **options)
    model = network()
    if device_agnostic:
        use_device_path(monkeypatch)
    memory = ApproximateMemory(model, plan)
    values, ours = [], []
    for _ in range(3):
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter))
        values.append({name: p.detach().clone() for name, p in model.named_parameters()})
        memory.end_epoch()
        ours.append({name: words.flatten().clone() for name, words in memory.words.items()})
        for name, parameter in model.named_parameters():
            held = ours[-1][name].numpy().view(plan.number_format.dtype)
            decoded = plan.number_format.decode(held)
            np.testing.assert_array_equal(parameter.detach().flatten().numpy(), decoded)
    expected, counters = golden_stores(plan, model, values)
    for ours_after, golden_after in zip(ours, expected, strict=True):
        for name, words in golden_after.items():
            np.testing.assert_array_equal(ours_after[name].numpy().view(words.dtype), words)
    records = [record.counters for record in memory.ledger.records]
    for name in COUNTED:
        ours_total = sum(np.asarray(getattr(record, name)) for record in records)
        golden_total = sum(np.asarray(getattr(counter, name)) for counter in counters)
        np.testing.assert_array_equal(ours_total, golden_total, err_msg=name)


def use_device_path(monkeypatch):
    """Store on this processor as on any other device: torch alone, no compiled kernel."""
    from nvmcosim.pymodel import torch_rules

    def draw(self, stored, key):
        if self.frozen:
            key = type(key)(key.seed, FROZEN)
        words = stored.words
        drawn = draw_mask(self.recipe, key, stored.first_block, words.numel(), words.device)
        return drawn.view(words.shape)

    def counts(words, width):
        return torch.stack([(words >> bit & 1).sum() for bit in range(width)]).numpy()

    monkeypatch.setattr(WriteRule, "_draw", draw)
    monkeypatch.setattr(torch_rules, "_bit_counts", counts)
    monkeypatch.setattr(WriteRule, "compiles", False)


@pytest.mark.parametrize("bank_words", [1, 3, 8])
def test_rows_of_a_bank_are_counted_as_the_golden_store_does(bank_words):
    plan = StorePlan("bf16", domains(16), bank_words=bank_words, retry_limit=2, rewrite="changed")
    torch.manual_seed(1)
    model = torch.nn.Linear(24, 96, bias=False)
    assert model.weight.numel() % bank_words == 0
    memory = ApproximateMemory(model, plan)
    before = {"weight": model.weight.detach().clone()}
    ours = memory.store().counters
    _, (golden,) = golden_stores(plan, model, [before])
    for name in COUNTED:
        np.testing.assert_array_equal(getattr(ours, name), getattr(golden, name), err_msg=name)


def test_a_partial_row_is_a_row():
    plan = PLAN.replace(bank_words=8)
    model = torch.nn.Linear(1, 9)
    record = ApproximateMemory(model, plan).store()
    assert record.counters.commands == 4
    assert record.counters.pulses.tolist() == [4, 4]
    assert record.words == 18


def test_table_iii_comes_out_of_the_ledger():
    for bsp, short, saved in ((6, "0 ns", 0.375), (7, "0 ns", 0.4375), (2, "5 ns", 0.09375)):
        memory = ApproximateMemory(network(), StorePlan.two_domain("bf16", bsp, "20 ns", short))
        memory.end_epoch()
        assert 1 - memory.ledger.relative_energy == pytest.approx(saved, abs=1e-12)


def test_a_failed_bit_keeps_its_old_value_not_its_inverse():
    plan = StorePlan("bf16", (Domain(16, 0),), initial="weights")
    model = network()
    before = [parameter.detach().bfloat16().float() for parameter in model.parameters()]
    memory = ApproximateMemory(model, plan)
    for parameter in model.parameters():
        parameter.data.normal_()
    memory.store()
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.detach(), old)


def test_memory_starts_at_zero_unless_told():
    model = network()
    assert not any(words.any() for words in ApproximateMemory(model, PLAN).words.values())
    held = ApproximateMemory(model, PLAN.replace(initial="weights"))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    held.restore()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name].bfloat16().float())


@pytest.mark.parametrize("every", ["step", 3])
def test_stores_follow_the_optimizers_steps(every):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    memory = ApproximateMemory(model, PLAN, every=every, optimizer=optimizer)
    for _ in range(7):
        optimizer.step()
    assert memory.ledger.stores == (7 if every == "step" else 2)
    assert memory.steps == 7
    assert memory.ledger.records[-1].step == (7 if every == "step" else 6)
    assert memory.end_epoch() is None
    assert memory.epoch == 1
    assert len(memory.ledger) == 1
    memory.detach()
    optimizer.step()
    assert memory.steps == 7


def test_steps_share_a_record_an_epoch_and_store_as_single_stores_do():
    runs = []
    for every in ("step", "epoch"):
        model = network()
        memory = ApproximateMemory(model, PLAN, every=every)
        states = []
        for epoch in range(2):
            for step in range(5):
                for n, parameter in enumerate(model.parameters()):
                    generator = torch.Generator().manual_seed(100 * epoch + 10 * step + n)
                    parameter.data.add_(torch.randn(parameter.shape, generator=generator))
                memory.step() if every == "step" else memory.store()
            if every == "step":
                memory.end_epoch()
            else:
                memory.end_epoch(skip=True)
            states.append(sum(np.asarray(v).size for v in memory.ledger.to_state().values()))
        runs.append((model, memory, states))
    (stepped, merged, states), (single, apart, _) = runs
    for one, other in zip(stepped.parameters(), single.parameters(), strict=True):
        assert torch.equal(one, other)
    assert [(r.index, r.epoch, r.stores) for r in merged.ledger.records] == [(0, 0, 5), (5, 1, 5)]
    assert [(r.index, r.epoch, r.stores) for r in apart.ledger.records] == [
        (n, n // 5, 1) for n in range(10)
    ]
    ours, theirs = merged.ledger.to_dict(), apart.ledger.to_dict()
    assert ours.pop("energy_by_rewrite") == pytest.approx(theirs.pop("energy_by_rewrite"))
    for name, value in ours.items():
        assert value == (pytest.approx(theirs[name]) if isinstance(value, float) else theirs[name])
    # A store at each of many steps takes no more room than at a few.
    once = ApproximateMemory(network(), PLAN)
    once.store()
    room = sum(np.asarray(v).size for v in once.ledger.to_state().values())
    assert states[0] == room


def test_a_step_after_a_store_of_another_kind_begins_a_record():
    memory = ApproximateMemory(network(), PLAN, every="step")
    memory.step()
    memory.store(exact=True)
    memory.step()
    assert memory.step() is memory.ledger.records[-1]
    assert [(r.exact, r.stores, r.index) for r in memory.ledger.records] == [
        (False, 1, 0),
        (True, 1, 1),
        (False, 2, 2),
    ]


@pytest.mark.parametrize("options", [{}, {"retry_limit": 2}])
@pytest.mark.parametrize("format", ["bf16", "sm0.15"])
def test_either_accounting_is_what_the_other_plan_spends(format, options):
    plan = StorePlan(format, domains(16), seed=5, initial="weights", **options)
    memories = {}
    for rewrite in ("all", "changed"):
        model = network()
        memory = ApproximateMemory(model, plan.replace(rewrite=rewrite))
        for n in range(3):
            for parameter in model.parameters():
                generator = torch.Generator().manual_seed(n)
                parameter.data.add_(0.01 * torch.randn(parameter.shape, generator=generator))
            memory.store()
        memories[rewrite] = memory, model
    (every, one), (changed, other) = memories.values()
    # Writing a bit that does not change changes nothing.
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    spent = {"all": every.ledger.energy.sum(), "changed": changed.ledger.energy.sum()}
    assert spent["changed"] < 0.7 * spent["all"]
    for memory in (every, changed):
        assert memory.ledger.energy_by_rewrite == pytest.approx(spent)
        assert memory.ledger.records[0].to_dict()["energy_by_rewrite"].keys() == spent.keys()


def test_a_parameter_that_moves_or_turns_is_followed():
    moved, kept = network(), network()
    memories = [ApproximateMemory(model, PLAN, every="step") for model in (moved, kept)]
    for n in range(3):
        for model in (moved, kept):
            for parameter in model.parameters():
                generator = torch.Generator().manual_seed(n)
                new = parameter.data + torch.randn(parameter.shape, generator=generator)
                if model is kept:
                    parameter.data.copy_(new)
                else:
                    # Another tensor each time; the last time in another memory order.
                    parameter.data = new if n < 2 or new.dim() < 2 else new.t().contiguous().t()
        for memory in memories:
            memory.step()
    for one, other in zip(moved.parameters(), kept.parameters(), strict=True):
        assert torch.equal(one, other)
    assert memories[0].ledger.to_dict() == memories[1].ledger.to_dict()


def test_an_epoch_can_be_stored_otherwise_or_not_at_all():
    memory = ApproximateMemory(network(), PLAN)
    assert memory.end_epoch(skip=True) is None
    full = StorePlan.two_domain("bf16", 0, "20 ns", "20 ns")
    assert memory.end_epoch(plan=full).relative_energy == 1
    record = memory.end_epoch(exact=True)
    assert record.relative_energy == 1
    assert record.failed_bits == 0
    assert record.epoch == 3
    assert memory.end_epoch().relative_energy < 1


def test_an_exact_store_holds_the_rounded_parameters():
    model = network()
    values = [parameter.detach().clone() for parameter in model.parameters()]
    ApproximateMemory(model, PLAN.replace(variation="cell")).store(exact=True)
    for parameter, value in zip(model.parameters(), values, strict=True):
        assert torch.equal(parameter, value.bfloat16().float())


@pytest.mark.parametrize("rewrite", ["all", "changed"])
def test_an_exact_store_without_a_pulse_writes_nothing(rewrite):
    memory = ApproximateMemory(network(), StorePlan("bf16", (Domain(16, 0),), rewrite=rewrite))
    record = memory.store(exact=True)
    assert not any(words.any() for words in memory.words.values())
    assert record.relative_energy == 0
    assert record.failed_bits > 0


def test_the_same_seed_gives_the_same_bits_whatever_the_threads():
    held = []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            torch.manual_seed(0)
            model = torch.nn.Linear(400, 400)
            ApproximateMemory(model, PLAN).store()
            held.append(model.weight.detach().clone())
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(held[0], held[1])
    torch.manual_seed(0)
    model = torch.nn.Linear(400, 400)
    ApproximateMemory(model, PLAN.replace(seed=4)).store()
    assert not torch.equal(model.weight, held[0])


def train(model, memory, optimizer, epochs):
    for _ in range(epochs):
        optimizer.zero_grad()
        model(torch.ones(8, 61)).square().sum().backward()
        optimizer.step()
        memory.end_epoch()


@pytest.mark.parametrize("variation", ["cycle", "cell"])
def test_a_saved_run_goes_on_as_if_never_interrupted(variation):
    plan = PLAN.replace(variation=variation)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    memory = ApproximateMemory(model, plan)
    train(model, memory, optimizer, 2)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "memory": memory.state_dict()}, file)
    train(model, memory, optimizer, 2)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    again = network()
    resumed = ApproximateMemory(again, plan)
    again.load_state_dict(saved["model"])
    resumed.load_state_dict(saved["memory"])
    assert resumed.epoch == 2
    train(again, resumed, torch.optim.SGD(again.parameters(), 1e-3), 2)
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    assert resumed.ledger.to_dict() == memory.ledger.to_dict()
    assert [r.to_dict() for r in resumed.ledger.records] == [
        r.to_dict() for r in memory.ledger.records
    ]


def test_a_lost_model_comes_back_from_what_the_memory_holds():
    model = network()
    memory = ApproximateMemory(model, PLAN)
    memory.store()
    after = [parameter.detach().clone() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.data.fill_(float("nan"))
    memory.restore()
    for parameter, value in zip(model.parameters(), after, strict=True):
        assert torch.equal(parameter, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 1}, "version"),
        ({"plan": "{}"}, "another plan"),
        ({"curve": "x"}, "another curve"),
        ({"epoch": -1}, "epoch is -1"),
        ({"words": {}}, "other parameters"),
        ({"ledger": None}, "no ledger"),
        ({"more": 1}, "must have"),
    ],
)
def test_another_memorys_state_changes_nothing(change, message):
    memory = ApproximateMemory(network(), PLAN)
    memory.store()
    held = {name: words.clone() for name, words in memory.words.items()}
    with pytest.raises(InputError, match=message):
        memory.load_state_dict(ApproximateMemory(network(), PLAN).state_dict() | change)
    assert len(memory.ledger) == 1
    assert all(torch.equal(held[name], words) for name, words in memory.words.items())


def test_a_state_of_another_shape_is_refused():
    memory = ApproximateMemory(network(), PLAN)
    state = memory.state_dict()
    state["words"]["0.bias"] = torch.zeros(3, dtype=torch.int16)
    with pytest.raises(InputError, match=r"0\.bias must be torch.int16 \(70,\)"):
        memory.load_state_dict(state)
    state = memory.state_dict()
    state["ledger"]["words"] = torch.zeros(2)
    with pytest.raises(InputError, match="words has shape"):
        memory.load_state_dict(state)


def test_only_the_named_parameters_are_stored():
    model = network()
    memory = ApproximateMemory(model, PLAN, names=["2.*"])
    assert list(memory.words) == ["2.weight", "2.bias"]
    first = model[0].weight.detach().clone()
    assert memory.store().words == 355
    assert torch.equal(model[0].weight, first)
    assert list(ApproximateMemory(model, PLAN, names="*.bias").words) == ["0.bias", "2.bias"]


def test_tied_parameters_are_stored_once():
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8))
    model[1].weight = model[0].weight
    memory = ApproximateMemory(model, PLAN)
    assert list(memory.words) == ["0.weight", "0.bias", "1.bias"]
    assert list(ApproximateMemory(model, PLAN, names="1.weight").words) == ["1.weight"]
    assert memory.store().words == 80


def test_buffers_are_left_alone():
    model = torch.nn.BatchNorm1d(5)
    model(torch.randn(4, 5))
    mean = model.running_mean.clone()
    ApproximateMemory(model, PLAN).store()
    assert torch.equal(model.running_mean, mean)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_parameters_need_not_be_contiguous(dtype):
    plain = torch.nn.Conv2d(6, 8, 3).to(dtype)
    strided = torch.nn.Conv2d(6, 8, 3).to(dtype)
    strided.load_state_dict(plain.state_dict())
    strided.to(memory_format=torch.channels_last)
    assert not strided.weight.is_contiguous()
    for model in (plain, strided):
        ApproximateMemory(model, PLAN).store()
    assert torch.equal(plain.weight, strided.weight)


def test_parameters_of_the_formats_own_dtype_are_stored_as_they_are():
    halves, floats = network(torch.bfloat16), network(torch.bfloat16).float()
    for model in (halves, floats):
        ApproximateMemory(model, PLAN).store()
    for half, single in zip(halves.parameters(), floats.parameters(), strict=True):
        assert half.dtype == torch.bfloat16
        assert torch.equal(half.float(), single)


def test_a_store_marks_the_parameters_as_changed_in_place():
    model = torch.nn.Linear(4, 4)
    memory = ApproximateMemory(model, PLAN)
    loss = (model.weight**2).sum()
    memory.store()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_an_empty_parameter_is_no_trouble():
    model = torch.nn.ParameterList([torch.zeros(0), torch.ones(5)])
    record = ApproximateMemory(model, PLAN).store()
    assert record.words == 5


def test_energy_is_split_as_the_curve_splits_it():
    curve = nvmcosim.WriteCurve(
        device="two parts",
        direction="both",
        amplitude_v=1.0,
        pulse_ps=np.array([0.0, 20_000.0]),
        p_fail=np.array([1.0, 1e-5]),
        energy_mtj_j=np.array([0.0, 3e-13]),
        energy_driver_j=np.array([0.0, 1e-13]),
    )
    plan = StorePlan.two_domain("bf16", 4, "20 ns", "10 ns")
    memory = ApproximateMemory(network(), plan, curve=curve)
    record = memory.end_epoch()
    weights = 61 * 70 + 70 + 70 * 5 + 5
    assert record.energy[0, 15] == pytest.approx(weights * 3e-13)
    assert record.energy[1, 0] == pytest.approx(weights * 0.5e-13)
    np.testing.assert_allclose(
        record.energy_by_domain, weights * np.array([[12 * 3e-13, 4 * 1.5e-13], [12e-13, 2e-13]])
    )
    assert memory.ledger.energy_unit == "J"
    assert record.relative_energy == pytest.approx((12 + 2) / 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"plan": "bf16"}, "must be a StorePlan"),
        ({"plan": PLAN.replace(device="mtj")}, "device is 'mtj'"),
        ({"every": "minute"}, "every is 'minute'"),
        ({"every": 0}, "every is 0"),
        ({"every": True}, "every is True"),
        ({"names": ["3.*"]}, r"'3\.\*', which matches no parameter"),
        ({"model": torch.nn.ReLU()}, "no parameters"),
        ({"model": torch.nn.Linear(2, 2).double()}, "weight is torch.float64"),
        ({"model": torch.nn.Linear(2, 2).half()}, "float32 or torch.bfloat16"),
        ({"plan": StorePlan("bf16", (Domain(16, 50_000),))}, "outside the curve"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, message):
    with pytest.raises(InputError, match=message):
        ApproximateMemory(**({"model": network(), "plan": PLAN} | arguments))


@pytest.mark.parametrize("plan", [PLAN.replace(device="ono2021-15ns"), "bf16"])
def test_a_store_refuses_a_plan_of_another_memory(plan):
    with pytest.raises(InputError, match="takes a StorePlan of the format bf16"):
        ApproximateMemory(network(), PLAN).store(plan=plan)


def test_the_manuals_example_runs():
    manual = (Path(__file__).parent.parent / "docs" / "training.md").read_text()
    example = manual.split("```python\n")[1].split("```")[0]
    names: dict = {}
    exec(compile(example, "docs/training.md", "exec"), names)
    assert names["saved"] == pytest.approx(6 / 16 * 15 / 20)
    assert len(names["memory"].ledger) == 5


def test_the_front_door_finds_curves_by_name():
    memory = nvmcosim.ApproximateMemory(network(), PLAN)
    assert memory.curve.device == "ono2021"
    assert nvmcosim.view(PLAN, "training") is nvmcosim.ApproximateMemory
    with pytest.raises(InputError):
        nvmcosim.ApproximateMemory(network(), PLAN.replace(device="no such device"))
