"""Sections that are tables: cosimulation, studies beside the paper, benches, proofs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nvmcosim.report import plots
from nvmcosim.report.numbers import difference, number, plain, seconds
from nvmcosim.report.results import Results
from nvmcosim.report.section import Picture, Section, Table
from nvmcosim.report.sections import draw

__all__ = ["bench_section", "cosim_section", "figures_table", "proof_section", "study_sections"]

#: What a run's facts are called where their names do not say it.
_FACTS = {
    "cells": "junctions in ngspice",
    "cells_passed_over": "junctions passed over, which switch too near a pulse's end to tell",
    "retries": "attempts after the first",
    "bits_only_a_retry_wrote": "bits that a later attempt wrote, after the first had failed",
}
#: Rows of a table that a reader sees without opening it.
OPEN_ROWS = 30


def figures_table(figures: Sequence[Mapping[str, Any]], caption: str = "") -> Table:
    """Figure rows, as DESIGN's `study` schema has them, each beside the paper."""
    rows = []
    for row in figures:
        unit = str(row.get("unit") or "")
        ours = number(row.get("ours"))
        if isinstance(row.get("spread"), int | float) and row["spread"]:
            ours += f" ± {number(row['spread'], 2)}"
        if row.get("n"):
            ours += f" (n\u00a0=\u00a0{number(row['n'])})"
        rows.append(
            (
                str(row.get("title") or row["id"]),
                number(row.get("paper")),
                ours,
                difference(row.get("paper"), row.get("ours")),
                unit,
                str(row["verdict"]),
                str(row.get("reason") or ""),
                str(row["id"]),
            )
        )
    header = ("figure", "paper", "ours", "difference", "unit", "verdict", "reason", "id")
    return Table(header, rows, caption, text=(0, 4, 5, 6, 7), badge=5)


def cosim_section(results: Results) -> Iterable[Section]:
    """Vectors on which the RTL and the golden model were compared, by simulator."""
    # What takes all cells as given comes before what simulates them.
    cosims = sorted(results.cosims, key=lambda cosim: "waveform" in cosim)
    runs = [run for cosim in cosims for run in cosim["runs"]]
    if not runs:
        return
    section = Section("cosim", "Cosimulation", _one_digest(results.cosims))
    section.lead = (
        "After every accepted command all stored bits and all counters of the RTL are compared "
        "with the golden model; a vector is one such comparison."
    )
    totals: dict[tuple[str, ...], list[float]] = {}
    for run in runs:
        names = (str(run["block"]), str(run.get("case") or "–"), str(run["simulator"]))
        sums = totals.setdefault(names, [0.0] * 5)
        for n, key in enumerate(("vectors", "mismatches", "cycles", "seconds", "build_seconds")):
            sums[n] += float(run.get(key) or 0)
    rows = [
        (*names, *(number(v) for v in sums[:3]), seconds(sums[3]), seconds(sums[4]))
        for names, sums in totals.items()
    ]
    header = ("block", "case", "simulator", "vectors", "mismatches", "cycles", "run", "build")
    section.tables.append(Table(header, rows, text=(0, 1, 2)))
    detail = [key for key in ("case", "plan_digest") if any(key in r for r in runs)]
    if detail and len(runs) > len(totals):
        section.tables.append(_runs_table(runs, detail))
    section.facts = _analog_facts(runs)
    for n, cosim in enumerate(results.cosims):
        if isinstance(cosim.get("waveform"), Mapping):
            draw(results, section, plots.waveform_plot, cosim["waveform"], f"waveform{n}")
    section.notes = [str(note) for cosim in results.cosims for note in cosim.get("notes") or []]
    yield section


def _runs_table(runs: Sequence[Mapping[str, Any]], detail: Sequence[str]) -> Table:
    keys = ("block", "simulator", *detail, "vectors", "mismatches", "cycles")
    rows = [tuple(plain(run.get(key, "–"))[:80] for key in keys) for run in runs]
    text = tuple(range(2 + len(detail)))
    titles = tuple(key.replace("_", " ") for key in keys)
    return Table(titles, rows, f"All {len(runs)} runs", text=text, folded=True)


def _analog_facts(runs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Facts that runs state beside their numbers; alike on all simulators, so each once."""
    facts: dict[str, str] = {}
    for run in runs:
        stated = run.get("facts")
        for name, value in stated.items() if isinstance(stated, Mapping) else ():
            called = _FACTS.get(name, name.replace("_", " "))
            facts[f"{run.get('case') or run['block']}: {called}"] = plain(value)
    return list(facts.items())


def _one_digest(files: Sequence[Mapping[str, Any]]) -> str:
    digests = {str(f["plan_digest"]) for f in files if f.get("plan_digest")}
    return digests.pop() if len(digests) == 1 else ""


def study_sections(results: Results) -> Iterable[Section]:
    """Published figures beside ours, a section a study."""
    for n, study in enumerate(results.studies):
        name = str(study.get("study") or study.get("title") or study["file"].removesuffix(".json"))
        title = "Beside the paper" if study.get("demo") else f"Study: {name}"
        section = Section(f"study-{n}", title, str(study.get("plan_digest") or ""))
        section.lead = str(study.get("lead") or "")
        section.images = [Picture(*picture) for picture in study["pictures"]]
        figures = study["figures"]
        verdicts: dict[str, int] = {}
        for row in figures:
            verdicts[str(row["verdict"])] = verdicts.get(str(row["verdict"]), 0) + 1
        caption = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        section.tables.append(figures_table(figures, caption))
        yield section


def bench_section(results: Results) -> Iterable[Section]:
    """Measured figures of this machine beside their references."""
    for n, bench in enumerate(results.benches):
        rows = [
            (
                str(row["name"]),
                number(row.get("value")),
                str(row.get("unit") or ""),
                str(row.get("reference") or ""),
                number(row.get("reference_value")),
                number(row.get("ratio"), 3),
            )
            for row in bench["results"]
        ]
        header = ("name", "value", "unit", "reference", "its value", "ratio")
        section = Section(f"bench-{n}", f"Bench: {bench['file'].removesuffix('.json')}")
        section.tables.append(Table(header, rows, text=(0, 2, 3)))
        yield section


def proof_section(results: Results) -> Iterable[Section]:
    """Formal proofs."""
    for n, proof in enumerate(results.proofs):
        rows = [
            (str(row["name"]), str(row.get("method")), number(row.get("depth")), str(row["result"]))
            for row in proof["proofs"]
        ]
        section = Section(f"proof-{n}", "Proofs")
        section.tables.append(Table(("name", "method", "depth", "result"), rows, text=(0, 1, 3)))
        yield section
