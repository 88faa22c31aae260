"""Cells of the study of mondal2018: a network approximated, and its accuracy on finite streams."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.approximation.certify import Check, check_networks, distance
from nvmcosim.approximation.kept import ColumnStore, read_arrays
from nvmcosim.approximation.layers import (
    ApproximateNetwork,
    estimated_thresholds,
    search_network,
)
from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.approximation.power import network_power, weight_power_w
from nvmcosim.pymodel.files import digest_of
from nvmcosim.pymodel.sng import READINGS
from nvmcosim.studies.mondal2018.networks import (
    Samples,
    Training,
    keep_network,
    samples_of,
    trained,
)

__all__ = ["ApproximationCell", "PrecisionCell"]

#: Counts up when a cell's result changes for the same configuration.
_VERSION = 1


@dataclass(frozen=True)
class ApproximationCell:
    """A network of the paper, bent by the convex program; or as trained.

    Fields:
        training: of the network that is approximated.
        phi: threshold of the outputs; None leaves the network as trained.
        count: D, training samples in the program, drawn at random; smaller sets are part of larger
            ones. None is all.
        data: folder with data sets.
        folder: where networks and solved columns are kept; no part of the digest.
    """

    training: Training
    phi: float | None
    count: int | None
    data: str | None
    folder: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        values = {
            "version": _VERSION,
            "training": self.training.to_dict(),
            "phi": self.phi,
            "count": self.count if self.phi is not None else None,
            "data": samples_of(self.training.task, self.data).provenance,
        }
        return digest_of(values)

    @property
    def title(self) -> str:
        """Network, threshold and D."""
        if self.phi is None:
            trained_by = self.training
            with_energy = f", energy {trained_by.energy:g}, M {trained_by.limit}"
            return f"{trained_by.task} as trained{with_energy if trained_by.energy else ''}"
        return f"{self.training.task}, phi {self.phi:g}, {self.count or 'all'} samples"

    def network(self) -> TanhNetwork:
        """The new network; worked out if it is not kept."""
        found = read_arrays(self._path)
        if found is None:
            self.run(Path())
            found = read_arrays(self._path)
            assert found is not None
        count = len(found) - 1
        weights = tuple(found[f"w{n}"] for n in range(count))
        return TanhNetwork(weights, tuple(found["scales"].tolist()))

    @property
    def _path(self) -> Path:
        return Path(self.folder) / f"approximate-{self.digest[:24]}.npz"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Train, approximate, check; solved columns are kept, so that it goes on if interrupted."""
        del checkpoint
        begin = time.perf_counter()
        samples = samples_of(self.training.task, self.data)
        network = trained(self.training, samples, Path(self.folder))
        result: dict[str, Any] = {"task": self.training.task, "phi": self.phi}
        new = network
        if self.phi is not None:
            inside, rest = self._parts(samples)
            found = search_network(
                network,
                samples.train[inside],
                self.phi,
                cost=weight_power_w,
                store=ColumnStore(Path(self.folder) / "columns"),
                told=lambda _: tick(),
            )
            new = found.network
            result |= _program(network, found, samples.train[inside], self.phi)
            result["rest"] = asdict(check_networks(new, network, samples.train[rest], self.phi))
        keep_network(self._path, new)
        return {
            **result,
            **_measured(new, samples),
            "seconds": round(time.perf_counter() - begin, 1),
        }

    def _parts(self, samples: Samples) -> tuple[Any, Any]:
        every = len(samples.train)
        order = np.random.Generator(np.random.Philox([0, 5])).permutation(every)
        count = every if self.count is None else min(self.count, every)
        return np.sort(order[:count]), np.sort(order[count:])


def _program(
    network: TanhNetwork, found: ApproximateNetwork, inputs: Any, phi: float
) -> dict[str, Any]:
    _, estimates = estimated_thresholds(network, inputs, phi)
    return {
        "samples": len(inputs),
        "thresholds": list(found.thresholds),
        "eq16": [e.eq16 for e in estimates],
        "guaranteed": [e.guaranteed for e in estimates],
        "upper": [e.upper for e in estimates],
        "tried": [list(step) for step in found.tried],
        "distance": [layer.distance for layer in found.layers],
        "original": [layer.original for layer in found.layers],
        "gap": found.gap,
        "rows": [max(layer.rows) for layer in found.layers],
        "inside": asdict(found.check),
        "layers_inside": [_plain(layer.check) for layer in found.layers],
    }


def _plain(check: Check) -> dict[str, Any]:
    return {"violations": check.violations, "largest": check.largest}


def _measured(network: TanhNetwork, samples: Samples) -> dict[str, Any]:
    powers = {}
    for reading in READINGS:
        for generator in ("normal", "bms"):
            power = network_power(network, samples.test, generator, reading)
            powers[f"{generator}-{reading}"] = {
                "weights_mw": 1e3 * power.weights_w,
                "inputs_mw": 1e3 * power.inputs_w,
                "total_mw": 1e3 * power.total_w,
            }
    return {
        "accuracy": 100 * samples.right(network.decisions(samples.test), samples.test_labels),
        "train_accuracy": 100
        * samples.right(network.decisions(samples.train), samples.train_labels),
        "trivial": 100 * samples.trivial(),
        "tested": len(samples.test),
        "scales": list(network.scales),
        "shape": list(network.shape),
        "generators": network_power(network, samples.test[:1]).generators,
        "power": powers,
        "separation": sum(distance(w) for w in network.weights)
        / sum(w.size for w in network.weights),
    }


@dataclass(frozen=True)
class PrecisionCell:
    """A network on streams of `cycles` cycles, by one of the neurons of `precision`.

    Fields:
        of: the network.
        cycles: length of a stream.
        neuron: a name of `precision.NEURONS`.
        tested: test samples, from the first on; None is all.
        seed: of the streams.
    """

    of: ApproximationCell
    cycles: int
    neuron: str
    tested: int | None
    seed: int

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that determines the result."""
        values = {
            "version": _VERSION,
            "of": self.of.digest,
            "cycles": self.cycles,
            "neuron": self.neuron,
            "tested": self.tested,
            "seed": self.seed,
        }
        return digest_of(values)

    @property
    def title(self) -> str:
        """Network, neuron and length."""
        return f"{self.of.title}: {self.neuron} neuron, {self.cycles} cycles"

    def run(self, checkpoint: Path, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Run the test samples; returns accuracy in percent and the neurons' states."""
        del checkpoint, tick
        from nvmcosim.studies.mondal2018.precision import precision_figures

        samples = samples_of(self.of.training.task, self.of.data)
        network = self.of.network()
        found = precision_figures(
            network.weights,
            network.scales,
            samples.test,
            samples.test_labels,
            cycles=(self.cycles,),
            neurons=(self.neuron,),
            seed=self.seed,
            samples=self.tested,
            typical=samples.train[:1000],
        )[0]
        return {
            "task": self.of.training.task,
            "phi": self.of.phi,
            "cycles": self.cycles,
            "neuron": self.neuron,
            "label": found["label"],
            "accuracy": 100 * found["accuracy"],
            "tested": found["n"],
            "states": found["states"],
            "scales": found["scales"],
        }
