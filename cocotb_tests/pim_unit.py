"""The in-memory bench: units against the golden model, on a simulator.

A *vector* is one run of the program on all columns. A *mismatch* is a vector after which any cell
of the program's rows or any counter differs from the golden model's, or that took another number
of clocks. The first vectors take every pair of special and random operands, `GRID` of them; the
rest are random.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.digital import BATCH_VALUES, Bench, RunOptions, Verdict, run_bench
from nvmcosim.cocotb_tests.line_design import LineDesign
from nvmcosim.cocotb_tests.pim_stimulus import GRID, operand_words
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.catalogue import Catalogue
from nvmcosim.hdl.pim_unit import PIM_COUNTERS, PimUnit
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_pim import GoldenPim
from nvmcosim.pymodel.pim_plan import PimPlan

__all__ = ["BLOCK", "GRID", "elaborate_units", "grid_vectors", "run"]

#: The block's name on the command line and in results.
BLOCK = "pim-unit"
_TEST_BENCH = "nvmcosim.cocotb_tests.pim_unit_tb"
_TOPLEVEL = "catalogue"


def run(
    plans: PimPlan | Sequence[PimPlan],
    simulators: Sequence[Simulator] = tuple(Simulator),
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check a unit of each of `plans`, side by side, on each of `simulators`.

    `options` are `RunOptions`; results and errors are `run_bench`'s. `facts` has `operations`, how
    many columns were computed.
    """
    listed = [plans] if isinstance(plans, PimPlan) else list(plans)
    if not listed:
        raise InputError("no plan is given; give at least one")
    design = elaborate_units(tuple(listed))
    # Packed words of rows that are loaded and kept, and a few for the run.
    values = sum(plan.program.rows * (plan.columns // 64 + 8) for plan in listed)
    bench = Bench(
        block=BLOCK,
        module=_TEST_BENCH,
        design=design,
        key=[plan.digest() for plan in listed],
        values=values,
        batch=partial(_Batch, design, max(1, BATCH_VALUES // values)),
    )
    return run_bench(bench, simulators, **options)


def grid_vectors(plan: PimPlan) -> int:
    """Vectors that take every pair of `GRID` operands."""
    return -(-(GRID**2) // plan.columns)


@lru_cache(maxsize=8)
def elaborate_units(plans: tuple[PimPlan, ...]) -> LineDesign[PimUnit]:
    """Elaborate a unit for each of `plans`."""
    units = tuple(PimUnit(plan) for plan in plans)
    ports = [
        f"p{n}_" + "__".join(str(part) for part in path)
        for n, unit in enumerate(units)
        for path, _, _ in unit.signature.flatten(unit)
    ]
    return LineDesign(to_verilog(Catalogue(units), _TOPLEVEL), units, ("clk", "rst", *ports))


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch; all but the last have `size` vectors."""

    design: LineDesign[PimUnit]
    size: int
    vectors: int
    seed: int
    number: int

    @cached_property
    def operands(self) -> list[list[dict[str, NDArray[Any]]]]:
        """By unit and vector, the operands' words."""
        first = self.number * self.size
        return [
            [operand_words(self._plan(n), self.seed + n, first + v) for v in range(self.vectors)]
            for n in range(len(self.design.controllers))
        ]

    def _plan(self, n: int) -> PimPlan:
        plan = self.design.controllers[n].plan
        if not isinstance(plan, PimPlan):
            raise InputError(f"plan is {plan!r}; a bench takes units of a PimPlan")
        return plan

    def _golden(self, n: int) -> GoldenPim:
        plan = self._plan(n)
        return GoldenPim(plan.replace(seed=plan.seed + 1000 * self.seed + self.number))

    def job(self) -> dict[str, NDArray[Any]]:
        job = {}
        for n, unit in enumerate(self.design.controllers):
            program, golden = unit.plan.program, self._golden(n)
            load = [row for _, rows in program.inputs for row in rows]
            bits = []
            job[f"p{n}_first"] = _packed(golden.array.planes[: program.rows])
            for words in self.operands[n]:
                for name, _ in program.inputs:
                    golden.array.put(program, name, words[name])
                bits.append(_packed(golden.array.planes[load]))
            job[f"p{n}_load"], job[f"p{n}_bits"] = np.array(load), np.array(bits)
        return job

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        unit, golden = self.design.controllers[n], self._golden(n)
        program = unit.plan.program
        seen = {name: observed[f"p{n}_{name}"] for name in ("cells", "unknown", "counters")}
        clocks = observed[f"p{n}_clocks"]
        cells, counters = [], []
        for words in self.operands[n]:
            golden.run(**words)
            cells.append(_packed(golden.array.planes[: program.rows]))
            counters.append([golden.counts.to_dict()[name] for name in PIM_COUNTERS])
        rows = (seen["cells"] != np.array(cells)).any(axis=2)
        other = (seen["counters"] != np.array(counters)).any(axis=1)
        wrong = rows.any(axis=1) | other | (seen["unknown"] != 0)
        if not any(step.skip for step in program.steps):
            wrong |= clocks != unit.run_clocks

        def describe(vector: int) -> dict[str, Any]:
            return {
                "unit": n,
                "vector": vector,
                "rows": [program.row_names[row] for row in np.flatnonzero(rows[vector])[:8]],
                "unknown": bool(seen["unknown"][vector]),
                "clocks": int(clocks[vector]),
                "got": seen["counters"][vector].tolist(),
                "expected": counters[vector],
            }

        return Verdict(wrong, describe, {"operations": self.vectors * unit.plan.columns})


def _packed(planes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Planes as bytes, column 0 in bit 0 of the first."""
    return np.ascontiguousarray(planes).astype("<u8").view(np.uint8)
