"""Stochastic number generators and banks of them, clock by clock (mondal2018, Sections III-B, C).

Each class has the same two methods. `outputs` is what its ports show in this clock, before any
input counts; `clock` takes the inputs of this clock and goes on to the next.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import StreamPlan
from nvmcosim.pymodel.units import check_whole

__all__ = [
    "SNG_COUNTERS",
    "Bit",
    "Frame",
    "GoldenBank",
    "GoldenJunction",
    "GoldenSource",
    "Pins",
    "golden_bank",
]

#: What a generator or a bank counts, over all bits made.
SNG_COUNTERS = ("bits", "ones", "resets", "pulses")


class Frame(NamedTuple):
    """How one bit is to be made: the write pulse, inversion, and whether its stream ends."""

    coarse: int
    fine: int
    invert: bool
    last: bool


class Bit(NamedTuple):
    """One bit of a stream, and whether it is the last."""

    bit: int
    last: bool


class Pins(NamedTuple):
    """A junction's drivers in one clock; `fine` counts while `trim` is 1."""

    reset: int = 0
    write: int = 0
    trim: int = 0
    fine: int = 0
    read: int = 0


@dataclass
class GoldenJunction:
    """Makes one frame after another with one junction.

    The pins of a frame accepted in clock t: reset in the first `reset_cycles` clocks after t unless
    it is skipped; from the first clock of the write phase on `write` for `coarse` clocks and then,
    where `fine` is not 0, `trim` for one; `read` in all clocks of the read phase, at the end of
    which the sensed bit becomes the bit on offer. If the bit before still waits there at the end of
    the write phase, the read phase starts once it is taken.
    """

    shape: SngShape
    counters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SNG_COUNTERS, 0))
    frame: Frame | None = None
    #: Clocks of the frame, from 1, and whether its read waits; both of no meaning without one.
    at: int = 0
    waits: bool = False
    skips: bool = False
    antiparallel: bool = False
    offered: Bit | None = None

    @property
    def ready(self) -> bool:
        """Whether a frame is accepted in this clock."""
        return self.frame is None or self.at == self.shape.frame_cycles

    @property
    def pins(self) -> Pins:
        """The drivers in this clock."""
        shape, frame = self.shape, self.frame
        if frame is None or self.waits:
            return Pins()
        written = self.at - shape.reset_cycles - 1
        trims = written == frame.coarse and frame.fine > 0
        return Pins(
            int(written < 0 and not self.skips),
            int(0 <= written < frame.coarse),
            int(trims),
            frame.fine if trims else 0,
            int(written >= shape.write_cycles),
        )

    def clock(self, frame: Frame | None, taken: bool, sense: int) -> None:
        """One clock in which `frame` is offered, the bit on offer is taken or not."""
        shape, now = self.shape, self.frame
        accepts = frame is not None and self.ready
        ends = now is not None and self.at == shape.frame_cycles
        if taken:
            self.offered = None
        if ends:
            assert now is not None
            assert self.offered is None
            self.offered = Bit(sense ^ now.invert, now.last)
            self.antiparallel = bool(sense)
            events = (1, sense ^ now.invert, not self.skips, now.coarse or now.fine)
            for name, event in zip(SNG_COUNTERS, events, strict=True):
                self.counters[name] += bool(event)
            self.frame = None
        elif now is not None:
            before_read = self.at == shape.reset_cycles + shape.write_cycles
            self.waits = before_read and self.offered is not None
            self.at += not self.waits
        if accepts:
            self.frame, self.at = frame, 1
            self.skips = shape.skips_reset and self.antiparallel


@dataclass
class GoldenSource:
    """Turns numbers into `length` frames each."""

    shape: SngShape
    length: int
    codes: tuple[int, int, bool] = (0, 0, False)
    left: int = 0

    @property
    def frame(self) -> Frame | None:
        """The frame on offer."""
        return Frame(*self.codes, self.left == 1) if self.left else None

    def ready(self, taken: bool) -> bool:
        """Whether a number is accepted in this clock, in which the frame is taken or not."""
        return self.left == 0 or (self.left == 1 and taken)

    def clock(self, number: int | None, taken: bool) -> None:
        """One clock in which `number` is offered and the frame is taken or not."""
        accepts = number is not None and self.ready(taken)
        self.left -= taken
        if accepts:
            assert number is not None
            self.codes, self.left = self.shape.codes(number), self.length


class GoldenBank:
    """`phases` junctions that take turns at the bits of one stream; with one it is a generator.

    Junction k makes the bits k, k + phases and so on, counted over all streams. A bank of at least
    as many junctions as a frame has clocks offers a bit in every clock.

    Raises `InputError` for `phases` or `length` out of range.
    """

    def __init__(self, shape: SngShape, length: int, phases: int = 1) -> None:
        check_whole(phases, "phases", 1, 1024)
        check_whole(length, "cycles", 1, 2**20)
        self.shape = shape
        self.source = GoldenSource(shape, length)
        self.junctions = [GoldenJunction(shape) for _ in range(phases)]
        self._next = self._out = 0

    @property
    def counters(self) -> dict[str, int]:
        """What was counted over all junctions."""
        names = SNG_COUNTERS
        return {name: sum(j.counters[name] for j in self.junctions) for name in names}

    @property
    def pins(self) -> list[Pins]:
        """Each junction's drivers."""
        return [junction.pins for junction in self.junctions]

    @property
    def offered(self) -> Bit | None:
        """The bit on offer."""
        return self.junctions[self._out].offered

    @property
    def ready(self) -> bool:
        """Whether a number is accepted in this clock."""
        return self.source.ready(self._issues)

    @property
    def _issues(self) -> bool:
        return self.source.frame is not None and self.junctions[self._next].ready

    def clock(self, number: int | None, takes: bool, sense: list[int]) -> None:
        """One clock: a number is offered, a bit on offer is taken or not, junctions are sensed."""
        issues, frame = self._issues, self.source.frame
        taken = takes and self.offered is not None
        for k, junction in enumerate(self.junctions):
            own = frame if issues and k == self._next else None
            junction.clock(own, taken and k == self._out, sense[k])
        self.source.clock(number, issues)
        self._next = (self._next + issues) % len(self.junctions)
        self._out = (self._out + taken) % len(self.junctions)


def golden_bank(plan: StreamPlan) -> GoldenBank:
    """The bank of `plan`."""
    return GoldenBank(SngShape.of(plan), plan.cycles, plan.bank_phases)
