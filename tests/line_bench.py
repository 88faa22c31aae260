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
    reset = Signal()
    played = _Player(dut, cells.copy(), reset, settle)

    async def bench(ctx: SimulatorContext) -> None:
        for command in commands:
            await played.command(ctx, command)

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(dut.plan.tick_ps * 1e-12)
    simulator.add_testbench(bench)
    simulator.run()
    return played.run


class _Player:
    """Plays the array and the bus of a controller, and keeps what it saw."""

    def __init__(
        self,
        dut: LineController,
        cells: np.ndarray,
        reset: Signal,
        settle: Callable[[np.ndarray, np.ndarray], np.ndarray] | None,
    ) -> None:
        self.dut, self.cells, self.reset, self.settle = dut, cells, reset, settle
        self.lengths = {"set": dut.plan.set_cycles, "reset": dut.plan.reset_cycles}
        self.on = {name: np.zeros(cells.shape[1], int) for name in self.lengths}
        self.reads = 0
        self.run = LineRun()

    def _driven(self, ctx: SimulatorContext, name: str) -> np.ndarray:
        vector = ctx.get(getattr(self.dut.array, name))
        return np.array([vector >> n & 1 == 1 for n in range(self.cells.shape[1])])

    async def clock(self, ctx: SimulatorContext) -> None:
        """Play the array for one clock."""
        dut, plan = self.dut, self.dut.plan
        line, read = ctx.get(dut.array.line), ctx.get(dut.array.read)
        self.reads = self.reads + 1 if read else 0
        accepted = ctx.get(dut.commands.valid & dut.commands.ready)
        drivers = ctx.get(dut.array.set), ctx.get(dut.array.reset)
        self.run.trace.append((bool(accepted), bool(read), *drivers, ctx.get(dut.turns)))
        right = bool(read) and self.reads == plan.read_cycles
        sense = self.cells[line] if right else ~self.cells[line]
        ctx.set(dut.array.sense, int("".join("1" if c else "0" for c in sense[::-1]), 2))
        cut = ctx.get(self.reset)
        driven = {name: self._driven(ctx, name) for name in self.lengths}
        for name, cells in driven.items():
            self.on[name] += cells
            assert not (read and cells.any())
        assert not (driven["set"] & driven["reset"]).any()
        await ctx.tick()
        assert self.reads <= plan.read_cycles
        for name, cells in driven.items():
            self._end(name, line, cells & ~self._driven(ctx, name), cut)

    def _end(self, name: str, line: int, ended: np.ndarray, cut: int) -> None:
        """Pulses called `name` have `ended` on a line's cells; only a reset cuts them short."""
        on, length = self.on[name], self.lengths[name]
        wrong = ended & (on != length)
        assert cut or not wrong.any(), (name, on[wrong], length)
        assert (on <= length).all()
        held = self.cells[line]
        new = np.full(held.size, name == "set")
        if wrong.any():
            assert self.settle is not None
            new = np.where(wrong, self.settle(held, new), new)
        self.cells[line] = np.where(ended, new, held)
        on[ended] = 0

    async def command(self, ctx: SimulatorContext, command: LineCommand) -> None:
        """Send a command and play until the next would be taken."""
        dut, run = self.dut, self.run
        for _ in range(command.stall):
            await self.clock(ctx)
        payload = {"opcode": command.opcode, "line": command.line}
        ctx.set(dut.commands.payload, {**payload, "words": command.words or [0x5A5A & 0xFFFF]})
        ctx.set(dut.commands.valid, 1)
        assert ctx.get(dut.commands.ready)
        await self.clock(ctx)
        ctx.set(dut.commands.valid, 0)
        clocks, wait, reply = 1, command.wait, []
        while not ctx.get(dut.commands.ready):
            ctx.set(dut.replies.ready, 0)
            if ctx.get(dut.replies.valid):
                reply = [ctx.get(word) for word in dut.replies.payload]
                ctx.set(dut.replies.ready, wait == 0)
                wait -= 1
            ctx.set(self.reset, clocks == command.restart_at)
            await self.clock(ctx)
            ctx.set(self.reset, 0)
            clocks += 1
            assert clocks < 1000
        run.clocks.append(clocks)
        run.contents.append(self.cells.copy())
        run.counters.append({n: ctx.get(getattr(dut, n)) for n in dut.counter_names})
        run.replies.append(reply)
