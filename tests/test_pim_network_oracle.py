"""A step of LeNet against a plain numpy network written from docs/pim.md: numpy's own rounding."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from nvmcosim.pymodel.pim_network import PimNetwork

BATCH, RATE = 4, 0.1
TYPES: dict[str, Any] = {"fp32": np.float32, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}


def images_and_labels() -> tuple[NDArray, NDArray]:
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (BATCH, 28, 28), dtype=np.uint8)
    # Borders of real digits are black: products and gradients of 0 as well.
    images[:, :4] = images[:, :, 24:] = 0
    return images, random.integers(0, 10, BATCH)


def halves(columns: NDArray) -> NDArray:
    """The sum over the last axis: its second half is added to its first, until one is left."""
    while columns.shape[-1] > 1:
        half = columns.shape[-1] // 2
        columns = columns[..., :half] + columns[..., half:]
    return columns[..., 0]


def convolved(x: NDArray, weights: NDArray, bias: NDArray) -> NDArray:
    """From the bias on, one product after the other: by channel, kernel row, kernel column."""
    _, channels, side, _ = weights.shape
    places = x.shape[1] - side + 1
    total = np.broadcast_to(bias[:, None, None, None], (len(bias), places, places, x.shape[-1]))
    for c, i, j in np.ndindex(channels, side, side):
        window = x[c, i : i + places, j : j + places]
        total = total + weights[:, c, i, j][:, None, None, None] * window
    return total


def convolution_gradients(outer: NDArray, x: NDArray, side: int) -> tuple[NDArray, NDArray]:
    """Summed over positions, row by row, in each column, then over columns."""
    outputs, places, _, batch = outer.shape
    weights = np.zeros((outputs, len(x), side, side, batch), x.dtype)
    bias = np.zeros((outputs, batch), x.dtype)
    for i, j in np.ndindex(places, places):
        window = x[:, i : i + side, j : j + side]
        weights = weights + outer[:, None, None, None, i, j] * window
        bias = bias + outer[:, i, j]
    return halves(weights), halves(bias)


def convolution_inputs(outer: NDArray, weights: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Each input's gradient: by output channel, kernel row, kernel column."""
    outputs, _, side, _ = weights.shape
    total = np.zeros(shape, outer.dtype)
    places = outer.shape[1]
    for o, i, j in np.ndindex(outputs, side, side):
        reached = total[:, i : i + places, j : j + places]
        reached[:] = reached + weights[o, :, i, j][:, None, None, None] * outer[o]
    return total


def pooled(x: NDArray) -> tuple[NDArray, NDArray]:
    """Rectified, then the largest of 2 by 2; and where the first of these is."""
    x = np.maximum(x, np.zeros((), x.dtype))
    parts = np.stack([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    # numpy takes the first of equals.
    return parts.max(axis=0), parts.astype(np.float32).argmax(axis=0)


def spread(grad: NDArray, value: NDArray, which: NDArray) -> NDArray:
    """A maximum's gradient at the place it came from, unless the rectifier made it 0."""
    channels, side, _, batch = grad.shape
    full = np.zeros((channels, 2 * side, 2 * side, batch), grad.dtype)
    for n in range(4):
        kept = np.where((which == n) & (value > 0), grad, np.zeros((), grad.dtype))
        full[:, n // 2 :: 2, n % 2 :: 2] = kept
    return full


def dense(x: NDArray, weights: NDArray, bias: NDArray) -> NDArray:
    total = np.broadcast_to(bias[:, None], (len(bias), x.shape[1]))
    for i in range(len(x)):
        total = total + weights[:, i, None] * x[i]
    return total


def dense_inputs(outer: NDArray, weights: NDArray) -> NDArray:
    total = np.zeros((weights.shape[1], outer.shape[1]), outer.dtype)
    for o in range(len(weights)):
        total = total + weights[o, :, None] * outer[o]
    return total


def dense_gradients(outer: NDArray, x: NDArray) -> tuple[NDArray, NDArray]:
    """Of a single position: there is no sum in a column."""
    return halves(outer[:, None] * x), halves(outer)


def softmax_gradient(outputs: NDArray, labels: NDArray) -> NDArray:
    dtype = outputs.dtype
    powers = np.exp((outputs - outputs.max(axis=0)).astype(np.float64)).astype(np.float32)
    powers = powers.astype(dtype)
    total = powers[0]
    for row in powers[1:]:
        total = total + row
    reciprocal = (1 / total.astype(np.float64)).astype(np.float32).astype(dtype)
    shares = powers * reciprocal
    at = (labels, np.arange(labels.size))
    shares[at] = shares[at] - np.ones((), dtype)
    return shares


def stepped(
    start: dict[str, NDArray], images: NDArray, labels: NDArray, factor: np.float32, dtype: Any
) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Gradients and new parameters."""
    p = {name: values.astype(dtype) for name, values in start.items()}
    pixels = (images.astype(np.float32) / np.float32(255)).astype(dtype).transpose(1, 2, 0)
    x = np.zeros((1, 32, 32, len(images)), dtype)
    x[0, 2:30, 2:30] = pixels
    pool1, which1 = pooled(convolved(x, p["conv1"], p["conv1-bias"]))
    pool2, which2 = pooled(convolved(pool1, p["conv2"], p["conv2-bias"]))
    flat = pool2.reshape(200, -1)
    zero = np.zeros((), dtype)
    hidden = np.maximum(dense(flat, p["dense1"], p["dense1-bias"]), zero)
    outputs = dense(hidden, p["dense2"], p["dense2-bias"])
    outer = softmax_gradient(outputs, labels)
    g: dict[str, NDArray] = {}
    g["dense2"], g["dense2-bias"] = dense_gradients(outer, hidden)
    back = np.where(hidden > 0, dense_inputs(outer, p["dense2"]), zero)
    g["dense1"], g["dense1-bias"] = dense_gradients(back, flat)
    back = spread(dense_inputs(back, p["dense1"]).reshape(pool2.shape), pool2, which2)
    g["conv2"], g["conv2-bias"] = convolution_gradients(back, pool1, 5)
    back = spread(convolution_inputs(back, p["conv2"], pool1.shape), pool1, which1)
    g["conv1"], g["conv1-bias"] = convolution_gradients(back, x, 5)
    times = np.asarray(factor).astype(dtype)
    return g, {name: values + times * g[name] for name, values in p.items()}


@pytest.mark.parametrize("format", TYPES)
def test_a_step_is_that_of_a_plain_network(format: str) -> None:
    images, labels = images_and_labels()
    network = PimNetwork(format, BATCH, RATE, seed=3)
    for number in range(2):
        before = {name: values.copy() for name, values in network.parameters.items()}
        gradients, after = stepped(before, images, labels, np.float32(-RATE / BATCH), TYPES[format])
        network.step(images, labels)
        assert all((values != 0).mean() > 0.2 for values in gradients.values())
        for what, wanted, got in (
            ("gradient", gradients, network.gradients),
            ("parameter", after, network.parameters),
        ):
            for name, values in reversed(wanted.items()):
                expected = values.astype(np.float32).view(np.uint32)
                found = got[name].view(np.uint32)
                wrong = np.argwhere(expected != found)
                assert not len(wrong), (
                    f"step {number}, {what} of {name}: {len(wrong)} of {found.size} differ, first "
                    f"at {wrong[0]}: got {got[name][tuple(wrong[0])]!r}, "
                    f"expected {values[tuple(wrong[0])]!r}"
                )
        images = images[::-1].copy()
