"""Sampled values of a training step made again by the programs that arrays obey.

Everything that `pim_network` says is done in memory: sums of products by the `mac` program, sums
across columns and over positions by `add`, rectifiers, maxima and comparisons by theirs. Values are
compared as words.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FloatFormat
from nvmcosim.pymodel.pim_network import PimNetwork, Softmax
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_runner import run_program

__all__ = ["Programs", "check_step", "program_digests"]

Array = NDArray[np.float32]
#: The operations of a step.
_CHECKED = ("add", "compare", "mac", "maximum", "multiply", "relu", "subtract")
#: Layers of kernels: what they read, and what pools them.
_CONVOLUTIONS = (("conv1", "input", "pool1"), ("conv2", "pool1", "pool2"))


@cache
def program_digests(format: str) -> dict[str, str]:
    """SHA-256 of each program that makes values of a step again, by operation."""
    return {operation: named_program(operation, format).digest() for operation in _CHECKED}


class Programs:
    """The operations of a format on arrays of numbers of any shape, by the compiled interpreter."""

    def __init__(self, fmt: FloatFormat) -> None:
        self.format = fmt

    def _run(self, operation: str, **operands: NDArray) -> dict[str, NDArray]:
        arrays = np.broadcast_arrays(*operands.values())
        words = {n: self.format.encode(a) for n, a in zip(operands, arrays, strict=True)}
        if operation not in _CHECKED:
            raise InputError(f"operation is {operation!r}; it must be one of {', '.join(_CHECKED)}")
        out, _ = run_program(named_program(operation, self.format.name), words)
        return {name: values.reshape(arrays[0].shape) for name, values in out.items()}

    def __call__(self, operation: str, **operands: NDArray) -> Array:
        """`out` of a program whose inputs are `operands`."""
        return np.asarray(self.format.decode(self._run(operation, **operands)["out"]))

    def flag(self, name: str, a: NDArray, b: NDArray) -> NDArray[np.bool_]:
        """A flag of the comparison of `a` with `b`: `less`, `equal`, `unordered`."""
        return self._run("compare", a=a, b=b)[name].astype(bool)

    def chain(self, start: NDArray, terms: Iterable[tuple[NDArray, NDArray]]) -> Array:
        """`start`, to which the product of each pair is added in turn."""
        total = np.asarray(start, np.float32)
        for a, b in terms:
            total = self("mac", a=a, b=b, c=total)
        return total

    def across(self, rows: Array) -> Array:
        """Sums over the last axis by halves."""
        while rows.shape[-1] > 1:
            half = rows.shape[-1] // 2
            rows = self("add", a=rows[..., :half], b=rows[..., half:])
        return rows[..., 0]


def check_step(
    network: PimNetwork,
    before: Mapping[str, Array],
    labels: NDArray[np.uint8],
    found: Softmax,
    positions: int = 16,
    seed: int = 0,
) -> dict[str, tuple[int, int]]:
    """Values compared, and those that differ, by what was computed.

    `network` has just made a step from the parameters `before`, with softmax's steps `found`.
    `positions` of each layer are drawn by `seed`, each with all samples of the batch.
    """
    check = _Check(network, before, np.random.Generator(np.random.Philox([seed, 7])), positions)
    for conv, x, pool in _CONVOLUTIONS:
        check.convolution(conv, x)
        check.pooling(conv, pool)
        check.convolution_gradients(conv, x)
    check.convolution_back()
    check.dense("dense1", check.flat("pool2"))
    check.dense("outputs", check.values["dense1"])
    check.softmax(labels, found)
    check.updates()
    return check.counts


class _Check:
    def __init__(
        self,
        network: PimNetwork,
        before: Mapping[str, Array],
        draw: np.random.Generator,
        positions: int,
    ) -> None:
        self.network, self.before, self.values = network, before, network.values
        self.run = Programs(network.format)
        self.counts: dict[str, tuple[int, int]] = {}
        self._draw, self._positions = draw, positions

    def flat(self, name: str) -> Array:
        return self.values[name].reshape(-1, self.network.batch)

    def places(self, shape: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
        chosen = self._draw.integers(0, int(np.prod(shape)), self._positions)
        return tuple(np.asarray(axis) for axis in np.unravel_index(chosen, shape))

    def compare(self, name: str, made: NDArray, expected: NDArray) -> None:
        encode = self.network.format.encode
        wrong = encode(np.asarray(made)) != encode(np.asarray(expected))
        done, differ = self.counts.get(name, (0, 0))
        self.counts[name] = (done + wrong.size, differ + int(wrong.sum()))

    def convolution(self, conv: str, source: str) -> None:
        x, weights = self.values[source], self.before[conv]
        o, y, column = self.places(self.values[conv].shape[:3])
        _, channels, size, _ = weights.shape
        bias = np.repeat(self.before[f"{conv}-bias"][o][:, None], self.network.batch, 1)
        terms = (
            (x[c, y + ky, column + kx], weights[o, c, ky, kx][:, None])
            for c in range(channels)
            for ky in range(size)
            for kx in range(size)
        )
        self.compare(f"{conv} sums", self.run.chain(bias, terms), self.values[conv][o, y, column])

    def pooling(self, conv: str, pool: str) -> None:
        c, y, column = self.places(self.values[pool].shape[:3])
        squares = [(c, 2 * y + (k >> 1), 2 * column + (k & 1)) for k in range(4)]
        rectified = [self.run("relu", a=self.values[conv][place]) for place in squares]
        best = rectified[0]
        for other in rectified[1:]:
            best = self.run("maximum", a=best, b=other)
        self.compare(f"{pool} maxima", best, self.values[pool][c, y, column])
        free = self.run.flag("less", np.zeros_like(best), best)
        grad = self.values[f"{pool}-grad"][c, y, column]
        for place, value in zip(squares, rectified, strict=True):
            here = free & self.run.flag("equal", value, best)
            free &= ~here
            made = np.where(here, grad, np.float32(0))
            self.compare(f"{conv} gradients", made, self.values[f"{conv}-grad"][place])

    def convolution_gradients(self, conv: str, source: str) -> None:
        x, grad = self.values[source], self.values[f"{conv}-grad"]
        o, c, ky, kx = self.places(self.before[conv].shape)
        spots = [(y, column) for y in range(grad.shape[1]) for column in range(grad.shape[2])]
        zeros = np.zeros((o.size, self.network.batch), np.float32)
        terms = ((grad[o, y, column], x[c, y + ky, column + kx]) for y, column in spots)
        sums = self.run.across(self.run.chain(zeros, terms))
        self.compare(f"{conv} weights' gradients", sums, self.network.gradients[conv][o, c, ky, kx])
        total = np.zeros_like(grad[:, 0, 0])
        for y, column in spots:
            total = self.run("add", a=total, b=grad[:, y, column])
        bias = self.network.gradients[f"{conv}-bias"]
        self.compare(f"{conv} biases' gradients", self.run.across(total), bias)

    def convolution_back(self) -> None:
        grad, weights = self.values["conv2-grad"], self.before["conv2"]
        c, y, column = self.places(self.values["pool1"].shape[:3])
        total = np.zeros((c.size, self.network.batch), np.float32)
        outputs, _, size, _ = weights.shape
        for o in range(outputs):
            for ky in range(size):
                for kx in range(size):
                    at = (y - ky, column - kx)
                    inside = np.all([(a >= 0) & (a < grad.shape[1]) for a in at], axis=0)
                    row = grad[o, at[0] * inside, at[1] * inside]
                    added = self.run("mac", a=row, b=weights[o, c, ky, kx][:, None], c=total)
                    total = np.where(inside[:, None], added, total)
        self.compare("pool1 gradients", total, self.values["pool1-grad"][c, y, column])

    def dense(self, out: str, x: Array) -> None:
        layer = "dense2" if out == "outputs" else out
        weights, outer = self.before[layer], self.values[f"{out}-grad"]
        (o,) = self.places((weights.shape[0],))
        bias = np.repeat(self.before[f"{layer}-bias"][o][:, None], self.network.batch, 1)
        terms = ((x[i], weights[o, i][:, None]) for i in range(weights.shape[1]))
        made = self.run.chain(bias, terms)
        if out == "dense1":
            made = self.run("relu", a=made)
        self.compare(f"{layer} sums", made, self.values[out][o])
        (i,) = self.places((weights.shape[1],))
        zeros = np.zeros((i.size, self.network.batch), np.float32)
        terms = ((outer[o], weights[o, i][:, None]) for o in range(weights.shape[0]))
        back = self.run.chain(zeros, terms)
        inner = self.flat("pool2-grad")
        if out == "outputs":
            inner = self.values["dense1-grad"]
            back = np.where(self.run.flag("less", zeros, x[i]), back, np.float32(0))
        self.compare(f"{layer} inputs' gradients", back, inner[i])
        o, i = self.places(weights.shape)
        sums = self.run.across(self.run("multiply", a=outer[o], b=x[i]))
        self.compare(f"{layer} weights' gradients", sums, self.network.gradients[layer][o, i])
        bias = self.network.gradients[f"{layer}-bias"]
        self.compare(f"{layer} biases' gradients", self.run.across(outer), bias)

    def softmax(self, labels: NDArray[np.uint8], found: Softmax) -> None:
        outputs, run = self.values["outputs"], self.run
        maximum = outputs[0]
        for row in outputs[1:]:
            maximum = run("maximum", a=maximum, b=row)
        self.compare("softmax", run("subtract", a=outputs, b=maximum), found.subtracted)
        total = found.powers[0]
        for row in found.powers[1:]:
            total = run("add", a=total, b=row)
        self.compare("softmax", total, found.total)
        shares = run("multiply", a=found.powers, b=found.reciprocal)
        label = np.arange(len(outputs))[:, None] == labels
        less = run("subtract", a=shares, b=np.ones_like(shares))
        self.compare("softmax", np.where(label, less, shares), self.values["outputs-grad"])

    def updates(self) -> None:
        factor = np.asarray(self.network.factor)
        for name, old in self.before.items():
            grad = self.network.gradients[name]
            made = self.run("mac", a=grad, b=factor, c=old)
            self.compare("updates", made, self.network.parameters[name])
