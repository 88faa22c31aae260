"""The demo's hardware: Verilog with its sidecar, and the benches that hold it to the model."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nvmcosim.demo.steps import Report
from nvmcosim.provenance import provenance
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.views import view

__all__ = ["analog_result", "cosim_result", "simulator_versions", "synth_result", "write_rtl"]

#: Commands compared on each simulator: with cells of given thresholds, and with cells in ngspice.
VECTORS = 2000
ANALOG_VECTORS = 8
#: Cells in ngspice, about: a few dozen take a minute in lock-step, a hundred take ten.
ANALOG_CELLS = 20
#: Cells and points of the waveform that the page shows.
SHOWN_CELLS, SHOWN_POINTS = 5, 500


def write_rtl(plan: StorePlan, folder: Path, report: Report) -> list[Path]:
    """Write the controller's Verilog and sidecar to `folder`; returns the files."""
    from nvmcosim.hdl.block import build_block

    report(0, 1, "modules")
    return list(build_block(plan).write(folder))


def synth_result(plan: StorePlan, report: Report) -> dict[str, Any]:
    """The `synth` result file: cells of the controller on each target of `nvmcosim synth`."""
    from nvmcosim.hdl.block import build_block
    from nvmcosim.hdl.synth import TARGETS, synthesise

    block = build_block(plan)
    rows = []
    for n, target in enumerate(TARGETS):
        report(n, len(TARGETS), "targets")
        rows.append({"name": block.name, **synthesise(block.verilog, block.name, target).to_dict()})
    return {
        "results": rows,
        "plan_digest": plan.digest(),
        "provenance": provenance(plan.seed, plan=plan.to_dict()),
    }


def simulator_versions() -> dict[str, str | None]:
    """The simulators by name with their versions; None for one that is not there."""
    from nvmcosim.cocotb_tests.tools import Simulator, require

    versions: dict[str, str | None] = {}
    for simulator in Simulator:
        try:
            versions[simulator.value] = require(simulator)
        except MissingTool:
            versions[simulator.value] = None
    return versions


def _simulators() -> tuple[list[Any], list[str]]:
    """The simulators there are, and a sentence for each that is missing; raises if all are."""
    from nvmcosim.cocotb_tests.tools import Simulator, require

    there, notes = [], []
    for simulator in Simulator:
        try:
            require(simulator)
            there.append(simulator)
        except MissingTool as error:
            notes.append(str(error))
    if not there:
        raise MissingTool("; ".join(dict.fromkeys(notes)))
    return there, notes


def _progress(simulators: list[Any], vectors: int, report: Report) -> Callable[[str, int], None]:
    done = dict.fromkeys((simulator.value for simulator in simulators), 0)

    def progress(simulator: str, count: int) -> None:
        done[simulator] = count
        report(sum(done.values()), vectors * len(done), "vectors")

    return progress


def cosim_result(plan: StorePlan, curve: WriteCurve, report: Report) -> dict[str, Any]:
    """The `cosim` result file: the RTL against the golden model on the simulators there are.

    `notes` has a sentence for each that is missing. Raises `MissingTool` if all are.
    """
    there, notes = _simulators()
    progress = _progress(there, VECTORS, report)
    results = view(plan, "bench")(
        plan, curve, there, vectors=VECTORS, seed=plan.seed, name="this plan", progress=progress
    )
    return _runs(plan, results, notes) | {"curve_digest": curve.digest}


def analog_result(plan: StorePlan, report: Report) -> dict[str, Any]:
    """The result file of the lock-step run: the RTL's pulses on junctions in ngspice.

    The junctions are of the plan's device, or of `stt-65nm` where that is a law or a curve, which
    has no circuit; a bank of many words is narrowed to one. `notes` says so. Raises `MissingTool`
    without ngspice or a simulator, or if the plan writes no cell at all.
    """
    from nvmcosim.cocotb_tests.analog import cells_of_row, run_analog
    from nvmcosim.devices import device_for

    there, notes = _simulators()
    simulated = plan
    if cells_of_row(plan) > ANALOG_CELLS and plan.bank_words > 1:
        simulated = plan.replace(bank_words=1)
        notes.append(f"In ngspice there is one word a row, not {plan.bank_words}.")
    cells = cells_of_row(simulated)
    if not cells:
        raise MissingTool("the plan writes no cell at all: there is nothing to see in ngspice")
    try:
        device = device_for(plan.device)
    except InputError:
        device = device_for("stt-65nm")
        notes.append(f"{plan.device} has no circuit: the cells in ngspice are of {device.name}.")
    with tempfile.TemporaryDirectory() as folder:
        results = run_analog(
            simulated,
            device,
            there,
            vectors=ANALOG_VECTORS,
            rows=max(1, ANALOG_CELLS // cells),
            seed=plan.seed,
            name="cells in ngspice",
            progress=_progress(there, ANALOG_VECTORS, report),
            waveforms=Path(folder),
        )
        waveform = _waveform(Path(folder) / f"analog-{there[0].value}.npz")
    return _runs(plan, results, notes) | {"waveform": waveform}


def _waveform(path: Path) -> dict[str, Any]:
    """A few of the cells of a waveform file, the most agitated first, thinned out for a plot."""
    with np.load(path) as saved:
        time_ps, mz = saved["time_ps"], saved["mz"]
        rows, columns = saved["row"], saved["column"]
    motion = np.abs(np.diff(mz, axis=1)).sum(axis=1)
    shown = sorted(np.argsort(-motion, kind="stable")[:SHOWN_CELLS].tolist())
    # Even in time: ngspice's own points crowd where the cells move.
    time = np.linspace(time_ps[0], time_ps[-1], SHOWN_POINTS)
    cells = [
        {
            "row": int(rows[n]),
            "column": int(columns[n]),
            "mz": np.interp(time, time_ps, mz[n]).round(3).tolist(),
        }
        for n in shown
    ]
    return {"time_ns": (time / 1000).round(3).tolist(), "cells": cells}


def _runs(plan: StorePlan, results: list[Any], notes: list[str]) -> dict[str, Any]:
    return {
        "plan_digest": plan.digest(),
        "runs": [{**result.to_dict(), "plan_digest": plan.digest()} for result in results],
        "notes": notes,
        "provenance": provenance(plan.seed, plan=plan.to_dict()),
    }
