"""Event counters and counting of set bits."""

from collections.abc import Sequence

from amaranth.hdl import Module, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["EventCounter", "popcount"]


class EventCounter(wiring.Component):
    """Adds up `amount` in every clock; `count` includes it from the next clock on.

    Counts modulo 2**`bits`, from 0 at reset.

    Parameters:
        bits: width of the counter.
        most: the most that is added in one clock.

    Members:
        amount: In, events in this clock, from 0 to `most`, modulo 2**`bits`.
        count: Out `[bits]`, registered: events in all clocks before this one.
    """

    def __init__(self, bits: int, most: int = 1) -> None:
        super().__init__({"amount": In(min(bits, most.bit_length())), "count": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        """The circuit: an adder and a register."""
        m = Module()
        m.d.sync += self.count.eq(self.count + self.amount)
        return m


def popcount(bits: Sequence[ValueLike], width: int) -> Value:
    """How many of `bits` are 1, modulo 2**`width`, as a balanced tree of adders."""
    if len(bits) == 1:
        return Value.cast(bits[0])
    half = len(bits) // 2
    total = popcount(bits[:half], width) + popcount(bits[half:], width)
    return total[:width]
