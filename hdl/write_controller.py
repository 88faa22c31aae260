"""What the write controllers have in common: parameters, ports, counters and the clocks they take.

Vocabulary, beside that of `pymodel.store_plan`: a *command* is one accepted row with its data; an
*attempt* is one round of pulses, of which a command with retries may take several; a *read*
senses the row's cells, before the first attempt (to find the bits that change) or after an
attempt (to verify it). A *group* is a set of bits with one pulse: a domain, or a stage. Bit 0 of a
word is the least significant; word 0 of a bank is in the low bits of every vector.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from amaranth.hdl import Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import EventCounter
from nvmcosim.hdl.store_ports import ArraySignature, CommandLayout
from nvmcosim.hdl.store_sequencer import StoreSequencer
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["COUNTER_BITS", "WORD_CYCLES", "WriteController"]

#: In words, what `WriteController.command_cycles` computes.
WORD_CYCLES = (
    "at least 1; the longest driven pulse of each attempt, plus 1 for a read before the first, "
    "plus 1 for the verification of each; without reads, plus 1 if the command right before it "
    "was for the same row"
)

#: Width of each counter: at 200 MHz, a day of continuous writes of bf16 words.
COUNTER_BITS = 48
#: The most rows that a controller addresses.
MAX_ROWS = 1 << 32


class WriteController(wiring.Component):
    """Base of the controllers: their parameters, ports, counters and timing.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        rows: rows of the array.
        counter_bits: width of each counter.
        groups: sets of bits that are counted apart.
        array: the array's side.
        others: further members.

    Raises `InputError` for `rows` or `counter_bits` out of range.
    """

    #: The block's name on the command line.
    block: ClassVar[str]

    def __new__(
        cls, plan: StorePlan, rows: int, *, counter_bits: int = COUNTER_BITS, **_: Any
    ) -> Self:
        """Check the parameters first: Amaranth complains of components made but never used."""
        check_whole(rows, "rows", 1, MAX_ROWS)
        check_whole(counter_bits, "counter_bits", 1, 64)
        return super().__new__(cls, src_loc_at=1)

    def __init__(
        self,
        plan: StorePlan,
        rows: int,
        *,
        counter_bits: int,
        groups: int,
        array: ArraySignature,
        others: Mapping[str, wiring.Member] | None = None,
    ) -> None:
        self.plan = plan
        self.rows = rows
        self.counter_bits = counter_bits
        self.groups = groups
        members: dict[str, wiring.Member] = {
            "words": In(stream.Signature(CommandLayout(plan, rows))),
            **(others or {}),
            "array": Out(array),
        }
        members |= {name: Out(counter_bits) for name in self.counter_names}
        super().__init__(members)

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        names = ["commands", "retries"]
        for group in range(self.groups):
            names += [f"pulses_{group}", f"driven_cycles_{group}"]
        if self.verifies:
            names.append("failed")
        return tuple(names)

    @property
    def reads_first(self) -> bool:
        """Whether a row is read before its first attempt."""
        return self.plan.rewrite == "changed"

    @property
    def verifies(self) -> bool:
        """Whether a row is read after each attempt."""
        return self.plan.retry_limit > 0

    @property
    def latency(self) -> int:
        """Clocks from the one that accepts a command to the first that drives."""
        return 2 if self.reads_first else 1

    def command_cycles(
        self, cycles: Sequence[int], pulses: Sequence[int], *, same_row: bool = False
    ) -> int:
        """Clocks from accepting a command to the earliest acceptance of the next one.

        `cycles` are the clocks of each group's pulse, `[groups]`; `pulses` is how often the command
        pulses each group, `[groups]`. An attempt drives a subset of the groups of the one before
        it, so attempt a (from 0) drives those with `pulses[g] > a`. `same_row` says that the
        command was accepted in the last clock of one for the same row. Raises `ValueError` unless
        both have an entry for each group.
        """
        attempts = max(pulses)
        clocks = sum(
            max(c for c, n in zip(cycles, pulses, strict=True) if n > attempt)
            for attempt in range(attempts)
        )
        reads = self.reads_first + self.verifies * attempts
        gap = same_row and clocks > 0 and not reads
        return max(1, clocks + reads + gap)

    def command_cycles_range(self, cycles: Sequence[int]) -> tuple[int, int]:
        """The fewest and the most clocks that a command takes where groups have these `cycles`."""
        once = [int(n > 0) for n in cycles]
        least = self.command_cycles(cycles, [0] * len(once) if self.reads_first else once)
        most = [n * (1 + self.plan.retry_limit) for n in once]
        return least, self.command_cycles(cycles, most, same_row=True)

    def _take_commands(self, m: Module, sequencer: StoreSequencer) -> None:
        """Wire the sequencer to the array, and keep row and data of the command under way."""
        array, payload = self.array, self.words.payload
        m.d.comb += [
            sequencer.same_row.eq(payload.row == array.row),
            array.read.eq(sequencer.read),
        ]
        with m.If(sequencer.accept):
            m.d.sync += [array.row.eq(payload.row), array.data.eq(payload.data)]
        self._count(m, "commands", sequencer.done)

    def _count(self, m: Module, name: str, amount: Value, most: int = 1) -> None:
        counter = EventCounter(self.counter_bits, most)
        m.submodules[f"count_{name}"] = counter
        m.d.comb += [counter.amount.eq(amount), getattr(self, name).eq(counter.count)]
