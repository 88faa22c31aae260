"""The section on hardware: what a sidecar says, and the head of its Verilog."""

from collections.abc import Iterable, Mapping
from typing import Any

from nvmcosim.report import plots
from nvmcosim.report.numbers import flat, number, plain
from nvmcosim.report.results import Results
from nvmcosim.report.section import Section, Table
from nvmcosim.report.sections import draw

__all__ = ["rtl_section"]


def rtl_section(results: Results) -> Iterable[Section]:
    """The generated modules: ports, size, cycles a word, the head of the Verilog."""
    if not results.modules and not results.synths:
        return
    plan = results.plan
    section = Section("rtl", "RTL")
    section.lead = (
        "The store-domain write controller, generated from the plan: words in on a stream, one "
        "write pulse a domain of exactly the planned cycles."
    )
    if plan is not None:
        draw(results, section, plots.pulse_plot, plan)
    for module in results.modules[:8]:
        section.digest = section.digest or str(module.get("plan_digest", ""))
        section.facts += _module_facts(module)
        section.tables += _module_tables(module)
        if module["verilog"]:
            section.code.append((f"Head of {module['verilog_file']}", module["verilog"]))
    for synth in results.synths:
        section.tables.insert(0, _cells(synth["results"]))
    yield section


def _cells(rows: list[Mapping[str, Any]]) -> Table:
    titles = ("module", "target", "cells", "flip-flops", "tool")
    keys = ("name", "target", "cells", "flip_flops", "tool")
    cells = [tuple(plain(row.get(key, "–")) for key in keys) for row in rows]
    return Table(titles, cells, "Cells after synthesis", text=(0, 1, 4))


#: What of a sidecar is a headline fact, and what the page calls it.
_MODULE_FACTS = {
    "module": "module",
    "timing.latency": "clocks to the first pulse",
    "timing.word_cycles_fewest": "clocks a word, at least",
    "timing.word_cycles_most": "clocks a word, at most",
    "clock.frequency_mhz": "clock (MHz)",
    "parameters.rows": "rows",
    "sha256": "Verilog digest",
}


def _module_facts(module: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    facts = dict(flat(module))
    for key, label in _MODULE_FACTS.items():
        if key in facts:
            shown = plain(facts[key])
            yield label, shown[:12] if key == "sha256" else shown
    yield "ports", number(len(module["ports"]))


def _module_tables(module: Mapping[str, Any]) -> Iterable[Table]:
    ports = module["ports"]
    if isinstance(ports, Mapping):
        ports = [{"name": name, **_as_mapping(port)} for name, port in ports.items()]
    simple = [{k: v for k, v in port.items() if isinstance(v, str | int)} for port in ports]
    titles = tuple(dict.fromkeys(str(key) for port in simple for key in port))
    rows = [tuple(plain(port.get(title, "–")) for title in titles) for port in simple]
    name = module.get("module", module["file"])
    columns = tuple(range(len(titles)))
    if rows:
        yield Table(titles, rows, f"Ports of {name}", text=columns, folded=True)
    for key in ("timing", "parameters", "resources"):
        if isinstance(module.get(key), Mapping):
            named = [(n.replace("_", " "), plain(value)) for n, value in flat(module[key])]
            caption = f"{key.capitalize()} of {name}"
            yield Table(("name", "value"), named, caption, text=(0, 1), folded=True)


def _as_mapping(port: Any) -> Mapping[str, Any]:
    return port if isinstance(port, Mapping) else {"width": port}
