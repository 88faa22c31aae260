"""The networks of ono2021, Table II, of locatelli2018 and of ho2021."""

import pytest
import torch

from nvmcosim.networks import NETWORKS, _Depthwise, build_network, parameter_count
from nvmcosim.pymodel.errors import InputError

# Two workers share two cores.
torch.set_num_threads(1)


def test_locatelli2018s_network_has_its_layers() -> None:
    network = build_network("mlp300", 0)
    shapes = [tuple(p.shape) for p in network.parameters()]
    assert shapes == [(300, 784), (300,), (10, 300), (10,)]
    assert parameter_count(network) == NETWORKS["mlp300"].parameters == 785 * 300 + 301 * 10
    assert isinstance(network[2], torch.nn.Tanh)
    assert network(torch.rand(3, 1, 28, 28)).abs().max() > 0


@pytest.mark.parametrize(
    ("name", "thousands", "exact"),
    [("mp", 118, 118_282), ("cnn", 122, 122_570), ("mn", 719, 719_034)],
)
def test_parameter_counts_are_the_papers(name: str, thousands: int, exact: int) -> None:
    count = parameter_count(build_network(name, 0))
    assert count == exact == NETWORKS[name].parameters
    assert NETWORKS[name].paper_parameters == f"{thousands}K"
    assert count // 1000 == thousands


def test_ho2021s_networks_are_the_published_ones() -> None:
    # Caffe's LeNet by hand; GoogLeNet and DenseNet-BC as published, less what is not in them here.
    le_net = (25 + 1) * 20 + (20 * 25 + 1) * 50 + (800 + 1) * 500 + (500 + 1) * 10
    # Table 1 of GoogLeNet without its head of 1000 classes, for grey images and 10 classes.
    inceptions = 163_696 + 388_736 + 376_176 + 449_160 + 510_104 + 605_376 + 868_352
    inceptions += 1_043_456 + 1_444_080
    stem = (49 + 1) * 64 + (64 + 1) * 64 + (64 * 9 + 1) * 192
    google_net = stem + inceptions + (1024 + 1) * 10
    # "0.8M" (Huang 2017, Table 2); by its own code 769,162.
    for name, count in (("lenet", le_net), ("googlenet", google_net), ("densenet-bc", 769_162)):
        assert parameter_count(build_network(name, 0)) == count == NETWORKS[name].parameters
    convolutions = [
        m for m in build_network("densenet-bc", 0).modules() if isinstance(m, torch.nn.Conv2d)
    ]
    # With the classifier, 100 layers.
    assert len(convolutions) == 99
    assert convolutions[-1].out_channels == 12


def test_layer_counts_are_the_papers() -> None:
    kinds = {name: list(build_network(name, 0).modules()) for name in ("mp", "cnn", "mn")}
    assert sum(isinstance(m, torch.nn.Linear) for m in kinds["mp"]) == 3
    assert sum(isinstance(m, torch.nn.Conv2d) for m in kinds["cnn"]) == 4
    expanding = [m for m in kinds["mn"] if type(m).__name__ == "_Bottleneck" and len(m.layers) > 5]
    assert len(expanding) == 16


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_score_ten_classes_and_pass_gradients_everywhere(name: str) -> None:
    network = build_network(name, 0)
    scores = network(torch.rand(4, *NETWORKS[name].image_shape))
    assert scores.shape == (4, 10)
    scores.square().sum().backward()
    trained = [p for p in network.parameters() if p.requires_grad]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained)


def test_weights_depend_on_the_seed_alone() -> None:
    before = torch.random.get_rng_state()
    one, again, other = (build_network("mp", seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one[1].weight, again[1].weight)
    assert not torch.equal(one[1].weight, other[1].weight)


def test_weights_start_as_glorot_says() -> None:
    weight = build_network("mp", 0)[1].weight
    limit = (6 / (784 + 128)) ** 0.5
    assert 0.99 * limit < weight.abs().max() <= limit
    assert not build_network("mp", 0)[1].bias.any()


@pytest.mark.parametrize(
    ("initialisation", "deviation", "biased"),
    [
        ("glorot", (2 / (784 + 300)) ** 0.5, False),
        ("lecun", (1 / 784) ** 0.5, False),
        ("caffe", (1 / 784) ** 0.5, False),
        ("he", (2 / 784) ** 0.5, False),
        ("torch", (1 / 784 / 3) ** 0.5, True),
    ],
)
def test_weights_start_with_the_named_deviation(
    initialisation: str, deviation: float, biased: bool
) -> None:
    network = build_network("mlp300", 3, initialisation)
    assert float(network[1].weight.detach().std()) == pytest.approx(deviation, rel=0.01)
    assert bool(network[1].bias.any()) == biased
    again = build_network("mlp300", 3, initialisation)
    assert torch.equal(again[1].weight, network[1].weight)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_is_torchs(size: int, stride: int) -> None:
    layer = _Depthwise(3, stride).double()
    x = torch.randn(2, 3, size, size, dtype=torch.float64, requires_grad=True)
    ours = layer(x)
    torchs = torch.nn.Conv2d.forward(layer, x)
    torch.testing.assert_close(ours, torchs)
    grads = [torch.autograd.grad(y.square().sum(), [x, layer.weight]) for y in (ours, torchs)]
    torch.testing.assert_close(grads[0], grads[1])


def test_running_values_of_batch_normalisation_are_stored_with_the_weights() -> None:
    network = build_network("mn", 0)
    names = [name for name, p in network.named_parameters() if not p.requires_grad]
    assert all("running_" in name for name in names)
    before = network.features[1].running_mean.clone()
    network(torch.rand(4, 1, 28, 28))
    assert not torch.equal(network.features[1].running_mean, before)
    network.eval()
    held = network.features[1].running_mean.clone()
    network(torch.rand(4, 1, 28, 28))
    assert torch.equal(network.features[1].running_mean, held)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(InputError, match=r"'resnet'.*mp, cnn, mn, mlp300"):
        build_network("resnet", 0)
    with pytest.raises(
        InputError, match=r"initialisation is 'zeros'.*glorot, lecun, caffe, he, torch"
    ):
        build_network("mp", 0, "zeros")
