"""Matplotlib figures as inline SVG that takes its colours and its font from the page."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from markupsafe import Markup

from nvmcosim.pymodel.errors import MissingTool

__all__ = ["FAINT", "INK", "MARKERS", "SERIES", "figure", "svg_of"]

#: Okabe and Ito's palette, told apart by any eye; the page's style sheet gives each a dark variant.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = ("o", "s", "^", "D", "v", "P")
#: Stand-ins for the page's own text and line colours, replaced in the SVG's text.
INK, FAINT = "#010203", "#c1c2c3"

_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@contextmanager
def figure(columns: int = 1, width: float = 6.4, height: float = 3.9, **kwargs: Any) -> Iterator:
    """A figure and its axes, `[columns]`, closed at the end; sizes in inches.

    Raises `MissingTool` without matplotlib.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingTool(
            "plots need matplotlib; install it with: pip install matplotlib"
        ) from None
    with mpl.rc_context():
        # A user's own matplotlibrc must not change the page.
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        made = Figure(figsize=(width, height), layout="constrained")
        yield made, made.subplots(1, columns, squeeze=False, **kwargs)[0]


def svg_of(made: Any, name: str, described: str) -> Markup:
    """The SVG element of figure `made`, to stand in an HTML page as it is.

    `name` makes its ids unique in the page, so it must be an identifier; `described` is its text
    for readers who do not see it.
    """
    import html

    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        made.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = text.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    text = text.replace(INK, "currentColor").replace(FAINT, "var(--line)")
    for n, colour in enumerate(SERIES):
        text = text.replace(colour, f"var(--s{n})")
    opening = text[: text.index(">")]
    sized = re.sub(r' (width|height)="[^"]*"', "", opening)
    label = html.escape(described, quote=True)
    points = re.search(r'viewBox="0 0 ([\d.]+)', opening)
    widest = f' style="max-width:{float(points.group(1)) * 1.5:.0f}px"' if points else ""
    whole = f'{sized} role="img" aria-label="{label}"{widest}' + text[len(opening) :]
    # Matplotlib escapes what is in it: the one text of a page that is markup already.
    return Markup(whole)
