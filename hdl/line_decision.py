"""What a line controller does next with a line that it has read (ho2021, III-C)."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.line_ports import Opcode
from nvmcosim.hdl.wom_codec import DATA_BITS, STAGE_BITS, WomCodec
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.wom import CELLS

__all__ = ["LineDecision"]


class LineDecision(wiring.Component):
    """Finds the units to turn, and what the line's cells are to be after the next step.

    Combinational. A command that turns any unit needs two decisions: the first turns, and the
    second, with those units in `turned`, places the data in all groups.

    Parameters:
        shape: the line's groups and policy.

    Members, G being groups and U units:
        held: In `[cells]`, what the line holds, as in `LineArraySignature`.
        opcode: In, the command.
        data: In `[2 * G]`, what a write wants, or what the first decision wanted.
        turned: In `[U]`, units turned under this command; none at the first decision.
        other: In `[G]`, the other bits before that.
        wanted: Out `[2 * G]`, what the groups should hold.
        turning: Out `[U]`, the units to turn.
        after: Out `[cells]`, what the line is to hold after the step.
        decoded: Out `[2 * G]`, what the groups hold.
        ignored, cleared: Out `[G]`, bits that a second step, or the only one, does not write.
        impossible: Out `[G]`, groups that hold a word which no write makes.
    """

    def __init__(self, shape: LineShape) -> None:
        self.shape = shape
        cells = CELLS * shape.groups + shape.ping_pong * shape.units
        data = DATA_BITS * shape.groups
        super().__init__(
            {
                "held": In(cells),
                "opcode": In(Opcode),
                "data": In(data),
                "turned": In(shape.units),
                "other": In(shape.groups),
                "wanted": Out(data),
                "turning": Out(shape.units),
                "after": Out(cells),
                "decoded": Out(data),
                "ignored": Out(shape.groups),
                "cleared": Out(shape.groups),
                "impossible": Out(shape.groups),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: a codec, and the policy around it."""
        m = Module()
        shape, words = self.shape, CELLS * self.shape.groups
        m.submodules.codec = codec = WomCodec(shape)
        polarity, idle, again = Signal(shape.units), Signal(shape.units), Signal()
        reads, refreshes = Signal(), Signal()
        turns, side = Signal(shape.groups), Signal(shape.groups)
        # Stages are numbered so that the spent ones have this bit.
        spent = codec.stage[1::STAGE_BITS]
        exhausted = codec.exhausted if shape.by_group else codec.exhausted.any()
        prepares = (self.opcode == Opcode.PREPARE).replicate(shape.units)
        m.d.comb += [
            reads.eq(self.opcode == Opcode.READ),
            refreshes.eq(self.opcode == Opcode.REFRESH),
            again.eq(self.turned.any()),
            polarity.eq(self.held[words:] if shape.ping_pong else Const(-shape.polarity, 1)),
            codec.words.eq(self.held[:words]),
            codec.polarity.eq(polarity),
            codec.data.eq(self.wanted),
            self.decoded.eq(codec.decoded),
            self.wanted.eq(Mux(refreshes & ~again, codec.decoded, self.data)),
            idle.eq(self._idle(spent)),
            self.impossible.eq(spent & codec.stage[::STAGE_BITS]),
            self.turning.eq(
                Mux(reads | again, 0, prepares | exhausted | Mux(refreshes, idle, 0)),
            ),
            turns.eq(self._groups(self.turning)),
            side.eq(self._groups(~polarity if shape.ping_pong else polarity)),
        ]
        stays = reads | self.turning.any()
        placed = Signal.like(codec.encoded)
        m.d.comb += placed.eq(Mux(stays, self.held[:words], codec.encoded))
        for n in range(shape.groups):
            own = slice(CELLS * n, CELLS * (n + 1))
            m.d.comb += self.after[own].eq(Mux(turns[n], side[n].replicate(CELLS), placed[own]))
        if shape.ping_pong:
            m.d.comb += self.after[words:].eq(polarity ^ self.turning)
        lost = Mux(reads, 0, codec.ignored)
        m.d.comb += [
            self.cleared.eq(lost & self.other & self._groups(self.turned)),
            self.ignored.eq(lost & ~self.cleared),
        ]
        return m

    def _idle(self, spent: Value) -> Value:
        """The units that idle time turns, where these groups are spent."""
        if self.shape.idle == "none":
            return Const(0, self.shape.units)
        if self.shape.by_group:
            return spent
        return spent.any() if self.shape.idle == "any" else spent.all()

    def _groups(self, units: Value) -> Value:
        """A bit a group, from a bit a unit."""
        return units.replicate(self.shape.groups // self.shape.units)
