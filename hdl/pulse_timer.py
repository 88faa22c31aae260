"""Timing of one write attempt: how long each domain's pulse lasts."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ProgrammableTimer", "PulseTimer"]


class PulseTimer(wiring.Component):
    """Times the pulses of one write attempt, all of which start together.

    A pulse selected in a clock with `start` is on in exactly the `cycles` clocks that follow. In
    the last clock of the longest of them the next attempt may start, so that pulses can follow each
    other without a gap. A `start` while a longer pulse is still on cuts that pulse: don't.

    Parameters:
        cycles: length of each pulse in clocks, at least 1.

    Members:
        start: In, start the selected pulses in the next clock.
        select: In `[pulses]`, which of them.
        active: Out `[pulses]`, registered: the pulses that are on in this clock.
        ends: Out `[pulses]`, the pulses of which this clock is the last.
        last: Out, this clock is the last of all selected pulses.
    """

    def __init__(self, cycles: Sequence[int]) -> None:
        self.cycles: Any = tuple(cycles)
        self._most = max(cycles)
        super().__init__(self._members(len(cycles)))

    @staticmethod
    def _members(pulses: int) -> dict[str, wiring.Member]:
        return {
            "start": In(1),
            "select": In(pulses),
            "active": Out(pulses),
            "ends": Out(pulses),
            "last": Out(1),
        }

    def elaborate(self, platform: object) -> Module:
        """The circuit: one shared clock counter, one flip-flop a pulse."""
        m = Module()
        elapsed = Signal(range(self._most + 1))
        running, lasting = Signal(), Signal(len(self.active))
        m.d.comb += [
            self.ends.eq(self.active & Cat(elapsed == n for n in self.cycles)),
            lasting.eq(self.active & ~self.ends),
            running.eq(self.active.any()),
            self.last.eq(running & ~lasting.any()),
        ]
        with m.If(self.start):
            m.d.sync += [elapsed.eq(1), self.active.eq(self.select)]
        with m.Elif(running):
            m.d.sync += [elapsed.eq(elapsed + 1), self.active.eq(lasting)]
        return m


class ProgrammableTimer(PulseTimer):
    """A `PulseTimer` whose pulses have the lengths that stand on a port.

    Parameters:
        pulses: number of pulses.
        code_bits: width of a length.

    Members, beside those of `PulseTimer`:
        cycles: In, an array of `pulses` lengths in clocks. Must not change under a pulse; one whose
            length is 0 must not be selected.
    """

    def __init__(self, pulses: int, code_bits: int) -> None:
        self._most = (1 << code_bits) - 1
        lengths = {"cycles": In(data.ArrayLayout(code_bits, pulses))}
        wiring.Component.__init__(self, self._members(pulses) | lengths)
