"""`nvmcosim cosim`: the RTL against the golden model, on the simulators."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

if TYPE_CHECKING:
    from nvmcosim.cocotb_tests.result import BenchResult
    from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["register"]

BLOCKS = ("store-domain",)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("cosim")(cosim)


def cosim(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="BLOCK [PLAN...]",
            help="A block, such as store-domain, or how its name begins; and plan files, where its "
            "own plans are not the ones to check.",
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
    plans = _plans(targets)
    if full and plans:
        raise InputError(f"--full has its own plans; leave {targets[1]} or it away")
    count = vectors if vectors is not None else 16 if analog else 1000
    screen = console(json_output)
    if analog:
        results = _analog(plans, chosen, count, seed, out, screen)
    else:
        results = _digital(plans, full, chosen, count, seed, out, screen)
    runs = [result.to_dict() for result in results]
    configuration = {
        "targets": targets,
        "simulator": simulator,
        "vectors": count,
        "full": full,
        "analog": analog,
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


def _plans(targets: list[str]) -> "list[StorePlan]":
    """The plans in the files among `targets`; raises `InputError` if no block is named."""
    from nvmcosim import load_plan
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.layer_plan import plans_within
    from nvmcosim.pymodel.store_plan import StorePlan

    block, *files = targets
    if not any(name.startswith(block) for name in BLOCKS):
        raise InputError(f"block is {block!r}; it must be {', '.join(BLOCKS)}, or begin as one")
    plans = []
    for file in files:
        for plan in plans_within(load_plan(file), file).values():
            if not isinstance(plan, StorePlan):
                raise InputError(f"{file} is a {plan.kind} plan; {BLOCKS[0]} takes store plans")
            plans.append(plan)
    return plans


def _digital(
    plans: "list[StorePlan]",
    full: bool,
    chosen: tuple[Any, ...],
    vectors: int,
    seed: int,
    out: Path,
    screen: Any,
) -> "list[BenchResult]":
    import shutil

    from rich.progress import Progress

    from nvmcosim.cocotb_tests.cases import cases, full_product
    from nvmcosim.cocotb_tests.store_domain import run
    from nvmcosim.devices import curve_for

    if plans:
        classes = {"plans": plans}
    elif full:
        classes = full_product()
    else:
        classes = {"shipped": cases()}
    checkpoints = out / "unfinished"
    results: list[BenchResult] = []
    with Progress(console=screen, transient=True) as bar:
        for name, members in classes.items():
            total = vectors * len(members)
            tasks = {
                s.value: bar.add_task(f"{name} on {s.value}", total=total, start=False)
                for s in chosen
            }

            def tell(simulator: str, done: int, tasks: dict[str, Any] = tasks) -> None:
                bar.start_task(tasks[simulator])
                bar.update(tasks[simulator], completed=done)

            results += run(
                members,
                [curve_for(plan) for plan in members],
                chosen,
                vectors=vectors,
                seed=seed,
                name=name,
                progress=tell,
                checkpoints=checkpoints,
            )
    shutil.rmtree(checkpoints, ignore_errors=True)
    return results


def _analog(
    plans: "list[StorePlan]",
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
