"""The line controller on the data of groups: reads, decides, turns and places (ho2021, III-C).

`pymodel.coded_lines` defines lines, units and what each command does; `hdl.line_ports` the ports.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import EventCounter, popcount
from nvmcosim.hdl.cell_drivers import DriveRegister
from nvmcosim.hdl.line_decision import LineDecision
from nvmcosim.hdl.line_ports import LineArraySignature, LineCommandLayout, Opcode
from nvmcosim.hdl.pulse_timer import PulseTimer
from nvmcosim.hdl.wom_codec import DATA_BITS
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.wom import CELLS

__all__ = ["LINE_COUNTERS", "LineCore"]

#: The counter of each opcode's commands.
_DONE = {
    Opcode.WRITE: "writes",
    Opcode.READ: "reads",
    Opcode.REFRESH: "refreshes",
    Opcode.PREPARE: "prepares",
}
#: The counters: what each counts, `pymodel.line_work` says.
LINE_COUNTERS = (*_DONE.values(), "turns", "sets", "resets", "ignored", "cleared", "impossible")


class LineCore(wiring.Component):
    """Takes commands to lines through these phases, one at a time.

        Idle    no command; one is accepted
        Sense   the line's cells are read
        Decide  one clock: which units are turned, what is placed
        Turn    the pulses that refresh units; then Decide again, for what is placed in them
        Place   the pulses that write data
        Reply   of a read: what the line holds, until the reply is accepted

    Reset ends pulses at once and forgets the command: cells that were driven may hold either value
    then, all others what they held. A word that this leaves impossible heals with the next write.

    Parameters:
        shape: the line's groups and policy.
        lines: lines of the array. A command's line must be below it; the core doesn't check.
        read_cycles, set_cycles, reset_cycles: clocks that each operation takes, at least 1.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members, G being groups:
        commands: In, stream of `LineCommandLayout` with `data`, `[2 * G]`.
        replies: Out, stream of the data of a read, `[2 * G]`.
        array: Out, `LineArraySignature`.
        one Out for each of `LINE_COUNTERS`.
    """

    def __init__(
        self,
        shape: LineShape,
        lines: int,
        *,
        read_cycles: int,
        set_cycles: int,
        reset_cycles: int,
        counter_bits: int,
    ) -> None:
        self.shape = shape
        self.counter_bits = counter_bits
        self._read_cycles, self._pulse_cycles = read_cycles, (set_cycles, reset_cycles)
        data = DATA_BITS * shape.groups
        cells = CELLS * shape.groups + shape.ping_pong * shape.units
        super().__init__(
            {
                "commands": In(stream.Signature(LineCommandLayout(lines, "data", data))),
                "replies": Out(stream.Signature(data)),
                "array": Out(LineArraySignature(lines, cells)),
                **{name: Out(counter_bits) for name in LINE_COUNTERS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: the line as it was read, the decision, timer and drivers."""
        m = Module()
        array, payload = self.array, self.commands.payload
        m.submodules.decision = decision = LineDecision(self.shape)
        m.submodules.reader = reader = PulseTimer([self._read_cycles])
        m.submodules.timer = timer = PulseTimer(self._pulse_cycles)
        held, opcode = Signal.like(array.sense), Signal(Opcode)
        data, other = Signal.like(decision.data), Signal.like(decision.other)
        turned = Signal.like(decision.turned)
        sets, resets = Signal.like(held), Signal.like(held)
        accept, decide, drive = Signal(), Signal(), Signal()
        m.d.comb += [
            decision.held.eq(held),
            decision.opcode.eq(opcode),
            decision.data.eq(data),
            decision.turned.eq(turned),
            decision.other.eq(other),
            sets.eq(decision.after & ~held),
            resets.eq(held & ~decision.after),
            drive.eq(decide & (sets | resets).any()),
            timer.start.eq(drive),
            timer.select.eq(Cat(sets.any(), resets.any())),
            reader.start.eq(accept),
            reader.select.eq(1),
            array.read.eq(reader.active),
            self.replies.payload.eq(decision.decoded),
        ]
        with m.If(accept):
            m.d.sync += [opcode.eq(payload.opcode), array.line.eq(payload.line), turned.eq(0)]
            m.d.sync += data.eq(Mux(payload.opcode == Opcode.WRITE, payload.data, 0))
        with m.Elif(reader.last):
            m.d.sync += held.eq(array.sense)
        with m.Elif(decide):
            m.d.sync += [held.eq(decision.after), turned.eq(decision.turning)]
            m.d.sync += [data.eq(decision.wanted), other.eq(decision.decoded[::DATA_BITS])]
        for name, cells, ends in (("set", sets, timer.ends[0]), ("reset", resets, timer.ends[1])):
            m.submodules[f"{name}_drivers"] = drivers = DriveRegister(len(held))
            m.d.comb += [
                drivers.start.eq(drive),
                drivers.bits.eq(cells),
                drivers.ends.eq(ends),
                getattr(array, name).eq(drivers.drive),
            ]
            self._count(m, f"{name}s", decide, cells[: CELLS * self.shape.groups])
        turns = decision.turning.any()
        places = decide & ~turns
        self._count(m, "turns", decide, decision.turning)
        self._count(m, "ignored", places, decision.ignored)
        self._count(m, "cleared", places, decision.cleared)
        self._count(m, "impossible", decide & ~turned.any(), decision.impossible)
        last = reader.last | timer.last
        done = self._sequence(m, accept, decide, drive, turns, last, opcode)
        for kind, name in _DONE.items():
            self._count(m, name, done, opcode == kind)
        return m

    def _sequence(
        self,
        m: Module,
        accept: Signal,
        decide: Signal,
        drive: Signal,
        turns: Value,
        last: Value,
        opcode: Signal,
    ) -> Signal:
        """The phase machine; returns whether this clock is the last of a command."""
        done = Signal()
        with m.FSM(name="phase"):
            with m.State("Idle"):
                m.d.comb += [self.commands.ready.eq(1), accept.eq(self.commands.valid)]
                with m.If(accept):
                    m.next = "Sense"
            with m.State("Sense"), m.If(last):
                m.next = "Decide"
            with m.State("Decide"):
                m.d.comb += decide.eq(1)
                with m.If(opcode == Opcode.READ):
                    m.next = "Reply"
                with m.Elif(drive):
                    m.next = "Place"
                    with m.If(turns):
                        m.next = "Turn"
                with m.Elif(~turns):
                    m.d.comb += done.eq(1)
                    m.next = "Idle"
            with m.State("Turn"), m.If(last):
                m.next = "Decide"
            with m.State("Place"), m.If(last):
                m.d.comb += done.eq(1)
                m.next = "Idle"
            with m.State("Reply"):
                m.d.comb += self.replies.valid.eq(1)
                with m.If(self.replies.ready):
                    m.d.comb += done.eq(1)
                    m.next = "Idle"
        return done

    def _count(self, m: Module, name: str, when: Value, events: Value) -> None:
        """Count the bits of `events` in the clocks that `when` says."""
        m.submodules[f"count_{name}"] = counter = EventCounter(self.counter_bits, len(events))
        number = popcount([*events], self.counter_bits)[: len(counter.amount)]
        m.d.comb += [
            counter.amount.eq(Mux(when, number, 0)),
            getattr(self, name).eq(counter.count),
        ]
