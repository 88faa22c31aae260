"""One line a view: what the demo ends with on the screen."""

from collections.abc import Iterator
from pathlib import Path

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.files import read_json
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.report.numbers import engineering, number, percent, rate

__all__ = ["view_lines"]


def view_lines(plan: StorePlan, curve: WriteCurve, folder: Path) -> dict[str, str]:
    """The plan and each of its views in a line of text, from the result files in `folder`.

    A view whose file is missing has no line.
    """
    lines = {"plan": f"{plan.digest()[:12]}: {_domains(plan)}", "curve": _curve(plan, curve)}
    for name, line in (("golden", _golden), ("RTL", _rtl), ("bench", _bench), ("training", _train)):
        text = next(line(folder), None)
        if text is not None:
            lines[name] = text
    return lines


def _domains(plan: StorePlan) -> str:
    return ", ".join(f"{d.bits} bits at {d.pulse_ps / 1000:g} ns" for d in plan.domains)


def _curve(plan: StorePlan, curve: WriteCurve) -> str:
    rates = [
        f"{rate(float(curve.failure_rate(pulse)))} at {pulse / 1000:g} ns"
        for pulse in sorted({int(p) for p in plan.bit_pulse_ps}, reverse=True)
    ]
    return f"{curve.device} {curve.digest[:12]}, fails {', '.join(rates)}"


def _golden(folder: Path) -> Iterator[str]:
    if (folder / "golden.json").is_file():
        golden = read_json(folder / "golden.json")
        stale = sum(golden["failed_rate_by_bit"]) / len(golden["failed_rate_by_bit"])
        energy = golden["energy"]
        unit = golden["energy_unit"]
        spent = engineering(energy, "J") if unit == "J" else f"{number(energy)} ns of pulse"
        digest = golden["contents_digest"][:12]
        yield f"contents {digest}, {percent(stale, 1)} of the 1s not written, {spent}"


def _rtl(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("store_domain*.json")):
        sidecar = read_json(path)
        cells = ""
        if (folder / "synth.json").is_file():
            counted = read_json(folder / "synth.json")["results"][0]
            cells = f", {number(counted['cells'])} cells ({counted['target']})"
        timing = sidecar["timing"]
        clocks = f"{timing['word_cycles_fewest']} to {timing['word_cycles_most']}"
        yield f"{sidecar['file']} {sidecar['sha256'][:12]}, {clocks} clocks a word{cells}"


def _bench(folder: Path) -> Iterator[str]:
    texts = []
    for name, cells in (("cosim.json", ""), ("analog.json", "with cells in ngspice, ")):
        if (folder / name).is_file():
            runs = read_json(folder / name)["runs"]
            wrong = sum(run["mismatches"] for run in runs)
            vectors = " and ".join(f"{number(r['vectors'])} on {r['simulator']}" for r in runs)
            texts.append(f"{cells}vectors: {vectors}; {number(wrong)} mismatches")
    if texts:
        yield "; ".join(texts)


def _train(folder: Path) -> Iterator[str]:
    if (folder / "training.json").is_file():
        texts = []
        for column in read_json(folder / "training.json")["columns"]:
            point = next(p for p in column["points"] if p["planned"])
            texts.append(
                f"{column['device']} {percent(point['accuracy'])} "
                f"({percent(column['baseline']['accuracy'])} written in full), "
                f"{percent(point['saved'], 1)} of the write energy saved"
            )
        yield "; ".join(texts)
