"""A bank of generators that take turns, so that a bit can come out in every clock."""

from typing import ClassVar

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import popcount
from nvmcosim.hdl.bms_sng import FrameSource, GeneratorBlock, sng_summary
from nvmcosim.hdl.sng_core import EVENTS, SngCore
from nvmcosim.hdl.sng_ports import BitLayout, JunctionSignature
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.golden_sng import SNG_COUNTERS
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["BankCore", "BmsBank"]


class BankCore(wiring.Component):
    """The bank without its counters.

    Parameters:
        shape: codes and phases; length: bits of a stream; junctions: how many take turns.

    Members, beside those of `BmsBank`:
        made_<counter>: Out, what each counter counts in this clock.
    """

    def __init__(self, shape: SngShape, length: int, junctions: int) -> None:
        self.shape, self.length, self.junctions = shape, length, junctions
        self.cores = [SngCore(shape) for _ in range(junctions)]
        #: Whose turn it is to start a frame, and to offer its bit.
        self.starts = Signal(range(junctions))
        self.offers = Signal(range(junctions))
        amount = junctions.bit_length()
        super().__init__(
            {
                "numbers": In(stream.Signature(shape.number_bits)),
                "output": Out(stream.Signature(BitLayout())),
                "mtj": Out(JunctionSignature(shape, junctions)),
                **{f"made_{name}": Out(amount) for name in SNG_COUNTERS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the source, cores, and whose turn it is to start and to offer."""
        m = Module()
        m.submodules.source = source = FrameSource(self.shape, self.length)
        wiring.connect(m, wiring.flipped(self.numbers), source.numbers)
        cores, starts, offers = self.cores, self.starts, self.offers
        for k, core in enumerate(cores):
            m.submodules[f"core_{k}"] = core
            m.d.comb += [
                core.frames.payload.eq(source.frames.payload),
                core.frames.valid.eq(source.frames.valid & (starts == k)),
                core.output.ready.eq(self.output.ready & (offers == k)),
                core.mtj.sense.eq(self.mtj.sense[k]),
                self.mtj.fine[k].eq(core.mtj.fine[0]),
            ]
        m.d.comb += [
            source.frames.ready.eq(Array(core.frames.ready for core in cores)[starts]),
            self.output.valid.eq(Array(core.output.valid for core in cores)[offers]),
            self.output.payload.as_value().eq(
                Array(core.output.payload.as_value() for core in cores)[offers]
            ),
        ]
        for name in ("reset", "write", "trim", "read"):
            m.d.comb += getattr(self.mtj, name).eq(Cat(getattr(c.mtj, name) for c in cores))
        for turn, stream_ in ((starts, source.frames), (offers, self.output)):
            with m.If(stream_.valid & stream_.ready):
                m.d.sync += turn.eq(turn + 1)
                with m.If(turn == self.junctions - 1):
                    m.d.sync += turn.eq(0)
        for name, event in zip(SNG_COUNTERS, ("ended", *EVENTS), strict=True):
            events = [core.ended & getattr(core, event) for core in cores]
            made = getattr(self, f"made_{name}")
            m.d.comb += made.eq(popcount(events, len(made)))
        return m


class BmsBank(GeneratorBlock):
    """Turns numbers into streams of `plan.cycles` bits, which `plan.phases` junctions draw.

    Junction k makes the bits k, k + phases and so on, counted over all streams, so the phases of
    neighbours are skewed by a clock. With at least as many junctions as a frame has clocks a bit
    comes out in every clock, across streams as well, as long as numbers are offered and bits taken.
    If bits wait, each junction keeps its own, and no pulse is stretched.

    Timing, reset, parameters and members are those of `BmsSng`, with `plan.phases` junctions on
    `mtj`; `numbers.ready` and `output.valid` depend on no input.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "bms-bank"

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        super().__init__(plan, plan.bank_phases, counter_bits)

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        return [f"{self.junctions} junctions in turn", *sng_summary(self.plan, self.shape)]

    def elaborate(self, platform: object) -> Module:
        """The circuit: the core and its counters."""
        m = Module()
        m.submodules.core = core = BankCore(self.shape, self.plan.cycles, self.junctions)
        wiring.connect(m, wiring.flipped(self.numbers), core.numbers)
        wiring.connect(m, core.output, wiring.flipped(self.output))
        wiring.connect(m, core.mtj, wiring.flipped(self.mtj))
        made = {name: getattr(core, f"made_{name}") for name in SNG_COUNTERS}
        self.count(m, made, self.junctions)
        return m
