"""`nvmcosim synth`: cells that a block takes after synthesis by Yosys."""

from pathlib import Path
from typing import Annotated

import typer

from nvmcosim.commands import plan_options as plans
from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("synth")(synth)


def synth(
    targets: plans.Targets,
    format: plans.Format = None,
    bsp: plans.Bsp = None,
    long: plans.Long = None,
    short: plans.Short = None,
    domain: plans.DomainList = None,
    tick: plans.Tick = None,
    rewrite: plans.Rewrite = None,
    bank_words: plans.BankWords = None,
    retry_limit: plans.RetryLimit = None,
    block: plans.BlockName = None,
    stages: plans.Stages = None,
    code_bits: plans.CodeBits = None,
    amplitude: plans.Amplitudes = None,
    rows: plans.Rows = None,
    counter_bits: plans.CounterBits = None,
    library: Annotated[
        list[str] | None,
        typer.Option("--target", help="generic or ice40; repeat for both. Both if none."),
    ] = None,
    seed: Seed = 0,
    out: OutDir = Path("out/synth"),
    json_output: JsonFlag = False,
) -> None:
    """Synthesise each plan's block and write the cell counts to synth.json."""
    from nvmcosim.commands.verilog import named_plans
    from nvmcosim.hdl.synth import TARGETS, check_target, synthesise
    from nvmcosim.provenance import provenance
    from nvmcosim.pymodel.files import write_json

    stated = plans.stated(format, bsp, long, short, tick, rewrite, bank_words, retry_limit, seed)
    libraries = library or list(TARGETS)
    for target in libraries:
        check_target(target)
    results = []
    gate = plans.gate_options(stages, code_bits, amplitude)
    found = named_plans(targets, stated, domain, block, gate)
    chosen = [asked.block for asked in found.values()]
    array_rows = plans.array_rows(rows, chosen)
    counters = plans.counter_width(counter_bits, chosen)
    for module, asked in found.items():
        made = asked.build(rows=array_rows, counter_bits=counters, name=module)
        for target in libraries:
            counts = synthesise(made.verilog, made.name, target)
            results.append({"name": made.name, **counts.to_dict()})
            console(json_output).print(
                f"{made.name} on {target}: {counts.cells} cells, "
                f"{counts.flip_flops} of them flip-flops"
            )
    report = {"results": results}
    configuration = {"targets": targets, "rows": array_rows, "counter_bits": counters}
    configuration |= {"block": block, **gate}
    write_json(out / "synth.json", {**report, "provenance": provenance(seed, **configuration)})
    if json_output:
        emit_json(report)
