"""What wang2020 prints, and the counts of AritPIM beside which its programs stand."""

from nvmcosim.pymodel.formats import FloatFormat
from nvmcosim.pymodel.pim_step import PimCounts

__all__ = ["ADDERS", "ARITPIM", "equation_2", "equation_3_cells", "equation_3_steps"]

#: Steps and cells of full adders: Section 2 and Fig. 3.
ADDERS = {"published": (4, 4), "destructive": (5, 4), "nor": (13, 12)}
#: NOR cycles of AritPIM's bit-serial programs (Leitersdorf et al., IEEE TETC 2023; the results in
#: its repository), by format; fp32's take 142 and 172 cells.
ARITPIM = {
    "fp32": {"add": 3997, "multiply": 11586},
    "fp16": {"add": 1978, "multiply": 2780},
    "bf16": {"add": 1849, "multiply": 1742},
}


def equation_2(fmt: FloatFormat) -> PimCounts:
    """An addition: steps from the equation's T, cells from its E."""
    ne, nm = fmt.exponent_bits, fmt.fraction_bits
    return PimCounts(
        reads=1 + 7 * ne + 7 * nm,
        writes=7 * ne + 7 * nm,
        searches=2 * (nm + 2),
        cell_reads=1 + 14 * ne + 12 * nm,
        cell_writes=14 * ne + 12 * nm,
    )


def equation_3_steps(fmt: FloatFormat) -> float:
    """Reads, and writes, of a multiplication in steps; half steps are averages."""
    ne, nm = fmt.exponent_bits, fmt.fraction_bits
    return 2 * nm**2 + 6.5 * nm + 6 * ne + 3


def equation_3_cells(fmt: FloatFormat) -> float:
    """Cells that a multiplication reads, and that it writes."""
    ne, nm = fmt.exponent_bits, fmt.fraction_bits
    return 4.5 * nm**2 + 11.5 * nm + 13.5 * ne + 6.5
