"""The in-memory unit of any `PimPlan`: array, row buffers and micro-sequencer (wang2020)."""

from functools import cached_property
from typing import ClassVar, Protocol

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.pim_array import PimCells
from nvmcosim.hdl.pim_rom import MicroWord, Select, address_bits, advance_bits, microcode
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import PimCounts
from nvmcosim.pymodel.units import check_whole

__all__ = ["PIM_COUNTERS", "PimCommandLayout", "PimJob", "PimOpcode", "PimUnit"]

#: Counters, as in `pymodel.pim_step.PimCounts`.
PIM_COUNTERS = tuple(PimCounts().to_dict())


class PimOpcode(enum.Enum, shape=2):  # type: ignore[call-arg]
    """What a command asks for."""

    #: Write the data to the row.
    LOAD = 0
    #: Reply with what the row holds.
    READ = 1
    #: Run the program.
    RUN = 2


class PimCommandLayout(data.StructLayout):
    """A command: what to do, and for loads and reads the row, for loads a bit for each column."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__({"opcode": PimOpcode, "row": address_bits(rows), "bits": columns})


class PimJob(Protocol):
    """What a unit is made of: a `PimPlan`, or an array and a program of any size."""

    @property
    def program(self) -> PimProgram:
        """What a run does."""

    @property
    def rows(self) -> int:
        """Rows of the array."""

    @property
    def columns(self) -> int:
        """Columns of the array."""

    @property
    def tick_ps(self) -> int:
        """Clock period in ps."""


class PimUnit(wiring.Component):
    """An array of `plan.rows` by `plan.columns` cells that runs the plan's program.

    What rows hold and the counters are those of `pymodel.golden_pim`. The ROM is generated from the
    plan's program object; `hdl.pim_rom` says how.

    Timing: a load takes one clock. A read's reply is offered in the clock after its acceptance, and
    the next command is accepted after it is taken. A run takes two clocks for each step, two more
    for each further k rows of a search, and three besides (`run_clocks`); in the clock in which
    the next command is accepted the counters are what they are after it.

    Parameters:
        plan: the plan, or what is like one; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        commands: In, stream of `PimCommandLayout`.
        replies: Out, stream of what a row holds.
        one Out for each of `PIM_COUNTERS`.
    """

    block: ClassVar[str] = "pim-unit"

    def __init__(self, plan: PimJob, *, counter_bits: int = COUNTER_BITS) -> None:
        check_whole(counter_bits, "counter_bits", 1, 64)
        self.plan = plan
        self.counter_bits = counter_bits
        self.words = microcode(plan.program)
        #: The word of the ROM that is read or written by, and whether it is written by.
        self.place = Signal(range(max(2, len(self.words))))
        self.writing = Signal()
        #: The columns that the last search matched.
        self.match = Signal(plan.columns)
        layout = PimCommandLayout(plan.rows, plan.columns)
        super().__init__(
            {
                "commands": In(stream.Signature(layout)),
                "replies": Out(stream.Signature(plan.columns)),
                **{name: Out(counter_bits) for name in PIM_COUNTERS},
            }
        )

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return PIM_COUNTERS

    @property
    def run_clocks(self) -> int:
        """Clocks from a run's acceptance to the next command's, where nothing is skipped."""
        return 2 * len(self.words) + 1

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        counted = {
            "steps": "steps",
            "reads": "steps that read rows",
            "writes": "steps that write rows",
            "searches": "steps that search",
            "cell_reads": "rows read",
            "cell_writes": "rows written",
            "cell_searches": "rows compared by searches",
        }
        return {
            "commands__payload": "command: opcode (0 load, 1 read, 2 run), row, a bit a column",
            "commands__valid": "a command is offered",
            "commands__ready": "an offered command is accepted in this clock",
            "replies__payload": "what the row holds, column 0 first",
            "replies__valid": "a reply is offered, and held until it is accepted",
            "replies__ready": "an offered reply is accepted in this clock",
            **{name: f"{words}, of all runs" for name, words in counted.items()},
        }

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        plan, program = self.plan, self.plan.program
        return [
            f"{plan.rows} rows of {plan.columns} columns, clock {plan.tick_ps} ps",
            f"{program.name}: {len(program.steps)} steps, {len(self.words)} words of ROM",
            f"at most {program.k} rows read and {program.k} written a step",
        ]

    @cached_property
    def cells(self) -> PimCells:
        """The array."""
        # Not made before it is looked at or elaborated: Amaranth tells of parts never elaborated.
        return PimCells(self.plan.rows, self.plan.columns, self.plan.program.k)

    def elaborate(self, platform: object) -> Module:
        """The circuit."""
        m = Module()
        plan, k = self.plan, self.plan.program.k
        m.submodules.cells = cells = self.cells
        layout = MicroWord(plan.rows, k, advance_bits(plan.program))
        m.submodules.rom = rom = Memory(shape=layout, depth=len(self.words), init=self.words)
        fetch = rom.read_port()
        place, match = self.place, self.match
        ahead = Signal.like(place)
        word = fetch.data
        buffers = Signal(data.ArrayLayout(plan.columns, k))
        command = self.commands.payload
        m.d.comb += [ahead.eq(place), fetch.addr.eq(ahead), self.replies.payload.eq(buffers[0])]
        m.d.sync += place.eq(ahead)
        with m.FSM() as state:
            m.d.comb += self.writing.eq(state.ongoing("write"))
            with m.State("idle"):
                m.d.comb += [
                    self.commands.ready.eq(1),
                    ahead.eq(0),
                    cells.row[0].eq(command.row),
                    cells.gate[0].eq(~Const(0, plan.columns)),
                    cells.value[0].eq(command.bits),
                ]
                m.d.sync += buffers[0].eq(cells.sense[0])
                with m.If(self.commands.valid), m.Switch(command.opcode):
                    with m.Case(PimOpcode.LOAD):
                        m.d.comb += cells.write[0].eq(1)
                    with m.Case(PimOpcode.READ):
                        m.next = "reply"
                    with m.Case(PimOpcode.RUN):
                        m.next = "read"
            with m.State("reply"):
                m.d.comb += self.replies.valid.eq(1)
                with m.If(self.replies.ready):
                    m.next = "idle"
            with m.State("read"):
                m.d.comb += [cells.row[n].eq(word.reads[n].row) for n in range(k)]
                m.d.sync += buffers.eq(cells.sense)
                with m.If(word.search):
                    m.d.sync += match.eq(self._matched(word, cells, match))
                m.next = "write"
            with m.State("write"):
                for n in range(k):
                    write = word.writes[n]
                    m.d.comb += [
                        cells.row[n].eq(write.row),
                        cells.write[n].eq(write.used),
                        cells.gate[n].eq(self._source(write.gate, buffers, match)),
                        cells.value[n].eq(self._source(write.value, buffers, match)),
                    ]
                m.next = "read"
                with m.If(word.stop):
                    m.next = "idle"
                with m.Else():
                    m.d.comb += ahead.eq(place + Mux(match.any(), 1, word.advance))
                    self._count(m, word)
        return m

    def _matched(self, word: data.View, cells: PimCells, match: Signal) -> Value:
        """The match latch after this word's comparisons."""
        matched: Value = match | word.first.replicate(self.plan.columns)
        for n in range(self.plan.program.k):
            read = word.reads[n]
            other = (~read.bit).replicate(self.plan.columns)
            matched &= (cells.sense[n] ^ other) | (~read.used).replicate(self.plan.columns)
        return matched

    def _source(self, source: data.View, buffers: data.View, match: Signal) -> Value:
        columns = self.plan.columns
        taken: Value = ~Const(0, columns)
        taken = Mux(source.select == Select.MATCH, match, taken)
        for n in range(self.plan.program.k):
            chosen = (source.select == Select.BUFFER) & (source.buffer == n)
            taken = Mux(chosen, buffers[n], taken)
        return taken ^ source.inverted.replicate(columns)

    def _count(self, m: Module, word: data.View) -> None:
        used = sum((read.used for read in word.reads), Const(0))
        written = sum((write.used for write in word.writes), Const(0))
        reads = Cat(read.used for read in word.reads).any()
        writes = Cat(write.used for write in word.writes).any()
        added = {
            "steps": word.ends_step,
            "reads": reads & ~word.search,
            "writes": writes,
            "searches": word.search & word.ends_step,
            "cell_reads": Mux(word.search, 0, used),
            "cell_writes": written,
            "cell_searches": Mux(word.search, used, 0),
        }
        for name, number in added.items():
            counter = getattr(self, name)
            m.d.sync += counter.eq(counter + number)
