"""Line plans: how words of weights are written to lines of phase-change memory (ho2021, III).

Vocabulary: a *line* is what one command reads or writes, `line_words` words side by side. Of a
scheme with a code, each word's bits are taken in *groups* of two, as in `pymodel.wom`. A *unit* is
what is refreshed together, the line or one group; `pymodel.coded_lines` says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FloatFormat, float_format
from nvmcosim.pymodel.pcm_cell import PCM_CELLS, PcmCell
from nvmcosim.pymodel.plan import Plan
from nvmcosim.pymodel.units import check_whole, picoseconds
from nvmcosim.pymodel.wom import CELLS

__all__ = ["RAW_SCHEMES", "SCHEMES", "BitGroup", "LinePlan"]

#: Schemes without a code: a cell holds a bit.
RAW_SCHEMES = ("basic", "dcw", "flip-n-write", "preset", "prereset")
#: All schemes; those after the raw ones have a code.
SCHEMES = (*RAW_SCHEMES, "wom-set", "appwom", "appwom-ping-pong")
_CHOICES = {
    "scheme": SCHEMES,
    "refresh": ("line", "group"),
    "idle": ("none", "any", "all"),
    "initial": ("preset", "prereset"),
    "rounding": ("rne", "truncate"),
}
#: Fields without effect in a scheme: where they are not the defaults, the plan is wrong.
_UNUSED = {
    **dict.fromkeys(RAW_SCHEMES, ("refresh", "idle", "initial", "app_groups")),
    "wom-set": ("app_groups",),
}
_RANGES = {
    "tick_ps": (1, 10**6),
    "seed": (0, 2**63 - 1),
    "line_words": (1, 1024),
}


@dataclass(frozen=True)
class BitGroup:
    """Two bits of a word, 0 being the least significant, and whether AppWOM is their code."""

    important: int
    other: int
    approximate: bool


@dataclass(frozen=True)
class LinePlan(Plan):
    """How words of a floating-point format are written to lines of phase-change memory.

    Fields:
        format: `fp32`, `fp16` or `bf16`.
        scheme: without a code, `basic` drives every cell; `dcw` reads, and drives the cells that
            differ; `flip-n-write` also inverts a word where that drives fewer; `preset` SETs all
            cells in idle time and then RESETs the zeros, `prereset` the reverse. With one,
            `wom-set` writes adjacent pairs of bits in the conventional code; `appwom` writes
            `app_groups` groups in AppWOM and the others in the conventional code; both refresh
            cells to where they were at first; `appwom-ping-pong` to the opposite, so that a unit's
            polarity changes with each refresh.
        line_words: words of a line.
        app_groups: groups of a word whose code is AppWOM; without a number all fraction bits are
            grouped so but for the first, or the first two where that leaves an odd number.
        refresh: what is refreshed together, the whole `line` or each `group` alone.
        idle: which units are refreshed in idle time, keeping what they hold: `none`; those with
            `any` spent group; those whose groups `all` are spent.
        initial: cells are first SET (`preset`), with polarity 1, or RESET (`prereset`). A fresh
            line holds zeros.
        rounding: `rne` or `truncate`, when fp32 values become words.
        cell: what operations take; without one, that of the `device`.
        device: the name of a cell.
        tick_ps: clock period of the line controller, in ps; the cell's times are multiples of it.
        seed: of every random draw.

    `refresh`, `idle`, `initial` and `app_groups` are for schemes with a code, the last not for
    `wom-set`; of others they must be what they are by default. Raises `InputError` for that, and
    for anything out of range.
    """

    kind = "line"

    format: str
    scheme: str = "appwom-ping-pong"
    line_words: int = 16
    app_groups: int | None = None
    refresh: str = "line"
    idle: str = "none"
    initial: str = "preset"
    rounding: str = "rne"
    cell: PcmCell | None = None
    device: str = "ho2021"
    tick_ps: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        words = float_format(self.format)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(choices)}"
                )
        for name, (low, high) in _RANGES.items():
            check_whole(getattr(self, name), name, low, high)
        if not isinstance(self.device, str) or self.device not in PCM_CELLS:
            raise InputError(f"device is {self.device!r}; it must be one of {', '.join(PCM_CELLS)}")
        if self.cell is None:
            object.__setattr__(self, "cell", PCM_CELLS[self.device])
        if not isinstance(self.cell, PcmCell):
            raise InputError(f"cell is {self.cell!r}; it must be a PcmCell")
        if self.app_groups is None:
            object.__setattr__(self, "app_groups", _default_app_groups(words))
        check_whole(self.app_groups, "app_groups", 0, words.fraction_bits // 2)
        self._refuse_unused(_default_app_groups(words))
        for name in ("read_ps", "set_ps", "reset_ps"):
            time = getattr(self.cell, name)
            if time % self.tick_ps:
                raise InputError(
                    f"{name} is {time}; it must be a multiple of the clock period, "
                    f"{self.tick_ps} ps"
                )

    def _refuse_unused(self, app_groups: int) -> None:
        for name in _UNUSED.get(self.scheme, ()):
            value = getattr(self, name)
            default = app_groups if name == "app_groups" else getattr(type(self), name)
            if value != default:
                raise InputError(
                    f"{name} is {value!r}, which is without effect in the scheme {self.scheme}; "
                    f"leave it out, or at {default!r}"
                )

    @property
    def number_format(self) -> FloatFormat:
        """The format of a word."""
        return float_format(self.format)

    @property
    def width(self) -> int:
        """Bits in a word."""
        return self.number_format.width

    @property
    def pcm(self) -> PcmCell:
        """The cell."""
        assert self.cell is not None
        return self.cell

    @property
    def coded(self) -> bool:
        """Whether the scheme has a code."""
        return self.scheme not in RAW_SCHEMES

    @property
    def keeps_polarity(self) -> bool:
        """Whether each unit has one more cell, which says its polarity."""
        return self.scheme == "appwom-ping-pong"

    @property
    def groups(self) -> tuple[BitGroup, ...]:
        """A word's groups, from the most significant bit down; empty without a code.

        AppWOM's groups come last: the upper half of their bits are the important ones, each with
        the bit of the lower half that stands in the same place (ho2021, Fig. 5).
        """
        if not self.coded:
            return ()
        assert self.app_groups is not None
        half = 0 if self.scheme == "wom-set" else self.app_groups
        exact = range(self.width - 1, 2 * half, -2)
        near = range(2 * half - 1, half - 1, -1)
        return (
            *(BitGroup(bit, bit - 1, False) for bit in exact),
            *(BitGroup(bit, bit - half, True) for bit in near),
        )

    @property
    def word_cells(self) -> int:
        """Cells that hold a word."""
        if self.coded:
            return CELLS * len(self.groups)
        return self.width + (self.scheme == "flip-n-write")

    @property
    def line_groups(self) -> int:
        """Groups in a line."""
        return self.line_words * len(self.groups)

    @property
    def line_cells(self) -> int:
        """Cells that hold a line's words."""
        return self.line_words * self.word_cells

    @property
    def shape(self) -> LineShape:
        """The line of a scheme with a code: the groups of word 0 come first.

        Raises `InputError` for a scheme without one.
        """
        if not self.coded:
            raise InputError(f"scheme is {self.scheme!r}, which has no code")
        return LineShape(
            approximate=tuple(group.approximate for group in self.groups) * self.line_words,
            by_group=self.refresh == "group",
            idle=self.idle,
            ping_pong=self.keeps_polarity,
            polarity=int(self.initial == "preset"),
        )

    @property
    def read_cycles(self) -> int:
        """Clock cycles of a read."""
        return self.pcm.read_ps // self.tick_ps

    @property
    def set_cycles(self) -> int:
        """Clock cycles of a SET pulse."""
        return self.pcm.set_ps // self.tick_ps

    @property
    def reset_cycles(self) -> int:
        """Clock cycles of a RESET pulse."""
        return self.pcm.reset_ps // self.tick_ps

    def replace(self, **changes: Any) -> Self:
        """The same plan with other values in some fields."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values."""
        values: dict[str, Any] = {"kind": self.kind, "format": self.format, "device": self.device}
        for name in (*_CHOICES, *_RANGES, "app_groups"):
            values[name] = getattr(self, name)
        return {**values, "cell": self.pcm.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The plan that `values` state.

        `cell` is a table of what differs from the device's; `tick = "5 ns"` may stand for
        `tick_ps`, and `line_bits`, bits of data, for `line_words`. Raises `InputError`.
        """
        cls._refuse_unknown(values, also=("tick", "line_bits"))
        rest = {k: v for k, v in values.items() if k != "kind"}
        if "format" not in rest:
            raise InputError("format is missing; it is fp32, fp16 or bf16")
        for short, long in (("tick", "tick_ps"), ("line_bits", "line_words")):
            if short in rest and long in rest:
                raise InputError(f"{short} and {long} are both given; give one")
        if "tick" in rest:
            rest["tick_ps"] = picoseconds(rest.pop("tick"), "tick")
        if "line_bits" in rest:
            rest["line_words"] = _line_words(rest.pop("line_bits"), float_format(rest["format"]))
        stated, device = rest.pop("cell", {}), rest.get("device", cls.device)
        if not isinstance(stated, Mapping):
            raise InputError(f"cell is {stated!r}; it must be a table of its values")
        if isinstance(device, str) and device in PCM_CELLS:
            rest["cell"] = PcmCell.from_dict(stated, PCM_CELLS[device])
        return cls(**rest)


def _default_app_groups(words: FloatFormat) -> int:
    return (words.fraction_bits - 1) // 2


def _line_words(bits: Any, words: FloatFormat) -> int:
    check_whole(bits, "line_bits", words.width, words.width * _RANGES["line_words"][1])
    if bits % words.width:
        raise InputError(
            f"line_bits is {bits}; it must be a multiple of {words.width}, the bits of {words.name}"
        )
    return int(bits // words.width)
