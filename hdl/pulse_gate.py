"""The pulse gate: a write controller whose pulses stand in a programmable table (locatelli2018).

Vocabulary: `pymodel.pulse_table` defines stages, codes, selects and the map;
`hdl.write_controller` the rest.
"""

from collections.abc import Sequence
from typing import Any, Self

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from nvmcosim.hdl.gate_table import ConfigLayout, GateTable
from nvmcosim.hdl.pulse_timer import ProgrammableTimer
from nvmcosim.hdl.stage_drivers import StageDrivers
from nvmcosim.hdl.store_ports import ArraySignature, port_meanings
from nvmcosim.hdl.store_sequencer import StoreSequencer
from nvmcosim.hdl.write_controller import COUNTER_BITS, WriteController
from nvmcosim.pymodel.gate_shape import GateShape
from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["CONFIG_RULE", "PulseGate"]

#: In words, when a config write is accepted and what it changes.
CONFIG_RULE = (
    "config__ready is 1 in exactly the clocks in which no command is under way; words__ready is 0 "
    "wherever config__valid is 1, so config goes first and both are never accepted in one clock; a "
    "command takes the table and map as all writes accepted before it left them, to its end"
)


class PulseGate(WriteController):
    """Writes commands to an array of memory cells, each bit by its stage of a programmable table.

    All stages of a row start together, and each bit is driven for as many clocks as its stage's
    code says, on the amplitude that its stage selects. `plan.rewrite` and `plan.retry_limit` act as
    in `StoreController`; bits of stages with the code 0 are never driven, compared or retried. At
    reset, table and map hold `plan`: its domains are the stages, in order, and the stages beyond
    them have the code 0. The contents and the counters are those of `pymodel.golden_gate`.

    Config writes change table and map between commands. `config.ready` is 1 in exactly the clocks
    in which no command is under way, when no driver is on and nothing is read. `words.ready` is 0
    wherever `config.valid` is 1: config goes first, waits at most for the end of one command, and
    is never accepted in the clock that accepts a command. A command takes the table and map as all
    writes accepted before it left them, and keeps them to its end. So whoever offers writes without
    a pause changes the table as a whole, and whoever pauses lets commands in between.

    Timing is that of `StoreController`, with the codes in place of the plan's clocks. After config
    writes a command is accepted no earlier than in the clock after the last of them; then it never
    takes the extra clock of a second command for one row. `words.ready` depends on `array.sense`
    and `config.valid` in the same clock and on no other input, `config.ready` on none. Reset ends
    pulses at once, forgets the command and puts the first table back; offer neither words nor
    config while it is on.

    Parameters:
        plan: the plan at reset, and the options that do not change; the clock's period is
            `plan.tick_ps`.
        rows: rows of the array. A command's row must be below it; the gate doesn't check.
        stages, code_bits, amplitudes: as in `GateShape.of`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        words: In, stream of `CommandLayout`.
        config: In, stream of `ConfigLayout`.
        array: Out, `ArraySignature` with `amplitude`, which only changes while no driver is on.
        commands: Out, commands completed.
        retries: Out, attempts after the first, over all commands.
        pulses_<s>: Out, pulses of stage s; one may drive many bits of a row.
        driven_cycles_<s>: Out, driven bits times clocks in stage s.
        failed: Out, only with retries: commands given up with a bit that has a pulse still wrong.

    Raises `InputError` for `rows`, `counter_bits`, `stages`, `code_bits` or `amplitudes` out of
    range, or a plan that does not fit them.
    """

    block = "pulse-gate"

    def __new__(
        cls, plan: StorePlan, rows: int, *, counter_bits: int = COUNTER_BITS, **shape: Any
    ) -> Self:
        """Check the parameters first, as in `WriteController`."""
        PulseTable.of(plan, GateShape.of(plan, **shape))
        return super().__new__(cls, plan, rows, counter_bits=counter_bits)

    def __init__(
        self,
        plan: StorePlan,
        rows: int,
        *,
        stages: int | None = None,
        code_bits: int | None = None,
        amplitudes: Sequence[float | None] | None = None,
        counter_bits: int = COUNTER_BITS,
    ) -> None:
        self.shape = GateShape.of(plan, stages=stages, code_bits=code_bits, amplitudes=amplitudes)
        self.table = PulseTable.of(plan, self.shape)
        config = {"config": In(stream.Signature(ConfigLayout(self.shape)))}
        super().__init__(
            plan,
            rows,
            counter_bits=counter_bits,
            groups=self.shape.stages,
            array=ArraySignature(plan, rows, self.shape.select_bits),
            others=config,
        )

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return port_meanings("stage", self.shape.stages) | {
            "config__payload": "config write: what it sets, its index and value",
            "config__valid": "a config write is offered; holds commands back",
            "config__ready": "an offered config write is accepted in this clock",
            "array__amplitude": "amplitude select by bit of a word, bit 0 first; changes only "
            "while no driver is on",
        }

    @property
    def summary(self) -> list[str]:
        """What the hardware depends on, as lines of text."""
        plan, table = self.plan, self.table
        lines = [f"{self.rows} rows of {plan.bank_words} {plan.format}, clock {plan.tick_ps} ps"]
        for stage, (code, select) in enumerate(zip(table.codes, table.selects, strict=True)):
            lines.append(f"stage {stage} at reset: {code} clocks, amplitude {select}")
        stages = " ".join(str(stage) for stage in reversed(table.stage_map))
        lines.append(f"stages of the bits at reset, from bit {plan.width - 1} down: {stages}")
        return [*lines, f"rewrite {plan.rewrite}, {plan.retry_limit} retries"]

    def word_cycles(
        self, pulses: Sequence[int], *, table: PulseTable | None = None, same_row: bool = False
    ) -> int:
        """`command_cycles` where the gate holds `table`; without one, the table at reset.

        `pulses` is what the command adds to `GateCounters.pulses`, `[stages]`.
        """
        return self.command_cycles((table or self.table).codes, pulses, same_row=same_row)

    @property
    def word_cycles_range(self) -> tuple[int, int]:
        """The fewest and the most clocks that a command takes with the table at reset."""
        return self.command_cycles_range(self.table.codes)

    def elaborate(self, platform: object) -> Module:
        """The circuit: table, sequencer, timer and drivers, wired up."""
        m = Module()
        array, shape, reads = self.array, self.shape, self.reads_first or self.verifies
        m.submodules.table = table = GateTable(self.table)
        m.submodules.sequencer = sequencer = StoreSequencer(
            writes=True,
            reads_first=self.reads_first,
            retry_limit=self.plan.retry_limit,
            programmable=True,
        )
        m.submodules.timer = timer = ProgrammableTimer(shape.stages, shape.code_bits)
        m.submodules.drivers = drivers = StageDrivers(
            shape, reads=reads, count_bits=self.counter_bits
        )
        wiring.connect(m, wiring.flipped(self.config), table.config)
        m.d.comb += [
            table.enable.eq(sequencer.idle),
            sequencer.valid.eq(self.words.valid & ~self.config.valid),
            self.words.ready.eq(sequencer.ready & ~self.config.valid),
            sequencer.writes.eq(drivers.writes),
            sequencer.last.eq(timer.last),
            timer.start.eq(sequencer.start),
            timer.select.eq(drivers.select),
            timer.cycles.eq(table.codes),
            drivers.codes.eq(table.codes),
            drivers.selects.eq(table.selects),
            drivers.start.eq(sequencer.start),
            drivers.ends.eq(timer.ends),
            array.drive.eq(drivers.drive),
            array.amplitude.eq(drivers.amplitude),
        ]
        if shape.stages > 1:
            m.d.comb += drivers.stage_map.eq(table.stage_map)
        if reads:
            m.d.comb += [
                drivers.wanted.eq(array.data),
                drivers.held.eq(array.sense),
                # Unless the row is read first, the first attempt drives all bits without looking.
                drivers.every.eq(0 if self.reads_first else ~sequencer.retry),
                sequencer.differ.eq(drivers.differ),
            ]
        self._take_commands(m, sequencer)
        for stage in range(shape.stages):
            self._count(m, f"pulses_{stage}", timer.ends[stage])
            cells = drivers.driven[stage]
            self._count(m, f"driven_cycles_{stage}", cells, most=drivers.cells)
        if self.verifies:
            self._count(m, "retries", sequencer.retry)
            self._count(m, "failed", sequencer.failed)
        return m
