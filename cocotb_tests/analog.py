"""The store-domain bench through physics: the RTL's pulses switch junctions in ngspice.

The controller runs in a Verilog simulator, its array is a circuit of junctions with their write
drivers in ngspice, in lock-step; what the junctions hold is sensed and goes back into the
controller's reads and verifications. The golden store is given each cell's own switching times,
which were measured before, cell by cell, in circuits of their own (`cell_times`): after every
command both must hold the same bits and have counted the same.
"""

import copy
import io
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.cell_times import ChosenCells, History, choose_cells
from nvmcosim.cocotb_tests.design import elaborate
from nvmcosim.cocotb_tests.harness import TOPLEVEL
from nvmcosim.cocotb_tests.job import command_job, planned_job
from nvmcosim.cocotb_tests.judge import Observation, describe, expectation, judge
from nvmcosim.cocotb_tests.result import DESCRIBED, BenchResult
from nvmcosim.cocotb_tests.runner import Build, build, simulate
from nvmcosim.cocotb_tests.stimulus import Stimulus
from nvmcosim.cocotb_tests.tools import Simulator, require
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.pymodel.device.spec import DeviceSpec
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import write_bytes
from nvmcosim.pymodel.store import GoldenStore, to_bits
from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["ANALOG_PLAN", "MAX_CELLS", "cells_of_row", "run_analog"]

#: A plan that shows everything in a few words: a domain that is written surely, one that often
#: fails, one that is never written; and a clock in which a failed cell does not come to rest, so
#: that some retries write what a first pulse could not.
ANALOG_PLAN = StorePlan(
    "bf16",
    (Domain(6, 15_000), Domain(6, 10_000), Domain(4, 0)),
    device="stt-65nm",
    tick_ps=2500,
    rewrite="changed",
    retry_limit=2,
)
#: More cells than this in lock-step take longer than anyone waits.
MAX_CELLS = 128
#: Every threshold is given, so nothing is drawn from a curve.
_NO_CURVE = law_curve("ono2021")
_TEST_BENCH = "nvmcosim.cocotb_tests.analog_tb"


def cells_of_row(plan: StorePlan) -> int:
    """Cells of a row that some pulse reaches: only they are junctions in ngspice."""
    return plan.bank_words * int((plan.bit_pulse_ps > 0).sum())


def run_analog(
    plan: StorePlan,
    spec: DeviceSpec,
    simulators: Sequence[Simulator] = tuple(Simulator),
    *,
    vectors: int = 16,
    rows: int = 2,
    seed: int = 0,
    name: str = "analog",
    progress: Callable[[str, int], None] | None = None,
    waveforms: Path | None = None,
    edit: Callable[[str], str] | None = None,
) -> list[BenchResult]:
    """Check the controller of `plan` with an array of `rows` rows of junctions of device `spec`.

    As in `store_domain.run`; the source lets a row's cells come to rest between commands. Results
    have `facts`: cells, how many were passed over, retries, and the bits that only a retry wrote.
    Each simulator's waveforms go into the folder `waveforms`, as `analog-<simulator>.npz`:
    `time_ps` `[points]`, `mz` `[cells, points]`, `row` and `column` `[cells]`.

    Returns one result a simulator. Raises `InputError`, `MissingTool` or `SimulationError`.
    """
    _check(plan, vectors, rows)
    for simulator in simulators:
        require(simulator)
    # Cells are frozen; their times differ by direction and attempt, so they are given a write.
    plan = plan.replace(variation="cycle")
    design = elaborate([plan], rows)
    controller = design.controllers[0]
    if edit is not None:
        design = design.edited(edit)
    builds = [
        build(simulator, design.verilog, TOPLEVEL, design.harness.ports) for simulator in simulators
    ]
    chosen = choose_cells(plan, spec, rows, seed)
    stimulus = _stimulus(controller, chosen, vectors, seed)
    expected = expectation(controller, _NO_CURVE, stimulus)
    job = command_job([controller], [stimulus], controller.word_cycles_range[1])
    job |= planned_job([plan]) | _cells_job(plan, spec, chosen, seed)
    facts = {
        "device": spec.name,
        "cells": rows * cells_of_row(plan),
        "cells_passed_over": chosen.passed_over,
        "retries": int(expected.counters[-1][controller.counter_names.index("retries")]),
        "bits_only_a_retry_wrote": _retried(plan, stimulus, expected.contents),
    }

    def on(built: Build) -> BenchResult:
        label = built.simulator.value
        tell = None if progress is None else partial(progress, label)
        started = time.perf_counter()
        observed = simulate(built, _TEST_BENCH, job, tell)
        seconds = time.perf_counter() - started
        seen = Observation.of(observed, 0, slice(None), len(controller.counter_names))
        wrong, clocks = judge(stimulus, expected, seen)
        count = int(wrong.sum())
        result = BenchResult("store-domain", label, name, seed=seed, facts=dict(facts))
        result.vectors, result.mismatches, result.by_plan = vectors, count, [count]
        result.cycles, result.seconds = int(observed["cycles"]), seconds
        result.build_seconds = built.seconds
        if waveforms is not None:
            saved = {"time_ps": observed["time_ps"], "mz": observed["mz"]}
            columns = np.array(chosen.columns)
            saved |= {"row": np.repeat(np.arange(rows), columns.size)}
            _save(waveforms / f"analog-{label}.npz", saved | {"column": np.tile(columns, rows)})
        for vector in np.flatnonzero(wrong)[:DESCRIBED]:
            told = describe(controller, stimulus, expected, seen, clocks, int(vector))
            result.failures.append({"seed": seed, **told})
        return result

    # ngspice keeps one core busy; each simulator has an ngspice of its own.
    with ThreadPoolExecutor() as workers:
        return list(workers.map(on, builds))


def _check(plan: StorePlan, vectors: int, rows: int) -> None:
    cells = rows * cells_of_row(plan)
    if not 1 <= vectors <= 10_000:
        raise InputError(f"vectors is {vectors!r}; it must be from 1 to 10000")
    if rows < 1 or cells > MAX_CELLS:
        raise InputError(
            f"{rows} rows of {plan.bank_words} words of {plan.format} are {cells} written cells; "
            f"in lock-step with ngspice there may be 1 to {MAX_CELLS}"
        )
    if plan.amplitudes != (None,):
        raise InputError(
            f"the domains' amplitudes are {plan.amplitudes}; in lock-step every cell's driver has "
            "the device's own supply: leave amplitude_v out"
        )


def _stimulus(
    controller: StoreController, chosen: ChosenCells, vectors: int, seed: int
) -> Stimulus:
    """Random commands, with the times that their cells will have at each attempt."""
    plan = controller.plan
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 2], np.uint64)))
    shape = (vectors, plan.bank_words)
    words = random.integers(0, plan.number_format.mask, shape, np.uint64, endpoint=True)
    words = words.astype(plan.number_format.dtype)
    rows = random.integers(0, controller.rows, vectors)
    store = GoldenStore(plan, _NO_CURVE, controller.rows)
    thresholds = []
    for row, data in zip(rows.tolist(), words, strict=True):
        thresholds.append(_thresholds(store, chosen, row, data))
        store.write_row(row, data, thresholds[-1])
    return Stimulus(rows, words, np.ones(vectors, np.int64), np.array(thresholds))


def _thresholds(
    store: GoldenStore, chosen: ChosenCells, row: int, data: NDArray[Any]
) -> NDArray[np.float64]:
    """Times of a row's cells at each attempt of a write, `[attempts, bank_words, width]`.

    A cell's time at an attempt depends on the pause since the one before, and that on which domains
    that one drove: known when the golden store has gone through the attempts before.
    """
    plan, bits = store.plan, to_bits(data, store.plan.width)
    histories: list[History] = [()] * len(plan.domains)
    attempts = 1 + plan.retry_limit
    times = np.tile(chosen.thresholds_ps(plan, row, bits, histories), (attempts, 1, 1))
    for attempt in range(1, attempts):
        trial = copy.deepcopy(store)
        trial.write_row(row, data, times)
        pulses = trial.counters.pulses - store.counters.pulses
        driven = [d.pulse_ps for d, n in zip(plan.domains, pulses, strict=True) if n >= attempt]
        if not driven:
            break
        for n, domain in enumerate(plan.domains):
            histories[n] += (max(driven) - domain.pulse_ps + plan.tick_ps,)
        times[attempt:] = chosen.thresholds_ps(plan, row, bits, histories)
    return times


def _cells_job(
    plan: StorePlan, spec: DeviceSpec, chosen: ChosenCells, seed: int
) -> dict[str, NDArray[Any]]:
    """What the cocotb side needs to open the chosen cells, and to let them rest."""
    return {
        "spec": np.array(json.dumps(spec.to_dict())),
        "drawn": np.array(chosen.drawn),
        "cell_seed": np.array(seed),
        "tick": np.array(plan.tick_ps),
        "which": np.array(chosen.which),
        "with_cells": np.array(chosen.columns),
        "rest_clocks": np.array(math.ceil(chosen.array.rest_ps / plan.tick_ps)),
    }


def _retried(plan: StorePlan, stimulus: Stimulus, contents: NDArray[np.bool_]) -> int:
    """How many bits changed though their cell's first pulse was too short to write them."""
    late = stimulus.thresholds_ps[:, 0] >= plan.bit_pulse_ps
    before = np.concatenate([np.zeros_like(contents[:1]), contents[:-1]])
    changed = (contents != before)[np.arange(stimulus.rows.size), stimulus.rows]
    return int((changed.reshape(late.shape) & late).sum())


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getvalue())
