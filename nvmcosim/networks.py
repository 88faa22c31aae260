"""The networks of the papers, at their parameter counts, and how their weights start.

ono2021 states layers and counts to the thousand, no more. Each of its networks here is the
standard one whose exact count, cut to thousands, is the paper's (Table II); weights start as in
TensorFlow (Glorot uniform, biases 0), which is what the paper used. locatelli2018 states its
layers, and nothing of how they start. ho2021 names published networks, of `conv_networks`, and
Caffe.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from nvmcosim.conv_networks import dense_net, google_net, le_net
from nvmcosim.pymodel.errors import InputError

__all__ = ["INITIALISATIONS", "NETWORKS", "NetworkEntry", "build_network", "parameter_count"]


def _perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def _tanh_perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.Tanh(), nn.Linear(300, 10))


def _convolutional() -> nn.Module:
    # TensorFlow's tutorial network for CIFAR-10 has 122,570 parameters in three convolutions and a
    # hidden layer of 64 on 4 x 4 x 64 values. That layer is a 4 x 4 convolution: the fourth.
    return nn.Sequential(
        # The maximum of rectified values is the rectified maximum, and is a quarter of the work.
        nn.Conv2d(3, 32, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Conv2d(64, 64, 4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


class _Depthwise(nn.Conv2d):
    """Depthwise 3 x 3 convolution, `[n, channels, height, width]`; quick on small maps as well.

    On maps of 4 x 4 and less, torch's own backward pass takes several times that of a product with
    the matrix from all places in a map to all places in the result.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__(channels, channels, 3, stride, padding=1, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The convolved maps."""
        height, width = x.shape[2:]
        if height != width or height > 4:
            return super().forward(x)
        if height == 1:
            return x * self.weight[:, :, 1, 1, None]
        tap = _tap_matrix(height, self.stride[0]).to(x.device)
        taps = nn.functional.pad(self.weight.flatten(1), (0, 1))
        matrix = taps.index_select(1, tap.flatten()).view(-1, *tap.shape)
        result = torch.bmm(x.flatten(2).transpose(0, 1), matrix).transpose(0, 1)
        size = math.isqrt(tap.shape[1])
        return result.unflatten(2, (size, size))


@cache
def _tap_matrix(size: int, step: int) -> Tensor:
    """Which of 9 taps leads from a place of a square map to one of the result; 9 is none.

    Shape `[size * size, ceil(size / step) ** 2]`.
    """
    place = torch.arange(size)
    offset = place[:, None] - torch.arange(0, size, step)[None] + 1
    near = (offset >= 0) & (offset < 3)
    tap = 3 * offset[:, None, :, None] + offset[None, :, None, :]
    tap = torch.where(near[:, None, :, None] & near[None, :, None, :], tap, 9)
    return tap.reshape(size * size, -1)


class _StoredBatchNorm(nn.BatchNorm2d):
    """Batch normalisation whose running values are parameters that no gradient reaches.

    So they are stored with the weights, as ono2021's flow does: TensorFlow counts them so. The
    running values move by a hundredth a batch, TensorFlow's default.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3, momentum=0.01)
        for name in ("running_mean", "running_var"):
            values = getattr(self, name)
            delattr(self, name)
            setattr(self, name, nn.Parameter(values, requires_grad=False))


class _Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise 3 x 3, project; added to its input where shapes allow.

    Takes and gives `[n, channels, height, width]`.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [*_normalised(nn.Conv2d(inputs, hidden, 1, bias=False)), nn.ReLU6()]
        layers += [*_normalised(_Depthwise(hidden, stride)), nn.ReLU6()]
        layers += _normalised(nn.Conv2d(hidden, outputs, 1, bias=False))
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """The block's output."""
        return x + self.layers(x) if self.adds else self.layers(x)


def _normalised(layer: nn.Conv2d) -> list[nn.Module]:
    return [layer, _StoredBatchNorm(layer.out_channels)]


class _MobileNetV2(nn.Module):
    """MobileNetV2 at half width: 17 bottlenecks, 16 of them expanding.

    Takes images `[n, 1, 28, 28]` and gives scores `[n, 10]`. Grey images go to all three input
    channels, zero-padded to 32 x 32, the least that TensorFlow's own MobileNetV2 takes.
    """

    #: Expansion, channels at full width, repeats, stride of the first (Sandler 2018, Table 2).
    STAGES = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(self) -> None:
        super().__init__()
        channels = 16
        layers = [*_normalised(nn.Conv2d(3, channels, 3, 2, 1, bias=False)), nn.ReLU6()]
        for expansion, full, repeats, stride in self.STAGES:
            outputs = _half_width(full)
            for n in range(repeats):
                layers.append(_Bottleneck(channels, outputs, stride if n == 0 else 1, expansion))
                channels = outputs
        layers += [*_normalised(nn.Conv2d(channels, 1280, 1, bias=False)), nn.ReLU6()]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(1280, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores of images `x`."""
        x = nn.functional.pad(x.expand(-1, 3, -1, -1), (2, 2, 2, 2))
        return self.classifier(self.features(x).mean((2, 3)))


def _half_width(channels: int) -> int:
    # A multiple of 8 that is not more than a tenth below, as all public MobileNets round.
    half = channels / 2
    rounded = max(8, int(half + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * half else rounded


@dataclass(frozen=True)
class NetworkEntry:
    """A network of a paper.

    Fields:
        title: the paper's name for it.
        dataset: the set it is trained on, a name of `nvmcosim.datasets`.
        image_shape: channels, height and width that it takes.
        build: makes it, with weights from torch's current random state.
        parameters: weights and biases, all that a store writes; for MobileNetV2 with the running
            means and variances of batch normalisation, without which it has 700,490.
        paper_parameters: as the paper prints it; empty where it does not.
    """

    title: str
    dataset: str
    image_shape: tuple[int, int, int]
    build: Callable[[], nn.Module]
    parameters: int
    paper_parameters: str


_GREY = (1, 28, 28)
_COLOUR = (3, 32, 32)
#: By name: ono2021's, Table II, then locatelli2018's, Section IV, and ho2021's, Table I.
NETWORKS = {
    "mp": NetworkEntry("Multi-layer Perceptron (MP)", "mnist", _GREY, _perceptron, 118_282, "118K"),
    "cnn": NetworkEntry("CNN", "cifar10", _COLOUR, _convolutional, 122_570, "122K"),
    "mn": NetworkEntry("MobileNetV2 (MN)", "fashion-mnist", _GREY, _MobileNetV2, 719_034, "719K"),
    "mlp300": NetworkEntry("784-300-10, tanh", "mnist", _GREY, _tanh_perceptron, 238_510, ""),
    "lenet": NetworkEntry("LeNet", "mnist", _GREY, le_net, 431_080, ""),
    "googlenet": NetworkEntry("GoogLeNet", "mnist", _GREY, google_net, 5_977_530, ""),
    "densenet-bc": NetworkEntry(
        "DenseNet-BC (100, 12)", "cifar10", _COLOUR, dense_net, 769_162, ""
    ),
}


def _glorot(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _lecun(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _caffe(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.kaiming_uniform_(layer.weight, nonlinearity="linear")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _he(layer: nn.Conv2d | nn.Linear) -> None:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _torch(layer: nn.Conv2d | nn.Linear) -> None:
    layer.reset_parameters()


#: How weights start: Glorot uniform, with biases of 0; normal with a variance of 1 over the inputs,
#: with biases of 0 (LeCun 1998); the same but uniform, which Caffe calls xavier; normal with a
#: variance of 2 over the inputs, with biases of 0 (He 2015); or as torch's layers do, weights and
#: biases uniform within 1 over the root of the inputs.
INITIALISATIONS: dict[str, Callable[[nn.Conv2d | nn.Linear], None]] = {
    "glorot": _glorot,
    "lecun": _lecun,
    "caffe": _caffe,
    "he": _he,
    "torch": _torch,
}


def build_network(name: str, seed: int, initialisation: str = "glorot") -> nn.Module:
    """The network called `name`, with initial weights that depend on `seed` alone.

    `initialisation` is one of `INITIALISATIONS`. Raises `InputError` for an unknown name. Torch's
    own random state is left as it was.
    """
    for what, value, known in (
        ("network", name, NETWORKS),
        ("initialisation", initialisation, INITIALISATIONS),
    ):
        if value not in known:
            raise InputError(f"{what} is {value!r}; it must be one of {', '.join(known)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = NETWORKS[name].build()
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                INITIALISATIONS[initialisation](module)
    return network


def parameter_count(network: nn.Module) -> int:
    """How many values a store of all of `network` writes."""
    return sum(p.numel() for p in network.parameters())
