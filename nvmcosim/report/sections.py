"""Sections on the design itself: plan, device curve, golden model, RTL, provenance."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup

from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.fixed_point import FixedFormat
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.report import plots
from nvmcosim.report.numbers import engineering, flat, number, percent, plain, rate, seconds
from nvmcosim.report.results import Results
from nvmcosim.report.section import Card, Plot, Section, Table, WordBit

__all__ = [
    "curve_section",
    "draw",
    "golden_section",
    "headline",
    "plan_section",
    "provenance_section",
    "title_of",
]


def draw(
    results: Results, section: Section, plot: Callable[..., Markup], *args: Any, wide: bool = False
) -> None:
    """Add `plot(*args)` to `section`, or what is missing for it to `results`."""
    try:
        section.plots.append(Plot(plot(*args), wide=wide))
    except MissingTool as error:
        if str(error) not in results.missing:
            results.missing.append(str(error))


def title_of(results: Results) -> str:
    """The page's title: the plan in a few words, else the study's, else the folder's name."""
    plan = results.plan
    if plan is not None:
        parts = [f"{d.bits} bits at {d.pulse_ps / 1000:g} ns" for d in plan.domains]
        return f"{plan.format} in approximate memory: {', '.join(parts)}"
    titles = [str(study["title"]) for study in results.studies if study.get("title")]
    return titles[0] if titles else f"Results in {results.folder.resolve().name}"


def headline(results: Results) -> list[Card]:
    """The figures that a reader looks for first."""
    cards: list[Card] = []
    for training in results.training[:1]:
        cards += _trained_cards(training)
    runs = [run for cosim in results.cosims for run in cosim["runs"]]
    if runs:
        names = sorted({str(run.get("simulator")) for run in runs})
        vectors = sum(int(run.get("vectors") or 0) for run in runs)
        wrong = sum(int(run.get("mismatches") or 0) for run in runs)
        context = f"{number(wrong)} mismatches on {' and '.join(names)}"
        cards.append(Card(number(vectors), "vectors compared, RTL against model", context))
    if results.plan is not None:
        cards.append(Card(results.plan.digest()[:12], "plan digest", "the same in all five views"))
    return cards


def _trained_cards(training: Mapping[str, Any]) -> list[Card]:
    try:
        column = training["columns"][0]
        point = next(p for p in column["points"] if p.get("planned"))
        loss = 100 * (point["accuracy"] - column["baseline"]["accuracy"])
        context = f"{loss:+.2f} points against writing every bit; on {column['device']}"
        return [
            Card(percent(point["saved"], 1), "write energy saved", "of writing every bit in full"),
            Card(percent(point["accuracy"]), "test accuracy", context.replace("-", "−", 1)),
        ]
    except (KeyError, IndexError, StopIteration, TypeError, ValueError):
        return []


def plan_section(results: Results) -> Iterable[Section]:
    """What was asked for: the word, its domains and every option."""
    plan = results.plan
    if plan is None:
        return
    section = Section("plan", "The plan", plan.digest())
    section.lead = (
        "Everything below is derived from this one description: the curve's use, the golden "
        "model, the RTL, its test bench and the training."
    )
    section.word = _word(plan)
    rows = [
        (str(n), f"{mask:#0{2 + plan.width // 4}x}", str(d.bits), f"{d.pulse_ps / 1000:g}", str(c))
        for n, (mask, d, c) in enumerate(zip(plan.masks, plan.domains, plan.cycles, strict=True))
    ]
    section.tables.append(
        Table(("domain", "bits of the word", "bits", "pulse (ns)", "clock cycles"), rows)
    )
    section.facts = [
        ("format", plan.format),
        ("device", plan.device),
        ("clock period", f"{plan.tick_ps / 1000:g} ns ({1e6 / plan.tick_ps:g} MHz)"),
        ("words in parallel", number(plan.bank_words)),
        ("retries", number(plan.retry_limit)),
        ("rewrites", f"{plan.rewrite} bits"),
        ("threshold drawn", f"each {plan.variation}"),
        ("rounding", plan.rounding),
        ("memory starts with", plan.initial),
        ("seed", number(plan.seed)),
    ]
    yield section


def _word(plan: StorePlan) -> list[WordBit]:
    words = plan.number_format
    above = "i" if isinstance(words, FixedFormat) else "e"
    bits = []
    for bit in reversed(range(plan.width)):
        part = "s" if bit == plan.width - 1 else above if bit >= words.fraction_bits else "f"
        pulse = f"{plan.bit_pulse_ps[bit] / 1000:g}"
        bits.append(WordBit(part, int(plan.bit_domain[bit]), pulse))
    return bits


def curve_section(results: Results) -> Iterable[Section]:
    """How often each device fails at each pulse, and what it costs."""
    curves, plan = results.curves, results.plan
    if not curves:
        return
    section = Section("curve", "Device curve", "" if plan is None else plan.digest())
    section.lead = (
        "P(fail | pulse) of every device in this run. The golden model, the bench and the "
        "training read their failure rates and energies from these curves."
    )
    drawn = curves[:4]
    draw(results, section, plots.curve_plot, drawn, plan)
    measured = [curve for curve in curves if curve.energy_unit == "J"][:2]
    if measured:
        draw(results, section, plots.energy_plot, measured)
    section.tables.append(_rates(curves, plan))
    for curve, name in zip(curves, results.curve_files, strict=True):
        section.tables.append(_parameters(curve, name))
    yield section


def _rates(curves: list[WriteCurve], plan: StorePlan | None) -> Table:
    planned = set() if plan is None else {int(p) for p in plan.bit_pulse_ps}
    pulses = sorted(planned | {5_000, 10_000, 15_000, 20_000})
    header = ["pulse (ns)"]
    for curve in curves:
        direction = "" if curve.direction == "both" else f" {curve.direction}"
        header += [f"P(fail), {curve.device}{direction}", "energy a bit"]
    rows = []
    for pulse in pulses:
        row = [f"{pulse / 1000:g}"]
        for curve in curves:
            if pulse > curve.pulse_ps[-1]:
                row += ["–", "–"]
                continue
            energy = float(curve.energy(pulse).sum())
            shown = engineering(energy, "J") if curve.energy_unit == "J" else f"{energy:g} (rel.)"
            row += [rate(float(curve.failure_rate(pulse))), shown]
        rows.append(tuple(row))
    strong = tuple(n for n, pulse in enumerate(pulses) if pulse in planned)
    caption = "Rates and energies at the plan's pulses (bold) and at multiples of 5 ns."
    return Table(tuple(header), rows, caption, text=(), strong=strong)


def _parameters(curve: WriteCurve, file: str) -> Table:
    rows = [("file", file), ("digest", curve.digest), ("noise", curve.noise)]
    rows += [("seed", number(curve.seed)), ("amplitude (V)", number(curve.amplitude_v))]
    rows += [(name, plain(value)) for name, value in flat(curve.parameters)]
    rows += [(f"version of {name}", str(v)) for name, v in curve.versions.items()]
    caption = f"What the curve of {curve.device} was made from"
    return Table(("parameter", "value"), rows, caption, text=(0, 1), folded=True)


def golden_section(results: Results) -> Iterable[Section]:
    """What the golden store did with a stream of words."""
    plan = results.plan
    for golden in results.golden:
        section = Section("golden", "Golden model", str(golden["plan_digest"]))
        section.lead = (
            f"{number(golden['words'])} random words written to the bit-exact store on "
            f"{golden['device']}; a bit whose pulse is shorter than its threshold keeps its old "
            "value."
        )
        if plan is not None and plan.digest() == golden["plan_digest"]:
            draw(results, section, plots.cells_plot, plan, golden)
        section.facts = [
            ("contents digest", str(golden["contents_digest"])[:12]),
            ("commands", number(golden["commands"])),
            ("write pulses, by domain", _by_domain(golden["pulses"])),
            ("driven cycles, by domain", _by_domain(golden["driven_cycles"])),
            ("retries", number(golden["retries"])),
            ("write energy", _energy(golden["energy"], str(golden["energy_unit"]))),
            ("curve digest", str(golden["curve_digest"])[:12]),
        ]
        yield section


def _by_domain(counts: Iterable[Any]) -> str:
    return " · ".join(number(n) for n in counts)


def _energy(value: Any, unit: str) -> str:
    return engineering(value, "J") if unit == "J" else f"{number(value)} ns of pulse (relative)"


def provenance_section(results: Results) -> Iterable[Section]:
    """Where each result came from, and how long the demo's steps took."""
    section = Section("provenance", "Provenance")
    steps = results.demo.get("steps", [])
    if steps:
        rows = [
            (
                str(step["title"]),
                str(step["outcome"]),
                seconds(step.get("seconds")),
                str(step.get("key", ""))[:12],
            )
            for step in steps
        ]
        total = sum(float(step.get("seconds") or 0) for step in steps)
        caption = f"Steps of this run; computing them took {seconds(total)}."
        header = ("step", "outcome", "time when computed", "key")
        section.tables.append(Table(header, rows, caption, text=(0, 1, 3)))
    files = [*results.golden, *results.cosims, *results.training, *results.studies]
    files += [*results.benches, *results.proofs]
    for values in [*([results.demo] if results.demo else []), *files]:
        origin = values.get("provenance")
        if isinstance(origin, Mapping):
            rows2 = [(name, plain(value)) for name, value in flat(origin)]
            caption = f"Provenance of {values.get('file', 'this run')}"
            section.tables.append(Table(("", "value"), rows2, caption, text=(0, 1), folded=True))
    if section.tables:
        yield section
