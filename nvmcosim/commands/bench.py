"""`nvmcosim bench`: how fast the project is on this machine, beside what it is compared with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

if TYPE_CHECKING:
    from nvmcosim.bench.timing import BenchResult

__all__ = ["BENCHES", "register"]

#: The benches, as `nvmcosim list` shows them; each is a command below.
BENCHES = ("store", "training", "device", "pcm", "stochastic", "pim")

_benches = typer.Typer(
    no_args_is_help=True, help="Measure speed beside a reference, both in one run."
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.add_typer(_benches, name="bench")


@_benches.command()
def store(
    weights: Annotated[
        int, typer.Option("--weights", min=1, help="bf16 weights in the tensor.")
    ] = 25_000_000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each contestant.")] = 15,
    slow: Annotated[
        bool, typer.Option("--slow/--no-slow", help="Naive torch and public quantisers as well.")
    ] = True,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time a store with failures against torch.clone of the same tensor."""
    _need_torch()
    from nvmcosim.bench.store import bench_store

    with _progress(rounds + 1, json_output) as advance:
        results = bench_store(weights, rounds, slow, seed, advance)
    configuration = {"weights": weights, "rounds": rounds}
    _report("store", results, out, json_output, seed, _torch_threads(), **configuration)


@_benches.command()
def training(
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Epochs of 60,000 images.")] = 5,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of the perceptron.")] = 200,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time training with a store an epoch or a step against training without."""
    _need_torch()
    from nvmcosim.bench.training import bench_training

    with _progress(2 * epochs + 8, json_output) as advance:
        results = bench_training(epochs, steps, seed, advance)
    configuration = {"epochs": epochs, "steps": steps}
    _report("training", results, out, json_output, seed, _torch_threads(), **configuration)


@_benches.command()
def device(
    samples: Annotated[
        int, typer.Option("--samples", min=1000, help="Switching times of the integrator.")
    ] = 1_000_000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each contestant.")] = 3,
    slow: Annotated[
        bool, typer.Option("--slow/--no-slow", help="Cartesian, ngspice and cmtj as well.")
    ] = True,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time switching times by integrators and ngspice against naive numpy."""
    import numba

    from nvmcosim.bench.device import bench_device, missing_ngspice

    if slow and (missing := missing_ngspice()):
        console(True).print(f"without ngspice: {missing}", soft_wrap=True)
    with _progress(rounds + 1, json_output) as advance:
        results = bench_device(samples, rounds, slow, seed, advance)
    configuration = {"samples": samples, "rounds": rounds, "slow": slow}
    _report("device", results, out, json_output, seed, numba.get_num_threads(), **configuration)


@_benches.command()
def pcm(
    weights: Annotated[
        int, typer.Option("--weights", min=1, help="fp32 weights that are written.")
    ] = 25_000_000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Writes of each scheme.")] = 9,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of LeNet.")] = 100,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time writes to phase-change memory by scheme, and LeNet with every step written."""
    _need_torch()
    from nvmcosim.bench.pcm import PLANS, TRAINED, bench_pcm

    with _progress(len(PLANS) + len(TRAINED), json_output) as advance:
        results = bench_pcm(weights, rounds, steps, seed, advance)
    configuration = {"weights": weights, "rounds": rounds, "steps": steps}
    _report("pcm", results, out, json_output, seed, _torch_threads(), **configuration)


@_benches.command()
def pim(
    operations: Annotated[
        int, typer.Option("--operations", min=1 << 12, help="Additions, multiplications.")
    ] = 1 << 21,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each contestant.")] = 5,
    columns: Annotated[int, typer.Option("--columns", min=64, help="Of an array.")] = 1024,
    aritpim: Annotated[
        Path | None, typer.Option("--aritpim", help="A checkout of AritPIM, to time it as well.")
    ] = None,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time in-memory float programs, one core, against numpy's interpreter and AritPIM."""
    from nvmcosim.bench.pim import OPERATIONS, bench_pim
    from nvmcosim.pymodel.formats import FORMATS

    with _progress(len(OPERATIONS) * len(FORMATS), json_output) as advance:
        results = bench_pim(operations, rounds, columns, aritpim, seed, advance)
    if aritpim is None and not json_output:
        console().print("AritPIM is not timed: name a checkout of it with --aritpim FOLDER.")
    configuration = {"operations": operations, "rounds": rounds, "columns": columns}
    _report("pim", results, out, json_output, seed, 1, **configuration)


@_benches.command()
def stochastic(
    samples: Annotated[
        int, typer.Option("--samples", min=100, help="Samples of a layer of 784 x 10.")
    ] = 2000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Runs of each contestant.")] = 9,
    slow: Annotated[
        bool, typer.Option("--slow/--no-slow", help="Packed numpy and installed peers as well.")
    ] = True,
    seed: Seed = 0,
    out: OutDir = Path("out/bench"),
    json_output: JsonFlag = False,
) -> None:
    """Time layers on stochastic streams of 256 cycles against limits and other tools."""
    _need_torch()
    from nvmcosim.bench.stochastic import bench_stochastic, missing_peers

    if slow:
        for sentence in missing_peers():
            console(True).print(sentence, soft_wrap=True)
    with _progress(rounds + 1, json_output) as advance:
        results = bench_stochastic(samples, rounds, slow, seed, advance)
    configuration = {"samples": samples, "rounds": rounds, "slow": slow}
    _report("stochastic", results, out, json_output, seed, _processors(), **configuration)


def _processors() -> int:
    import os

    return os.cpu_count() or 1


def _need_torch() -> None:
    from importlib.util import find_spec

    from nvmcosim.pymodel.errors import MissingTool

    if find_spec("torch") is None:
        raise MissingTool("torch is not installed; get it with: pip install 'nvmcosim[torch]'")


def _torch_threads() -> int:
    import torch

    return torch.get_num_threads()


def _progress(total: int, json_output: bool) -> Any:
    """A context that gives a function to call after each of `total` parts of the work."""
    from contextlib import contextmanager

    from rich.progress import Progress

    @contextmanager
    def shown() -> Any:
        with Progress(console=console(json_output), transient=True) as bar:
            task = bar.add_task("measuring", total=total)
            yield lambda: bar.advance(task)

    return shown()


def _report(
    name: str,
    results: "list[BenchResult]",
    out: Path,
    json_output: bool,
    seed: int,
    threads: int,
    **configuration: Any,
) -> None:
    from nvmcosim.provenance import processor, provenance
    from nvmcosim.pymodel.files import write_json

    value: dict[str, Any] = {
        "results": [result.to_dict() for result in results],
        "processor": processor(),
        "threads": threads,
    }
    record = {**value, "provenance": provenance(seed, **configuration)}
    path = write_json(out / f"bench-{name}.json", record)
    if json_output:
        emit_json(value)
        return
    from rich.table import Table

    screen = console()
    screen.print(f"{record['processor']}, {record['threads']} threads")
    table = Table("what", "median", "unit", "ratio", "to", box=None)
    for result in results:
        reference = f"{result.reference} {result.reference_value:.3f}"
        median, ratio = f"{result.value:.3f}", f"{result.ratio:.3f}"
        table.add_row(result.name, median, result.unit, ratio, reference)
    screen.print(table)
    screen.print(f"written: {path}")
