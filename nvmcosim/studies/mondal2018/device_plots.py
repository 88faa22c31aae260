"""Plots of mondal2018's device: Fig. 3a, the law beside the vector equation, Fig. 3b, Fig. 4b."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.studies.figures import Figure
from nvmcosim.studies.plots import COLOURS, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_device_plots"]

Points = Sequence[Mapping[str, Any]]


def draw_device_plots(out: Path, figures: Sequence[Figure] | None = None) -> list[dict[str, Any]]:
    """Draw the plots into the folder `out` from the points of `figures`; returns their entries.

    Without `figures` they are worked out. Raises `MissingTool` without matplotlib.
    """
    if figures is None:
        from nvmcosim.studies.mondal2018.device import device_figures

        figures = device_figures()
    points = {figure.id: figure.points for figure in figures if figure.points}
    return [
        _figure_3a(out, points["fig3a"]),
        _figure_3b(out, points["fig3b/p0.999"], points["text-iii/best-bias"]),
        _figure_4b(out, points["fig4b"]),
        *(_beside(out, id, points[id]) for id in ("llg/ap-p/t50", "llg/p-ap/t99.9")),
    ]


def _column(points: Points, name: str) -> list[float]:
    return [point[name] for point in points]


def _figure_3a(folder: Path, points: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        for n, volts in enumerate(dict.fromkeys(_column(points, "bias_v"))):
            own = [point for point in points if point["bias_v"] == volts]
            axes.plot(
                _column(own, "pulse_ns"),
                _column(own, "p_switch"),
                color=COLOURS[n],
                label=f"{volts:g} V",
            )
        axes.plot([1.49, 3.40], [0.5, 0.999], "kx", label="paper, 1.2 V: 50% and 99.9%")
        axes.set(xlabel="pulse (ns)", ylabel="P(AP to P)", xlim=(0, 5), ylim=(0, 1.03))
        axes.legend(loc="lower right", fontsize=8)

    return save_plot(folder, "fig3a", "Fig. 3a: switching probability by pulse and voltage", draw)


def _figure_3b(folder: Path, by_chance: Points, by_bias: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        axes.plot(
            _column(by_chance, "p_switch"),
            _column(by_chance, "energy_pj"),
            color=COLOURS[0],
            label="at 1.2 V, by probability (below)",
        )
        axes.plot([0.999], [0.93], "kx", label="paper: 0.93 pJ at 99.9%")
        axes.set(xlabel="P(AP to P)", ylabel="energy of a write (pJ)", xlim=(0, 1.02))
        axes.set_ylim(0, 1.6)
        above = axes.twiny()
        above.plot(
            _column(by_bias, "bias_v"),
            _column(by_bias, "energy_pj"),
            "--",
            color=COLOURS[3],
            label="of 99.9%, by bias (above)",
        )
        above.set_xlabel("bias (V)")
        above.set_xlim(0.9, 1.8)
        lines = [*axes.get_lines(), *above.get_lines()]
        axes.legend(lines, [str(line.get_label()) for line in lines], loc="lower right", fontsize=8)

    return save_plot(
        folder,
        "fig3b",
        "Fig. 3b: energy by switching probability, and the best bias",
        draw,
        size=(6.4, 4.6),
    )


def _figure_4b(folder: Path, points: Points) -> dict[str, Any]:
    def draw(axes: "Axes") -> None:
        p = _column(points, "p")
        axes.plot(p, _column(points, "normal_pj"), color=COLOURS[3], label="normal")
        axes.plot(p, _column(points, "bms_pj"), "--", color=COLOURS[1], label="biased (BMS)")
        axes.set(xlabel="p", ylabel="energy a bit (pJ)", xlim=(0, 1))
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper right", fontsize=8)

    return save_plot(
        folder,
        "fig4b",
        "Fig. 4b: energy of a bit by the number",
        draw,
        ["Reset where the write before switched, write, read, and 1 fJ of mux in the biased one."],
    )


def _beside(folder: Path, id: str, points: Points) -> dict[str, Any]:
    """The law and the vector equation of one direction."""
    direction = id.split("/")[1].upper()
    styles = ("-", "--", "-", "-", "o")

    def draw(axes: "Axes") -> None:
        for n, way in enumerate(dict.fromkeys(point["way"] for point in points)):
            own = [point for point in points if point["way"] == way]
            count = f", {own[0]['samples']} samples" if "samples" in own[0] else ""
            axes.plot(
                _column(own, "pulse_ns"),
                _column(own, "p_switch"),
                styles[n],
                color=COLOURS[(6, 6, 0, 3, 0)[n]],
                markersize=3,
                label=f"{way}{count}",
            )
        axes.set(xlabel="pulse (ns)", ylabel=f"P({direction.replace('-', ' to ')})")
        axes.set(xlim=(0, max(_column(points, "pulse_ns"))), ylim=(0, 1.03))
        axes.legend(loc="lower right", fontsize=8)

    title = f"{direction}: the precessional law beside the vector equation"
    return save_plot(folder, f"llg-{direction.lower()}", title, draw)
