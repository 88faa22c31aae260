"""LeNet with 21,690 parameters, trained by the float operations of an array (wang2020, Fig. 6).

The paper says "LeNet-type" and the number, no more. Layers of these sizes have that number: 28 by
28 inputs, 10 kernels of 5 by 5 over a border of 2 (260), maxima of 2 by 2, 8 kernels of 10 by 5 by
5 (2,008), maxima, 92 neurons on 8 by 5 by 5 values (18,492) and 10 outputs (930). Planes are of
28, 14, 10 and 5 as in LeCun et al., "Gradient-based learning applied to document recognition",
Proc. IEEE 1998. Other sizes have the number too; these are the only ones with kernels of 5 by 5, a
bias everywhere, numbers of channels in common use (4 to 64) and a single hidden layer.

In memory: products, sums, rectifiers, maxima, the choice of a maximum's gradient, and the update.
In the periphery: the exponential and the reciprocal of softmax, rounded to the format.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import float_format
from nvmcosim.pymodel.pim_network_inputs import (
    check_finite,
    checked_images,
    checked_labels,
    update_factor,
)
from nvmcosim.pymodel.units import check_whole

__all__ = ["LENET_SHAPES", "PimNetwork", "Softmax", "initial_parameters", "softmax"]

Array = NDArray[np.float32]

#: Parameters by name, in order.
LENET_SHAPES: dict[str, tuple[int, ...]] = {
    "conv1": (10, 1, 5, 5),
    "conv1-bias": (10,),
    "conv2": (8, 10, 5, 5),
    "conv2-bias": (8,),
    "dense1": (92, 200),
    "dense1-bias": (92,),
    "dense2": (10, 92),
    "dense2-bias": (10,),
}
_BORDER = 2
_SIDE = 28


def initial_parameters(seed: int, format: str = "fp32") -> dict[str, Array]:
    """Weights drawn evenly between ±sqrt(6 / inputs) (He et al., 2015), biases of 0; rounded."""
    check_whole(seed, "seed", 0, 2**63 - 1)
    fmt, made = float_format(format), {}
    for number, (name, shape) in enumerate(LENET_SHAPES.items()):
        draw = np.random.Generator(np.random.Philox([seed, number]))
        bound = 0.0 if len(shape) == 1 else float(np.sqrt(6 / np.prod(shape[1:])))
        values = draw.uniform(-bound, bound, shape).astype(np.float32)
        made[name] = np.ascontiguousarray(fmt.decode(fmt.encode(values)))
    return made


@dataclass(frozen=True, eq=False)
class Softmax:
    """Steps of softmax and its gradient, `[classes, samples]` or `[samples]`.

    Fields:
        maximum: of the outputs; subtracted: outputs less the maximum (in memory).
        powers: e to those (periphery); total: their sum from the left (in memory).
        reciprocal: 1 / total (periphery); shares: powers times it (in memory).
        gradient: shares, less 1 where the label is (in memory).
    """

    maximum: Array
    subtracted: Array
    powers: Array
    total: Array
    reciprocal: Array
    shares: Array
    gradient: Array


def softmax(outputs: Array, labels: ArrayLike, format: str = "fp32") -> Softmax:
    """Softmax of `outputs` `[classes, samples]` and the gradient of its cross entropy.

    Raises `InputError` for a NaN, or an infinity, which would give one, and for what are no
    classes, one a sample.
    """
    fmt = float_format(format)
    chosen = checked_labels(labels, outputs.shape[1], outputs.shape[0])

    def rounded(values: NDArray) -> Array:
        return np.asarray(fmt.decode(fmt.encode(np.asarray(values, np.float32))))

    if not np.isfinite(outputs).all():
        raise InputError(
            "softmax is given a NaN or an infinity; the training has left the range of "
            f"{format}: give it a lower rate"
        )
    maximum = outputs.max(axis=0)
    subtracted = rounded(outputs - maximum)
    powers = rounded(np.exp(subtracted.astype(np.float64)))
    total = powers[0]
    for row in powers[1:]:
        total = rounded(total + row)
    reciprocal = rounded(1 / total.astype(np.float64))
    shares = rounded(powers * reciprocal)
    gradient = shares.copy()
    at = (chosen, np.arange(chosen.size))
    gradient[at] = rounded(shares[at] - np.float32(1))
    return Softmax(maximum, subtracted, powers, total, reciprocal, shares, gradient)


class PimNetwork:
    """LeNet whose every sum and product is rounded as an array's, in the array's order.

    A sample has a column of its own; sums over inputs go from the left, from the bias on; a
    gradient is summed over positions in each column and then over columns by halves.

    Attributes:
        parameters: by name, of `LENET_SHAPES`; fp32 numbers that the format has.
        gradients: of the last step, summed over the samples.
        values: of the last step, `[..., samples]`: `input` (with its border), `conv1`, `pool1`,
            `conv2`, `pool2`, `dense1`, `outputs`, and their gradients as `conv1-grad` and so on.
    """

    def __init__(
        self, format: str = "fp32", batch: int = 64, rate: float = 0.1, seed: int = 0
    ) -> None:
        """Raises `InputError` for an unknown format, a batch that is no power of two, and a rate
        that is none or that the format rounds to 0.
        """
        from nvmcosim.pymodel.pim_network_kernels import MODES

        self.format = float_format(format)
        check_whole(batch, "batch", 1, 1024)
        if batch & (batch - 1):
            raise InputError(f"batch is {batch}; it must be a power of two, as sums go by halves")
        self._factor = update_factor(rate, batch, self.format)
        self.batch = batch
        self.rate = rate
        self._mode = MODES[format]
        self.parameters = initial_parameters(seed, format)
        self.gradients = {name: np.zeros_like(p) for name, p in self.parameters.items()}
        self.values: dict[str, NDArray] = {}
        self._forward = False
        self._buffers()

    def _buffers(self) -> None:
        shapes = {
            "input": (1, _SIDE + 2 * _BORDER, _SIDE + 2 * _BORDER),
            "conv1": (10, 28, 28),
            "pool1": (10, 14, 14),
            "conv2": (8, 10, 10),
            "pool2": (8, 5, 5),
            "dense1": (92,),
            "outputs": (10,),
        }
        for name, shape in shapes.items():
            self.values[name] = np.zeros((*shape, self.batch), np.float32)
            if name != "input":
                self.values[f"{name}-grad"] = np.zeros((*shape, self.batch), np.float32)
        for name in ("pool1", "pool2"):
            self.values[f"{name}-which"] = np.zeros((*shapes[name], self.batch), np.uint8)

    @property
    def factor(self) -> np.float32:
        """What a summed gradient is multiplied by before it is added to a parameter."""
        return self._factor

    def forward(self, images: ArrayLike) -> Array:
        """Outputs `[10, batch]` for unsigned bytes `[batch, 28, 28]`.

        Raises `InputError` for another shape or type, and parameters that are no finite numbers.
        """
        from nvmcosim.pymodel import pim_network_kernels as kernels

        images = checked_images(images, self.batch)
        check_finite(self.parameters, "parameters", self.format.name)
        v, p, mode = self.values, self.parameters, self._mode
        pixels = (images.astype(np.float32) / np.float32(255)).transpose(1, 2, 0)
        inner = slice(_BORDER, _BORDER + _SIDE)
        v["input"][0, inner, inner] = self.format.decode(self.format.encode(pixels))
        for x, conv, pool in (("input", "conv1", "pool1"), ("pool1", "conv2", "pool2")):
            kernels.conv_forward(v[conv], v[x], p[conv], p[f"{conv}-bias"], mode)
            kernels.pool_forward(v[pool], v[f"{pool}-which"], v[conv])
        flat = v["pool2"].reshape(200, self.batch)
        kernels.dense_forward(v["dense1"], flat, p["dense1"], p["dense1-bias"], mode)
        kernels.relu_forward(v["dense1"])
        kernels.dense_forward(v["outputs"], v["dense1"], p["dense2"], p["dense2-bias"], mode)
        self._forward = True
        return v["outputs"]

    def backward(self, labels: ArrayLike) -> Softmax:
        """Gradients of the last `forward` for classes `[batch]`; softmax's steps.

        Raises `InputError` where the outputs are no numbers, for what are no classes, and before
        any `forward`.
        """
        from nvmcosim.pymodel import pim_network_kernels as kernels

        if not self._forward:
            raise InputError("backward is called before any forward; there are no outputs yet")
        v, p, g, mode = self.values, self.parameters, self.gradients, self._mode
        found = softmax(v["outputs"], labels, self.format.name)
        v["outputs-grad"][:] = found.gradient
        flat, flat_grad = (v[n].reshape(200, self.batch) for n in ("pool2", "pool2-grad"))
        for outer, inner, grad, layer in (
            (v["outputs-grad"], v["dense1"], v["dense1-grad"], "dense2"),
            (v["dense1-grad"], flat, flat_grad, "dense1"),
        ):
            kernels.dense_grad(g[layer], g[f"{layer}-bias"], outer, inner, mode)
            kernels.dense_back(grad, outer, p[layer], mode)
            if layer == "dense2":
                kernels.relu_back(grad, v["dense1"])
        for x, conv, pool in (("pool1", "conv2", "pool2"), ("input", "conv1", "pool1")):
            outer = v[f"{conv}-grad"]
            kernels.pool_back(outer, v[f"{pool}-grad"], v[f"{pool}-which"], v[pool])
            kernels.conv_grad(g[conv], g[f"{conv}-bias"], outer, v[x], mode)
            if conv == "conv2":
                kernels.conv_back(v["pool1-grad"], outer, p[conv], mode)
        return found

    def update(self) -> None:
        """Add the gradients of the last `backward`, times `factor`, to the parameters.

        Raises `InputError` for a NaN or an infinity: among the gradients, before any parameter is
        changed, or among the new parameters.
        """
        from nvmcosim.pymodel import pim_network_kernels as kernels

        check_finite(self.gradients, "gradients", self.format.name)
        for name, values in self.parameters.items():
            grads = self.gradients[name].reshape(-1)
            kernels.update(values.reshape(-1), grads, self.factor, self._mode)
        check_finite(self.parameters, "parameters", self.format.name)

    def step(self, images: ArrayLike, labels: ArrayLike) -> float:
        """One step of gradient descent; the mean cross entropy before it.

        Raises `InputError` as its three parts do.
        """
        self.forward(images)
        shares = self.backward(labels).shares
        self.update()
        least = np.maximum(shares[np.asarray(labels), np.arange(self.batch)], 1e-30)
        return float(-np.log(least.astype(np.float64)).mean())

    def classes(self, images: ArrayLike) -> NDArray[np.intp]:
        """The class of each of any number of images `[n, 28, 28]`.

        Raises `InputError` for another shape or type, and where an output is a NaN, which is not
        the largest of any.
        """
        images = checked_images(images)
        count = len(images)
        padded = np.zeros((-(-count // self.batch) * self.batch, _SIDE, _SIDE), np.uint8)
        padded[:count] = images
        found = []
        for i in range(0, len(padded), self.batch):
            outputs = self.forward(padded[i : i + self.batch])
            if np.isnan(outputs).any():
                raise InputError("outputs have a NaN; these parameters class no images")
            found.append(outputs.argmax(axis=0))
        return np.concatenate(found)[:count]
