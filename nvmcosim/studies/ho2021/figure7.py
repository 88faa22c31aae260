"""Fig. 7 replayed by the golden lines: three updates of eight bits, in cells of 14 and 20."""

import numpy as np

from nvmcosim.pymodel.coded_lines import CodedLines, LineShape
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.pcm_cell import PcmCell
from nvmcosim.pymodel.raw_lines import RawLines
from nvmcosim.studies.figures import Figure, judge_number, judge_rule

__all__ = ["figure_7"]

#: The text of Fig. 7: "the following three updates", and its energies of a PreSET and a PreRESET.
_UPDATES = ("00011011", "11101110", "01010101")
_CELL = PcmCell(set_pj=14, reset_pj=20)
_GROUPS = 4
_RAW = (20, 340)
#: Plain WOM has no printed numbers: refresh by group, then rows' words.
_WOM_RULES = {
    "line": (False, False, "the whole line before a write that finds a group exhausted"),
    "line-trailing": (False, True, "the whole line so, and once more after the last write"),
    "group": (True, False, "each exhausted group by itself"),
}


def _raw() -> LineWork:
    """Raw bits, each write followed by a PreSET."""
    line = RawLines("preset", words=1, width=8, lines=1, cell=_CELL)
    for update in _UPDATES:
        # Bit 0 of a word is its last.
        line.write(0, np.array([[bit == "1" for bit in reversed(update)]]))
        line.prepare(0)
    return line.work


def _coded(shape: LineShape, trailing: bool) -> LineWork:
    """Groups of two bits; `trailing` refreshes the line after the last write too."""
    line = CodedLines(shape, 1, _CELL)
    for update in _UPDATES:
        line.write(0, [int(update[n : n + 2], 2) for n in range(0, 8, 2)])
    if trailing:
        line.prepare(0)
    return line.work


def _numbers(id: str, title: str, work: LineWork, flips: int, energy: int) -> list[Figure]:
    return [
        judge_number(f"fig7/{id}/flips", f"Flips, {title}", str(flips), work.flips, "flips"),
        judge_number(
            f"fig7/{id}/energy",
            f"Energy, {title}",
            str(energy),
            work.write_energy_pj(_CELL),
            "J",
        ),
    ]


def figure_7() -> list[Figure]:
    """Every number of Fig. 7, and plain WOM by each rule that it may mean."""
    near = (True,) * _GROUPS
    rows = _numbers("raw", "raw data with PreSET", _raw(), *_RAW)
    for polarity, name, energy in ((1, "appwom10", 240), (0, "appwom01", 168)):
        work = _coded(LineShape(near, polarity=polarity), trailing=True)
        title = f"AppWOM{'10' if polarity else '01'}, its last cells turned over"
        rows += _numbers(name, title, work, 12, energy)
    for id, (by_group, trailing, rule) in _WOM_RULES.items():
        shape = LineShape((False,) * _GROUPS, by_group=by_group, ping_pong=False)
        work = _coded(shape, trailing)
        flips, energy_j = work.flips, work.write_energy_pj(_CELL)
        rows.append(
            judge_rule(
                f"fig7/wom/{id}",
                f"WOM with PreSET of {rule}",
                "slightly less than raw",
                f"{flips} / {energy_j:g}",
                "flips / J",
                flips < _RAW[0] and energy_j < _RAW[1],
                f"the paper prints no number; raw takes {_RAW[0]} / {_RAW[1]}, and this rule "
                f"refreshes {rule}",
            )
        )
    return rows
