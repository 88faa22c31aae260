"""`nvmcosim approximate`: bend a network's weights towards values that are cheap to generate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nvmcosim.commands.options import DataDir, JsonFlag, OutDir, Seed, console, emit_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("approximate")(approximate)


def approximate(
    network: Annotated[
        str | None,
        typer.Option("--network", help="One of mondal2018's: trained if no --weights, its data."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="npz with w0, w1, ... and scales if over M.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="npz with x in [0, 1], a row a sample.")
    ] = None,
    phi: Annotated[float, typer.Option("--phi", help="Most that an output may deviate.")] = 0.02,
    thresholds: Annotated[
        str, typer.Option("--thresholds", help="Of each layer, 0.01,0.02; no search then.")
    ] = "",
    samples: Annotated[
        int | None, typer.Option("--samples", min=1, help="In the program; all if none.")
    ] = None,
    seed: Seed = 0,
    data: DataDir = None,
    out: OutDir = Path("out/approximate"),
    json_output: JsonFlag = False,
) -> None:
    """Bend weights towards 1 or -1 with every output kept within a threshold, and prove it."""
    from nvmcosim.approximation.job import Job, run_job
    from nvmcosim.commands.study_options import names
    from nvmcosim.pymodel.errors import InputError

    try:
        given = tuple(float(part) for part in names(thresholds))
    except ValueError:
        raise InputError(
            f"thresholds is {thresholds!r}; it must be numbers such as 0.01,0.02"
        ) from None
    job = Job(network, weights, inputs, phi, given, samples, seed, data, out)
    with console(json_output=True).status("") as status:
        report = run_job(job, lambda line: status.update(line))
    if json_output:
        emit_json(report)
        return
    _show(report)
    console().print(f"written: {out}/weights.npz and {out}/report.json", soft_wrap=True)


def _show(report: dict[str, Any]) -> None:
    show = console().print
    for n, layer in enumerate(report["layers"], 1):
        show(
            f"layer {n}: phi {layer['phi']:.4g}, sum of distances {layer['original']:.2f} to "
            f"{layer['distance']:.2f}, none below {layer['bound']:.2f}",
            soft_wrap=True,
        )
    inside, rest = report["inside"], report["rest"]
    show(f"dual gap {report['gap']:.1e}; outside their threshold: {inside['violations']} outputs")
    if rest["samples"]:
        show(f"of the {rest['samples']:,} other samples {100 * rest['share']:.2f}% are outside")
    before, after = report["power_mw"]
    show(f"BMS generators: {before:.4g} to {after:.4g} mW, {100 * (1 - after / before):.1f}% saved")
