"""Layers of networks as what they compute: their sizes, and what follows them."""

import math
from dataclasses import dataclass

__all__ = ["LENET", "Layer", "resnet50"]


@dataclass(frozen=True)
class Layer:
    """A convolution, or a dense layer as one of a single position.

    Fields:
        inputs, outputs: channels; kernel: side of the kernel.
        places, input_places: positions of a channel of the output and of the input.
        biases: whether outputs have one.
        stride: distance of neighbouring kernels.
        rectified: whether a rectifier follows.
        pooled, pooled_places: values of a maximum that follows, and positions of these; 0 is none.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int = 1
    places: int = 1
    input_places: int = 1
    biases: bool = True
    stride: int = 1
    rectified: bool = False
    pooled: int = 0
    pooled_places: int = 0

    @property
    def weights(self) -> int:
        """Weights without biases."""
        return self.outputs * self.terms

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.outputs * self.biases

    @property
    def terms(self) -> int:
        """Products of an output."""
        return self.inputs * self.kernel**2

    @property
    def macs(self) -> int:
        """MACs of a forward pass of a sample."""
        return self.weights * self.places

    @property
    def reached(self) -> int:
        """Positions of an input's channel that any kernel reads."""
        return min(self.input_places, self.places * self.kernel**2)

    @property
    def uses(self) -> int:
        """Products that the input used most is in: of each output's kernel at its positions."""
        return self.outputs * min(math.ceil(self.kernel / self.stride) ** 2, self.places)


#: `pim_network`'s layers; borders of zeros count as inputs.
LENET = (
    Layer("conv1", 1, 10, 5, 28 * 28, 28 * 28, True, 1, True, 4, 14 * 14),
    Layer("conv2", 10, 8, 5, 10 * 10, 14 * 14, True, 1, True, 4, 5 * 5),
    Layer("dense1", 200, 92, rectified=True),
    Layer("dense2", 92, 10),
)


def resnet50() -> tuple[Layer, ...]:
    """ResNet-50 of He et al., "Deep Residual Learning", 2016, Table 1: 224 by 224, 1,000 classes.

    A stage's first block halves the side in its first convolution. Batch normalisation, sums of
    branches and the mean over positions are not in it; a block's sum is rectified, which its third
    convolution says.
    """
    layers = [Layer("conv1", 3, 64, 7, 112**2, 224**2, False, 2, True, 9, 56**2)]
    channels, side = 64, 56
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 2):
        for block in range(1, blocks + 1):
            before = side
            if block == 1 and stage > 2:
                side //= 2
            out, area, name = 4 * width, side**2, f"conv{stage}_{block}"
            step = before // side
            layers += [
                Layer(f"{name}a", channels, width, 1, area, before**2, False, step, True),
                Layer(f"{name}b", width, width, 3, area, area, False, 1, True),
                Layer(f"{name}c", width, out, 1, area, area, False, 1, True),
            ]
            if block == 1:
                layers.append(Layer(f"{name}p", channels, out, 1, area, before**2, False, step))
            channels = out
    return (*layers, Layer("dense", 2048, 1000))
