"""The in-memory unit in Amaranth's simulator, against the golden model."""

from pathlib import Path

import numpy as np
import pim_oracle as oracle
import pytest
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray
from test_hdl_verilog import verilator

from nvmcosim.hdl.block import build_block
from nvmcosim.hdl.pim_adder import PimAdder
from nvmcosim.hdl.pim_unit import PIM_COUNTERS, PimOpcode, PimUnit
from nvmcosim.pymodel.golden_pim import GoldenPim
from nvmcosim.pymodel.pim_adders import ADDERS
from nvmcosim.pymodel.pim_plan import PimPlan


def as_int(plane: NDArray[np.uint64]) -> int:
    return int.from_bytes(plane.astype("<u8").tobytes(), "little")


@pytest.mark.parametrize("operation", ["add", "multiply-skip", "compare"])
def test_unit_does_what_the_golden_model_does(operation: str) -> None:
    plan = PimPlan("bf16", operation, columns=64, rows=128)
    golden, unit, program = GoldenPim(plan), PimUnit(plan), plan.program
    words = oracle.operands("bf16", 300, 1)
    random = np.random.default_rng(2)
    rounds = [{name: random.choice(words, 64) for name, _ in program.inputs} for _ in range(2)]
    rounds[0]["b"] = np.full(64, 0x3FA0, np.uint16)  # a multiplier with zeros in every column

    async def send(ctx: SimulatorContext, **payload: object) -> None:
        ctx.set(unit.commands.payload, payload)
        ctx.set(unit.commands.valid, 1)
        await ctx.tick().until(unit.commands.ready)
        ctx.set(unit.commands.valid, 0)

    async def bench(ctx: SimulatorContext) -> None:
        for row in range(program.rows):
            held = as_int(golden.array.planes[row])
            await send(ctx, opcode=PimOpcode.LOAD, row=row, bits=held)
        for operands in rounds:
            for name, rows in program.inputs:
                golden.array.put(program, name, operands[name])
                for row in rows:
                    held = as_int(golden.array.planes[row])
                    await send(ctx, opcode=PimOpcode.LOAD, row=row, bits=held)
            golden.array.run(program)
            await send(ctx, opcode=PimOpcode.RUN)
            for row in range(program.rows):
                await send(ctx, opcode=PimOpcode.READ, row=row)
                assert ctx.get(unit.replies.valid)
                ctx.set(unit.replies.ready, 1)
                assert ctx.get(unit.replies.payload) == as_int(golden.array.planes[row]), row
                await ctx.tick()
                ctx.set(unit.replies.ready, 0)
            counts = {name: ctx.get(getattr(unit, name)) for name in PIM_COUNTERS}
            assert counts == golden.counts.to_dict()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_run_takes_the_clocks_that_it_states() -> None:
    plan = PimPlan("bf16", "relu", columns=64, rows=64)
    unit, clocks = PimUnit(plan), []

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(unit.commands.payload, {"opcode": PimOpcode.RUN})
        ctx.set(unit.commands.valid, 1)
        await ctx.tick()
        count = 1
        while not ctx.get(unit.commands.ready):
            await ctx.tick()
            count += 1
        clocks.append(count)

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert clocks == [unit.run_clocks]


@pytest.mark.parametrize("block", ["pim-unit", "pim-adder"])
def test_verilator_has_nothing_to_say(block: str, tmp_path: Path) -> None:
    made = build_block(PimPlan("bf16", "multiply-skip", columns=64, rows=100), block=block)
    made.write(tmp_path)
    done = verilator("--lint-only", "-Wall", f"{made.name}.v", folder=tmp_path)
    assert "%" not in done.stdout + done.stderr
    assert made.sidecar["program"]["counts"]["steps"] > 3


@pytest.mark.parametrize("name", ADDERS)
def test_adder_as_logic(name: str) -> None:
    adder = PimAdder(ADDERS[name]())

    async def bench(ctx: SimulatorContext) -> None:
        for bits in range(8):
            for n, port in enumerate((adder.x, adder.y, adder.z)):
                ctx.set(port, bits >> n & 1)
            await ctx.delay(1e-9)
            assert ctx.get(adder.sum) + 2 * ctx.get(adder.carry) == bits.bit_count()

    simulator = Simulator(adder)
    simulator.add_testbench(bench)
    simulator.run()
