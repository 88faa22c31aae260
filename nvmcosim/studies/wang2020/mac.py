"""Latency and energy of a multiply-accumulate from counted steps (wang2020, Fig. 5)."""

from collections.abc import Callable
from typing import Any

from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.studies.figures import Figure
from nvmcosim.studies.wang2020.breakdown import (
    energy_by_part,
    equation_mac,
    latency_by_part,
    program_mac,
)

__all__ = ["mac_figures"]

_BASIS = "steps counted here, times from NVSim with Table 1 (read 2.03 ns, write 2.48 ns)"
_NO_BASELINE = (
    "the paper's own simulator of FloatPIM is not public, and FloatPIM prints no counts of a "
    "multiply-accumulate that could stand in for it"
)


def mac_figures() -> list[Figure]:
    """Fig. 5's numbers: what can be computed, and why the rest cannot."""
    mac = named_program("mac", "fp32").counts
    paper, program = equation_mac("fp32"), program_mac("fp32")
    theirs, ours = (sum(each.latency_us.values()) for each in (paper, program))
    saving = 100 * paper.latency_us["switch"] / theirs
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
            points=_points("latency_us", latency_by_part),
        ),
        Figure(
            "fig5/switching-energy",
            "Energy of an fp32 MAC's cell writes at 12 fJ a switch",
            sum(paper.energy_pj.values()),
            sum(program.energy_pj.values()),
            "pJ",
            "differs",
            "cells written by Eq. 2 and 3 and by the program, each taken to switch; drivers and "
            "sense amplifiers are not in it",
            points=_points("energy_pj", energy_by_part),
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


def _points(quantity: str, by_part: Callable[[str], dict[str, float]]) -> list[dict[str, Any]]:
    """The splits that the plots show, of every format."""
    return [
        {
            "format": name,
            "equations": getattr(equation_mac(name), quantity),
            "program": getattr(program_mac(name), quantity),
            "parts": by_part(name),
        }
        for name in FORMATS
    ]
