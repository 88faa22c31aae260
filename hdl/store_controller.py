"""The store-domain write controller (ono2021, Section III) for any `StorePlan`.

Domain 0 has the most significant bits; `hdl.write_controller` defines the other terms.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux

from nvmcosim.hdl.arithmetic import popcount
from nvmcosim.hdl.cell_drivers import (
    BitSelector,
    DriveRegister,
    WrittenDomain,
    pick,
    written_domains,
)
from nvmcosim.hdl.pulse_timer import PulseTimer
from nvmcosim.hdl.store_ports import ArraySignature, port_meanings
from nvmcosim.hdl.store_sequencer import StoreSequencer
from nvmcosim.hdl.write_controller import COUNTER_BITS, WriteController
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["StoreController"]

Domains = Sequence[WrittenDomain]


class StoreController(WriteController):
    """Writes commands to an array of approximate memory cells by a store plan.

    All domains of a row start together, and each is driven for exactly its planned clocks. With
    `plan.rewrite == "changed"` the row is read first and only bits that differ are driven; with
    `plan.retry_limit` the row is verified after each attempt, and bits that still differ are
    driven again, at most that many times. Bits of 0-length domains are never driven, compared or
    retried. The contents and the counters are those of `pymodel.store.GoldenStore`.

    Timing, for a command accepted in clock t (`word_cycles` is the model of it):
        first pulse: clocks t + `latency` onward, where `latency` is 1, or 2 if it is read first.
        next command: accepted in clock t + `word_cycles(...)` at the earliest. That is the longest
            pulse of each attempt, plus 1 a read: with neither option `max(plan.cycles)`, without
            a dead clock. A command that drives nothing takes 1. Without reads, a command for the
            same row as the one right before it takes 1 more, in which the drivers are off: a cell
            would see their pulses as one longer pulse otherwise.
        counters: in clock t + `word_cycles(...)` + 1 `commands` has counted the command; the array
            and all other counters then are what they are after it, and nothing of the next command
            shows in them yet.
    `words.ready` depends on `array.sense` in the same clock, and on no other input. Reset ends
    pulses at once and forgets the command; offer none while it is on.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        rows: rows of the array. A command's row must be below it; the controller doesn't check.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        words: In, stream of `CommandLayout`.
        array: Out, `ArraySignature`.
        commands: Out, commands completed.
        retries: Out, attempts after the first, over all commands.
        pulses_<d>: Out, pulses of domain d; one may drive many bits of a row.
        driven_cycles_<d>: Out, driven bits times clocks in domain d.
        failed: Out, only with retries: commands given up with a written bit still wrong.

    Raises `InputError` for `rows` or `counter_bits` out of range.
    """

    block = "store-domain"

    def __init__(self, plan: StorePlan, rows: int, *, counter_bits: int = COUNTER_BITS) -> None:
        super().__init__(
            plan,
            rows,
            counter_bits=counter_bits,
            groups=len(plan.domains),
            array=ArraySignature(plan, rows),
        )

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return port_meanings("domain", len(self.plan.domains))

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        plan, top = self.plan, self.plan.width
        lines = [f"{self.rows} rows of {plan.bank_words} {plan.format}, clock {plan.tick_ps} ps"]
        for index, (domain, cycles) in enumerate(zip(plan.domains, plan.cycles, strict=True)):
            bits, top = f"bits {top - 1} to {top - domain.bits}", top - domain.bits
            lines.append(f"domain {index}: {bits}, {cycles} clocks, {domain.pulse_ps} ps")
        return [*lines, f"rewrite {plan.rewrite}, {plan.retry_limit} retries"]

    @property
    def reads_first(self) -> bool:
        """Whether a row is read before its first attempt."""
        return super().reads_first and any(self.plan.cycles)

    def word_cycles(self, pulses: Sequence[int], *, same_row: bool = False) -> int:
        """`command_cycles` of the plan's domains.

        `pulses` is what the command adds to `StoreCounters.pulses`, `[domains]`.
        """
        return self.command_cycles(self.plan.cycles, pulses, same_row=same_row)

    @property
    def word_cycles_range(self) -> tuple[int, int]:
        """The fewest and the most clocks that a command takes (see `word_cycles`)."""
        return self.command_cycles_range(self.plan.cycles)

    def elaborate(self, platform: object) -> Module:
        """The circuit: sequencer, timer, and a selector and drivers a domain, wired up."""
        m = Module()
        domains = written_domains(self.plan)
        m.submodules.sequencer = sequencer = StoreSequencer(
            writes=bool(domains),
            reads_first=self.reads_first,
            retry_limit=self.plan.retry_limit,
        )
        m.d.comb += [
            sequencer.valid.eq(self.words.valid),
            self.words.ready.eq(sequencer.ready),
        ]
        self._take_commands(m, sequencer)
        if domains:
            m.submodules.timer = timer = PulseTimer([domain.cycles for domain in domains])
            m.d.comb += [timer.start.eq(sequencer.start), sequencer.last.eq(timer.last)]
            if self.reads_first or self.verifies:
                self._drive_chosen_bits(m, domains, sequencer, timer)
            else:
                self._drive_every_bit(m, domains, timer)
            for n, domain in enumerate(domains):
                self._count(m, f"pulses_{domain.index}", timer.ends[n])
            if self.verifies:
                self._count(m, "retries", sequencer.retry)
                self._count(m, "failed", sequencer.failed)
        return m

    def _drive_every_bit(self, m: Module, domains: Domains, timer: PulseTimer) -> None:
        """Without reads a domain's cells are all driven or none: the timer's flip-flop drives."""
        for n, domain in enumerate(domains):
            active, cells = timer.active[n], len(domain.cells)
            m.d.comb += [
                timer.select[n].eq(1),
                pick(self.array.drive, domain.cells).eq(active.replicate(cells)),
            ]
            driven = Mux(active, cells % (1 << self.counter_bits), 0)
            self._count(m, f"driven_cycles_{domain.index}", driven, most=cells)

    def _drive_chosen_bits(
        self, m: Module, domains: Domains, sequencer: StoreSequencer, timer: PulseTimer
    ) -> None:
        """With reads each cell has a driver of its own."""
        differ = []
        for n, domain in enumerate(domains):
            cells = len(domain.cells)
            m.submodules[f"selector_{domain.index}"] = selector = BitSelector(cells)
            m.submodules[f"drivers_{domain.index}"] = drivers = DriveRegister(cells)
            m.d.comb += [
                selector.wanted.eq(pick(self.array.data, domain.cells)),
                selector.held.eq(pick(self.array.sense, domain.cells)),
                # Unless the row is read first, the first attempt drives all bits without looking.
                selector.every.eq(0 if self.reads_first else ~sequencer.retry),
                timer.select[n].eq(selector.select),
                drivers.start.eq(sequencer.start),
                drivers.bits.eq(selector.bits),
                drivers.ends.eq(timer.ends[n]),
                pick(self.array.drive, domain.cells).eq(drivers.drive),
            ]
            driven = popcount([*drivers.drive], self.counter_bits)
            self._count(m, f"driven_cycles_{domain.index}", driven, most=cells)
            differ.append(selector.differ)
        m.d.comb += sequencer.differ.eq(Cat(*differ).any())
