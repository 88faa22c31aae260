"""What the plots of all studies share: size, colours, notes, and how they are written."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.pymodel.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "MARKERS", "save_plot", "wrapped"]

#: Told apart in grey and by colour-blind readers as well (Okabe and Ito).
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#e69f00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "x")
#: Characters of a note's line.
_MOST_NOTE = 110


def save_plot(
    folder: Path,
    name: str,
    title: str,
    draw: Callable[["Axes"], None],
    notes: Sequence[str] = (),
    size: tuple[float, float] = (6.4, 4.2),
) -> dict[str, Any]:
    """Draw one plot and write it as `name`.svg and `name`.png in `folder`.

    `notes` stand under the axes: a plot of reduced runs says so there. Returns the plot's entry in
    a study's result: `id`, `title`, `svg` and `png` relative to the folder above. Raises
    `MissingTool` without matplotlib.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingTool(
            "plots need matplotlib; install it with: pip install 'nvmcosim[plot]'"
        ) from None
    # A fixed salt and no date: the same data give the same file.
    with mpl.rc_context({"svg.hashsalt": name, "font.size": 9, "svg.fonttype": "path"}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        axes.set_title(title, fontsize=10)
        axes.grid(True, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        draw(axes)
        if notes:
            figure.supxlabel("\n".join(notes), fontsize=7.5, color="#444444")
        entry: dict[str, Any] = {"id": name, "title": title}
        for kind, metadata in (("svg", {"Date": None}), ("png", {})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
            path = write_bytes(folder / f"{name}.{kind}", buffer.getvalue())
            entry[kind] = f"{folder.name}/{path.name}"
    return entry


def wrapped(note: str) -> list[str]:
    """`note` as lines that fit under a plot."""
    lines: list[str] = []
    for word in note.split():
        if lines and len(lines[-1]) + len(word) < _MOST_NOTE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
