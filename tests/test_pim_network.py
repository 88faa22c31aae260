"""LeNet in memory: the fast path against the programs, and backpropagation against torch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nvmcosim.datasets import ImageSet
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_pim import GoldenPim
from nvmcosim.pymodel.pim_network import LENET_SHAPES, PimNetwork, softmax
from nvmcosim.pymodel.pim_network_check import Programs, check_step
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.studies.wang2020 import training
from nvmcosim.studies.wang2020.training import LenetCell, LenetSize

BATCH = 64


def samples(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Images with as many dark pixels as digits have, and labels."""
    draw = np.random.Generator(np.random.Philox(seed))
    bright = draw.random((BATCH, 28, 28)) < 0.2
    images = draw.integers(0, 256, bright.shape, np.uint8) * bright
    return images, draw.integers(0, 10, BATCH).astype(np.uint8)


def stepped(format: str) -> tuple[Any, ...]:
    """A network after a second step, with the parameters before it, labels, softmax's steps."""
    network = PimNetwork(format, BATCH)
    network.step(*samples(1))
    before = {name: values.copy() for name, values in network.parameters.items()}
    images, labels = samples(2)
    network.forward(images)
    found = network.backward(labels)
    network.update()
    return network, before, labels, found


def test_lenet_has_the_parameters_of_the_paper() -> None:
    assert sum(int(np.prod(shape)) for shape in LENET_SHAPES.values()) == 21_690


@pytest.mark.parametrize("format", ["fp32", "fp16", "bf16"])
def test_sampled_values_of_a_step_are_those_of_the_programs(format: str) -> None:
    network, before, labels, found = stepped(format)
    counts = check_step(network, before, labels, found, positions=3)
    assert len(counts) == 21
    assert all(done > 0 for done, _ in counts.values())
    assert counts["updates"][0] == 21_690
    assert {name: differ for name, (_, differ) in counts.items() if differ} == {}


def test_another_order_of_sums_is_found_out() -> None:
    network, before, labels, found = stepped("fp16")
    network.gradients["dense1-bias"] = network.format.decode(
        network.format.encode(network.values["dense1-grad"].astype(np.float64).sum(axis=1))
    )
    exact = before["dense2"].astype(np.float64) @ network.values["dense1"]
    exact += before["dense2-bias"][:, None]
    network.values["outputs"] = network.format.decode(network.format.encode(exact))
    counts = check_step(network, before, labels, found, positions=2)
    assert counts["dense1 biases' gradients"][1] > 0
    assert counts["dense2 sums"][1] > 0
    assert counts["conv2 sums"][1] == 0


def test_a_layer_by_the_plain_interpreter() -> None:
    network, before, _, _ = stepped("fp32")
    golden = GoldenPim(PimPlan("fp32", "mac", columns=BATCH, rows=400))
    fmt, grad = network.format, network.values["outputs-grad"]
    total = np.zeros(BATCH, np.uint32)
    for o in range(10):
        factor = fmt.encode(np.full(BATCH, before["dense2"][o, 5]))
        total = golden.run(a=fmt.encode(grad[o]), b=factor, c=total)["out"]
    expected = np.where(network.values["dense1"][5] > 0, fmt.decode(total), np.float32(0))
    assert np.array_equal(fmt.encode(expected), fmt.encode(network.values["dense1-grad"][5]))


def test_sums_and_products_are_numpys() -> None:
    run = Programs(PimNetwork("fp32").format)
    draw = np.random.Generator(np.random.Philox(3))
    a, b, c = draw.standard_normal((3, 500)).astype(np.float32)
    assert np.array_equal(run.chain(c, [(a, b), (b, c)]), (c + a * b) + b * c)


def test_gradients_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    network, before, labels, _ = stepped("fp32")
    images, _ = samples(2)
    leaf = {n: torch.tensor(p.astype(np.float64), requires_grad=True) for n, p in before.items()}
    x = torch.tensor(images[:, None] / 255.0)
    for conv, border in (("conv1", 2), ("conv2", 0)):
        x = torch.nn.functional.conv2d(x, leaf[conv], leaf[f"{conv}-bias"], padding=border)
        x = torch.nn.functional.max_pool2d(torch.relu(x), 2)
    x = torch.relu(x.flatten(1) @ leaf["dense1"].T + leaf["dense1-bias"])
    x = x @ leaf["dense2"].T + leaf["dense2-bias"]
    target = torch.tensor(labels.astype(np.int64))
    torch.nn.functional.cross_entropy(x, target, reduction="sum").backward()
    for name, values in network.gradients.items():
        expected = leaf[name].grad.numpy()
        assert np.abs(values - expected).max() < 1e-4 * np.abs(expected).max(), name


def test_wrong_input_is_refused() -> None:
    for changes, message in (
        ({"batch": 48}, "batch is 48; it must be a power of two"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"format": "fp64"}, "format is 'fp64'"),
    ):
        with pytest.raises(InputError, match=message):
            PimNetwork(**changes)
    with pytest.raises(InputError, match=r"images have the shape \(3, 28, 28\)"):
        PimNetwork().forward(np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(InputError, match="NaN or an infinity"):
        softmax(np.full((10, 2), np.nan, np.float32), np.zeros(2, np.uint8))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST is a few samples."""
    images, labels = samples()
    found = ImageSet("mnist", "few", "", images[:, None], labels, images[:, None], labels, {})
    monkeypatch.setattr(training, "mnist", lambda *_: found)


@pytest.mark.usefixtures("few")
def test_training_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    cell = LenetCell("fp32", LenetSize(epochs=2, batch=16))
    whole = cell.run(tmp_path / "a.pt")
    assert len(whole["accuracy"]) == 2
    assert whole["steps"] == 8

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cell.run(tmp_path / "b.pt", stop)
    assert cell.run(tmp_path / "b.pt") == whole
    # Another cell's checkpoint, or a damaged one, is as none.
    other = LenetCell("fp32", LenetSize(epochs=2, batch=16), seed=1)
    assert other.run(tmp_path / "b.pt") != whole
    (tmp_path / "b.pt").write_bytes(b"no archive")
    assert cell.run(tmp_path / "b.pt") == whole
    with pytest.raises(InputError, match="train is"):
        LenetCell("fp32", LenetSize(batch=1024)).run(tmp_path / "c.pt")


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("history", np.zeros((1, 3))),
        ("history", np.zeros((9, 2))),
        ("history", np.full((1, 2), np.nan)),
        ("conv1-bias", np.full(10, np.nan)),
        ("conv1-bias", np.full(10, 1e300)),
        # No number of fp32.
        ("conv1-bias", np.full(10, 0.1)),
        ("conv1-bias", np.zeros(9)),
    ],
)
def test_a_checkpoint_that_is_no_state_of_a_training_is_as_none(
    tmp_path: Path, change: str, value: np.ndarray
) -> None:
    cell = LenetCell("fp32", LenetSize(epochs=1, batch=16))
    whole = cell.run(tmp_path / "a.npz")
    kept = dict(np.load(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", **{**kept, change: value})
    assert cell.run(tmp_path / "b.npz") == whole
