"""The section on training: accuracy by BSP and T_R, and the energy that it saved."""

from collections.abc import Iterable, Mapping
from typing import Any

from nvmcosim.report import plots
from nvmcosim.report.numbers import engineering, number, percent
from nvmcosim.report.results import Results
from nvmcosim.report.section import Section, Table
from nvmcosim.report.sections import draw

__all__ = ["training_section"]


def training_section(results: Results) -> Iterable[Section]:
    """One section a training file; see `nvmcosim.demo.training` for what the file holds."""
    for n, training in enumerate(results.training):
        section = Section("training" if n == 0 else f"training-{n}", "Training")
        section.digest = str(training["plan_digest"])
        section.lead = (
            f"{training['network']} ({number(training['parameters'])} parameters) on "
            f"{training['dataset']}: {number(training['train_size'])} of "
            f"{number(training['full_size'])} training samples, epochs: "
            f"{number(training['epochs'])} where the paper takes "
            f"{number(training['paper_epochs'])}. All weights and biases are stored after every "
            "epoch. The plan itself is ringed. One seed a point: another would move each by some "
            "tenths of a point, so differences of that size say nothing."
        )
        wide = len(training["columns"]) > 1
        draw(results, section, plots.accuracy_plot, training, f"accuracy{n}", wide=wide)
        draw(results, section, plots.saving_plot, training, f"saving{n}")
        for column in training["columns"]:
            section.tables.append(_points(column))
        yield section


def _points(column: Mapping[str, Any]) -> Table:
    base, unit = column["baseline"], column["energy_unit"]
    rows: list[tuple[str, ...]] = [("every bit in full", "–", *_cells(base, base, unit))]
    strong = []
    for point in sorted(column["points"], key=lambda p: (p["short_ps"], p["bsp"])):
        if point.get("planned"):
            strong.append(len(rows))
        rows.append(
            (number(point["bsp"]), f"{point['short_ps'] / 1000:g}", *_cells(point, base, unit))
        )
    header = ("BSP (bits)", "T_R (ns)", "accuracy", "against baseline", "write energy")
    header_end = ("saved", "failed bits")
    caption = f"On {column['device']} (curve {str(column['curve_digest'])[:12]})"
    return Table(header + header_end, rows, caption, text=(), strong=tuple(strong))


def _cells(point: Mapping[str, Any], base: Mapping[str, Any], unit: str) -> tuple[str, ...]:
    energy = point["energy"]
    share = f"{number(energy / base['energy'], 4)} of it" if base["energy"] else "–"
    shown = engineering(energy, "J") if unit == "J" else "1" if point is base else share
    loss = 100 * (point["accuracy"] - base["accuracy"])
    against = "–" if point is base else f"{loss:+.2f}".replace("-", "−")
    return (
        percent(point["accuracy"]),
        against,
        shown,
        percent(point["saved"], 2),
        number(point["failed_bits"]),
    )
