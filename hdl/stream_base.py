"""What the blocks of a stream plan have alike: parameters, counters, and how they count."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

from amaranth.hdl import Module, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from nvmcosim.hdl.arithmetic import EventCounter
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.units import check_whole

__all__ = ["StreamBlock"]


class StreamBlock(wiring.Component):
    """Base of the stochastic blocks.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        members: all ports but the counters.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members: `members`, and an Out for each of `counter_names`.

    Raises `InputError` for `counter_bits` out of range.
    """

    #: The block's name on the command line.
    block: ClassVar[str]

    def __new__(cls, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> Self:
        """Check the parameters first: Amaranth complains of components made but never used."""
        check_whole(counter_bits, "counter_bits", 1, 64)
        return super().__new__(cls, src_loc_at=1)

    def __init__(
        self, plan: StreamPlan, members: Mapping[str, wiring.Member], counter_bits: int
    ) -> None:
        self.plan = plan
        self.counter_bits = counter_bits
        counters = {name: Out(counter_bits) for name in self.counter_names}
        super().__init__({**members, **counters})

    @property
    @abstractmethod
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""

    def count(self, m: Module, amounts: Mapping[str, ValueLike], most: int = 1) -> None:
        """Count on the ports named in `amounts` what each is in this clock, at most `most`."""
        for name, amount in amounts.items():
            m.submodules[f"count_{name}"] = counter = EventCounter(self.counter_bits, most)
            m.d.comb += [counter.amount.eq(amount), getattr(self, name).eq(counter.count)]
