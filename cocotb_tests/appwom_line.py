"""The appwom-line bench: line controllers against the golden lines, on a simulator.

A *vector* is one accepted command after which every cell of the array and every counter is compared
with `GoldenLine`, the clocks it took with what the controller states, and a read's reply with what
the line holds. A *mismatch* is a vector with any difference, with a breach of protocol (`Fault`),
or that never came to its end. Half of the lines are in any state at first, most of them impossible;
restarts come at any time in the second half of a batch, and cells whose pulse one cuts hold either
value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.digital import Bench, RunOptions, Verdict, run_bench
from nvmcosim.cocotb_tests.line_design import LineDesign, elaborate_lines
from nvmcosim.cocotb_tests.line_judge import (
    LineObservation,
    cells_of,
    golden_at_first,
    line_expectation,
)
from nvmcosim.cocotb_tests.line_stimulus import LineStimulus, line_stimulus_for, restarts_for
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.store import to_bits

__all__ = ["BLOCK", "LINES", "run"]

#: The block's name on the command line and in results.
BLOCK = "appwom-line"
#: Lines of each array.
LINES = 3
_TEST_BENCH = "nvmcosim.cocotb_tests.appwom_line_tb"


def run(
    plans: LinePlan | Sequence[LinePlan],
    simulators: Sequence[Simulator] = tuple(Simulator),
    *,
    restarts: bool = True,
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check a controller for each of `plans`, side by side, on each of `simulators`.

    `options` are `RunOptions`; results and
    errors are `run_bench`'s; the results' `facts` count restarts that cut a command, turned units,
    and groups found in a state that no write makes.
    """
    listed = [plans] if isinstance(plans, LinePlan) else list(plans)
    if not listed:
        raise InputError("no plan is given; give at least one")
    design = elaborate_lines(listed, LINES)
    bench = Bench(
        block=BLOCK,
        module=_TEST_BENCH,
        design=design,
        key=[[plan.digest() for plan in listed], restarts],
        values=sum(2 * LINES * controller.cells for controller in design.controllers),
        batch=partial(_Batch, design, restarts),
    )
    return run_bench(bench, simulators, **options)


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch: the stimulus, made when needed; what is expected depends on when restarts came."""

    design: LineDesign[LineController]
    restarts: bool
    vectors: int
    seed: int
    number: int

    @cached_property
    def stimuli(self) -> list[LineStimulus]:
        return [
            line_stimulus_for(c.plan, c.lines, self.vectors, self.seed, self.number)
            for c in self.design.controllers
        ]

    @cached_property
    def cuts(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Gaps between restarts, and what cells do whose pulse one cuts."""
        controllers = self.design.controllers
        clocks = max(sum(c.command_cycles_range) for c in controllers) // 2
        cells = sum(c.cells for c in controllers)
        gaps, coins = restarts_for(self.vectors, clocks, cells, self.seed, self.number)
        return (gaps, coins) if self.restarts else (gaps[:0], coins[:0])

    def job(self) -> dict[str, NDArray[Any]]:
        gaps, coins = self.cuts
        longest = max(c.command_cycles_range[1] for c in self.design.controllers)
        job: dict[str, NDArray[Any]] = {
            "controllers": np.array(len(self.design.controllers)),
            "limit": np.array(2 * longest + 64),
            "gaps": gaps,
            "coins": coins,
        }
        for n, (controller, stimulus) in enumerate(
            zip(self.design.controllers, self.stimuli, strict=True)
        ):
            own = _job_of(controller, stimulus)
            job |= {f"p{n}_{name}": value for name, value in own.items()}
        return job

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        controller, stimulus = self.design.controllers[n], self.stimuli[n]
        seen = LineObservation.of(observed, n)
        start = sum(c.cells for c in self.design.controllers[:n])
        coins = self.cuts[1][:, start : start + controller.cells]
        expected = line_expectation(controller, stimulus, seen, coins)
        facts = {
            "cut": int((seen.cut >= 0).sum()),
            "turns": sum(work.turns for work in expected.work),
            "impossible": sum(work.impossible for work in expected.work),
        }
        describe = partial(expected.describe, controller, stimulus, seen)
        return Verdict(expected.wrong(stimulus, seen), describe, facts)


def _job_of(controller: LineController, stimulus: LineStimulus) -> dict[str, NDArray[Any]]:
    """What the cocotb side is told of one controller."""
    plan = controller.plan
    layout = controller.commands.payload.shape()
    payload = np.zeros((stimulus.opcodes.size, layout.size), bool)
    words = to_bits(stimulus.words, plan.width).reshape(len(payload), -1)
    fields = {"opcode": stimulus.opcodes[:, None], "line": stimulus.lines[:, None]}
    for name, values in fields.items():
        at = layout[name]
        payload[:, at.offset : at.offset + at.width] = values >> np.arange(at.width) & 1
    at = layout["words"]
    payload[:, at.offset : at.offset + at.width] = words
    return {
        "payload": payload,
        "stalls": stimulus.stalls,
        "waits": stimulus.waits,
        "cells": cells_of(golden_at_first(controller, stimulus)),
        "cycles": np.array([plan.read_cycles, plan.set_cycles, plan.reset_cycles]),
        "counters": np.array(controller.counter_names),
        "reply_bits": np.array(plan.width * plan.line_words),
    }
