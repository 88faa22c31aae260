"""Streams of operands through neurons and layers in Amaranth's simulator."""

from typing import Any

import numpy as np
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray

__all__ = ["as_number", "play", "run_network"]


def as_number(bits: NDArray[Any]) -> int:
    """Bits, bit 0 first, of an array of any shape as one number."""
    return sum(int(bit) << n for n, bit in enumerate(np.ravel(bits)))


def play(
    dut: Any, payloads: list[dict[str, int]], seed: int, offer: float, take: float
) -> tuple[list[dict[str, int]], list[int], dict[str, int]]:
    """Send `payloads` as operands and return the outputs, states after each, and counters.

    They are offered and taken with these probabilities; what is offered stays, and what is on
    offer must stay until it is taken.
    """
    random = np.random.default_rng(seed)
    outputs: list[dict[str, int]] = []
    states: list[int] = []
    counters: dict[str, int] = {}

    async def bench(ctx: SimulatorContext) -> None:
        queue, offering, before = list(payloads), False, None
        for _ in range(20 * len(payloads) + 40):
            offering = offering or (bool(queue) and random.random() < offer)
            takes = random.random() < take
            shown = queue[0] if offering else dict.fromkeys(payloads[0], -1 & 1)
            ctx.set(dut.operands.payload, shown)
            ctx.set(dut.operands.valid, offering)
            ctx.set(dut.output.ready, takes)
            valid = ctx.get(dut.output.valid)
            now = ctx.get(dut.output.payload) if valid else None
            got = None if now is None else {name: now[name] for name in now.shape().members}
            assert before is None or got == before
            before = None if takes else got
            if takes and got is not None:
                outputs.append(got)
            accepted = offering and ctx.get(dut.operands.ready)
            await ctx.tick()
            if accepted:
                queue.pop(0)
                offering = False
                if hasattr(dut, "state"):
                    states.append(ctx.get(dut.state))
            if len(outputs) == len(payloads):
                break
        counters.update({name: ctx.get(getattr(dut, name)) for name in dut.counter_names})

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return outputs, states, counters


def run_network(
    dut: Any, samples: list[dict[str, Any]], seed: int, take: float
) -> tuple[list[dict[str, int]], list[NDArray[np.uint8]], dict[str, int]]:
    """Send `samples` through a network whose junctions show random bits.

    Returns the outputs, of each junction what was sensed at the ends of its reads, and counters.
    """
    random = np.random.default_rng(seed)
    outputs: list[dict[str, int]] = []
    sensed: list[list[int]] = [[] for _ in range(dut.junctions)]
    counters: dict[str, int] = {}
    wanted = len(samples) * dut.plan.cycles

    async def bench(ctx: SimulatorContext) -> None:
        queue, reading = list(samples), np.zeros(dut.junctions, int)
        for _ in range(wanted * 60 + 100):
            takes = random.random() < take
            sense = random.integers(0, 2, dut.junctions)
            if queue:
                ctx.set(dut.samples.payload, queue[0])
            ctx.set(dut.samples.valid, bool(queue))
            ctx.set(dut.output.ready, takes)
            ctx.set(dut.mtj.sense, as_number(sense))
            read = ctx.get(dut.mtj.read)
            reading += 1
            for k in range(dut.junctions):
                if not read >> k & 1:
                    reading[k] = 0
                elif reading[k] == dut.sng.read_cycles:
                    sensed[k].append(int(sense[k]))
                    reading[k] = 0
            if takes and ctx.get(dut.output.valid):
                now = ctx.get(dut.output.payload)
                outputs.append({name: now[name] for name in ("bits", "last")})
            accepted = bool(queue) and ctx.get(dut.samples.ready)
            await ctx.tick()
            if accepted:
                queue.pop(0)
            if len(outputs) == wanted:
                break
        counters.update({name: ctx.get(getattr(dut, name)) for name in dut.counter_names})

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    return outputs, [np.array(bits, np.uint8) for bits in sensed], counters
