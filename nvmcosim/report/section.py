"""What a page is made of: sections of facts, plots, tables and quoted code, all plain text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

__all__ = ["Card", "Picture", "Plot", "Section", "Table", "WordBit"]


@dataclass(frozen=True)
class Table:
    """A table of text.

    Fields:
        header: column titles.
        rows: cells, as many as titles in each row.
        caption: one sentence above it.
        text: indices of columns of running text, set left; the others are numbers, set right.
        badge: index of the column that holds a verdict, None if there is none.
        strong: indices of rows that stand out.
        folded: whether a reader opens it by a click.
    """

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    caption: str = ""
    text: tuple[int, ...] = (0,)
    badge: int | None = None
    strong: tuple[int, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Plot:
    """An SVG element, made by this package, and the sentence under it; `wide` takes a whole row."""

    svg: Markup
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture from a file, as a `data:` address; as an image, no script in it can run."""

    address: str
    caption: str


@dataclass(frozen=True)
class WordBit:
    """One bit of a word: part of the format (`s`, `e` or `i`, `f`), domain and pulse."""

    part: str
    domain: int
    pulse: str


@dataclass(frozen=True)
class Card:
    """A headline figure: a number, what it is, and one line of context."""

    value: str
    label: str
    context: str = ""


@dataclass
class Section:
    """One section of the page; `digest` is that of the plan whose view it shows."""

    id: str
    title: str
    digest: str = ""
    lead: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    word: list[WordBit] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    images: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    code: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
