"""What a network in memory cannot take is refused, a NaN in any layer before all."""

from typing import Any

import numpy as np
import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_network import PimNetwork, softmax
from nvmcosim.pymodel.pim_network_inputs import checked_labels
from nvmcosim.pymodel.pim_network_kernels import pool_forward, relu_forward, round_all

BATCH = 4
IMAGES = np.zeros((BATCH, 28, 28), np.uint8)
IMAGES[:, 5:20, 5:20] = 200
LABELS = np.arange(BATCH, dtype=np.uint8)
NAN, INF = np.float32(np.nan), np.float32(np.inf)


def network(format: str = "fp32", **options: Any) -> PimNetwork:
    return PimNetwork(format, BATCH, **options)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255, "type float64; they must be unsigned bytes"),
        (np.full(IMAGES.shape, np.nan), "type float64"),
        (IMAGES.astype(int) - 300, "type int64"),
        (IMAGES > 0, "type bool"),
        (IMAGES.astype(str), "must be unsigned bytes"),
        (None, r"the shape \(\)"),
        (IMAGES[:2], r"the shape \(2, 28, 28\); it must be \(4, 28, 28\)"),
    ],
)
def test_images_are_bytes(images: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        network().step(images, LABELS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 10, "the class 10; it is from 0 to 9|the class 13"),
        (np.array([0, 1, 2, -1]), "the class -1; it is from 0 to 9"),
        (LABELS * 1.0, "type float64; they must be whole numbers"),
        (LABELS > 0, "type bool"),
        (LABELS[:2], r"the shape \(2,\); it must be \(4,\)"),
        (LABELS[:, None], r"the shape \(4, 1\)"),
        (["a"] * BATCH, "must be whole numbers"),
        (np.eye(10, dtype=np.uint8)[:BATCH], r"the shape \(4, 10\)"),
        ([[1], [1, 2]], "of several lengths"),
    ],
)
def test_labels_are_classes(labels: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        softmax(np.zeros((10, BATCH), np.float32), labels)


def test_labels_of_any_whole_type_are_taken() -> None:
    for labels in (LABELS, LABELS.astype(np.int64), LABELS.tolist()):
        assert checked_labels(labels, BATCH).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("rate", [np.nan, "0.1", None, True, 0, -1, 11, np.inf])
def test_a_rate_is_a_number(rate: Any) -> None:
    with pytest.raises(InputError, match="it must be above 0 and at most 10"):
        network(rate=rate)


def test_a_rate_that_the_format_rounds_to_0_is_refused() -> None:
    assert network("bf16", rate=1e-9).factor != 0
    with pytest.raises(InputError, match="divided by 4 samples it is 0 in fp16"):
        network("fp16", rate=1e-9)


@pytest.mark.parametrize("seed", [-1, "a", 1.5, None])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(InputError, match="seed is"):
        network(seed=seed)


def test_there_are_outputs_before_a_gradient() -> None:
    with pytest.raises(InputError, match="backward is called before any forward"):
        network().backward(LABELS)


@pytest.mark.parametrize("format", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize("name", ["conv1", "conv2-bias", "dense1", "dense2-bias"])
def test_a_nan_in_any_layer_is_refused(name: str, value: np.float32, format: str) -> None:
    made = network(format)
    made.parameters[name].flat[0] = value
    for run in (lambda: made.step(IMAGES, LABELS), lambda: made.classes(IMAGES)):
        with pytest.raises(InputError, match=f"parameters of {name} have a NaN or an infinity"):
            run()


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_rounding_rectifiers_and_maxima_keep_a_nan(mode: int) -> None:
    """As the programs do: `relu` and `maximum` give a NaN for one."""
    row = np.array([NAN, -NAN, -1.0, 2.0, INF], np.float32)
    round_all(row, mode)
    assert np.isnan(row).tolist() == [True, True, False, False, False]
    relu_forward(row.reshape(1, -1))
    assert np.isnan(row).tolist() == [True, True, False, False, False]
    assert row[2:].tolist() == [0.0, 2.0, np.inf]
    for place in range(4):
        x = np.ones((1, 2, 2, 1), np.float32)
        x[0, place >> 1, place & 1, 0] = NAN
        out, which = np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 1, 1, 1), np.uint8)
        pool_forward(out, which, x)
        assert np.isnan(out).all()


@pytest.mark.parametrize("format", ["fp16", "bf16"])
def test_rounding_is_that_of_the_format(format: str) -> None:
    draw = np.random.Generator(np.random.Philox(5))
    words = draw.integers(0, 1 << 32, 1 << 16, np.uint32)
    values = words.view(np.float32)
    values = values[~np.isnan(values)]
    fmt, rounded = float_format(format), values.copy()
    round_all(rounded, {"bf16": 1, "fp16": 2}[format])
    assert np.array_equal(fmt.encode(rounded), fmt.encode(values))
    assert np.array_equal(fmt.decode(fmt.encode(values)), rounded)


def test_a_training_that_leaves_the_range_ends_there() -> None:
    """At this rate a sum of fp16 overflows; no parameter may become infinite unseen."""
    made = network("fp16", rate=2.0)

    def steps() -> None:
        for _ in range(30):
            made.step(IMAGES, LABELS)

    with pytest.raises(InputError, match="the training has left the range of fp16"):
        steps()
    assert all(np.isfinite(values).all() for values in made.parameters.values())


def test_classes_need_numbers() -> None:
    assert network().classes(IMAGES[:3]).shape == (3,)
    for images, message in ((IMAGES[0], "shape"), (IMAGES[:0], "none"), (IMAGES / 255, "type")):
        with pytest.raises(InputError, match=f"images .*{message}"):
            network().classes(images)
