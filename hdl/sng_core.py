"""One junction's controller: reset, write and read, a frame for each bit (mondal2018, III-B)."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.sng_ports import BitLayout, FrameLayout, JunctionSignature
from nvmcosim.pymodel.sng_shape import SngShape

__all__ = ["EVENTS", "SngCore"]

#: What an ended frame was, in the clock of `ended`.
EVENTS = ("one", "was_reset", "pulsed")


class SngCore(wiring.Component):
    """Makes a bit of each frame, in these phases:

        Idle    no frame
        Reset   the junction is driven to antiparallel, unless that is skipped
        Write   for the frame's pulse
        Hold    the bit made before still waits to be taken
        Read    the junction is sensed

    Timing: `pymodel.golden_sng.GoldenJunction`. The next frame is accepted in the last clock of
    Read, so frames follow each other without a gap. Reset ends pulses at once, forgets frame and
    bit, and the next frame resets the junction. `frames.ready` and `output.valid` depend on no
    input.

    Parameters:
        shape: phase lengths and the codes' widths.

    Members:
        frames: In, stream of `FrameLayout`; a pulse must fit into the write phase.
        output: Out, stream of `BitLayout`.
        mtj: Out, `JunctionSignature` of one junction.
        ended: Out, this clock is the last of a frame; then one Out for each of `EVENTS`.
    """

    def __init__(self, shape: SngShape) -> None:
        self.shape = shape
        #: The frame under way, whether the junction is known to be antiparallel, and Hold.
        self.frame = Signal(FrameLayout(shape))
        self.antiparallel = Signal()
        self.holds = Signal()
        super().__init__(
            {
                "frames": In(stream.Signature(FrameLayout(shape))),
                "output": Out(stream.Signature(BitLayout())),
                "mtj": Out(JunctionSignature(shape)),
                "ended": Out(1),
                **{name: Out(1) for name in EVENTS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the frame, the junction's last state, drivers and the bit on offer."""
        m = Module()
        shape, mtj, output = self.shape, self.mtj, self.output
        frame, antiparallel = self.frame, self.antiparallel
        skipped, accept = Signal(), Signal()
        writes, reads = Signal(), Signal()
        lengths = (shape.reset_cycles, shape.write_cycles, shape.read_cycles)
        left = Signal(range(max(2, *lengths)))
        skip = Mux(self.ended, mtj.sense, antiparallel) if shape.skips_reset else Const(0, 1)
        m.d.comb += [
            accept.eq(self.frames.valid & self.frames.ready),
            self.one.eq(mtj.sense ^ frame.invert),
            self.was_reset.eq(~skipped),
            self.pulsed.eq((frame.coarse != 0) | (frame.fine != 0)),
        ]
        with m.If(output.ready):
            m.d.sync += output.valid.eq(0)
        with m.If(self.ended):
            m.d.sync += [
                antiparallel.eq(mtj.sense),
                mtj.read.eq(0),
                output.valid.eq(1),
                output.payload.bit.eq(self.one),
                output.payload.last.eq(frame.last),
            ]
        with m.If(accept):
            m.d.sync += [frame.eq(self.frames.payload), skipped.eq(skip), mtj.reset.eq(~skip)]
        with m.If(writes):
            m.d.sync += mtj.reset.eq(0)
        with m.If(reads):
            m.d.sync += mtj.read.eq(1)
        # `left` clocks of a phase come after this one.
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        for starts, cycles in zip((accept, writes, reads), lengths, strict=True):
            with m.If(starts):
                m.d.sync += left.eq(cycles - 1)
        self._sequence(m, accept, writes, reads, last=left == 0)
        self._pulse(m, frame, writes)
        return m

    def _sequence(
        self, m: Module, accept: Signal, writes: Signal, reads: Signal, last: Value
    ) -> None:
        """The phase machine; `writes` and `reads` are the clocks before those phases."""
        free = ~self.output.valid | self.output.ready
        with m.FSM(name="phase") as phase:
            with m.State("Idle"):
                m.d.comb += self.frames.ready.eq(1)
                with m.If(accept):
                    m.next = "Reset"
            with m.State("Reset"), m.If(last):
                m.d.comb += writes.eq(1)
                m.next = "Write"
            with m.State("Write"), m.If(last):
                m.d.comb += reads.eq(free)
                m.next = "Hold"
                with m.If(free):
                    m.next = "Read"
            with m.State("Hold"):
                m.d.comb += reads.eq(free)
                with m.If(free):
                    m.next = "Read"
            with m.State("Read"), m.If(last):
                m.d.comb += [self.ended.eq(1), self.frames.ready.eq(1)]
                m.next = "Idle"
                with m.If(accept):
                    m.next = "Reset"

        m.d.comb += self.holds.eq(phase.ongoing("Hold"))

    def _pulse(self, m: Module, frame: Any, writes: Signal) -> None:
        """The write drivers: `whole` clocks of the pulse come after this one."""
        mtj, trims = self.mtj, Signal()
        whole = Signal.like(frame.coarse)
        m.d.sync += [mtj.trim.eq(trims), mtj.fine[0].eq(Mux(trims, frame.fine, 0))]
        with m.If(writes):
            m.d.comb += trims.eq((frame.coarse == 0) & (frame.fine != 0))
            m.d.sync += [mtj.write.eq(frame.coarse != 0), whole.eq(frame.coarse - 1)]
        with m.Elif(mtj.write):
            m.d.comb += trims.eq((whole == 0) & (frame.fine != 0))
            m.d.sync += [mtj.write.eq(whole != 0), whole.eq(whole - 1)]
