"""Plots of what takes a multiply-accumulate's time and energy (wang2020, Fig. 5)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.studies.plots import COLOURS, save_plot, wrapped
from nvmcosim.studies.wang2020.breakdown import (
    KINDS,
    READ_NS,
    SWITCH_FJ,
    SWITCH_NS,
    WRITE_NS,
    energy_by_part,
    equation_mac,
    latency_by_part,
    program_mac,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

__all__ = ["draw_breakdown"]

#: Left and right half of the axes; the legend stands above.
_PANELS = ((0.1, 0.0, 0.38, 0.84), (0.61, 0.0, 0.38, 0.84))
#: From this share in percent on a bar's part says how much it is.
_SAID = 3.5
#: Red, green and blue together of a colour that black is read on.
_BRIGHT = 1.3
_GREY = "#999999"
#: One for each of `KINDS`, of the operations, and of the parts.
_OF_KINDS = (COLOURS[0], COLOURS[4], COLOURS[3], COLOURS[5])
_OF_OPERATIONS = (COLOURS[1], COLOURS[2])
_OF_PARTS = (*COLOURS[:6], "#f0e442", "#666666", _GREY)


def draw_breakdown(folder: Path) -> list[dict[str, Any]]:
    """Draw both plots into `folder`; returns their entries.

    Raises `MissingTool` without matplotlib.
    """
    return [_by_kind(folder), _by_part(folder)]


def _by_kind(folder: Path) -> dict[str, Any]:
    """Eq. 2 and 3 beside the program: reads, searches and writes; multiplication and addition."""
    rows = [
        (f"{name}, {whose}", mac(name))
        for name in FORMATS
        for whose, mac in (("Eq. 2, 3", equation_mac), ("ours", program_mac))
    ]

    def draw(axes: "Axes") -> None:
        latency, energy = _panels(axes)
        _bars(latency, [(row, mac.latency_us) for row, mac in rows], KINDS, _OF_KINDS)
        _wholes(latency, [sum(mac.latency_us.values()) for _, mac in rows], "{:.2f}")
        latency.set_xlabel("latency (µs)")
        names = tuple(rows[0][1].energy_pj)
        _bars(energy, [(row, mac.energy_pj) for row, mac in rows], names, _OF_OPERATIONS)
        _wholes(energy, [sum(mac.energy_pj.values()) for _, mac in rows], "{:.1f}")
        energy.set_xlabel("energy of switches (pJ)")
        for panel in (latency, energy):
            panel.legend(
                loc="lower center",
                bbox_to_anchor=(0.5, 1.0),
                ncols=4,
                fontsize=8,
                columnspacing=1.0,
                frameon=False,
            )

    times = equation_mac("fp32").latency_us
    share = 100 * times["switch"] / sum(times.values())
    note = (
        f"Steps at NVSim's times for Table 1: read or search {READ_NS:g} ns, write {WRITE_NS:g} "
        f"ns, of which the cell's switch is {SWITCH_NS:g} ns. Energy: {SWITCH_FJ:g} fJ for each "
        "cell that is written. The paper's Fig. 5 prints no numbers; its text says that MAC "
        "latency is 1.8 and energy 3.3 times less than FloatPIM's, and that the switch dominates "
        f"latency: here it is {share:.0f}% of fp32's by Eq. 2 and 3. Ours has all of IEEE 754 and "
        "rounds twice."
    )
    title = "Fig. 5: a multiply-accumulate by the paper's equations and by the program"
    return save_plot(folder, "fig5-kinds", title, draw, wrapped(note), size=(8.4, 4.4))


def _by_part(folder: Path) -> dict[str, Any]:
    """The program's parts, in percent, with the whole beside each bar."""
    splits: Sequence[tuple[str, str, Callable[[str], dict[str, float]]]] = (
        ("latency", "µs", latency_by_part),
        ("energy of switches", "pJ", energy_by_part),
    )

    def draw(axes: "Axes") -> None:
        panels = _panels(axes)
        for panel, (what, unit, split) in zip(panels, splits, strict=True):
            found = {name: split(name) for name in FORMATS}
            parts = list(dict.fromkeys(part for values in found.values() for part in values))
            rows = []
            for name, values in found.items():
                whole = sum(values.values())
                shares = {part: 100 * value / whole for part, value in values.items()}
                rows.append((f"{name}\n{whole:.3g} {unit}", shares))
            _bars(panel, rows, parts, _OF_PARTS)
            _shares(panel)
            panel.set_xlabel(f"share of the {what} (%)")
            panel.set_xlim(0, 100)
        axes.legend(
            *panels[0].get_legend_handles_labels(),
            loc="upper center",
            bbox_to_anchor=(0.5, 1.03),
            ncols=4,
            fontsize=8,
            frameon=False,
        )

    note = (
        "Each cell that is written is one part's, so energy is exact. Parts share steps: of the "
        "time each part has the share that it would have if it shared none. The order of "
        "magnitudes, the alignment and the sum are the addition's; partial products, copies and "
        "exponents the multiplication's; the others belong to both. Eq. 2 and 3 are not split so."
    )
    title = "Fig. 5: where the program's multiply-accumulate spends time and energy"
    return save_plot(folder, "fig5-parts", title, draw, wrapped(note), size=(8.4, 3.8))


def _panels(axes: "Axes") -> "list[Axes]":
    axes.set_axis_off()
    return [axes.inset_axes(box) for box in _PANELS]


def _bars(
    panel: "Axes",
    rows: Sequence[tuple[str, Mapping[str, float]]],
    names: Sequence[str],
    colours: Sequence[str],
) -> None:
    """Stacked bars, the first on top; two of a format stand close together."""
    places = _places(len(rows))
    left = [0.0] * len(rows)
    for name, colour in zip(names, colours, strict=False):
        widths = [values.get(name, 0.0) for _, values in rows]
        panel.barh(
            places, widths, 0.7, left, color=colour, label=name, edgecolor="white", linewidth=0.5
        )
        left = [a + b for a, b in zip(left, widths, strict=True)]
    panel.set_yticks(places, [row for row, _ in rows])
    panel.grid(True, axis="x", color="#eeeeee", linewidth=0.6)
    panel.set_axisbelow(True)


def _shares(panel: "Axes") -> None:
    """Write in each part of a bar how wide it is, if it has room."""
    from matplotlib.colors import to_rgb

    for bar in cast("list[Rectangle]", panel.patches):
        if bar.get_width() >= _SAID:
            middle, place = bar.get_center()
            colour = "black" if sum(to_rgb(bar.get_facecolor())) > _BRIGHT else "white"
            said = f"{bar.get_width():.0f}"
            panel.text(middle, place, said, color=colour, ha="center", va="center", fontsize=8)


def _wholes(panel: "Axes", wholes: Sequence[float], form: str) -> None:
    """Write at each bar's end how long it is."""
    for place, whole in zip(_places(len(wholes)), wholes, strict=True):
        panel.text(whole, place, f" {form.format(whole)}", va="center", fontsize=8)
    panel.set_xlim(0, 1.15 * max(wholes))


def _places(bars: int) -> list[float]:
    own = bars // len(FORMATS)
    return [-n - 0.5 * (n // own if own > 1 else 0) for n in range(bars)]
