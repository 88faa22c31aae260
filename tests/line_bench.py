"""A memory array and a command source for line controllers in Amaranth's simulator.

The array knows nothing of plans or codes: a cell is 1 after a SET pulse and 0 after a RESET pulse
of the right number of clocks, and what it is after a shorter one a caller says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator, SimulatorContext

from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.line_ports import Opcode

__all__ = ["LineCommand", "LineRun", "simulate_lines"]


@dataclass
class LineCommand:
    """One command; `words` only of a write, `wait` only of a read."""

    opcode: Opcode
    line: int
    words: list[int] = field(default_factory=list)
    stall: int = 0  # clocks in which no command is offered, before this one
    wait: int = 0  # clocks for which the reply is not accepted
    restart_at: int | None = None  # clocks after its acceptance in which reset comes


@dataclass
class LineRun:
    """What was seen of each command: the array and the counters after it, its clocks, its reply."""

    contents: list[np.ndarray] = field(default_factory=list)
    counters: list[dict[str, int]] = field(default_factory=list)
    clocks: list[int] = field(default_factory=list)
    replies: list[list[int]] = field(default_factory=list)
    #: By clock: whether a command is accepted, the array's read, set and reset, and `turns`.
    trace: list[tuple[bool, bool, int, int, int]] = field(default_factory=list)


def simulate_lines(
    dut: LineController,
    cells: np.ndarray,
    commands: Sequence[LineCommand],
    settle: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> LineRun:
    """Send `commands` to `dut`, whose array holds `cells` at first.

    `settle` says what cells hold of which reset has cut the pulse, from old and new values.
    """
    run, cells = LineRun(), cells.copy()
    plan, reset = dut.plan, Signal()
    lengths = {"set": plan.set_cycles, "reset": plan.reset_cycles}

    async def bench(ctx: SimulatorContext) -> None:
        on = {name: np.zeros(cells.shape[1], int) for name in lengths}
        reads = 0

        async def clock() -> None:
            """Play the array for one clock."""
            nonlocal reads
            line, read = ctx.get(dut.array.line), ctx.get(dut.array.read)
            reads = reads + 1 if read else 0
            accepted = ctx.get(dut.commands.valid & dut.commands.ready)
            drivers = ctx.get(dut.array.set), ctx.get(dut.array.reset)
            run.trace.append((bool(accepted), bool(read), *drivers, ctx.get(dut.turns)))
            right = bool(read) and reads == plan.read_cycles
            sense = cells[line] if right else ~cells[line]
            ctx.set(dut.array.sense, int("".join("1" if c else "0" for c in sense[::-1]), 2))
            cut = ctx.get(reset)
            driven = {}
            for name in lengths:
                vector = ctx.get(getattr(dut.array, name))
                driven[name] = np.array([vector >> n & 1 == 1 for n in range(cells.shape[1])])
                on[name] += driven[name]
                assert not (read and driven[name].any())
            assert not (driven["set"] & driven["reset"]).any()
            await ctx.tick()
            assert reads <= plan.read_cycles
            for name, length in lengths.items():
                vector = ctx.get(getattr(dut.array, name))
                goes_on = np.array([vector >> n & 1 == 1 for n in range(cells.shape[1])])
                ended = driven[name] & ~goes_on
                wrong = ended & (on[name] != length)
                assert cut or not wrong.any(), (name, on[name][wrong], length)
                assert (on[name] <= length).all()
                new = np.full(cells.shape[1], name == "set")
                if wrong.any():
                    assert settle is not None
                    new = np.where(wrong, settle(cells[line], new), new)
                cells[line] = np.where(ended, new, cells[line])
                on[name][ended] = 0

        for command in commands:
            for _ in range(command.stall):
                await clock()
            payload = {"opcode": command.opcode, "line": command.line}
            ctx.set(dut.commands.payload, {**payload, "words": command.words or [0x5A5A & 0xFFFF]})
            ctx.set(dut.commands.valid, 1)
            assert ctx.get(dut.commands.ready)
            await clock()
            ctx.set(dut.commands.valid, 0)
            clocks, wait, reply = 1, command.wait, []
            while not ctx.get(dut.commands.ready):
                ctx.set(dut.replies.ready, 0)
                if ctx.get(dut.replies.valid):
                    reply = [ctx.get(word) for word in dut.replies.payload]
                    ctx.set(dut.replies.ready, wait == 0)
                    wait -= 1
                ctx.set(reset, clocks == command.restart_at)
                await clock()
                ctx.set(reset, 0)
                clocks += 1
                assert clocks < 1000
            run.clocks.append(clocks)
            run.contents.append(cells.copy())
            run.counters.append({n: ctx.get(getattr(dut, n)) for n in dut.counter_names})
            run.replies.append(reply)

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(plan.tick_ps * 1e-12)
    simulator.add_testbench(bench)
    simulator.run()
    return run
