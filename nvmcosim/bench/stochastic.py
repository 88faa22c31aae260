"""How fast stochastic layers run: us a sample of 784 x 10 over 256 cycles, beside other tools."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvmcosim.bench.timing import BenchResult, Contestant, interleaved
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.stream_network import StreamLayer, quantised, run_layer, run_network
from nvmcosim.pymodel.stream_neuron import NeuronShape

__all__ = ["LIMITS_US", "bench_stochastic", "missing_peers", "numpy_sums"]

Array = NDArray[np.float64]
_INPUTS, _OUTPUTS, _CYCLES = 784, 10, 256
#: The two-layer network: 14 x 14 inputs and 15 hidden neurons (mondal2018, Section V).
_WIDTHS = (196, 15, 10)
#: What is timed, with the most us a sample that two cores may take.
LIMITS_US = {"shared": 30.0, "fresh": 150.0, "trace": 100.0}
_OPTIONS: dict[str, dict[str, Any]] = {
    "shared": {"fresh": False, "fsm": False},
    "fresh": {"fresh": True, "fsm": False},
    "trace": {"fresh": False, "fsm": True},
    "fresh-fsm": {"fresh": True, "fsm": True},
}
#: Samples and runs of slow contestants.
_SLOW_SAMPLES, _FEW = 4, 3
_PEERS = {
    "sc_neurocore": "sc-neurocore is not installed: pip install sc-neurocore",
    "sc_neurocore_engine": "sc-neurocore-engine is not installed: pip install sc-neurocore-engine",
    "UnarySim": "UnarySim is not installed: put github.com/diwu1990/UnarySim on PYTHONPATH",
}


def missing_peers() -> list[str]:
    """A sentence for each peer that cannot be timed here, as it is not installed."""
    return [sentence for module, sentence in _PEERS.items() if find_spec(module) is None]


def numpy_sums(
    rng: np.random.Generator, x: Array, weight_words: NDArray[np.uint64], cycles: int
) -> Array:
    """Sums of XNOR products (outputs,) as one would write them in numpy, bits packed.

    `x` (inputs,) are bipolar numbers; `weight_words` (outputs, inputs, words) are packed streams.
    """
    bits = rng.random((len(x), cycles), np.float32) < ((1 + x) / 2)[:, None]
    words = np.packbits(bits, axis=-1, bitorder="little").view(np.uint64)
    ones = np.bitwise_count(~(words ^ weight_words)).sum(axis=(1, 2), dtype=np.int64)
    total: Array = 2 * ones / cycles - len(x)
    return total


def bench_stochastic(
    samples: int = 2000,
    rounds: int = 9,
    slow: bool = True,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> list[BenchResult]:
    """Medians in us a sample, number generation of the inputs included.

    `shared`: the same weight bits for all samples, sums over all cycles alone; `fresh`: weight bits
    of each sample's own; `trace`: shared, with the sums of each cycle and the FSM; `fresh-fsm`:
    both; `network`: 196-15-10 with fresh bits and FSM. The first three are beside their limits on
    two cores, the others beside torch's float layers. With `slow`, the peers that are installed
    follow, each beside what does the same work here, so that `ratio` is how often slower it is.
    `progress` is called after each round.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.15, (_OUTPUTS, _INPUTS)).clip(-1, 1)
    x = rng.random((samples, _INPUTS))
    layer = StreamLayer.of(NeuronShape.paper(_INPUTS, 1.0), weights, 1.0)
    inputs = quantised(x)
    network = _network(rng)
    small = quantised(rng.random((samples, _WIDTHS[0])))
    contestants, counts = [], {}

    def add(name: str, run: Callable[[], Any], count: int = samples, few: bool = False) -> None:
        contestants.append(Contestant(name, run, rounds=_FEW if few else None))
        counts[name] = count

    for name, options in _OPTIONS.items():
        add(name, partial(run_layer, layer, inputs, _CYCLES, seed, **options))
    add("network", lambda: run_network(network, small, _CYCLES, seed))
    add("torch-float", _float_layers([weights], x))
    add("torch-float-network", _float_layers(_float_weights(network), x[:, : _WIDTHS[0]]))
    if slow:
        bits = np.packbits(
            rng.random((_OUTPUTS, _INPUTS, _CYCLES)) < ((1 + weights) / 2)[..., None],
            axis=-1,
            bitorder="little",
        ).view(np.uint64)
        some = 2 * x[: 5 * _SLOW_SAMPLES] - 1
        add(
            "packed-numpy",
            lambda: [numpy_sums(rng, row, bits, _CYCLES) for row in some],
            len(some),
            True,
        )
        for name, run, count in _peers(x, weights):
            add(name, run, count, True)
    medians = {
        name: 1e6 * seconds / counts[name]
        for name, seconds in interleaved(contestants, rounds, progress).items()
    }
    return _results(medians)


def _results(medians: dict[str, float]) -> list[BenchResult]:
    unit, results = "us/sample", []
    beside = {"fresh-fsm": "torch-float", "network": "torch-float-network"}
    for name, value in medians.items():
        if name in LIMITS_US:
            results.append(BenchResult.of(name, value, unit, "limit on two cores", LIMITS_US[name]))
        elif name in beside:
            results.append(BenchResult.of(name, value, unit, beside[name], medians[beside[name]]))
        elif not name.startswith("torch"):
            results.append(BenchResult.of(name, value, unit, "shared", medians["shared"]))
    results.append(
        BenchResult.of("torch-float", medians["torch-float"], unit, "shared", medians["shared"])
    )
    return results


def _network(rng: np.random.Generator) -> list[StreamLayer]:
    layers = []
    for n, (width, neurons) in enumerate(pairwise(_WIDTHS)):
        shape = NeuronShape.paper(width, 1.0, hidden_inputs=n > 0)
        weights = rng.normal(0, 0.3, (neurons, width)).clip(-1, 1)
        layers.append(StreamLayer.of(shape, weights, 1.0))
    return layers


def _float_weights(layers: list[StreamLayer]) -> list[Array]:
    return [2 * layer.thresholds.astype(np.float64) / 2**32 - 1 for layer in layers]


def _float_layers(weights: list[Array], x: Array) -> Callable[[], Any]:
    """The layers in float32, all samples at once: what leaving streams out would cost."""
    matrices = [torch.tensor(w.T, dtype=torch.float32) for w in weights]
    values = torch.tensor(x, dtype=torch.float32)

    def run() -> torch.Tensor:
        out = values
        with torch.no_grad():
            for matrix in matrices:
                out = torch.tanh(out @ matrix)
        return out

    return run


def _peers(x: Array, weights: Array) -> list[tuple[str, Callable[[], Any], int]]:
    """Name, work and samples of the peers that are installed, on numbers of the same kind."""
    found: list[tuple[str, Callable[[], Any], int]] = []
    if find_spec("sc_neurocore") is not None:
        from sc_neurocore.layers.vectorized_layer import VectorizedSCLayer

        layer = VectorizedSCLayer(_INPUTS, _OUTPUTS, _CYCLES, False, sc_mode="bipolar", seed=1)
        some = 2 * x[: 5 * _SLOW_SAMPLES] - 1
        found.append(("sc-neurocore", lambda: [layer.forward(row) for row in some], len(some)))
    if find_spec("sc_neurocore_engine") is not None:
        from sc_neurocore_engine.layers import VectorizedSCLayer as EngineLayer

        engine = EngineLayer(_INPUTS, _OUTPUTS, _CYCLES)
        many = np.ascontiguousarray(x[:500])
        found.append(
            ("sc-neurocore-engine-unipolar", lambda: engine.forward_batch_numpy(many), len(many))
        )
    if find_spec("UnarySim") is not None:
        found.append(("unarysim", _unarysim(x, weights), _SLOW_SAMPLES))
    return found


def _unarysim(x: Array, weights: Array) -> Callable[[], Any]:
    """As UnarySim's own test of its layer runs it, cycle by cycle, for a few samples."""
    try:
        from UnarySim.kernel.linear import FSULinear
        from UnarySim.stream.gen import RNG, BinGen, BSGen
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"UnarySim needs {error.name}, which is not installed; --no-slow leaves peers out"
        ) from None

    config = {"width": 8, "mode": "bipolar", "scale": 1, "depth": 20, "rng": "Sobol", "dimr": 1}
    kinds = dict.fromkeys(("btype", "rtype", "stype"), torch.float)
    matrix = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float32))
    values = torch.tensor(x[:_SLOW_SAMPLES], dtype=torch.float32)

    def run() -> Any:
        with torch.no_grad():
            layer = FSULinear(
                _INPUTS, _OUTPUTS, bias=False, weight_ext=matrix, hwcfg=config, swcfg=kinds
            )
            for row in values:
                source = BinGen(row[None], config, kinds)()
                stream = BSGen(source, RNG(config, kinds)(), kinds)
                index = torch.zeros(source.size(), dtype=torch.long)
                for cycle in range(_CYCLES):
                    out = layer(stream(index + cycle))
            return out

    return run
