"""`nvmcosim prove`: what the RTL never does, for all inputs and for ever."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("prove")(prove)


def prove(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BLOCK...]",
            help="Blocks, such as appwom-line, or how their names begin; all if none.",
        ),
    ] = None,
    seed: Seed = 0,
    out: OutDir = Path("out/prove"),
    json_output: JsonFlag = False,
) -> None:
    """Prove the blocks' properties by induction; exit code 1 if one is not proven.

    Writes prove.json. Nothing here is drawn at random: the seed makes no difference.
    """
    from rich.progress import Progress

    from nvmcosim.hdl import formal
    from nvmcosim.hdl.proofs import PROOFS, proofs_of
    from nvmcosim.provenance import provenance
    from nvmcosim.pymodel.files import write_json

    named = list(dict.fromkeys(targets or PROOFS))
    proofs = {proof.name: proof for name in named for proof in proofs_of(name)}
    screen = console(json_output)
    told: list[dict[str, Any]] = []
    with Progress(console=screen, transient=True) as bar:
        task = bar.add_task("proofs", total=len(proofs))
        for proof in proofs.values():
            bar.update(task, description=proof.name)
            for name, result in formal.prove(proof).items():
                told.append(
                    {
                        "name": f"{proof.name}/{name}",
                        "method": formal.METHODS[proof.method],
                        "depth": proof.depth,
                        "result": result,
                    }
                )
                says = proof.properties[name]
                screen.print(f"{proof.name}/{name}: {result}: {says}", soft_wrap=True)
            bar.advance(task)
    report = {"proofs": told}
    path = write_json(out / "prove.json", {**report, "provenance": provenance(seed, targets=named)})
    screen.print(f"written: {path}", soft_wrap=True)
    if json_output:
        emit_json(report)
    if any(entry["result"] != formal.PROVEN for entry in told):
        raise typer.Exit(1)
