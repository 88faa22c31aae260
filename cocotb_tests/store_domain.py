"""The store-domain bench: the controllers' RTL against the golden store, on a simulator.

A *vector* is one accepted command after which every stored bit of the array and every counter is
compared with `GoldenStore`, and the clocks it took with what the controller states. A *mismatch* is
a vector with any difference, with a breach of protocol (`Fault`), or that never came to its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Unpack

from numpy.typing import NDArray

from nvmcosim.cocotb_tests.design import Design, elaborate
from nvmcosim.cocotb_tests.digital import Bench, RunOptions, Verdict, curves_for, run_bench
from nvmcosim.cocotb_tests.job import command_job, planned_job, threshold_job
from nvmcosim.cocotb_tests.judge import Expectation, describe, expectation, judge, observation
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.stimulus import Stimulus, stimulus_for
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["BLOCK", "run"]

#: The block's name on the command line and in results.
BLOCK = "store-domain"
#: Rows of each array: few, so that all are compared; no power of 2, so that a row address can err.
ROWS = 5
_TEST_BENCH = "nvmcosim.cocotb_tests.store_domain_tb"


def run(
    plans: StorePlan | Sequence[StorePlan],
    curves: DeviceCurve | Sequence[DeviceCurve],
    simulators: Sequence[Simulator] = tuple(Simulator),
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check the controllers of `plans`, side by side in one top, on each of `simulators`.

    `curves` are the plans' write curves: one each, or one for all. Each plan gets `vectors`
    commands, the first half as fast as the controller takes them, the second with pauses.
    `options` are `RunOptions`; results and errors are `run_bench`'s.
    """
    listed = [plans] if isinstance(plans, StorePlan) else list(plans)
    each = curves_for(listed, curves)
    design = elaborate(listed, ROWS)
    bench = Bench(
        block=BLOCK,
        module=_TEST_BENCH,
        design=design,
        key=[[plan.digest() for plan in listed], [curve.digest for curve in each]],
        values=sum(plan.bank_words * plan.width * (2 + plan.retry_limit) for plan in listed),
        batch=partial(_Batch, design, each),
    )
    return run_bench(bench, simulators, **options)


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch: stimulus and expectation, made when needed."""

    design: Design[StoreController]
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

    def job(self) -> dict[str, NDArray[Any]]:
        controllers = self.design.controllers
        plans = [controller.plan for controller in controllers]
        longest = max(controller.word_cycles_range[1] for controller in controllers)
        job = command_job(controllers, self.stimuli, longest) | planned_job(plans)
        return job | threshold_job(plans, self.stimuli)

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        seen = observation(self.design.controllers, observed, n)
        controller, stimulus, expected = (
            self.design.controllers[n],
            self.stimuli[n],
            self.expected[n],
        )
        wrong, clocks = judge(stimulus, expected, seen)
        return Verdict(wrong, partial(describe, controller, stimulus, expected, seen, clocks))
