"""Latency and energy of a multiply-accumulate from counted steps (wang2020, Fig. 5)."""

from nvmcosim.pymodel.formats import FP32
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.wang2020 import printed

__all__ = ["mac_figures"]

#: NVSim with the paper's Table 1: 28 nm, 1024 by 1024 cells of 40 F². Its energies are not used:
#: that of one bit line comes out negative. A search is taken as a read.
READ_NS, WRITE_NS = 2.03, 2.48
#: Table 1.
SWITCH_NS, SWITCH_FJ = 2.0, 12.0
_BASIS = "steps counted here, times from NVSim with Table 1 (read 2.03 ns, write 2.48 ns)"
_NO_BASELINE = (
    "the paper's own simulator of FloatPIM is not public, and FloatPIM prints no counts of a "
    "multiply-accumulate that could stand in for it"
)


def mac_figures() -> list[Figure]:
    """Fig. 5's numbers: what can be computed, and why the rest cannot."""
    add, multiply = printed.equation_2(FP32), printed.equation_3_steps(FP32)
    paper_reads = add.reads + add.searches + multiply
    paper_writes = add.writes + multiply
    mac = named_program("mac", "fp32").counts
    ours = _latency(mac.reads + mac.searches, mac.writes)
    theirs = _latency(paper_reads, paper_writes)
    cells = add.cell_writes + printed.equation_3_cells(FP32)
    saving = 100 * paper_writes * SWITCH_NS / (1e3 * theirs)
    return [
        Figure(
            "fig5/latency",
            "Latency of an fp32 MAC: Eq. 2 and 3, and the program that rounds twice",
            theirs,
            ours,
            "µs",
            "differs",
            f"{_BASIS}; the paper prints ratios alone, so both columns are computed; ours is one "
            f"program of {mac.steps} steps that gives IEEE 754's results for any operands",
        ),
        Figure(
            "fig5/switching-energy",
            "Energy of an fp32 MAC's cell writes at 12 fJ a switch",
            cells * SWITCH_FJ * 1e-3,
            mac.cell_writes * SWITCH_FJ * 1e-3,
            "pJ",
            "differs",
            "cells written by Eq. 2 and 3 and by the program, each taken to switch; drivers and "
            "sense amplifiers are not in it",
        ),
        Figure(
            "text-fast-switch",
            "MAC latency that a faster switch takes away",
            56.7,
            saving,
            "%",
            "contradicted",
            "even a switch that takes no time saves no more than this by Eq. 2 and 3, with the "
            "times that NVSim gives for Table 1; 56.7% needs a read of at most about 1.05 ns",
        ),
        *(
            Figure(
                f"fig5/{what}", f"MAC against FloatPIM: {what}", ratio, None, "×", "not-run", why
            )
            for what, ratio, why in (
                ("latency-ratio", 1.8, _NO_BASELINE),
                ("energy-ratio", 3.3, _NO_BASELINE),
            )
        ),
    ]


def _latency(reads: float, writes: float) -> float:
    """In µs."""
    return (reads * READ_NS + writes * WRITE_NS) * 1e-3
