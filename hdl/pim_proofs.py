"""Proofs of the in-memory blocks: full adders, one-bit gates, searches, and whole programs."""

import re
from dataclasses import dataclass, replace
from functools import cache

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from nvmcosim.hdl.formal import Proof
from nvmcosim.hdl.pim_adder import PimAdder
from nvmcosim.hdl.pim_adder_monitor import ADDER_PROPERTIES, adder_monitor
from nvmcosim.hdl.pim_array import PimCells
from nvmcosim.hdl.pim_gates import GATES, gate_facts, gate_program
from nvmcosim.hdl.pim_monitor import UNIT_PROPERTIES, unit_monitor
from nvmcosim.hdl.pim_proof_programs import every_write, ripple_adder, search_program
from nvmcosim.hdl.pim_unit import PimJob, PimUnit
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_program import PimProgram

__all__ = [
    "Job",
    "adder_proof",
    "adder_proofs",
    "gates_proof",
    "sum_proof",
    "unit_proof",
    "unit_proofs",
]

_COUNTER_BITS = 3
#: What a row of the array holds at first.
_FIRST = re.compile(r"^ +held\[\d+\] = .*;\n", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A program on an array that is as small as it may be; `rows` is a power of 2."""

    program: PimProgram
    columns: int = 2
    tick_ps: int = 5000

    @property
    def rows(self) -> int:
        """So many that every address has a row."""
        return max(2, 1 << (self.program.rows - 1).bit_length())


class _Probed(wiring.Component):
    """A unit that shows its cells, the place in its ROM, and what its latch holds."""

    def __init__(self, job: PimJob) -> None:
        self.unit = PimUnit(job, counter_bits=_COUNTER_BITS)
        self.unit.cells = PimCells(job.rows, job.columns, job.program.k, looked_at=True)
        probes = {
            "probe_cells": Out(job.rows * job.columns),
            "probe_place": Out(self.unit.place.shape()),
            "probe_writing": Out(1),
            "probe_match": Out(job.columns),
        }
        super().__init__({**self.unit.signature.members, **probes})

    def elaborate(self, platform: object) -> Module:
        """The unit, and what is in it."""
        m = Module()
        m.submodules.unit = unit = self.unit
        for name, member in unit.signature.members.items():
            if member.is_port:
                m.d.comb += getattr(self, name).eq(getattr(unit, name))
            else:
                wiring.connect(m, getattr(unit, name), wiring.flipped(getattr(self, name)))
        m.d.comb += [
            self.probe_cells.eq(unit.cells.cells),
            self.probe_place.eq(unit.place),
            self.probe_writing.eq(unit.writing),
            self.probe_match.eq(unit.match),
        ]
        return m


def _design(job: PimJob) -> str:
    """The unit's Verilog, but that its cells may hold anything at first."""
    return _FIRST.sub("", to_verilog(_Probed(job), "dut"))


@cache
def adder_proofs() -> tuple[Proof, ...]:
    """Every adder; without registers, one clock is all there is."""
    return tuple(
        adder_proof(name, make(), keeps=name != "destructive") for name, make in ADDERS.items()
    )


def adder_proof(name: str, program: PimProgram, *, keeps: bool) -> Proof:
    """What is to be proved of an adder, that it `keeps` its operands too if it is to."""
    steps = range(1, len(program.steps) + 1) if keeps else ()
    text = to_verilog(PimAdder(program), "dut")
    for n in steps:
        after = tuple((f"{operand}_after", rows) for operand, rows in program.inputs)
        part = replace(program, steps=program.steps[:n], outputs=after)
        text += to_verilog(PimAdder(part), f"dut_{n}")
    says = {n: s for n, s in ADDER_PROPERTIES.items() if keeps or n != "kept"}
    return Proof(f"pim-adder/{name}", text + adder_monitor(steps), says, depth=1)


def gates_proof() -> Proof:
    """Each gate of a cell, as its truth table says."""
    job = Job(gate_program())
    more, declared = gate_facts(job.program, job.columns)
    monitor = unit_monitor(
        job, ("sequence",), counter_bits=_COUNTER_BITS, more=more, declared=declared
    )
    says = {"sequence": UNIT_PROPERTIES["sequence"], **{n: g.says for n, g in GATES.items()}}
    return Proof(
        "pim-unit/gates",
        _design(job) + monitor,
        says,
        depth=2 * len(job.program.steps) + 4,
    )


def unit_proof(name: str, program: PimProgram, columns: int = 2) -> Proof:
    """What is to be proved of a unit with `program`."""
    job = Job(program, columns)
    monitor = unit_monitor(job, counter_bits=_COUNTER_BITS)
    parts = max(-(-len(step.search) // program.k) for step in program.steps)
    return Proof(
        f"pim-unit/{name}",
        _design(job) + monitor,
        UNIT_PROPERTIES,
        # From any clock of a search to the write that ends it.
        depth=2 * max(1, parts) + 2,
    )


def sum_proof(name: str, program: PimProgram) -> Proof:
    """That a run of an adder's program leaves x + y + z in its rows, whatever they are.

    One column, since `unit_proof` has that columns know nothing of each other. The induction takes
    as many clocks as a run, all of its operands unknown.
    """
    job = Job(program, columns=1)
    held = {name: _number(rows) for name, rows in (*program.inputs, *program.outputs)}
    lines = []
    for operand, rows in program.inputs:
        lines.append(f"  reg [{len(rows) - 1}:0] {operand};")
        lines.append(f"  always @(posedge clk) if (run) {operand} <= {held[operand]};")
    fact = f"!ended || {{{held['carry']}, {held['sum']}}} == x + y + z"
    says = {"sum": "after a run the rows of sum and carry are X + Y + Z as they were before it"}
    monitor = unit_monitor(
        job,
        ("sequence",),
        counter_bits=_COUNTER_BITS,
        more={"sum": fact},
        declared="\n".join(lines),
    )
    return Proof(
        f"pim-unit/{name}",
        _design(job) + monitor,
        {"sequence": UNIT_PROPERTIES["sequence"], **says},
        depth=2 * len(program.steps) + 5,
    )


def _number(rows: tuple[int, ...]) -> str:
    """A column's number in `rows`, of which the first is the least significant bit."""
    return f"{{{', '.join(f'cells[{row}]' for row in reversed(rows))}}}"


@cache
def unit_proofs() -> tuple[Proof, ...]:
    """One-bit gates, and units with programs that use all that a step may have."""
    return (
        gates_proof(),
        unit_proof("adder", ADDERS["published"]()),
        unit_proof("writes", every_write()),
        unit_proof("search", search_program()),
        sum_proof("sum-1", ADDERS["published"]()),
        *(sum_proof(f"sum-{bits}", ripple_adder(bits)) for bits in (4, 8)),
    )
