"""`nvmcosim verilog`: Verilog and JSON sidecar of a block, for plans from files or options."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvmcosim.commands import plan_options as plans
from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

if TYPE_CHECKING:
    from nvmcosim.pymodel.plan import Plan

__all__ = ["named_plans", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("verilog")(verilog)


def verilog(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="BLOCK|PLAN...", help="A block such as store-domain, or plan files."
        ),
    ],
    format: plans.Format = None,
    bsp: plans.Bsp = None,
    long: plans.Long = None,
    short: plans.Short = None,
    domain: plans.DomainList = None,
    tick: plans.Tick = None,
    rewrite: plans.Rewrite = None,
    bank_words: plans.BankWords = None,
    retry_limit: plans.RetryLimit = None,
    rows: Annotated[int, typer.Option("--rows", help="Rows of the array.")] = 256,
    counter_bits: Annotated[
        int, typer.Option("--counter-bits", help="Width of each counter.")
    ] = 48,
    name: Annotated[
        str | None, typer.Option("--name", help="Module name, with a single plan.")
    ] = None,
    seed: Seed = 0,
    out: OutDir = Path("out/verilog"),
    json_output: JsonFlag = False,
) -> None:
    """Write Verilog and a JSON sidecar for each plan; a block takes its plan from the options.

    The seed only enters the plan that options state: hardware does not depend on it.
    """
    from nvmcosim.hdl.block import build_block
    from nvmcosim.pymodel.errors import InputError

    stated = plans.stated(format, bsp, long, short, tick, rewrite, bank_words, retry_limit, seed)
    found = named_plans(targets, stated, domain)
    if name is not None and len(found) > 1:
        raise InputError(f"name is {name!r}; with several plans each module is named by its file")
    # Elaborated first, written after: a wrong plan among many leaves nothing behind.
    blocks = [
        build_block(plan, rows=rows, counter_bits=counter_bits, name=name or module)
        for module, plan in found.items()
    ]
    modules = []
    for block in blocks:
        file, sidecar = block.write(out)
        modules.append({"name": block.name, "file": str(file), "sidecar": str(sidecar)})
        console(json_output).print(f"{block.name}: {file}, {sidecar}", soft_wrap=True)
    if json_output:
        emit_json({"modules": modules})


def named_plans(
    targets: list[str], stated: Mapping[str, object], domain: list[str] | None
) -> "dict[str, Plan]":
    """The plans that `targets` name, by the module names that their blocks get.

    A block's plan is the one that the options state; a file's plan is taken as it is, each layer of
    a layer plan as a module. Raises
    `InputError` for an unknown block, options that a file would ignore, or names that clash.
    """
    from nvmcosim.hdl.block import BLOCKS, block_of
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.layer_plan import plans_within

    found: dict[str, Plan] = {}
    given = [*stated, *(["domain"] if domain else [])]
    for target in targets:
        if target.endswith((".toml", ".json")):
            if given and not any(block in targets for block in BLOCKS):
                option = "--" + given[0].replace("_", "-")
                raise InputError(f"{option} is for a block; {target} states its own plan")
            stem = Path(target).stem
            within = plans_within(load_plan(target), stem)
            named = {f"{block_of(plan)}_{name}": plan for name, plan in within.items()}
        elif target in BLOCKS:
            named = {target: plans.plan_from_options(stated, domain)}
        else:
            raise InputError(
                f"{target!r} is no block ({', '.join(BLOCKS)}) and no plan file (.toml, .json)"
            )
        for name, plan in named.items():
            module = re.sub(r"[^A-Za-z0-9_]", "_", name)
            if module in found:
                raise InputError(f"two of the plans would be module {module}; rename one's file")
            found[module] = plan
    return found
