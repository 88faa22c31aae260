"""The stochastic number generator: numbers to frames, and one junction (mondal2018, Fig. 4a)."""

from collections.abc import Sequence
from typing import ClassVar

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.sng_core import EVENTS, SngCore
from nvmcosim.hdl.sng_ports import BitLayout, FrameLayout, JunctionSignature, sng_port_meanings
from nvmcosim.hdl.stream_base import StreamBlock
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.golden_sng import SNG_COUNTERS
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["BmsSng", "FrameSource"]


class FrameSource(wiring.Component):
    """Turns each number into `length` frames, as `pymodel.golden_sng.GoldenSource` does.

    A number accepted in clock t is looked up in that clock; its frames are offered from t + 1 on,
    and the next number is accepted in the clock in which the last of them is taken. `numbers.ready`
    depends on `frames.ready` in the same clock.

    Parameters:
        shape: the codes.
        length: bits of a stream.

    Members:
        numbers: In, stream of `[number_bits]`.
        frames: Out, stream of `FrameLayout`.
    """

    def __init__(self, shape: SngShape, length: int) -> None:
        self.shape, self.length = shape, length
        super().__init__(
            {
                "numbers": In(stream.Signature(shape.number_bits)),
                "frames": Out(stream.Signature(FrameLayout(shape))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the table of codes, its registered output, and a counter of frames."""
        m = Module()
        numbers, frames = self.numbers, self.frames
        left = Signal(range(self.length + 1))
        frame = frames.payload
        ends = frames.ready & frame.last
        m.d.comb += [
            frames.valid.eq(left != 0),
            frame.last.eq(left == 1),
            numbers.ready.eq(~frames.valid | ends),
        ]
        coarse, fine, invert = self._codes(m, numbers.payload)
        with m.If(numbers.valid & numbers.ready):
            m.d.sync += [frame.coarse.eq(coarse), frame.fine.eq(fine), frame.invert.eq(invert)]
            m.d.sync += left.eq(self.length)
        with m.Elif(frames.valid & frames.ready):
            m.d.sync += left.eq(left - 1)
        return m

    def _codes(self, m: Module, number: Value) -> tuple[Value, Value, Value]:
        """Coarse code, fine code and inversion of `number`."""
        shape, one = self.shape, 1 << self.shape.p_bits
        entries = one + 1
        index = Signal(range(entries))
        if shape.folded:
            # Half of the table, and inversion by the two most significant bits: not 1, and no half.
            invert = ~number[-2:].any()
            entries = one // 2 + 1
            index, mirrored = Signal(range(entries)), Signal(range(entries))
            low = number[: len(index)]
            m.d.comb += [
                mirrored.eq(~low + 1),
                index.eq(Mux(number[-1], 0, Mux(invert, low, mirrored))),
            ]
        else:
            m.d.comb += index.eq(Mux(number > one, one, number))
            invert = _looked_up(m, shape.invert, index, 1)
        coarse = _looked_up(m, shape.coarse[:entries], index, shape.coarse_bits)
        return coarse, _looked_up(m, shape.fine[:entries], index, shape.fine_bits), invert


def _looked_up(m: Module, table: Sequence[int], index: Value, width: int) -> Signal:
    """Entry `index` of `table`; 0 past its end."""
    found = Signal(width)
    places: dict[int, list[int]] = {}
    for place, entry in enumerate(table):
        places.setdefault(int(entry), []).append(place)
    with m.Switch(index):
        for entry, where in places.items():
            if entry:
                with m.Case(*where):
                    m.d.comb += found.eq(entry)
    return found


class GeneratorBlock(StreamBlock):
    """Base of the blocks that turn one number after another into bits.

    Parameters:
        plan, counter_bits: as in `StreamBlock`; junctions: how many there are.
    """

    def __init__(self, plan: StreamPlan, junctions: int, counter_bits: int) -> None:
        self.shape = SngShape.of(plan)
        self.junctions = junctions
        members = {
            "numbers": In(stream.Signature(self.shape.number_bits)),
            "output": Out(stream.Signature(BitLayout())),
            "mtj": Out(JunctionSignature(self.shape, junctions)),
        }
        super().__init__(plan, members, counter_bits)

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return SNG_COUNTERS

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return sng_port_meanings()

    @property
    def delay(self) -> int:
        """Clocks from accepting a number to offering its first bit."""
        return self.shape.frame_cycles + 2


class BmsSng(GeneratorBlock):
    """Turns numbers into streams of `plan.cycles` bits, which one junction draws.

    Timing: a number accepted in clock t shows its first reset in t + 2, its first bit in
    t + `delay`, the further ones every `plan`'s frame, and the next number is accepted in the clock
    in which the last frame starts. `pymodel.golden_sng.GoldenBank` says it clock by clock.
    `numbers.ready` and `output.valid` depend on no input. Reset ends pulses at once and forgets
    number and bits; offer no number while it is on.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        numbers: In, stream of `[p_bits + 1]`: n stands for p = n/2^p_bits.
        output: Out, stream of `BitLayout`.
        mtj: Out, `JunctionSignature` of one junction.
        bits, ones, resets, pulses: Out, bits made, those that are 1, and the pulses of them.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "bms-sng"

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        super().__init__(plan, 1, counter_bits)

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        return sng_summary(self.plan, self.shape)

    def elaborate(self, platform: object) -> Module:
        """The circuit: source, core and counters."""
        m = Module()
        m.submodules.source = source = FrameSource(self.shape, self.plan.cycles)
        m.submodules.core = core = SngCore(self.shape)
        wiring.connect(m, wiring.flipped(self.numbers), source.numbers)
        wiring.connect(m, source.frames, core.frames)
        wiring.connect(m, core.output, wiring.flipped(self.output))
        wiring.connect(m, core.mtj, wiring.flipped(self.mtj))
        events = (core.ended & getattr(core, event) for event in ("ended", *EVENTS))
        self.count(m, dict(zip(SNG_COUNTERS, events, strict=True)))
        return m


def sng_summary(plan: StreamPlan, shape: SngShape) -> list[str]:
    """What the generators of `plan` depend on, as lines of text."""
    return [
        f"streams of {plan.cycles} bits, clock {plan.tick_ps} ps, delay line {plan.fine_ps} ps",
        f"{plan.generator}, p of {plan.p_bits} bits, reset {plan.reset_rule}",
        f"reset {shape.reset_cycles}, write {shape.write_cycles}, read {shape.read_cycles} clocks",
    ]
