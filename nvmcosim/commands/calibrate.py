"""`nvmcosim calibrate`: a device's write curve from ngspice."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nvmcosim.commands.options import JsonFlag, OutDir, Seed, console, emit_json
from nvmcosim.pymodel.errors import InputError

if TYPE_CHECKING:
    from nvmcosim.pymodel.curve import WriteCurve
    from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
    from nvmcosim.pymodel.device.spec import DeviceSpec
    from nvmcosim.spice.characterise import Settings

__all__ = ["register"]

_QUICK_SAMPLES = 100
#: What is simulated where nothing else is stated.
_PULSES, _NOISE, _MACROSPIN = "0.25ns:40ns:0.25ns", "thermal", "1d"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("calibrate")(calibrate)


def calibrate(
    device: Annotated[str, typer.Argument(help="A built-in device or law, or a device file.")],
    pulse: Annotated[
        str, typer.Option("--pulse", metavar="FIRST:LAST:STEP", help="Pulse widths to tabulate.")
    ] = _PULSES,
    amplitude: Annotated[
        str | None,
        typer.Option("--amplitude", metavar="V,V,...", help="Supplies; else the device's own."),
    ] = None,
    direction: Annotated[
        str, typer.Option("--direction", metavar="NAME", help="P-AP, AP-P, or both.")
    ] = "both",
    samples: Annotated[
        int | None, typer.Option("--samples", help="Simulated writes in each direction.")
    ] = None,
    noise: Annotated[
        str, typer.Option("--noise", help="thermal, or angle (initial angle alone).")
    ] = _NOISE,
    macrospin: Annotated[str, typer.Option("--macrospin", help="1d or cartesian.")] = _MACROSPIN,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples: under a minute.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; else one a core.")
    ] = None,
    out: OutDir = Path("out/calibrate"),
    seed: Seed = 0,
    json_output: JsonFlag = False,
) -> None:
    """Write P(fail | pulse) and energy of a device as curve files, with a plot.

    Monte Carlo in ngspice over device spread, initial angle and thermal noise on all cores; the
    Fokker-Planck equation completes the tail. Interrupted, it goes on where it was. An in-plane
    device has the precessional law's curves, and ngspice's writes from random starts beside them. A
    spin-orbit device has its switching time by current instead, with the gate closed and open.
    """
    from nvmcosim.pymodel.device.sot import SOT_PRESETS
    from nvmcosim.pymodel.device.threshold import LAWS

    stated = {
        "--pulse": pulse != _PULSES,
        "--direction": direction != "both",
        "--noise": noise != _NOISE,
        "--macrospin": macrospin != _MACROSPIN,
    }
    optional = {"--amplitude": amplitude, "--samples": samples, "--workers": workers}
    stated |= {name: value is not None for name, value in optional.items()}
    if device in LAWS:
        _refuse({**stated, "--quick": quick}, f"{device} is a law: nothing is simulated")
        _tabulate(device, out, json_output)
        return
    if device in SOT_PRESETS:
        _refuse(stated, f"{device} is swept by current alone")
        _sweep_current(device, quick, out, json_output)
        return
    from nvmcosim.devices import any_device_for
    from nvmcosim.pymodel.device.in_plane_spec import InPlaneSpec
    from nvmcosim.spice.characterise import SAMPLES, Settings

    spec = any_device_for(device)
    directions, volts = _directions(direction), _amplitudes(amplitude, spec)
    if isinstance(spec, InPlaneSpec):
        own = {name: stated[name] for name in ("--noise", "--macrospin", "--workers")}
        _refuse(own, "an in-plane device is written from random starts, in one process")
        from nvmcosim.commands.calibrate_in_plane import QUICK_WRITES, calibrate_in_plane

        count = QUICK_WRITES if quick and samples is None else samples
        given = None if amplitude is None else volts
        written = calibrate_in_plane(spec, _sweep(pulse), given, directions, count, seed, out)
        _report(written[:-1], written[-1:], json_output, cards=False)
        return
    settings = Settings(
        _sweep(pulse),
        samples=(_QUICK_SAMPLES if quick else SAMPLES) if samples is None else samples,
        seed=seed,
        noise=noise,
        model=macrospin,
    )
    supplies = [spec.replace(driver=spec.driver.replace(vdd_v=v)) for v in volts]
    made = [_calibrate_one(at, settings, directions, workers, out) for at in supplies]
    curves = [path for written in made for path in written[:-1]]
    _report(curves, [written[-1] for written in made], json_output)


def _refuse(stated: Mapping[str, bool], reason: str) -> None:
    """Raise `InputError` for the first option that is stated where it would be ignored."""
    for option, given in stated.items():
        if given:
            raise InputError(f"{option} is given, but {reason}")


def _tabulate(law: str, out: Path, json_output: bool) -> None:
    from nvmcosim.pymodel.device.threshold import law_curve

    _report([law_curve(law).save(out / f"{law}.json")], [], json_output)


def _sweep_current(device: str, quick: bool, out: Path, json_output: bool) -> None:
    """Switching times of a spin-orbit device by current, with the gate closed and open."""
    from nvmcosim.commands.calibrate_sot import calibrate_sot

    curve, *pictures = (str(path) for path in calibrate_sot(device, quick, out))
    if json_output:
        emit_json({"gate": curve, "plots": pictures})
        return
    console().print(f"{curve}: switching time by current", soft_wrap=True, markup=False)
    for picture in pictures:
        console().print(f"{picture}: plot", soft_wrap=True, markup=False)


def _calibrate_one(
    spec: "DeviceSpec",
    settings: "Settings",
    directions: tuple[str, ...],
    workers: int | None,
    out: Path,
) -> list[Path]:
    """Calibrate at one amplitude; the curve files, and the plot last."""
    from nvmcosim.devices import cache_folder, sample_progress
    from nvmcosim.provenance import versions
    from nvmcosim.pymodel.files import write_bytes
    from nvmcosim.spice.characterise import both_directions, characterise
    from nvmcosim.spice.plot import plot_calibration

    with sample_progress(f"calibrating {spec.name} at {spec.driver.vdd_v:g} V") as update:
        results = characterise(
            spec,
            settings,
            cache_folder() / "samples",
            directions=directions,
            versions=versions(),
            workers=workers,
            progress=update,
        )
    curves = {name: result.curve for name, result in results.items()}
    title = f"{spec.name} at {spec.driver.vdd_v:g} V, {settings.noise} noise, {settings.model}"
    if spec.driver.kind == "cmos":
        title += "; driver: FreePDK45, not the energy of another process"
    picture = plot_calibration(results, _laws(spec), title)
    stem = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', spec.name).strip('.-') or 'device'}"
    stem += f"-{spec.driver.vdd_v:g}V"
    written = [curve.save(out / f"{stem}-{name}.json") for name, curve in curves.items()]
    if len(curves) == 2:
        written.insert(0, both_directions(curves).save(out / f"{stem}.json"))
    return [*written, write_bytes(out / f"{stem}.png", picture)]


def _laws(spec: "DeviceSpec") -> "list[WriteCurve]":
    """The paper's laws, for the devices that were made to stand beside them."""
    from nvmcosim.pymodel.device.threshold import LAWS, law_curve

    made_after = spec.name + spec.origin
    paper = "locatelli2018" if "locatelli2018" in made_after else "ono2021"
    if paper not in made_after and "stt-65nm" not in made_after:
        return []
    laws = [law_curve(name) for name in LAWS if name.startswith(paper)]
    # A law that states its amplitude is no law at another.
    return [law for law in laws if law.amplitude_v in (None, spec.driver.vdd_v)]


def _directions(direction: str) -> tuple[str, ...]:
    from nvmcosim.pymodel.device.mtj import DIRECTIONS

    if direction not in ("both", *DIRECTIONS):
        raise InputError(
            f"direction is {direction!r}; it must be one of {', '.join(DIRECTIONS)}, both"
        )
    return DIRECTIONS if direction == "both" else (direction,)


def _amplitudes(text: str | None, spec: "DeviceSpec | InPlaneSpec") -> list[float]:
    from nvmcosim.pymodel.units import quantity

    if text is None:
        return [spec.driver.vdd_v]
    volts = [quantity(part.strip(), "V", "amplitude") for part in text.split(",")]
    # As the files are named.
    if len({f"{v:g}" for v in volts}) != len(volts):
        raise InputError(f"amplitude is {text!r}; no supply may be given twice")
    return volts


def _sweep(text: str) -> Any:
    """The pulse widths in ps that `FIRST:LAST:STEP` asks for."""
    import numpy as np

    from nvmcosim.pymodel.units import picoseconds

    parts = text.split(":")
    if len(parts) != 3:
        raise InputError(f"pulse is {text!r}; it must be FIRST:LAST:STEP, such as 1ns:40ns:0.5ns")
    first, last, step = (picoseconds(part.strip(), "pulse") for part in parts)
    if not 0 < first < last or step < 1 or (last - first) / step > 10_000:
        raise InputError(f"pulse is {text!r}; it must rise from above 0 in at most 10000 steps")
    return np.arange(first, last + 1, step, dtype=np.float64)


def _report(curves: list[Path], plots: list[Path], json_output: bool, cards: bool = True) -> None:
    from nvmcosim.pymodel.curve import load_curve

    rows: list[dict[str, Any]] = []
    for path in curves:
        curve = load_curve(path)
        row: dict[str, Any] = {"file": str(path), "digest": curve.digest}
        row |= {name: getattr(curve, name) for name in ("device", "direction", "amplitude_v")}
        for name in ("samples", "switched", "switching_mean_ps", "switching_sd_ps", "fit_stretch"):
            if name in curve.parameters:
                row[name] = curve.parameters[name]
        rows.append(row)
    if json_output:
        emit_json({"curves": rows, "plots": [str(path) for path in plots]})
        return
    out = console()
    for row in rows:
        text = f"{row['file']}: {row['device']}, {row['direction']}"
        if "switching_mean_ps" in row:
            mean, deviation = row["switching_mean_ps"] / 1e3, row["switching_sd_ps"] / 1e3
            switched, samples = row["switched"], row["samples"]
            text += f"; {switched} of " if switched < samples else "; "
            text += f"{samples} samples switch in {mean:.2f} ± {deviation:.2f} ns"
        out.print(text, soft_wrap=True)
    for path in plots:
        out.print(f"{path}: plot", soft_wrap=True)
    if plots and cards:
        from nvmcosim.spice.cards import PROCESS

        out.print(f"Transistor models: {PROCESS}.", soft_wrap=True)
