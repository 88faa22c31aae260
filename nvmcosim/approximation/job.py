"""One approximation from files or from a network of the paper, with its report."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.approximation.certify import check_networks
from nvmcosim.approximation.kept import ColumnStore, read_arrays, write_arrays
from nvmcosim.approximation.layers import approximate_network, search_network
from nvmcosim.approximation.limits import check_threshold
from nvmcosim.approximation.network import TanhNetwork
from nvmcosim.approximation.power import network_power, weight_power_w
from nvmcosim.provenance import provenance
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_json

__all__ = ["Job", "network_of", "run_job"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """What is approximated.

    Fields:
        network: a name of the study's networks, or None.
        weights: npz file with w0, w1, ...; None trains `network`.
        inputs: npz file with x; None takes the training samples of `network`.
        phi: threshold of the outputs.
        thresholds: of each layer, without a search; empty is a search.
        samples: in the program, drawn at random; None is all.
        seed: of training and of the draw.
        data, out: folders.
    """

    network: str | None
    weights: Path | None
    inputs: Path | None
    phi: float
    thresholds: tuple[float, ...]
    samples: int | None
    seed: int
    data: str | None
    out: Path

    def __post_init__(self) -> None:
        for threshold in (self.phi, *self.thresholds):
            check_threshold(threshold)
        if self.network is None and (self.weights is None or self.inputs is None):
            raise InputError("give --network, or both --weights and --inputs")


def run_job(job: Job, told: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Approximate, check, write `weights.npz` and `report.json` into `job.out`; the report.

    Solved columns are kept in `job.out`, so that the same command goes on where it was interrupted.
    """
    every = _inputs(job)
    _check_width(job, every)
    network = _network(job)
    if every.ndim != 2 or every.shape[1] != network.shape[0]:
        raise InputError(
            f"x has the shape {every.shape}; it must be (samples, {network.shape[0]}), as the "
            "network has so many inputs"
        )
    order = np.random.Generator(np.random.Philox([job.seed, 5])).permutation(len(every))
    count = len(every) if job.samples is None else job.samples
    if count > len(every):
        raise InputError(f"samples is {count}; it must be 1 to {len(every)}, as many as there are")
    inside, rest = every[np.sort(order[:count])], every[np.sort(order[count:])]
    store = ColumnStore(job.out / "columns")
    if job.thresholds:
        found = approximate_network(network, inside, job.thresholds, store, told)
    else:
        found = search_network(network, inside, job.phi, weight_power_w, store, told)
    power = [1e3 * network_power(n, every).total_w for n in (network, found.network)]
    report = {
        "thresholds": list(found.thresholds),
        "layers": [
            {
                "phi": layer.phi,
                "original": layer.original,
                "distance": layer.distance,
                "bound": layer.bound,
                "gap": layer.gap,
                "rows": list(layer.rows),
            }
            for layer in found.layers
        ],
        "gap": found.gap,
        "inside": asdict(found.check),
        "rest": asdict(check_networks(found.network, network, rest, found.thresholds[-1])),
        "power_mw": power,
        "tried": [list(step) for step in found.tried],
        "provenance": provenance(job.seed, network=job.network, phi=job.phi, samples=count),
    }
    arrays = {f"w{n}": w for n, w in enumerate(found.network.weights)}
    write_arrays(job.out / "weights.npz", **arrays, scales=np.array(network.scales))
    write_json(job.out / "report.json", report)
    return report


def network_of(arrays: dict[str, Array], path: Path) -> TanhNetwork:
    """The network of arrays w0, w1, ...: over M where there are `scales`, as trained otherwise."""
    layers = [arrays[f"w{n}"] for n in range(len(arrays)) if f"w{n}" in arrays]
    known = {f"w{n}" for n in range(len(layers))} | {"scales"}
    if not layers or not set(arrays) <= known:
        raise InputError(
            f"{path} has the arrays {', '.join(sorted(arrays))}; it must have w0, w1 and so on, "
            "and may have scales"
        )
    if "scales" in arrays:
        return TanhNetwork(tuple(layers), tuple(np.atleast_1d(arrays["scales"]).tolist()))
    return TanhNetwork.trained(layers)


def _network(job: Job) -> TanhNetwork:
    if job.weights is not None:
        return network_of(_arrays(job.weights), job.weights)
    from nvmcosim.studies.mondal2018.networks import Training, samples_of, trained

    assert job.network is not None
    return trained(Training(job.network, job.seed), samples_of(job.network, job.data), job.out)


def _inputs(job: Job) -> Array:
    if job.inputs is None:
        from nvmcosim.studies.mondal2018.networks import samples_of

        assert job.network is not None
        return samples_of(job.network, job.data).train
    found = _arrays(job.inputs)
    if "x" not in found:
        raise InputError(f"{job.inputs} has no array x; it must have one, a row a sample")
    x = found["x"]
    if not np.isfinite(x).all() or not x.size or x.min() < 0 or x.max() > 1:
        raise InputError(f"{job.inputs} has values outside [0, 1] in x, or none at all")
    return x


def _check_width(job: Job, x: Array) -> None:
    """Raise `InputError` for inputs that do not fit a named network, before it is trained."""
    if job.network is None or job.weights is not None or job.inputs is None:
        return
    from nvmcosim.studies.mondal2018.networks import samples_of

    width = samples_of(job.network, job.data).train.shape[1]
    if x.ndim != 2 or x.shape[1] != width:
        raise InputError(
            f"x has the shape {x.shape}; it must be (samples, {width}), as {job.network} has so "
            "many inputs"
        )


def _arrays(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise InputError(f"{path} is no file; it must be an npz file")
    found = read_arrays(path)
    if found is None:
        raise InputError(f"{path} is no npz file that can be read; pickled arrays are not")
    return found
