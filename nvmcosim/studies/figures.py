"""Figure rows: one published number beside ours, and the rules by which they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from nvmcosim.pymodel.errors import InputError

__all__ = ["Figure", "Verdict", "half_unit", "judge_number", "judge_rule"]

#: `reproduced` and `differs` compare; `contradicted` is a paper against itself or physics;
#: `not-run` is a row that nothing, or nothing of the paper's size, was computed for.
Verdict = Literal["reproduced", "differs", "contradicted", "not-run"]


@dataclass(frozen=True)
class Figure:
    """One published number beside ours.

    Fields:
        id: figure, table or equation, then what tells its numbers apart: `table3/mp/0.5/saving`.
        title: the same in words.
        paper, ours: numbers, or short text where the paper states a trend; None if there is none.
        unit: of both numbers.
        verdict: see `Verdict`.
        reason: one sentence; always there unless `reproduced`.
        spread: standard deviation of ours over `n` runs.
        points: a curve's points, JSON-ready.
    """

    id: str
    title: str
    paper: float | str | None
    ours: float | str | None
    unit: str
    verdict: Verdict
    reason: str = ""
    spread: float | None = None
    n: int | None = None
    points: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if self.verdict != "reproduced" and not self.reason:
            raise InputError(f"figure {self.id} is {self.verdict} without a reason")

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-ready values; `points` only where there are any."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["points"] = [dict(point) for point in self.points]
        if not values["points"]:
            del values["points"]
        return values


def half_unit(printed: str) -> float:
    """Half a unit of the last digit of a number as printed: 0.05 for `37.5`, 5e-42 for `9.2e-40`.

    Raises `InputError` if `printed` is no number.
    """
    try:
        exponent = Decimal(printed).as_tuple().exponent
    except InvalidOperation:
        exponent = "n"
    if not isinstance(exponent, int):
        raise InputError(f"{printed!r} is not a printed number")
    return float(Decimal(5).scaleb(exponent - 1))


def judge_number(
    id: str,
    title: str,
    printed: str,
    ours: float,
    unit: str,
    reason: str = "",
    spread: float | None = None,
    n: int | None = None,
    points: Sequence[Mapping[str, Any]] = (),
) -> Figure:
    """The row of a number that the paper prints as `printed`.

    Reproduced within half a unit of its last digit, or within twice `spread`. `reason` is for a
    row that differs.
    """
    # The last term forgives what binary fractions do to a difference of exactly half a unit.
    tolerance = max(half_unit(printed), 2 * (spread or 0.0))
    agrees = abs(ours - float(printed)) <= tolerance * (1 + 1e-9)
    return Figure(
        id,
        title,
        float(printed),
        ours,
        unit,
        "reproduced" if agrees else "differs",
        "" if agrees else reason or f"differs by more than {tolerance:g} {unit}".rstrip(),
        spread,
        n,
        points,
    )


def judge_rule(
    id: str,
    title: str,
    paper: str | float,
    ours: float | str,
    unit: str,
    holds: bool,
    reason: str,
    spread: float | None = None,
    n: int | None = None,
    points: Sequence[Mapping[str, Any]] = (),
) -> Figure:
    """The row of what the paper states as a bound or trend; `holds` says if ours does it too."""
    verdict: Verdict = "reproduced" if holds else "differs"
    return Figure(id, title, paper, ours, unit, verdict, reason, spread, n, points)
