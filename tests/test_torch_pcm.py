"""The torch plug-in of phase-change memory: against the golden lines, and what a user relies on."""

import copy
import io

import numpy as np
import pytest
import torch

import nvmcosim
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.torch_pcm import PcmMemory

PING_PONG = LinePlan("fp32", "appwom-ping-pong")


def network(dtype: torch.dtype = torch.float32) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(16, 5)
    ).to(dtype)


def trained(model: torch.nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(8, 3, 4, 4, generator=generator).to(next(model.parameters()).dtype)
    optimizer.zero_grad()
    model(images).square().sum().backward()
    optimizer.step()


class Golden:
    """Golden lines for every parameter, a shorter line for what a whole one lacks."""

    def __init__(self, plan: LinePlan, model: torch.nn.Module) -> None:
        self.plan, self.lines = plan, []
        for parameter in model.parameters():
            whole, rest = divmod(parameter.numel(), plan.line_words)
            sizes = [plan.line_words] * whole + [rest] * (rest > 0)
            self.lines.append([GoldenLine(plan.replace(line_words=size), 1) for size in sizes])

    def write(self, values: list[torch.Tensor]) -> list[np.ndarray]:
        held = []
        for lines, value in zip(self.lines, values, strict=True):
            words = self.plan.number_format.encode(
                value.float().numpy(), self.plan.rounding
            ).ravel()
            for line in lines:
                line.write(0, words[: line.plan.line_words])
                words = words[line.plan.line_words :]
                if line.plan.coded and line.plan.idle != "none":
                    line.refresh(0)
            found = np.concatenate([line.contents.ravel() for line in lines])
            held.append(self.plan.number_format.decode(found).reshape(value.shape))
        return held


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("plan", "dtype"),
    [
        (PING_PONG, torch.float32),
        (LinePlan("bf16", "appwom-ping-pong", idle="any", line_words=5), torch.float32),
        (LinePlan("bf16", "appwom", refresh="group"), torch.bfloat16),
        (LinePlan("fp16", "flip-n-write"), torch.float32),
    ],
    ids=lambda value: getattr(value, "scheme", value),
)
def test_training_goes_on_with_what_the_golden_lines_hold(plan, dtype, layout) -> None:
    model = network(dtype).to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    golden, changed = Golden(plan, model), 0
    held = golden.write([p.detach().clone() for p in model.parameters()])
    memory = nvmcosim.PcmMemory(model, plan)
    for step in range(6):
        for parameter, expected in zip(model.parameters(), held, strict=True):
            np.testing.assert_array_equal(parameter.detach().float().numpy(), expected)
        trained(model, optimizer, step)
        values = [p.detach().clone() for p in model.parameters()]
        held = golden.write(values)
        memory.step()
        changed += sum(
            int((v.float().numpy() != h).sum()) for v, h in zip(values, held, strict=True)
        )
    assert memory.steps == 6
    assert memory.tracker.writes == 7
    assert (changed > 0) == (plan.coded or dtype == torch.float32)
    model[2].weight.data.zero_()
    memory.restore()
    np.testing.assert_array_equal(model[2].weight.detach().float().numpy(), held[2])


def test_without_write_back_training_is_as_without_a_memory_and_all_schemes_count_at_once() -> None:
    plain, tracked = network(), network()
    steps = [torch.optim.SGD(model.parameters(), 0.01) for model in (plain, tracked)]
    plans = [LinePlan("fp32", scheme) for scheme in ("dcw", "preset", "wom-set")]
    memories = [PcmMemory(tracked, p, optimizer=steps[1], write_back=False) for p in plans]
    for n in range(4):
        trained(plain, steps[0], n)
        trained(tracked, steps[1], n)
    for one, other in zip(plain.parameters(), tracked.parameters(), strict=True):
        assert torch.equal(one, other)
    assert [memory.tracker.writes for memory in memories] == [5, 5, 5]
    memories[0].detach()
    trained(tracked, steps[1], 9)
    assert [memory.tracker.writes for memory in memories] == [5, 6, 6]


def test_a_resumed_run_gives_the_bits_of_one_that_never_stopped() -> None:
    one, other = network(), network()
    optimizers = [torch.optim.SGD(model.parameters(), 0.01) for model in (one, other)]
    memories = [PcmMemory(m, PING_PONG, o) for m, o in zip((one, other), optimizers, strict=True)]
    for n in range(3):
        trained(one, optimizers[0], n)
    buffer = io.BytesIO()
    torch.save({"model": one.state_dict(), "memory": memories[0].state_dict()}, buffer)
    buffer.seek(0)
    state = torch.load(buffer, weights_only=True)
    other.load_state_dict(state["model"])
    memories[1].load_state_dict(state["memory"])
    for n in range(3, 6):
        trained(one, optimizers[0], n)
        trained(other, optimizers[1], n)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)
    assert memories[0].report().to_dict() == memories[1].report().to_dict()
    assert memories[1].steps == 6


def test_a_write_every_other_step_and_some_parameters_only() -> None:
    model = network()
    memory = PcmMemory(model, PING_PONG, every=2, names=["2.*"])
    for _ in range(5):
        memory.step()
    assert memory.tracker.writes == 3
    assert memory.tracker.words == 85


def test_one_memory_at_a_time_writes_back() -> None:
    model = network()
    one = PcmMemory(model, PING_PONG, names=["2.*"])
    values = [p.detach().clone() for p in model.parameters()]
    sentence = (
        r"^parameter 2\.weight is written back by another memory already; detach\(\) that, or make "
        r"this one with write_back=False$"
    )
    with pytest.raises(InputError, match=sentence):
        PcmMemory(model, LinePlan("bf16"))
    for before, parameter in zip(values, model.parameters(), strict=True):
        assert torch.equal(before, parameter)
    # Other parameters, and memories that only count, are free; so is a copy of the module.
    PcmMemory(model, PING_PONG, names=["0.*"]).store()
    PcmMemory(model, PING_PONG, write_back=False).store()
    PcmMemory(copy.deepcopy(model), PING_PONG)
    one.store()
    one.detach()
    other = PcmMemory(model, PING_PONG)
    with pytest.raises(InputError, match="written back by another memory"):
        one.store()
    assert one.tracker.writes == 2
    # What is gone needs no detach.
    del other
    one.store()
    assert one.tracker.writes == 3


def test_wrong_input_is_one_sentence() -> None:
    model = network()
    with pytest.raises(InputError, match="plan is 'x'; it must be a LinePlan"):
        PcmMemory(model, "x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="every is 'epoch'"):
        PcmMemory(model, PING_PONG, every="epoch")
    with pytest.raises(InputError, match="optimizer is 3; it must be a torch optimizer"):
        PcmMemory(model, PING_PONG, optimizer=3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="write_back is 'no'; it must be True or False"):
        PcmMemory(model, PING_PONG, write_back="no")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the model's parameters are empty"):
        PcmMemory(torch.nn.ParameterList([torch.empty(0)]), PING_PONG)
    with pytest.raises(InputError, match=r"is torch\.float64; a fp32 memory stores"):
        PcmMemory(network(torch.float64), PING_PONG)
    mixed = network()
    mixed[2].to(torch.bfloat16)
    with pytest.raises(InputError, match="2 dtypes"):
        PcmMemory(mixed, LinePlan("bf16"))
    memory = PcmMemory(model, PING_PONG)
    state = memory.state_dict()
    with pytest.raises(InputError, match="must have version, plan, steps, tracker"):
        memory.load_state_dict({})
    with pytest.raises(InputError, match="of another plan"):
        PcmMemory(model, LinePlan("fp32", "dcw"), write_back=False).load_state_dict(state)
    tracked = {**state["tracker"], "cells": state["tracker"]["cells"].float().requires_grad_()}
    with pytest.raises(InputError, match="cells must be int64"):
        memory.load_state_dict({**state, "tracker": tracked})
    with pytest.raises(InputError, match="steps is -1"):
        memory.load_state_dict({**state, "steps": -1})
    with pytest.raises(InputError, match="the state is of 4 arrays; this tracker has 2"):
        PcmMemory(model, PING_PONG, names=["2.*"], write_back=False).load_state_dict(state)
    with pytest.raises(InputError, match="of another version: 3"):
        memory.load_state_dict({**state, "version": 3})
    # Version 1 did not have the sizes.
    tracker = {name: value for name, value in state["tracker"].items() if name != "sizes"}
    memory.load_state_dict({**state, "version": 1, "tracker": tracker})
    with pytest.raises(InputError, match=r"must have .*sizes"):
        memory.load_state_dict({**state, "tracker": tracker})
