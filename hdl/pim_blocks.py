"""The in-memory blocks: how each is made of a plan, and what its sidecar adds to the ports."""

from typing import Any

from nvmcosim.hdl.pim_adder import PimAdder
from nvmcosim.hdl.pim_unit import PimUnit
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.pim_program import PimProgram

__all__ = ["pim_adder", "pim_unit"]


def pim_unit(plan: PimPlan, rows: int, counter_bits: int) -> tuple[PimUnit, dict[str, Any]]:
    """The unit; the plan itself says how many rows there are."""
    unit = PimUnit(plan, counter_bits=counter_bits)
    return unit, {
        "parameters": {
            "rows": plan.rows,
            "columns": plan.columns,
            "counter_bits": counter_bits,
            "rom_words": len(unit.words),
        },
        "program": _program(plan.program),
        "timing": {"run_clocks": unit.run_clocks},
    }


def pim_adder(plan: PimPlan, rows: int, counter_bits: int) -> tuple[PimAdder, dict[str, Any]]:
    """A column of the published full adder; nothing of the plan makes a difference to it."""
    adder = PimAdder()
    return adder, {"parameters": {}, "program": _program(adder.program)}


def _program(program: PimProgram) -> dict[str, Any]:
    return {
        "name": program.name,
        "digest": program.digest(),
        "inputs": {name: list(rows) for name, rows in program.inputs},
        "outputs": {name: list(rows) for name, rows in program.outputs},
        "counts": program.counts.to_dict(),
    }
