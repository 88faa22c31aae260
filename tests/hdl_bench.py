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
    run, plan = Run(), dut.plan
    cells = np.zeros((dut.rows, plan.bank_words, plan.width), bool)
    tick, dtype = plan.tick_ps, plan.number_format.dtype
    shape = (plan.bank_words, plan.width)
    queue: list[ConfigWrite] = []
    config = getattr(dut, "config", None)

    async def configure(ctx: SimulatorContext) -> None:
        while True:
            offered = bool(queue)
            ctx.set(config.valid, offered)
            if offered:
                ctx.set(config.payload, asdict(queue[0]))
            _, _, ready = await ctx.tick().sample(config.ready)
            if offered and ready:
                run.written.append((len(run.trace), queue.pop(0)))
                ctx.set(config.valid, 0)

    async def source(ctx: SimulatorContext) -> None:
        for command in commands:
            if command.stall:
                await ctx.tick().repeat(command.stall)
            queue.extend(command.writes)
            while queue and not command.race:
                await ctx.tick()
            words = [int(word) for word in command.data]
            ctx.set(dut.words.payload, {"row": command.row, "data": words})
            ctx.set(dut.words.valid, 1)
            await ctx.tick().until(dut.words.ready)
            ctx.set(dut.words.valid, 0)

    async def array(ctx: SimulatorContext) -> None:
        on = np.zeros(shape, int)
        command, attempt, done = -1, -1, 0
        names = dut.counter_names
        ports = [getattr(dut, name) for name in names]
        accept = dut.words.valid & dut.words.ready
        amplitude = Const(0) if config is None else dut.array.amplitude.as_value()
        rival = Const(0) if config is None else config.valid
        signals = (dut.array.row, dut.array.data, dut.array.drive, dut.array.read)
        async for (
            _,
            _,
            row,
            data,
            drive,
            read,
            accepted,
            select,
            rivals,
            *counts,
        ) in ctx.tick().sample(*signals, accept, amplitude, rival, *ports):
            assert not (accepted and rivals), "a command went before a config write"
            clock = len(run.trace)
            assert clock < 1000 + 100 * len(commands), f"stuck after {done} commands"
            counters = dict(zip(names, counts, strict=True))
            if counters["commands"] != done:
                done = counters["commands"]
                contents = from_bits(cells, dtype)
                run.observations.append(Observation(clock, contents, counters))
            driven = unflat(drive, shape)
            run.trace.append((row, drive, read))
            run.amplitudes.append(select)
            if driven.any() and not on.any():
                attempt += 1
            on += driven
            # The edge at the end of this clock ends a pulse by its bit or by another row.
            ended = driven & ~unflat(ctx.get(dut.array.drive), shape)
            if ctx.get(dut.array.row) != row:
                ended = driven
            limits = commands[command].thresholds_ps if command >= 0 else None
            if limits is not None and ended.any():
                limit = limits[min(attempt, len(limits) - 1)]
                switched = ended & (on * tick > limit)
                cells[row] = np.where(switched, unflat(data, shape), cells[row])
            for cell in np.flatnonzero(ended):
                run.pulses.setdefault(int(cell), []).append(int(on.flat[cell]))
            on[ended] = 0
            if accepted:
                run.accepted.append(clock)
                command += 1
                attempt = -1
            if done == len(commands):
                return
            # Between reads the sense amplifiers show anything: all ones, here.
            reads = ctx.get(dut.array.read)
            held = cells[ctx.get(dut.array.row)] if reads else np.ones(shape, bool)
            ctx.set(dut.array.sense, flat(held))

    simulator = Simulator(top or dut)
    simulator.add_clock(tick * 1e-12)
    if config is not None:
        simulator.add_testbench(configure, background=True)
    simulator.add_testbench(source, background=True)
    simulator.add_testbench(array)
    simulator.run()
    return run


def flat(bits: Bits) -> int:
    """Cells `[bank_words, width]` as the port's vector."""
    return int("".join("1" if bit else "0" for bit in bits.ravel()[::-1]), 2)


def unflat(vector: int, shape: tuple[int, int]) -> Bits:
    """The port's vector as cells `[bank_words, width]`."""
    bits = shape[0] * shape[1]
    packed = np.frombuffer(vector.to_bytes((bits + 7) // 8, "little"), np.uint8)
    return np.unpackbits(packed, bitorder="little")[:bits].reshape(shape).astype(bool)
