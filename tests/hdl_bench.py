"""A cell array and stream sources for the write controllers in Amaranth's simulator.

The array knows nothing of plans: a cell takes the value on `data` when its driver was on for
longer than the cell's threshold, counted in clocks from the edges of `drive` alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from amaranth.hdl import Const
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray

from nvmcosim.pymodel.pulse_table import ConfigWrite
from nvmcosim.pymodel.store import from_bits

__all__ = ["Command", "Observation", "Run", "flat", "simulate", "unflat"]

Bits = NDArray[np.bool_]


@dataclass
class Command:
    """One command: the words of a row, and its cells' thresholds by attempt, in ps."""

    row: int
    data: NDArray[Any]  # [bank_words]
    thresholds_ps: NDArray[Any]  # [attempts, bank_words, width]
    stall: int = 0  # clocks in which no command is offered, before this one
    writes: Sequence[ConfigWrite] = ()  # offered before this one
    race: bool = False  # the command is offered together with the first of the writes


@dataclass
class Observation:
    """What the array and the ports showed when `commands` first counted a command."""

    clock: int
    contents: NDArray[Any]
    counters: dict[str, int]


@dataclass
class Run:
    """A simulation's record: clock numbers count from the first clock after reset."""

    accepted: list[int] = field(default_factory=list)
    #: Config writes and the clocks in which they were accepted.
    written: list[tuple[int, ConfigWrite]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    #: By clock: (row, drive, read).
    trace: list[tuple[int, int, int]] = field(default_factory=list)
    #: By clock, of a pulse gate: the amplitude selects of all bits, as one number.
    amplitudes: list[int] = field(default_factory=list)
    #: Lengths in clocks of all completed pulses, by cell.
    pulses: dict[int, list[int]] = field(default_factory=dict)


def simulate(dut: Any, commands: Sequence[Command], top: Any = None) -> Run:
    """Send `commands` to `dut` and record what happens until the last one is counted.

    `dut` is a `StoreController` or a `PulseGate`, or what has its members within the component
    `top`.
    """
    bench = _Bench(dut, commands)
    simulator = Simulator(top or dut)
    simulator.add_clock(dut.plan.tick_ps * 1e-12)
    if bench.config is not None:
        simulator.add_testbench(bench.configure, background=True)
    simulator.add_testbench(bench.source, background=True)
    simulator.add_testbench(bench.array)
    simulator.run()
    return bench.run


class _Bench:
    """The two sources and the array of one simulation; `run` is its record."""

    def __init__(self, dut: Any, commands: Sequence[Command]) -> None:
        self.dut, self.commands, self.run = dut, commands, Run()
        self.config = getattr(dut, "config", None)
        self._queue: list[ConfigWrite] = []
        self._shape = (dut.plan.bank_words, dut.plan.width)
        self._cells = np.zeros((dut.rows, *self._shape), bool)
        #: Clocks that each driver has been on; the command under way, and its attempt.
        self._on = np.zeros(self._shape, int)
        self._command, self._attempt, self._done = -1, -1, 0

    async def configure(self, ctx: SimulatorContext) -> None:
        """Offer the config writes of the queue."""
        config = self.config
        while True:
            offered = bool(self._queue)
            ctx.set(config.valid, offered)
            if offered:
                ctx.set(config.payload, asdict(self._queue[0]))
            _, _, ready = await ctx.tick().sample(config.ready)
            if offered and ready:
                self.run.written.append((len(self.run.trace), self._queue.pop(0)))
                ctx.set(config.valid, 0)

    async def source(self, ctx: SimulatorContext) -> None:
        """Offer the commands, each after its stall and behind its writes."""
        words = self.dut.words
        for command in self.commands:
            if command.stall:
                await ctx.tick().repeat(command.stall)
            self._queue.extend(command.writes)
            while self._queue and not command.race:
                await ctx.tick()
            data = [int(word) for word in command.data]
            ctx.set(words.payload, {"row": command.row, "data": data})
            ctx.set(words.valid, 1)
            await ctx.tick().until(words.ready)
            ctx.set(words.valid, 0)

    async def array(self, ctx: SimulatorContext) -> None:
        """Play the cells clock by clock, until the last command is counted."""
        dut, run = self.dut, self.run
        ports = [getattr(dut, name) for name in dut.counter_names]
        accept = dut.words.valid & dut.words.ready
        amplitude = Const(0) if self.config is None else dut.array.amplitude.as_value()
        rival = Const(0) if self.config is None else self.config.valid
        signals = (dut.array.row, dut.array.data, dut.array.drive, dut.array.read)
        async for sampled in ctx.tick().sample(*signals, accept, amplitude, rival, *ports):
            row, data, drive, read, accepted, select, rivals, *counts = sampled[2:]
            assert not (accepted and rivals), "a command went before a config write"
            clock = len(run.trace)
            limit = 1000 + 100 * len(self.commands)
            assert clock < limit, f"stuck after {self._done} commands"
            self._observe(clock, counts)
            run.trace.append((row, drive, read))
            run.amplitudes.append(select)
            # The edge at the end of this clock ends a pulse by its bit or by another row.
            same_row = ctx.get(dut.array.row) == row
            self._drive(row, data, drive, ctx.get(dut.array.drive) if same_row else 0)
            if accepted:
                run.accepted.append(clock)
                self._command += 1
                self._attempt = -1
            if self._done == len(self.commands):
                return
            # Between reads the sense amplifiers show anything: all ones, here.
            held = self._cells[ctx.get(dut.array.row)]
            reads = ctx.get(dut.array.read)
            ctx.set(dut.array.sense, flat(held if reads else np.ones(self._shape, bool)))

    def _observe(self, clock: int, counts: Sequence[int]) -> None:
        counters = dict(zip(self.dut.counter_names, counts, strict=True))
        if counters["commands"] != self._done:
            self._done = counters["commands"]
            contents = from_bits(self._cells, self.dut.plan.number_format.dtype)
            self.run.observations.append(Observation(clock, contents, counters))

    def _drive(self, row: int, data: int, drive: int, following: int) -> None:
        """One clock of `drive`; cells whose driver is not on in `following` end their pulse."""
        driven = unflat(drive, self._shape)
        if driven.any() and not self._on.any():
            self._attempt += 1
        self._on += driven
        ended = driven & ~unflat(following, self._shape)
        if self._command >= 0 and ended.any():
            limits = self.commands[self._command].thresholds_ps
            limit = limits[min(self._attempt, len(limits) - 1)]
            switched = ended & (self._on * self.dut.plan.tick_ps > limit)
            self._cells[row] = np.where(switched, unflat(data, self._shape), self._cells[row])
        for cell in np.flatnonzero(ended):
            self.run.pulses.setdefault(int(cell), []).append(int(self._on.flat[cell]))
        self._on[ended] = 0


def flat(bits: Bits) -> int:
    """Cells `[bank_words, width]` as the port's vector."""
    return int("".join("1" if bit else "0" for bit in bits.ravel()[::-1]), 2)


def unflat(vector: int, shape: tuple[int, int]) -> Bits:
    """The port's vector as cells `[bank_words, width]`."""
    bits = shape[0] * shape[1]
    packed = np.frombuffer(vector.to_bytes((bits + 7) // 8, "little"), np.uint8)
    return np.unpackbits(packed, bitorder="little")[:bits].reshape(shape).astype(bool)
