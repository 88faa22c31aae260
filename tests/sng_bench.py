"""Generators and banks in Amaranth's simulator, each clock beside the golden model."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
from amaranth.sim import Simulator, SimulatorContext

from nvmcosim.hdl.sng_core import EVENTS, SngCore
from nvmcosim.pymodel.golden_sng import SNG_COUNTERS, Bit, Frame, GoldenBank, GoldenJunction, Pins
from nvmcosim.pymodel.sng_shape import SngShape

__all__ = ["core_lockstep", "lockstep"]

_NAMES = Pins._fields


def lockstep(
    dut: Any, numbers: Sequence[int], clocks: int, seed: int, offer: float = 1.0, take: float = 1.0
) -> list[dict[str, Any]]:
    """Run `dut` and the golden bank side by side, and compare every output in every clock.

    Numbers are offered and bits taken with the probabilities `offer` and `take`; what is sensed is
    random, and also where nobody looks. Returns the golden model's record, a dictionary a clock.
    """
    phases = len(dut.mtj.reset)
    golden = GoldenBank(dut.shape, dut.plan.cycles, phases)
    random = np.random.default_rng(seed)
    record: list[dict[str, Any]] = []

    async def bench(ctx: SimulatorContext) -> None:
        queue = list(numbers)
        for clock in range(clocks):
            offers = bool(queue) and (record[-1]["waits"] if record else False)
            offers = offers or (bool(queue) and random.random() < offer)
            takes = random.random() < take
            sense = random.integers(0, 2, phases).tolist()
            ctx.set(dut.numbers.valid, offers)
            ctx.set(dut.numbers.payload, queue[0] if offers else int(random.integers(1 << 30)))
            ctx.set(dut.output.ready, takes)
            ctx.set(dut.mtj.sense, sum(bit << k for k, bit in enumerate(sense)))
            _compare(ctx, dut, golden, clock)
            accepted = offers and golden.ready
            bit = golden.offered
            record.append(
                {
                    "number": queue[0] if accepted else None,
                    "bit": bit if takes else None,
                    "offered": bit,
                    "pins": golden.pins,
                    "sense": sense,
                    "waits": offers and not accepted,
                    "counters": golden.counters,
                }
            )
            golden.clock(queue[0] if offers else None, takes, sense)
            if accepted:
                queue.pop(0)
            await ctx.tick()

    _simulate(dut, bench)
    return record


def _simulate(dut: Any, bench: Callable[[SimulatorContext], Coroutine[Any, Any, None]]) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


def _compare(ctx: SimulatorContext, dut: Any, golden: GoldenBank, clock: int) -> None:
    got = {name: ctx.get(getattr(dut.mtj, name)) for name in ("reset", "write", "trim", "read")}
    pins = golden.pins
    for name, value in got.items():
        expected = sum(getattr(pin, name) << k for k, pin in enumerate(pins))
        assert value == expected, (clock, name, bin(value), bin(expected))
    assert [ctx.get(dut.mtj.fine[k]) for k in range(len(pins))] == [p.fine for p in pins], clock
    assert ctx.get(dut.numbers.ready) == golden.ready, clock
    offered = golden.offered
    assert ctx.get(dut.output.valid) == (offered is not None), clock
    if offered is not None:
        payload = ctx.get(dut.output.payload)
        assert Bit(payload["bit"], bool(payload["last"])) == offered, clock
    counts = {name: ctx.get(getattr(dut, name)) for name in SNG_COUNTERS}
    assert counts == golden.counters, clock


def core_lockstep(
    shape: SngShape, clocks: int, seed: int, offer: float, take: float
) -> set[tuple[int, int]]:
    """Run one core beside the golden junction, and compare all outputs and events in every clock.

    Frames come in random order, one for each code that fits into the write phase before any comes
    again. Returns the codes accepted.
    """
    dut, golden = SngCore(shape), GoldenJunction(shape)
    random = np.random.default_rng(seed)
    codes = [
        (coarse, fine)
        for coarse in range(1 << shape.coarse_bits)
        for fine in range(1 << shape.fine_bits)
        if coarse + (fine > 0) <= shape.write_cycles
    ]
    queue: list[tuple[int, int]] = []
    accepted: set[tuple[int, int]] = set()

    def draw() -> Frame:
        if not queue:
            queue.extend(codes[n] for n in random.permutation(len(codes)))
        return Frame(*queue.pop(), *(bool(bit) for bit in random.integers(0, 2, 2)))

    async def bench(ctx: SimulatorContext) -> None:
        frame = None
        for clock in range(clocks):
            if frame is None and random.random() < offer:
                frame = draw()
            takes, sense = random.random() < take, int(random.integers(2))
            ctx.set(dut.frames.valid, frame is not None)
            other = Frame(*codes[random.integers(len(codes))], bool(clock & 1), bool(clock & 2))
            ctx.set(dut.frames.payload, (frame or other)._asdict())
            ctx.set(dut.output.ready, takes)
            ctx.set(dut.mtj.sense, sense)
            pins = Pins(*(ctx.get(getattr(dut.mtj, n)) for n in ("reset", "write", "trim")))
            pins = pins._replace(fine=ctx.get(dut.mtj.fine[0]), read=ctx.get(dut.mtj.read))
            assert pins == golden.pins, clock
            ready, offered = golden.ready, golden.offered
            assert ctx.get(dut.frames.ready) == ready, clock
            assert ctx.get(dut.holds) == (golden.frame is not None and golden.waits), clock
            assert ctx.get(dut.output.valid) == (offered is not None), clock
            if offered is not None:
                payload = ctx.get(dut.output.payload)
                assert Bit(payload["bit"], bool(payload["last"])) == offered, clock
            ended = ctx.get(dut.ended)
            events = [ended and ctx.get(getattr(dut, name)) for name in EVENTS]
            before = dict(golden.counters)
            golden.clock(frame if ready else None, takes, sense)
            made = [golden.counters[name] - before[name] for name in SNG_COUNTERS]
            assert [ended, *events] == made, clock
            if frame is not None and ready:
                accepted.add((frame.coarse, frame.fine))
                frame = None
            await ctx.tick()

    _simulate(dut, bench)
    return accepted
