"""`nvmcosim cosim`: the RTL against the golden model, on the simulators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json
from nvmcosim.commands.plan_options import CodeBits, Stages, gate_options

if TYPE_CHECKING:
    from nvmcosim.cocotb_tests.result import BenchResult
    from nvmcosim.pymodel.plan import Plan

__all__ = ["register"]

BLOCKS = (
    "store-domain",
    "pulse-gate",
    "appwom-codec",
    "appwom-line",
    "bms-bank",
    "bms-sng",
    "isc-neuron",
    "isc-layer",
    "isc-network",
    "pim-unit",
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("cosim")(cosim)


def cosim(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="BLOCK [PLAN...]",
            help="A block, such as store-domain or isc-layer, or how its name begins; and plan "
            "files, where its own plans are not the ones to check.",
        ),
    ],
    simulator: Annotated[
        str, typer.Option("--simulator", help="icarus, verilator or both.")
    ] = "both",
    vectors: Annotated[
        int | None,
        typer.Option("--vectors", min=1, help="Commands a plan; 1000, or 16 with --analog."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="The paper's plans times all options; long.")
    ] = False,
    analog: Annotated[
        bool, typer.Option("--analog", help="The cells are junctions in ngspice, in lock-step.")
    ] = False,
    stages: Stages = None,
    code_bits: CodeBits = None,
    seed: Seed = 0,
    out: OutDir = Path("out/cosim"),
    json_output: JsonFlag = False,
) -> None:
    """Compare RTL and golden model after every command; exit code 1 if they differ.

    Writes cosim.json, or analog.json and waveforms with --analog. An interrupted run goes on where
    it stopped when it is started again (but for --analog).
    """
    from nvmcosim.cocotb_tests.tools import simulators
    from nvmcosim.provenance import provenance
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.files import write_json

    if analog and full:
        raise InputError("--analog and --full are both given; give one")
    chosen = simulators(simulator)
    blocks = _blocks(targets[0])
    plans = _plans(targets[1:], blocks)
    gate = gate_options(stages, code_bits, None)
    if analog and "store-domain" not in blocks:
        raise InputError(f"--analog is for store-domain, not {targets[0]}")
    if gate and not ("pulse-gate" in blocks and plans):
        raise InputError("--stages and --code-bits are for pulse-gate with plan files")
    if full and plans:
        raise InputError(f"--full has its own plans; leave {targets[1]} or it away")
    count = vectors if vectors is not None else 16 if analog else 1000
    screen = console(json_output)
    if analog:
        results = _analog(plans, chosen, count, seed, out, screen)
    else:
        runs_of = [run for block in blocks for run in _runs(block, plans, full, gate)]
        results = _digital(runs_of, chosen, count, seed, out, screen)
    runs = [result.to_dict() for result in results]
    configuration = {
        "targets": targets,
        "simulator": simulator,
        "vectors": count,
        "full": full,
        "analog": analog,
        **gate,
    }
    told: dict[str, Any] = {"runs": runs, "provenance": provenance(seed, **configuration)}
    if analog:
        told["analog"] = {**results[0].facts, "vectors": sum(r.vectors for r in results)}
        told["analog"]["mismatches"] = sum(r.mismatches for r in results)
    path = write_json(out / ("analog.json" if analog else "cosim.json"), told)
    for result in results:
        screen.print(_line(result), soft_wrap=True, markup=False)
        for failure in result.failures[:1]:
            screen.print(_told(failure), soft_wrap=True, markup=False)
    screen.print(f"written: {path}", soft_wrap=True, markup=False)
    if json_output:
        emit_json({"runs": runs})
    if any(result.mismatches for result in results):
        raise typer.Exit(1)


def _blocks(name: str) -> list[str]:
    """The blocks whose names begin with `name`; raises `InputError` if there is none."""
    from nvmcosim.pymodel.errors import InputError

    blocks = [block for block in BLOCKS if name and block.startswith(name)]
    if not blocks:
        raise InputError(f"block is {name!r}; it must be {', '.join(BLOCKS)}, or begin as one")
    return blocks


def _plans(files: list[str], blocks: list[str]) -> "list[Any]":
    """The plans in `files`, of the kind that all `blocks` take; raises `InputError`."""
    from nvmcosim import load_plan
    from nvmcosim.hdl.block import block_of
    from nvmcosim.pymodel.layer_plan import plans_within

    plans: list[Plan] = []
    for file in files:
        for plan in plans_within(load_plan(file), file).values():
            for block in blocks:
                block_of(plan, block)
            plans.append(plan)
    return plans


@dataclass(frozen=True)
class _Run:
    """One call of a block's bench, how many controllers it has, and what the case is called."""

    bench: "Callable[..., list[BenchResult]]"
    name: str
    count: int
    #: Vectors, where the run has a number of its own.
    vectors: int | None = None


def _runs(block: str, plans: "list[Any]", full: bool, gate: Mapping[str, Any]) -> list[_Run]:
    """What is to run of `block`: with the plans, or else all shipped ones, or the full product."""
    if block.startswith("appwom"):
        from nvmcosim.cocotb_tests import appwom_codec, appwom_line
        from nvmcosim.cocotb_tests.line_cases import line_cases, many_line_cases

        bench = appwom_codec.run if block == appwom_codec.BLOCK else appwom_line.run
        lines = {"plans": plans} if plans else many_line_cases() if full else line_cases()
        return [_Run(partial(bench, each), name, len(each)) for name, each in lines.items()]
    if block.startswith(("bms", "isc")):
        return _stream_runs(block, plans, full)
    if block == "pim-unit":
        from nvmcosim.cocotb_tests import pim_unit
        from nvmcosim.cocotb_tests.pim_cases import many_pim_cases, pim_cases

        units = {"plans": plans} if plans else many_pim_cases() if full else pim_cases()
        return [_Run(partial(pim_unit.run, each), name, len(each)) for name, each in units.items()]
    from nvmcosim.devices import curve_for

    if block == "pulse-gate":
        from nvmcosim.cocotb_tests import pulse_gate
        from nvmcosim.cocotb_tests.gate_cases import gate_cases, gate_curve, many_gate_cases
        from nvmcosim.cocotb_tests.gate_spec import GateSpec

        if plans:
            own = [GateSpec(plan, **gate) for plan in plans]
            curves = [curve_for(plan) for plan in plans]
            return [_Run(partial(pulse_gate.run, own, curves), "plans", len(own))]
        gates = many_gate_cases() if full else {"shipped": gate_cases()}
        return [
            _Run(
                partial(pulse_gate.run, each, [gate_curve(spec) for spec in each]), name, len(each)
            )
            for name, each in gates.items()
        ]
    from nvmcosim.cocotb_tests import store_domain
    from nvmcosim.cocotb_tests.cases import cases, full_product

    classes = {"plans": plans} if plans else full_product() if full else {"shipped": cases()}
    return [
        _Run(partial(store_domain.run, each, [curve_for(p) for p in each]), name, len(each))
        for name, each in classes.items()
    ]


def _stream_runs(block: str, plans: "list[Any]", full: bool) -> list[_Run]:
    """Of a stochastic block; banks and generators also with junctions that switch by their curve.

    There all numbers must come often, whatever `--vectors` says: 64 bits of each, or 1024.
    """
    from nvmcosim.cocotb_tests import stream_bench
    from nvmcosim.cocotb_tests.stream_cases import device_plans, stream_cases

    cases = {"plans": plans} if plans else stream_cases(block, full)
    runs = [
        _Run(partial(stream_bench.run, block, each), name, len(each))
        for name, each in cases.items()
    ]
    if block.startswith("bms"):
        switched = plans or device_plans(block)
        bits = (1024 if full else 64) * max((1 << plan.p_bits) + 1 for plan in switched)
        bench = partial(stream_bench.run, block, switched, device=True)
        runs.append(_Run(bench, "device curve", len(switched), bits))
    return runs


def _digital(
    runs: list[_Run],
    chosen: tuple[Any, ...],
    vectors: int,
    seed: int,
    out: Path,
    screen: Any,
) -> "list[BenchResult]":
    import shutil

    from rich.progress import Progress

    checkpoints = out / "unfinished"
    results: list[BenchResult] = []
    with Progress(console=screen, transient=True) as bar:
        for run in runs:
            own = vectors if run.vectors is None else run.vectors
            total = own * run.count
            tasks = {
                s.value: bar.add_task(f"{run.name} on {s.value}", total=total, start=False)
                for s in chosen
            }

            def tell(simulator: str, done: int, tasks: dict[str, Any] = tasks) -> None:
                bar.start_task(tasks[simulator])
                bar.update(tasks[simulator], completed=done)

            results += run.bench(
                chosen,
                vectors=own,
                seed=seed,
                name=run.name,
                progress=tell,
                checkpoints=checkpoints,
            )
    shutil.rmtree(checkpoints, ignore_errors=True)
    return results


def _analog(
    plans: "list[Any]",
    chosen: tuple[Any, ...],
    vectors: int,
    seed: int,
    out: Path,
    screen: Any,
) -> "list[BenchResult]":
    from rich.progress import Progress

    from nvmcosim.cocotb_tests.analog import ANALOG_PLAN, MAX_CELLS, cells_of_row, run_analog
    from nvmcosim.devices import device_for
    from nvmcosim.pymodel.device.presets import PRESETS
    from nvmcosim.pymodel.errors import InputError

    if len(plans) > 1:
        raise InputError(f"--analog takes one plan, not {len(plans)}")
    plan = plans[0] if plans else ANALOG_PLAN
    if plan.device not in PRESETS and not plan.device.endswith(".toml"):
        raise InputError(
            f"device is {plan.device!r}; --analog needs a junction "
            f"({', '.join(PRESETS)}) or a device file (.toml)"
        )
    # Two rows where that is not too long a run.
    rows = 2 if 4 * cells_of_row(plan) <= MAX_CELLS else 1
    with Progress(console=screen, transient=True) as bar:
        tasks = {s.value: bar.add_task(f"ngspice and {s.value}", total=vectors) for s in chosen}
        return run_analog(
            plan,
            device_for(plan.device),
            chosen,
            vectors=vectors,
            rows=rows,
            seed=seed,
            waveforms=out,
            progress=lambda simulator, done: bar.update(tasks[simulator], completed=done),
        )


def _line(result: "BenchResult") -> str:
    built = f"built in {result.build_seconds:.1f} s" if result.build_seconds else "built before"
    plans = f"{result.plans} plan{'s' if result.plans > 1 else ''}"
    return (
        f"{result.block} ({result.case}, {plans}) on {result.simulator}: "
        f"{result.vectors} vectors, {result.mismatches} mismatches, {result.cycles} cycles, "
        f"{result.seconds:.1f} s, {built}"
        + "".join(f", {name.replace('_', ' ')} {value}" for name, value in result.facts.items())
    )


def _told(failure: dict[str, Any]) -> str:
    import json

    return "first mismatch: " + json.dumps(failure)
