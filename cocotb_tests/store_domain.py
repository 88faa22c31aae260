"""The store-domain bench: the controllers' RTL against the golden store, on a simulator.

A *vector* is one accepted command after which every stored bit of the array and every counter is
compared with `GoldenStore`, and the clocks it took with what the controller states. A *mismatch* is
a vector with any difference, with a breach of protocol (`Fault`), or that never came to its end.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from nvmcosim.cocotb_tests.design import Design, elaborate
from nvmcosim.cocotb_tests.harness import TOPLEVEL
from nvmcosim.cocotb_tests.job import command_job, threshold_job
from nvmcosim.cocotb_tests.judge import (
    Expectation,
    Observation,
    columns_of,
    describe,
    expectation,
    judge,
)
from nvmcosim.cocotb_tests.result import DESCRIBED, BenchResult
from nvmcosim.cocotb_tests.runner import Build, build, simulate
from nvmcosim.cocotb_tests.stimulus import Stimulus, stimulus_for
from nvmcosim.cocotb_tests.tools import Simulator, require
from nvmcosim.pymodel.bit_curves import CurveSet, DeviceCurve, bit_failure_rates
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import digest_of, read_json, write_json
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["BLOCK", "run"]

#: The block's name on the command line and in results.
BLOCK = "store-domain"
#: Rows of each array: few, so that all are compared; no power of 2, so that a row address can err.
ROWS = 5
#: Threshold and snapshot values of a batch: some 10 to 40 s of work, which is what an interrupted
#: run may lose.
_BATCH_VALUES = 1 << 20
_TEST_BENCH = "nvmcosim.cocotb_tests.store_domain_tb"


def run(
    plans: StorePlan | Sequence[StorePlan],
    curves: DeviceCurve | Sequence[DeviceCurve],
    simulators: Sequence[Simulator] = tuple(Simulator),
    *,
    vectors: int = 200,
    seed: int = 0,
    name: str = "plans",
    progress: Callable[[str, int], None] | None = None,
    checkpoints: Path | None = None,
    edit: Callable[[str], str] | None = None,
) -> list[BenchResult]:
    """Check the controllers of `plans`, side by side in one top, on each of `simulators`.

    `curves` are the plans' write curves: one each, or one for all. Each plan gets `vectors`
    commands, the first half as fast as the controller takes them, the second with pauses.
    `name` is the results' `case`. `progress` is called with a simulator's name and how many vectors
    are done on it. Finished batches are kept in the folder `checkpoints` and taken from there when
    the same run is started again. `edit` changes the controllers' Verilog before it is built: that
    is how the bench itself is tested.

    Returns one result a simulator. Raises `InputError`, `MissingTool` or `SimulationError`.
    """
    listed = [plans] if isinstance(plans, StorePlan) else list(plans)
    if not listed:
        raise InputError("no plan is given; give at least one")
    if vectors < 1:
        raise InputError(f"vectors is {vectors!r}; it must be at least 1")
    each = [curves] * len(listed) if isinstance(curves, WriteCurve | CurveSet) else list(curves)
    for plan, curve in zip(listed, each, strict=True):
        bit_failure_rates(plan, curve)  # refuses what the curve does not cover
    versions = [require(simulator) for simulator in simulators]
    design = elaborate(listed, ROWS)
    if edit is not None:
        design = design.edited(edit)
    builds = [
        build(simulator, design.verilog, TOPLEVEL, design.harness.ports) for simulator in simulators
    ]
    results = [
        BenchResult(BLOCK, b.simulator.value, name, len(listed), seed, build_seconds=b.seconds)
        for b in builds
    ]
    for number, size in enumerate(_batches(listed, vectors)):
        batch = _Batch(design, tuple(each), size, seed, number)
        for built, version, result in zip(builds, versions, results, strict=True):

            def tell(done: int, built: Build = built, before: int = result.vectors) -> None:
                if progress is not None:
                    progress(built.simulator.value, before + done)

            part = batch.kept(built, version, tell, checkpoints)
            tell(part.vectors)
            result.add(part)
    return results


def _batches(plans: Sequence[StorePlan], vectors: int) -> list[int]:
    """Sizes of the batches, so that none holds too many values at once."""
    values = sum(plan.bank_words * plan.width * (2 + plan.retry_limit) for plan in plans)
    most = max(1, _BATCH_VALUES // values)
    return [min(most, vectors - start) for start in range(0, vectors, most)]


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch: the same stimulus and expectation for every simulator, made when needed."""

    design: Design
    curves: tuple[DeviceCurve, ...]
    vectors: int
    seed: int
    number: int

    @cached_property
    def stimuli(self) -> list[Stimulus]:
        return [
            stimulus_for(c.plan, curve, c.rows, self.vectors, self.seed, self.number)
            for c, curve in zip(self.design.controllers, self.curves, strict=True)
        ]

    @cached_property
    def expected(self) -> list[Expectation]:
        parts = zip(self.design.controllers, self.curves, self.stimuli, strict=True)
        return [expectation(controller, curve, stimulus) for controller, curve, stimulus in parts]

    def kept(
        self,
        built: Build,
        version: str,
        progress: Callable[[int], None],
        folder: Path | None,
    ) -> BenchResult:
        """The batch's result on one simulator, from `folder` if an earlier run left it there."""
        if folder is None:
            return self.run(built, progress)
        of_run = [version, self.design.verilog, self.vectors, self.seed, self.number]
        of_plans = [controller.plan.digest() for controller in self.design.controllers]
        key = digest_of([of_run, of_plans, [curve.digest for curve in self.curves]])
        path = folder / f"{built.simulator.value}-{key[:24]}.json"
        # A file that is damaged is as good as none.
        with contextlib.suppress(InputError, TypeError):
            if path.is_file():
                return BenchResult(**read_json(path))
        result = self.run(built, progress)
        write_json(path, result.to_dict())
        return result

    def run(self, built: Build, progress: Callable[[int], None]) -> BenchResult:
        """Run the batch on one simulator and judge every controller."""
        controllers = self.design.controllers
        job = command_job(controllers, self.stimuli)
        job |= threshold_job([controller.plan for controller in controllers], self.stimuli)
        expected = self.expected
        started = time.perf_counter()
        observed = simulate(built, _TEST_BENCH, job, progress)
        result = BenchResult(
            BLOCK,
            built.simulator.value,
            seconds=time.perf_counter() - started,
            cycles=int(observed["cycles"]),
        )
        for n, (controller, columns) in enumerate(
            zip(controllers, columns_of(controllers), strict=True)
        ):
            seen = Observation.of(observed, n, columns, len(controller.counter_names))
            wrong, clocks = judge(controller, self.stimuli[n], expected[n], seen)
            result.vectors += self.vectors
            result.mismatches += int(wrong.sum())
            result.by_plan.append(int(wrong.sum()))
            for vector in np.flatnonzero(wrong)[: max(0, DESCRIBED - len(result.failures))]:
                told = describe(controller, self.stimuli[n], expected[n], seen, clocks, int(vector))
                result.failures.append({"seed": self.seed, "batch": self.number, **told})
        return result
