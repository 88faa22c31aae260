"""`nvmcosim verilog`: Verilog and JSON sidecar of a block, for plans from files or options."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands import plan_options as plans
from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

if TYPE_CHECKING:
    from nvmcosim.hdl.block import Block
    from nvmcosim.pymodel.plan import Plan

__all__ = ["Target", "named_plans", "register"]

_FILES = (".toml", ".json")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("verilog")(verilog)


def verilog(
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
    from nvmcosim.pymodel.errors import InputError

    stated = plans.stated(format, bsp, long, short, tick, rewrite, bank_words, retry_limit, seed)
    gate = plans.gate_options(stages, code_bits, amplitude)
    found = named_plans(targets, stated, domain, block, gate)
    if name is not None and len(found) > 1:
        raise InputError(f"name is {name!r}; with several plans each module is named by its file")
    chosen = [target.block for target in found.values()]
    array_rows = plans.array_rows(rows, chosen)
    counters = plans.counter_width(counter_bits, chosen)
    # Elaborated first, written after: a wrong plan among many leaves nothing behind.
    blocks = [
        target.build(rows=array_rows, counter_bits=counters, name=name or module)
        for module, target in found.items()
    ]
    modules = []
    for made in blocks:
        file, sidecar = made.write(out)
        modules.append({"name": made.name, "file": str(file), "sidecar": str(sidecar)})
        console(json_output).print(f"{made.name}: {file}, {sidecar}", soft_wrap=True)
    if json_output:
        emit_json({"modules": modules})


@dataclass(frozen=True)
class Target:
    """A plan, the block that is to be made of it, and the block's own options."""

    plan: "Plan"
    block: str
    options: Mapping[str, Any]

    def build(self, **others: Any) -> "Block":
        """The block; `others` are further arguments of `build_block`."""
        from nvmcosim.hdl.block import build_block

        options = dict(self.options)
        if "amplitudes" in options:
            own = list(getattr(self.plan, "amplitudes", ()))
            options["amplitudes"] = tuple(dict.fromkeys([*own, *options["amplitudes"]]))
        return build_block(self.plan, block=self.block, **options, **others)


def _blocks_of(targets: list[str]) -> list[str]:
    """`targets`, with each that is only how blocks' names begin replaced by those blocks."""
    from nvmcosim.hdl.block import BLOCKS

    found: list[str] = []
    for target in targets:
        begun = [name for name in BLOCKS if target and name.startswith(target)]
        found += [target] if target in BLOCKS or not begun else begun
    return found


def named_plans(
    targets: list[str],
    stated: Mapping[str, object],
    domain: list[str] | None,
    block: str | None,
    gate: Mapping[str, Any],
) -> dict[str, Target]:
    """What `targets` name, by the module names that their blocks get.

    A block's plan is the one that the options state; how the names of several blocks begin stands
    for them all. A file's plan is taken as it is, for `block`, each layer of a layer plan as a
    module. `gate` are options for the pulse gates among them.
    Raises `InputError` for an unknown block, options that would be ignored, or names that clash.
    """
    from nvmcosim.hdl.block import BLOCKS, block_of
    from nvmcosim.plans import load_plan
    from nvmcosim.pymodel.errors import InputError
    from nvmcosim.pymodel.layer_plan import plans_within

    found: dict[str, Target] = {}
    given = [*stated, *(["domain"] if domain else [])]
    if block is not None and not any(target.endswith(_FILES) for target in targets):
        raise InputError(f"--block is for plan files; {', '.join(targets)} has none")
    targets = _blocks_of(targets)
    for target in targets:
        if target.endswith(_FILES):
            if given and not any(name in targets for name in BLOCKS):
                option = "--" + given[0].replace("_", "-")
                raise InputError(f"{option} is for a block; {target} states its own plan")
            stem = Path(target).stem
            named = {
                f"{block_of(plan, block)}_{name}": (plan, block_of(plan, block))
                for name, plan in plans_within(load_plan(target), stem).items()
            }
        elif target in BLOCKS and BLOCKS[target].kind in ("line", "stream", "pim"):
            few = {**stated, **({"domain": domain} if domain else {})}
            named = {target: (plans.other_plan_from_options(few, target), target)}
        elif target in BLOCKS:
            named = {target: (plans.plan_from_options(stated, domain), target)}
        else:
            raise InputError(
                f"{target!r} is no block ({', '.join(BLOCKS)}) and no plan file (.toml, .json)"
            )
        for name, (plan, made) in named.items():
            module = re.sub(r"[^A-Za-z0-9_]", "_", name)
            if module in found:
                raise InputError(f"two of the plans would be module {module}; rename one's file")
            options = {option: v for option, v in gate.items() if option in BLOCKS[made].options}
            found[module] = Target(plan, made, options)
    for name in gate:
        if not any(name in target.options for target in found.values()):
            option = "--" + name.replace("_", "-").removesuffix("s" if name == "amplitudes" else "")
            raise InputError(f"{option} is for pulse-gate, which is not asked for")
    return found
