"""Runs a bench batch by batch on the simulators, and keeps finished batches for a later run."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.result import DESCRIBED, BenchResult
from nvmcosim.cocotb_tests.runner import Build, build, simulate
from nvmcosim.cocotb_tests.tools import Simulator, require
from nvmcosim.pymodel.bit_curves import CurveSet, DeviceCurve, bit_failure_rates
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["BATCH_VALUES", "Batch", "Bench", "RunOptions", "Verdict", "curves_for", "run_bench"]

#: Threshold and snapshot values of a batch: some 10 to 40 s of work, which is what an interrupted
#: run may lose.
BATCH_VALUES = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one controller.

    Fields: `wrong`, which vectors are mismatches, `[vectors]`; `describe`, everything about one of
    them; `facts`, numbers to add up over controllers and batches.
    """

    wrong: NDArray[np.bool_]
    describe: Callable[[int], dict[str, Any]]
    facts: Mapping[str, int] = field(default_factory=dict)


class Batch(Protocol):
    """A number of vectors for each controller, the same for every simulator."""

    def job(self) -> dict[str, NDArray[Any]]:
        """What the cocotb side is told."""

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        """Compare what was observed of controller n with the golden model."""


class Benched(Protocol):
    """A design under test; `cocotb_tests.design.Design` is one."""

    @property
    def controllers(self) -> Sequence[Any]:
        """What is judged one by one."""

    @property
    def verilog(self) -> str:
        """All of the design as one text."""

    @property
    def toplevel(self) -> str:
        """The module that the bench sees."""

    @property
    def ports(self) -> tuple[str, ...]:
        """Its ports."""

    def edited(self, edit: Callable[[str], str]) -> "Benched":
        """The same design with other Verilog for its controllers."""


class RunOptions(TypedDict, total=False):
    """What every bench may be asked for, beside what it checks.

    Keys:
        vectors: for each controller, 200 if none.
        seed: of the stimulus.
        name: the results' `case`.
        progress: called with a simulator's name and how many vectors are done on it.
        checkpoints: a folder where finished batches are kept, and taken from when the same run is
            started again.
        edit: changes the controllers' Verilog before it is built: how a bench itself is tested.
    """

    vectors: int
    seed: int
    name: str
    progress: Callable[[str, int], None] | None
    checkpoints: Path | None
    edit: Callable[[str], str] | None


@dataclass(frozen=True, eq=False)
class Bench:
    """Controllers side by side and how their batches are made.

    Fields:
        block: the block's name.
        module: dotted name of the cocotb module.
        design: the controllers.
        key: what batches depend on beside the design's Verilog, as JSON-ready values.
        values: values that a vector holds.
        batch: a batch by its number of vectors, seed and number.
    """

    block: str
    module: str
    design: Benched
    key: Any
    values: int
    batch: Callable[[int, int, int], Batch]


def curves_for(
    plans: Sequence[StorePlan], curves: DeviceCurve | Sequence[DeviceCurve]
) -> tuple[DeviceCurve, ...]:
    """A curve for each of `plans`: `curves` are one each, or one for all.

    Raises `InputError` for no plan, another number of curves, or a pulse that its curve does not
    cover.
    """
    if not plans:
        raise InputError("no plan is given; give at least one")
    each: tuple[DeviceCurve, ...]
    each = (curves,) * len(plans) if isinstance(curves, WriteCurve | CurveSet) else tuple(curves)
    if len(each) != len(plans):
        raise InputError(f"{len(each)} curves are given for {len(plans)} plans; give one each")
    for plan, curve in zip(plans, each, strict=True):
        bit_failure_rates(plan, curve)
    return each


def run_bench(
    bench: Bench,
    simulators: Sequence[Simulator],
    *,
    vectors: int = 200,
    seed: int = 0,
    name: str = "plans",
    progress: Callable[[str, int], None] | None = None,
    checkpoints: Path | None = None,
    edit: Callable[[str], str] | None = None,
) -> list[BenchResult]:
    """Run `bench` on each of `simulators`; the rest are `RunOptions`.

    Returns one result a simulator. Raises `InputError`, `MissingTool` or `SimulationError`.
    """
    if vectors < 1:
        raise InputError(f"vectors is {vectors!r}; it must be at least 1")
    design = bench.design if edit is None else bench.design.edited(edit)
    count = len(design.controllers)
    versions = [require(simulator) for simulator in simulators]
    builds = [
        build(simulator, design.verilog, design.toplevel, design.ports) for simulator in simulators
    ]
    results = [
        BenchResult(bench.block, b.simulator.value, name, count, seed, build_seconds=b.seconds)
        for b in builds
    ]
    most = max(1, BATCH_VALUES // bench.values)
    sizes = [min(most, vectors - start) for start in range(0, vectors, most)]
    for number, size in enumerate(sizes):
        batch = bench.batch(size, seed, number)
        for built, version, result in zip(builds, versions, results, strict=True):

            def tell(done: int, built: Build = built, before: int = result.vectors) -> None:
                if progress is not None:
                    progress(built.simulator.value, before + done)

            of_run = [version, design.verilog, size, seed, number, bench.key]
            kept = None if checkpoints is None else checkpoints / _name(built, of_run)
            part = None if kept is None else _kept(kept)
            if part is None:
                part = _run(bench, batch, built, tell)
                part.failures = [{"seed": seed, "batch": number, **f} for f in part.failures]
                if kept is not None:
                    write_json(kept, part.to_dict())
            tell(part.vectors)
            result.add(part)
    return results


def _name(built: Build, of_run: list[Any]) -> str:
    return f"{built.simulator.value}-{digest_of(of_run)[:24]}.json"


def _kept(path: Path) -> BenchResult | None:
    """The batch's result in the file at `path`; a file that is damaged is as good as none."""
    with contextlib.suppress(InputError, TypeError):
        return BenchResult(**read_json(path)) if path.is_file() else None
    return None


def _run(bench: Bench, batch: Batch, built: Build, progress: Callable[[int], None]) -> BenchResult:
    """Run a batch on one simulator and judge every controller."""
    job = batch.job()
    started = time.perf_counter()
    observed = simulate(built, bench.module, job, progress)
    result = BenchResult(
        bench.block,
        built.simulator.value,
        seconds=time.perf_counter() - started,
        cycles=int(observed["cycles"]),
    )
    for n in range(len(bench.design.controllers)):
        verdict = batch.judge(n, observed)
        wrong = np.flatnonzero(verdict.wrong)
        result.vectors += verdict.wrong.size
        result.mismatches += wrong.size
        result.by_plan.append(int(wrong.size))
        for fact, value in verdict.facts.items():
            result.facts[fact] = result.facts.get(fact, 0) + value
        for vector in wrong[: max(0, DESCRIBED - len(result.failures))]:
            result.failures.append(verdict.describe(int(vector)))
    return result
