"""What takes the time and the energy of a multiply-accumulate (wang2020, Fig. 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_float_add import add_parts
from nvmcosim.pymodel.pim_float_multiply import multiply_parts
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.pymodel.pim_step import PimCounts
from nvmcosim.studies.wang2020 import printed

__all__ = [
    "GROUPS",
    "KINDS",
    "READ_NS",
    "SWITCH_FJ",
    "SWITCH_NS",
    "WRITE_NS",
    "Mac",
    "energy_by_part",
    "equation_mac",
    "latency_by_part",
    "program_mac",
]

#: NVSim with the paper's Table 1: 28 nm, 1024 by 1024 cells of 40 F². Its energies are not used:
#: that of one bit line comes out negative. A search is taken as a read.
READ_NS, WRITE_NS = 2.03, 2.48
#: Table 1.
SWITCH_NS, SWITCH_FJ = 2.0, 12.0
#: What a step's time goes into: the cell's switch is a part of a write.
KINDS = ("read", "search", "switch", "rest of the write")
_OTHER = "other"
#: Parts of the two programs by what they are for; those of neither list are `other`.
GROUPS: dict[str, tuple[str, ...]] = {
    "partial products": ("multiply/product",),
    "copies, exponents": ("multiply/copy", "multiply/exponent"),
    "order, alignment": ("add/compare", "add/align"),
    "sum": ("add/add",),
    "normalisation": ("multiply/normalise", "add/normalise"),
    "rounding": ("multiply/round", "add/round"),
    "subnormals": (
        "multiply/subnormal operand",
        "multiply/subnormal result",
        "multiply/flush",
        "add/flush",
    ),
    "NaNs, infinities": ("multiply/specials", "add/specials"),
    _OTHER: (),
}


@dataclass(frozen=True)
class Mac:
    """Steps and cells of a multiply-accumulate.

    Fields:
        reads, searches, writes: steps.
        multiply_cells, add_cells: cells that multiplication and addition write.
    """

    reads: float
    searches: float
    writes: float
    multiply_cells: float
    add_cells: float

    @property
    def latency_us(self) -> dict[str, float]:
        """Time in µs by `KINDS`."""
        times = (
            self.reads * READ_NS,
            self.searches * READ_NS,
            self.writes * SWITCH_NS,
            self.writes * (WRITE_NS - SWITCH_NS),
        )
        return {kind: time * 1e-3 for kind, time in zip(KINDS, times, strict=True)}

    @property
    def energy_pj(self) -> dict[str, float]:
        """Energy of the cells' switches in pJ, by operation; each written cell is one switch."""
        return {
            "multiplication": self.multiply_cells * SWITCH_FJ * 1e-3,
            "addition": self.add_cells * SWITCH_FJ * 1e-3,
        }


def equation_mac(format: str) -> Mac:
    """By Eq. 2 and 3."""
    fmt = FORMATS[format]
    add, steps = printed.equation_2(fmt), printed.equation_3_steps(fmt)
    return Mac(
        add.reads + steps,
        add.searches,
        add.writes + steps,
        printed.equation_3_cells(fmt),
        add.cell_writes,
    )


def program_mac(format: str) -> Mac:
    """By the program, which rounds twice; its steps are shared, its cells are not."""
    mac, add = named_program("mac", format).counts, named_program("add", format).counts
    return Mac(
        mac.reads, mac.searches, mac.writes, mac.cell_writes - add.cell_writes, add.cell_writes
    )


def energy_by_part(format: str) -> dict[str, float]:
    """Energy of the program's switches in pJ, by `GROUPS`: cells written, so exact."""
    return _grouped(format, lambda part: part.cell_writes * SWITCH_FJ * 1e-3)


def latency_by_part(format: str) -> dict[str, float]:
    """The program's time in µs, by `GROUPS`.

    Parts share steps. Each gets the share of the whole that it would have if none did.
    """
    alone = _grouped(
        format, lambda part: (part.reads + part.searches) * READ_NS + part.writes * WRITE_NS
    )
    whole = sum(program_mac(format).latency_us.values())
    return {name: whole * time / sum(alone.values()) for name, time in alone.items()}


def _grouped(format: str, value: Callable[[PimCounts], float]) -> dict[str, float]:
    sums = dict.fromkeys(GROUPS, 0.0)
    for name, part in _parts(format).items():
        group = next((g for g, names in GROUPS.items() if name in names), _OTHER)
        sums[group] += value(part)
    return {name: total for name, total in sums.items() if total}


def _parts(format: str) -> Mapping[str, PimCounts]:
    return {
        f"{operation}/{name}": part
        for operation, parts in (
            ("multiply", multiply_parts(format)),
            ("add", add_parts(format)),
        )
        for name, part in parts.items()
    }
