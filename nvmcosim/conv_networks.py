"""The convolutional networks of ho2021, Table I, of which it states the names.

Each is the published one that the name means: LeNet as Caffe has it, GoogLeNet (Szegedy 2015,
Table 1) without its two heads for training, DenseNet-BC of 100 layers and growth rate 12 (Huang
2017), the smallest that its authors publish for CIFAR-10.
"""

import torch
from torch import Tensor, nn

__all__ = ["dense_net", "google_net", "le_net"]


def le_net() -> nn.Module:
    """Caffe's LeNet: images `[n, 1, 28, 28]` to scores `[n, 10]`; 431,080 parameters.

    Its convolutions are not rectified, only the hidden layer of 500 is.
    """
    return nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )


def _rectified(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.ReLU(inplace=True)]


class _Inception(nn.Module):
    """Four convolved views of `[n, inputs, height, width]`, one after the other in the channels.

    `widths` are the columns of Szegedy 2015, Table 1: 1 x 1, 3 x 3 reduced, 3 x 3, 5 x 5 reduced,
    5 x 5, and the projection of what is pooled.
    """

    def __init__(self, inputs: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        one, three_less, three, five_less, five, pooled = widths
        self.views = nn.ModuleList(
            (
                nn.Sequential(*_rectified(inputs, one, 1)),
                nn.Sequential(
                    *_rectified(inputs, three_less, 1), *_rectified(three_less, three, 3)
                ),
                nn.Sequential(*_rectified(inputs, five_less, 1), *_rectified(five_less, five, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), *_rectified(inputs, pooled, 1)),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """The views of `x`."""
        return torch.cat([view(x) for view in self.views], 1)


#: Szegedy 2015, Table 1: the modules of each stage.
_INCEPTIONS = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)


def _halved() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def google_net() -> nn.Module:
    """GoogLeNet: images `[n, 1, 28, 28]` to scores `[n, 10]`; 5,977,530 parameters.

    Made for 224 x 224, it halves images five times; its first convolution steps by 1 instead of 2
    here, so that the last modules see maps of 2 x 2 and not of one place. There is no dropout: a
    step is a function of weights and images. All else is the paper's.
    """
    layers: list[nn.Module] = [
        *_rectified(1, 64, 7),
        _halved(),
        nn.LocalResponseNorm(5),
        *_rectified(64, 64, 1),
        *_rectified(64, 192, 3),
        nn.LocalResponseNorm(5),
    ]
    channels = 192
    for stage in _INCEPTIONS:
        layers.append(_halved())
        for widths in stage:
            layers.append(_Inception(channels, widths))
            channels = widths[0] + widths[2] + widths[4] + widths[5]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    return nn.Sequential(*layers)


def _normalised(inputs: int, outputs: int, size: int) -> list[nn.Module]:
    convolved = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False)
    return [nn.BatchNorm2d(inputs), nn.ReLU(inplace=True), convolved]


class _DenseLayer(nn.Sequential):
    """A bottleneck of 4 x `growth` channels whose `growth` results follow the input's channels."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__(*_normalised(inputs, 4 * growth, 1), *_normalised(4 * growth, growth, 3))

    def forward(self, x: Tensor) -> Tensor:
        """`x`, `[n, channels, height, width]`, and what is new."""
        return torch.cat((x, super().forward(x)), 1)


def dense_net(layers: int = 100, growth: int = 12) -> nn.Module:
    """DenseNet-BC: images `[n, 3, 32, 32]` to scores `[n, 10]`; 769,162 parameters."""
    channels = 2 * growth
    parts: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
    for block in range(3):
        if block:
            parts += [*_normalised(channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range((layers - 4) // 6):
            parts.append(_DenseLayer(channels, growth))
            channels += growth
    parts += [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
