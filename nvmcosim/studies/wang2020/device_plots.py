"""Plots of wang2020's cell: operations of Fig. 1 as waveforms, and what the gate separates."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nvmcosim.spice.sot import SotCell
from nvmcosim.spice.sot_logic import gate_curve, truth_table
from nvmcosim.studies.plots import COLOURS, save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_device_plots", "draw_gate_curve"]

#: Operations that Fig. 1 draws, and currents of the other plot in uA.
_DRAWN = ("and", "or", "xor")
_CURRENTS_UA = np.arange(30.0, 131.0, 5.0)
_FORMULAS = {
    "and": "V = not A, C = 0",
    "or": "V = A, C = 1",
    "xor": "V = A, C = not B, B read before",
}
_NOTE = "ngspice, 1T-1R, single-domain layer without thermal noise; access transistor: FreePDK45"


def draw_device_plots(out: Path) -> list[dict[str, Any]]:
    """Simulate and draw the plots into the folder `out`; returns their entries.

    Raises `MissingTool` without matplotlib, ngspice or its transistor models.
    """
    cell = SotCell()
    plots = [_operation(out, cell, name) for name in _DRAWN]
    return [*plots, draw_gate_curve(out, cell, gate_curve(cell, (_CURRENTS_UA * 1e-6).tolist()))]


def _operation(folder: Path, cell: SotCell, name: str) -> dict[str, Any]:
    """One operation: gate, current and state through the four inputs, one after another."""
    rows = truth_table(cell, name)

    def draw(axes: "Axes") -> None:
        axes.set_axis_off()
        panels = [axes.inset_axes((0.0, bottom, 1.0, 0.29)) for bottom in (0.68, 0.355, 0.03)]
        span = 0.0
        for row in rows:
            time = row.run.time_s * 1e9 + span
            curves = (row.run.rbl_v * 1e3, row.run.track_a * 1e6, row.run.m[:, 2])
            for n, (panel, curve) in enumerate(zip(panels, curves, strict=True)):
                panel.plot(time, curve, color=COLOURS[(0, 3, 1)[n]], linewidth=1.2)
            middle = span + (time[-1] - span) / 2
            text = f"A = {row.a:d}, B = {row.b:d} → {row.got:d}"
            panels[0].text(middle, 790, text, ha="center", va="center", fontsize=9)
            span = float(time[-1])
            for panel in panels:
                panel.axvline(span, color="#999999", linewidth=0.8)
        labels = ("$V_b$ on RBL (mV)", "track current (µA)", "$m_z$")
        for panel, label, limits in zip(
            panels, labels, ((-60, 950), (-90, 90), (-1.25, 1.25)), strict=True
        ):
            panel.set(ylabel=label, xlim=(0, span), ylim=limits)
            panel.grid(True, color="#eeeeee", linewidth=0.6)
            panel.set_axisbelow(True)
            panel.yaxis.set_label_coords(-0.09, 0.5)
        panels[0].set_yticks([0, 300, 600])
        panels[2].set_yticks([-1, 1], ["-1 (bit 1)", "+1 (bit 0)"])
        for panel in panels[:2]:
            panel.tick_params(labelbottom=False)
        panels[2].set_xlabel("time (ns), one case after another")

    title = f"Fig. 1: {name.upper()} inside the cell, {_FORMULAS[name]}"
    return save_plot(folder, f"fig1-{name}", title, draw, [_NOTE], size=(7.2, 5.2))


def draw_gate_curve(
    folder: Path,
    cell: SotCell,
    points: list[dict[str, Any]],
    name: str = "gate",
    title: str = "Switching by current, with the gate open and closed",
) -> dict[str, Any]:
    """Draw switching time against current from the points of `spice.sot_logic.gate_curve`."""
    gate = cell.mtj.gate_v

    def draw(axes: "Axes") -> None:
        for n, (volts, c) in enumerate((v, c) for v in (gate, 0.0) for c in (1, 0)):
            own = [p for p in points if p["gate_v"] == volts and p["c"] == c and p["switched"]]
            axes.plot(
                [p["current_a"] * 1e6 for p in own],
                [p["time_ns"] for p in own],
                color=COLOURS[0 if volts else 3],
                linestyle="-" if c else "--",
                marker="os^D"[n],
                markersize=4,
                label=f"{volts * 1e3:.0f} mV, to {c}",
            )
        for volts, colour in ((gate, COLOURS[0]), (0.0, COLOURS[3])):
            law = float(cell.mtj.critical_current_a(volts)) * 1e6
            axes.axvline(law, color=colour, linestyle=":", linewidth=1.2)
            axes.text(
                law + 0.8,
                0.97,
                f"law, {volts * 1e3:.0f} mV",
                color=colour,
                rotation=90,
                transform=axes.get_xaxis_transform(),
                va="top",
                fontsize=8,
            )
        write = cell.mtj.write_a * 1e6
        axes.axvspan(write - 0.4, write + 0.4, color="#bbbbbb")
        axes.text(
            write - 1.0,
            0.03,
            f"write current, {write:g} µA",
            rotation=90,
            ha="right",
            va="bottom",
            transform=axes.get_xaxis_transform(),
            fontsize=8,
        )
        every = [p["current_a"] * 1e6 for p in points]
        axes.set(xlabel="write current (µA)", ylabel="switching time (ns)")
        axes.set_xlim(min(every) - 2, max(every) + 2)
        axes.set_ylim(bottom=0)
        axes.legend(loc="center left", fontsize=8)

    notes = [_NOTE, f"no marker: the bit is the old one after a pulse of {cell.mtj.pulse_ns:g} ns"]
    return save_plot(folder, name, title, draw, notes)
