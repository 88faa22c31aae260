"""The AppWOM line controller for any `LinePlan` with a code (ho2021, Section III)."""

from typing import ClassVar, Self

from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.line_core import LINE_COUNTERS, LineCore
from nvmcosim.hdl.line_ports import LineArraySignature, LineCommandLayout, line_port_meanings
from nvmcosim.hdl.line_words import LineWords
from nvmcosim.hdl.write_controller import COUNTER_BITS, MAX_ROWS
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.units import check_whole

__all__ = ["LINE_CYCLES", "LineController"]

#: In words, what `LineController.command_cycles` computes.
LINE_CYCLES = (
    "the clocks of a read plus 2; plus those of the longest pulse that places data; where units "
    "are turned, plus those of the longest pulse that turns, plus 1; of a read command, plus 1 and "
    "the clocks that its reply waits"
)


class LineController(wiring.Component):
    """Writes words to lines of phase-change memory in WOM codes, and reads them.

    What lines hold and the counters are those of `pymodel.golden_line`; `hdl.line_core` has the
    phases and what reset does.

    Timing, for a command accepted in clock t: the array is read in the clocks t + 1 to
    t + `plan.read_cycles`. The next command is accepted in clock t + `command_cycles(...)` at the
    earliest; in that clock the array and all counters are what they are after the command.
    `commands.ready` and `replies.valid` depend on no input. A reply is offered in the clock
    t + `plan.read_cycles` + 2. Offer no command while reset is on.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        lines: lines of the array. A command's line must be below it; the controller doesn't check.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        commands: In, stream of `LineCommandLayout` with `words`, an array of `plan.line_words`.
        replies: Out, stream of such an array: what a read found.
        array: Out, `LineArraySignature`.
        one Out for each of `LINE_COUNTERS`.

    Raises `InputError` for a plan without a code, or `lines` or `counter_bits` out of range.
    """

    block: ClassVar[str] = "appwom-line"

    def __new__(cls, plan: LinePlan, lines: int, *, counter_bits: int = COUNTER_BITS) -> Self:
        """Check the parameters first: Amaranth complains of components made but never used."""
        _ = plan.shape
        check_whole(lines, "rows", 1, MAX_ROWS)
        check_whole(counter_bits, "counter_bits", 1, 64)
        return super().__new__(cls, src_loc_at=1)

    def __init__(self, plan: LinePlan, lines: int, *, counter_bits: int = COUNTER_BITS) -> None:
        self.plan = plan
        self.lines = lines
        self.counter_bits = counter_bits
        shape = plan.shape
        self.cells = plan.line_cells + shape.ping_pong * shape.units
        words = data.ArrayLayout(plan.width, plan.line_words)
        super().__init__(
            {
                "commands": In(stream.Signature(LineCommandLayout(lines, "words", words))),
                "replies": Out(stream.Signature(words)),
                "array": Out(LineArraySignature(lines, self.cells)),
                **{name: Out(counter_bits) for name in LINE_COUNTERS},
            }
        )

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return LINE_COUNTERS

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        order = "word 0 first, of it the group of the sign first, of that bit 0 of its code word"
        extra = "; then the polarity of each unit" if self.plan.shape.ping_pong else ""
        return line_port_meanings(order + extra)

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        plan = self.plan
        pairs = " ".join(
            f"{g.important}+{g.other}{'~' if g.approximate else ''}" for g in plan.groups
        )
        return [
            f"{self.lines} lines of {plan.line_words} {plan.format}, clock {plan.tick_ps} ps",
            f"{plan.scheme}, refresh by {plan.refresh}, in idle time {plan.idle}",
            f"groups of a word's bits, ~ in AppWOM: {pairs}",
            f"read {plan.read_cycles}, SET {plan.set_cycles}, RESET {plan.reset_cycles} clocks",
        ]

    def command_cycles(self, work: LineWork, *, wait: int = 0) -> int:
        """Clocks from accepting a command to the earliest acceptance of the next one.

        `work` is what the golden model says of the command; `wait`, of a read, how many clocks its
        reply waits to be accepted.
        """
        tick = self.plan.tick_ps
        pulses = (work.place_ps + work.turn_ps) // tick + (work.turns > 0)
        return self.plan.read_cycles + 2 + pulses + work.reads * (1 + wait)

    @property
    def command_cycles_range(self) -> tuple[int, int]:
        """The fewest and the most clocks that a command takes whose reply does not wait."""
        plan = self.plan
        longest = max(plan.set_cycles, plan.reset_cycles)
        return plan.read_cycles + 2, plan.read_cycles + 3 + 2 * longest

    def elaborate(self, platform: object) -> Module:
        """The circuit: the core, with words taken apart into groups."""
        m = Module()
        plan = self.plan
        m.submodules.core = core = LineCore(
            plan.shape,
            self.lines,
            read_cycles=plan.read_cycles,
            set_cycles=plan.set_cycles,
            reset_cycles=plan.reset_cycles,
            counter_bits=self.counter_bits,
        )
        m.submodules.words = words = LineWords(plan)
        command = self.commands.payload
        m.d.comb += [
            core.commands.valid.eq(self.commands.valid),
            self.commands.ready.eq(core.commands.ready),
            core.commands.payload.opcode.eq(command.opcode),
            core.commands.payload.line.eq(command.line),
            words.words.eq(command.words),
            core.commands.payload.data.eq(words.data),
            self.replies.valid.eq(core.replies.valid),
            core.replies.ready.eq(self.replies.ready),
            words.found.eq(core.replies.payload),
            self.replies.payload.eq(words.reply),
        ]
        wiring.connect(m, core.array, wiring.flipped(self.array))
        m.d.comb += [getattr(self, name).eq(getattr(core, name)) for name in LINE_COUNTERS]
        return m
