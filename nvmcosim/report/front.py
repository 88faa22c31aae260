"""The section on an optimised plan: its front, what it was compared with, and how it was tested."""

from collections.abc import Iterable, Mapping
from typing import Any

from nvmcosim.report.numbers import number, percent
from nvmcosim.report.results import Results
from nvmcosim.report.section import Picture, Section, Table

__all__ = ["front_section"]


def front_section(results: Results) -> Iterable[Section]:
    """One section a front; see `nvmcosim.optimize.outcome` for what the file holds."""
    for n, front in enumerate(results.fronts):
        section = Section(f"front-{n}", str(front["title"]))
        section.lead = (
            f"{front['optimize']} on {front['device']}, {front['format']}, pulses of multiples of "
            f"{number(front['grid_ps'] / 1000)} ns up to {number(front['longest_ps'] / 1000)} ns. "
            "Energy and loss are relative to writing every bit with the longest pulse. Plans were "
            "chosen on images held out of the training set; the first table is on the test images, "
            "with seeds that nothing was chosen by."
        )
        section.images = [Picture(*picture) for picture in front["pictures"]]
        section.tables.append(_tested(front["tested"]))
        if front["comparisons"]:
            section.tables.append(_comparisons(front["comparisons"]))
        section.tables.append(_points(front["points"], str(front["predicted_unit"])))
        section.notes = [str(warning) for warning in front["warnings"]]
        yield section


def _tested(rows: Iterable[Mapping[str, Any]]) -> Table:
    cells = [
        (
            str(row["name"]),
            percent(row["relative_energy"]),
            f"{number(row['accuracy_percent'])}%",
            _spread(row),
            number(row["n"]),
            pulses(row["plan"]),
        )
        for row in rows
    ]
    strong = tuple(n for n, row in enumerate(cells) if row[0] == "optimised")
    header = ("plan", "write energy", "accuracy", "points lost", "n", "pulses")
    return Table(header, cells, text=(0, 5), strong=strong)


def _comparisons(rows: Iterable[Mapping[str, Any]]) -> Table:
    cells = []
    for row in rows:
        interval = row["interval"]
        shown = "–" if interval is None else f"{interval[0]:+.2f} … {interval[1]:+.2f}"
        saved, more = f"{number(row['saved_of_it_percent'], 3)}%", f"{row['difference']:+.2f}"
        cells.append(
            (str(row["plan"]), str(row["against"]), saved, more, shown, str(row["verdict"]))
        )
    header = ("plan", "against", "energy saved of it", "points lost more", "95%", "verdict")
    return Table(header, cells, text=(0, 1, 5))


def _points(rows: Iterable[Mapping[str, Any]], unit: str) -> Table:
    cells = []
    for row in rows:
        held = row["held_out"]
        cells.append(
            (
                "front" if row["on_front"] else f"tried, {row['family']}",
                percent(row["relative_energy"]),
                number(row["predicted_loss"], 3),
                "–" if held is None else _spread(held),
                pulses(row["plan"]),
            )
        )
    header = (
        "",
        "write energy",
        f"predicted loss ({unit})",
        "points lost, held-out images",
        "pulses",
    )
    return Table(header, cells, "The front, and all plans tried", text=(0, 4), folded=True)


def _spread(row: Mapping[str, Any]) -> str:
    spread = "" if row["spread"] is None else f" ± {row['spread']:.2f}"
    return f"{row['loss']:.2f}{spread}"


def pulses(plan: Mapping[str, Any]) -> str:
    """Bits and pulse of each domain, in ns, from the most significant; layers apart."""
    layers = plan.get("layers") or [plan]
    return " | ".join(
        " ".join(f"{d['bits']}×{d['pulse_ps'] / 1000:g}" for d in layer["domains"])
        for layer in layers
    )
