"""The pulse-gate bench: gates that are reprogrammed as they run, against the golden gate.

A *vector* is one accepted command, as in the store-domain bench; config writes are none, but what
they change is checked: each command by the table and map that all writes accepted before it left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.design import Design, elaborate_gates
from nvmcosim.cocotb_tests.digital import Bench, RunOptions, Verdict, curves_for, run_bench
from nvmcosim.cocotb_tests.gate_job import config_job, gate_threshold_job, longest_command
from nvmcosim.cocotb_tests.gate_spec import GateSpec
from nvmcosim.cocotb_tests.gate_stimulus import GateStimulus, gate_stimulus_for
from nvmcosim.cocotb_tests.job import command_job
from nvmcosim.cocotb_tests.judge import (
    Expectation,
    counter,
    describe,
    judge,
    observation,
)
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.pulse_gate import PulseGate
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.golden_gate import GoldenGate
from nvmcosim.pymodel.store import to_bits

__all__ = ["BLOCK", "run"]

#: The block's name on the command line and in results.
BLOCK = "pulse-gate"
#: Rows of each array, as in the store-domain bench.
ROWS = 5
_TEST_BENCH = "nvmcosim.cocotb_tests.pulse_gate_tb"


def run(
    gates: GateSpec | Sequence[GateSpec],
    curves: DeviceCurve | Sequence[DeviceCurve],
    simulators: Sequence[Simulator] = tuple(Simulator),
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check `gates`, side by side in one top, on each of `simulators`.

    Each gets `vectors` commands, and on the average every sixth of them config writes, of which
    half race with commands. `curves` has a curve for each amplitude of each gate. `options` are
    `RunOptions`; results and errors are `run_bench`'s; the results' `facts` count the config writes
    and the tables that commands met.
    """
    listed = [gates] if isinstance(gates, GateSpec) else list(gates)
    each = curves_for([spec.plan for spec in listed], curves)
    design = elaborate_gates(listed, ROWS)
    bench = Bench(
        block=BLOCK,
        module=_TEST_BENCH,
        design=design,
        key=[
            [[spec.plan.digest(), list(spec.table.shape.amplitudes)] for spec in listed],
            [curve.digest for curve in each],
        ],
        values=sum(_values(gate) for gate in design.controllers),
        batch=partial(_Batch, design, each),
    )
    options.setdefault("name", "gates")
    return run_bench(bench, simulators, **options)


def _values(gate: PulseGate) -> int:
    """Values that a vector holds: thresholds, snapshots, and some four tables."""
    plan = gate.plan
    cells = plan.bank_words * plan.width
    return cells * (len(gate.shape.amplitudes) * (1 + plan.retry_limit) + 1 + 8)


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch: the stimulus, made when needed; what is expected depends on what raced how."""

    design: Design[PulseGate]
    curves: tuple[DeviceCurve, ...]
    vectors: int
    seed: int
    number: int

    @cached_property
    def stimuli(self) -> list[GateStimulus]:
        return [
            gate_stimulus_for(
                gate.plan, gate.table, curve, gate.rows, self.vectors, self.seed, self.number
            )
            for gate, curve in zip(self.design.controllers, self.curves, strict=True)
        ]

    def job(self) -> dict[str, NDArray[Any]]:
        gates, stimuli = self.design.controllers, self.stimuli
        job = command_job(gates, stimuli, longest_command(gates, stimuli))
        job |= gate_threshold_job(gates, stimuli)
        return job | config_job(gates, stimuli, self.design.harness)

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        seen = observation(self.design.controllers, observed, n)
        gate, stimulus = self.design.controllers[n], self.stimuli[n]
        expected = gate_expectation(gate, self.curves[n], stimulus, seen.configured)
        wrong, clocks = judge(stimulus, expected, seen)

        def told(vector: int) -> dict[str, Any]:
            table = stimulus.tables[seen.configured[vector]]
            plan = table.plan(gate.plan)
            about = describe(gate, stimulus, expected, seen, clocks, vector, plan)
            fields = {name: list(getattr(table, name)) for name in ("codes", "selects")}
            return {**about, **fields, "stage_map": list(table.stage_map)}

        met = np.unique(seen.configured)
        return Verdict(wrong, told, {"config_writes": int(met.max()), "tables": met.size})


def gate_expectation(
    gate: PulseGate, curve: DeviceCurve, stimulus: GateStimulus, configured: NDArray[np.int64]
) -> Expectation:
    """Run the golden gate through `stimulus`, where `configured` writes came before each command.

    The order of commands and writes is what was seen; that it was a right one is the cocotb side's
    to check, clock by clock.
    """
    plan, rows, tables = gate.plan, gate.rows, stimulus.tables
    golden = GoldenGate(plan, gate.table, curve, rows)
    vectors, columns = stimulus.rows.size, plan.bank_words * plan.width
    contents = np.zeros((vectors, rows, plan.bank_words), plan.number_format.dtype)
    counters = np.zeros((vectors, len(gate.counter_names)), np.uint64)
    clocks = np.zeros((2, vectors), np.int64)
    expressed, before = golden.table.plan(plan), 0
    for vector, (row, words) in enumerate(zip(stimulus.rows, stimulus.words, strict=True)):
        if configured[vector] != before:
            before = int(configured[vector])
            golden.program(tables[before])
            expressed = golden.table.plan(plan)
        thresholds = stimulus.thresholds_of(vector, expressed)
        pulses = golden.write_row(int(row), words, thresholds).tolist()
        contents[vector] = golden.contents
        counters[vector] = [counter(golden.counters, name) for name in gate.counter_names]
        clocks[:, vector] = [
            gate.word_cycles(pulses, table=golden.table, same_row=same) for same in (False, True)
        ]
    bits = to_bits(contents, plan.width).reshape(vectors, rows, columns)
    return Expectation(bits, counters, *clocks)
