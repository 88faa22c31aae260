"""What aligning a fraction by a data-dependent distance costs, as it gets longer."""

import math

from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_integers import clear, shift_right
from nvmcosim.pymodel.pim_step import MATCH, PUBLISHED_K, ZERO, PimCounts, Signal
from nvmcosim.studies.figures import Figure

__all__ = ["ALIGNMENTS", "alignment_figures", "alignment_program"]

#: Lengths of fractions: bf16's, fp16's, fp32's, fp64's, and quadruple precision's.
_LENGTHS = (7, 10, 23, 52, 112)
#: Ways to align: bit by bit; the distances searched for one after the other; by powers of 2.
ALIGNMENTS = ("bit-by-bit", "searched", "powers")


def alignment_program(way: str, length: int) -> PimCounts:
    """What aligning `length` bits by up to `length` takes, at the published k."""
    bits = length.bit_length()
    builder = Builder(way, PUBLISHED_K, search_rows=bits + 1)
    rows = builder.input("fraction", length)
    distance = builder.input("distance", bits)
    if way == "powers":
        sticky = clear(builder, "sticky")
        rows = shift_right(builder, rows, distance, sticky)
    elif way == "searched":
        for by in range(1, length + 1):
            _search_for(builder, distance, by)
            _move(builder, rows, by)
    else:
        # A column moves with each distance up to its own, counted down in a row.
        moving = clear(builder, "moving")
        for by in range(length, 0, -1):
            _search_for(builder, distance, by)
            builder.or_(moving, MATCH)
            builder.search([moving])
            _move(builder, rows, 1)
    builder.output("out", rows)
    return builder.build().counts


def _search_for(builder: Builder, distance: list[Signal], by: int) -> None:
    ones = [bit for i, bit in enumerate(distance) if by >> i & 1]
    builder.search(ones, [bit for bit in distance if bit not in ones])


def _move(builder: Builder, rows: list[Signal], by: int) -> None:
    for i, row in enumerate(rows):
        builder.select(row, MATCH, rows[i + by] if i + by < len(rows) else ZERO)


def alignment_figures() -> list[Figure]:
    """Order of the steps in the fraction's length: exponents between fp32's and 112 bits."""
    figures = []
    paper = {"bit-by-bit": 2.0, "searched": 1.0, "powers": None}
    for way in ALIGNMENTS:
        points = [{"length": n, **alignment_program(way, n).to_dict()} for n in _LENGTHS]
        order = math.log(points[-1]["steps"] / points[2]["steps"]) / math.log(112 / 23)
        figures.append(_figure(way, paper[way], order, points))
    return figures


def _figure(way: str, paper: float | None, order: float, points: list[dict[str, int]]) -> Figure:
    steps = points[2]["steps"]
    reasons = {
        "bit-by-bit": "",
        "searched": (
            "the searches are linear, as in Eq. 2, but each distance moves the whole fraction, "
            f"which at k = {PUBLISHED_K} takes steps by its length; linear steps need k as large "
            "as the fraction"
        ),
        "powers": (
            "not in the paper: one move of the fraction for each bit of the distance; the float "
            "programs align so"
        ),
    }
    near = paper is not None and abs(order - paper) < 0.25
    return Figure(
        f"text-alignment/{way}",
        f"Alignment {way}: power of the fraction's length that steps grow with",
        paper,
        order,
        "exponent",
        "reproduced" if near else "differs",
        f"{steps} steps for 23 bits" + (f"; {reasons[way]}" if reasons[way] else ""),
        points=points,
    )
