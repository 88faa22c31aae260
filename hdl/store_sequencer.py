"""The order of a command's reads and write attempts."""

from amaranth.hdl import Module, Signal, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StoreSequencer"]


class StoreSequencer(wiring.Component):
    """Takes commands through read, attempts and verification, one at a time.

    A command passes through these phases, as far as the parameters ask for them:

        Idle    no command
        Read    one clock: sense the row; done at once if no bit differs
        Drive   an attempt's pulses, until `last`
        Gap     one clock: drivers off between two commands for one row that nothing else parts;
                without it a cell would see both pulses as a single longer one
        Verify  one clock: sense the row; back to Drive if a bit differs and a retry is left
        Skip    one clock: instead of all of them, where no bit has a pulse

    The last clock of a command accepts the next one, so that commands follow without a gap.

    Parameters:
        writes: whether any domain has a pulse.
        reads_first: whether a row is read before its first attempt.
        retry_limit: retries after a failed verification; 0 does without verification.
        programmable: whether pulses are set at run time; `writes` is then a member, not a constant.

    Members:
        valid: In, a command is offered.
        ready: Out, it would be accepted in this clock.
        same_row: In, the command offered is for the row of the command before it.
        differ: In, a bit that a pulse reaches is not as wanted; looked at in clocks with `read`.
        last: In, this clock is the last of the attempt's longest pulse.
        accept: Out, a command is accepted in this clock.
        start: Out, an attempt's pulses start with the next clock.
        retry: Out, that attempt is a retry.
        read: Out, the row is sensed in this clock.
        done: Out, this clock is the last of a command.
        failed: Out, and it ends with a bit that still differs, without a retry left.
        writes: In, if programmable: any bit has a pulse; must not change under a command.
        idle: Out, if programmable: no command is under way in this clock.
    """

    def __init__(
        self, *, writes: bool, reads_first: bool, retry_limit: int, programmable: bool = False
    ) -> None:
        self.retry_limit = retry_limit
        self.programmable = programmable
        self._first = "Skip" if not writes else "Read" if reads_first else "Drive"
        inputs = ["valid", "same_row", "differ", "last"]
        outputs = ["ready", "accept", "start", "retry", "read", "done", "failed"]
        if programmable:
            inputs.append("writes")
            outputs.append("idle")
        super().__init__({name: In(1) for name in inputs} | {name: Out(1) for name in outputs})

    def elaborate(self, platform: object) -> Module:
        """The circuit: the phase machine and the count of retries."""
        m = Module()
        m.d.comb += self.accept.eq(self.valid & self.ready)
        with m.FSM(name="phase"):
            with m.State("Idle"):
                if self.programmable:
                    m.d.comb += self.idle.eq(1)
                self._take_next(m)
            if self._first == "Skip" or self.programmable:
                with m.State("Skip"):
                    self._finish(m)
            if self._first == "Skip":
                return m
            if self._first == "Read":
                with m.State("Read"):
                    m.d.comb += self.read.eq(1)
                    with m.If(self.differ):
                        m.d.comb += self.start.eq(1)
                        m.next = "Drive"
                    with m.Else():
                        self._finish(m)
            with m.State("Drive"), m.If(self.last):
                if self.retry_limit:
                    m.next = "Verify"
                elif self._first == "Read":
                    self._finish(m)
                else:
                    self._finish(m, gap=self.same_row)
            if self.retry_limit:
                with m.State("Verify"):
                    self._verify(m)
            elif self._first == "Drive":
                with m.State("Gap"):
                    m.d.comb += self.start.eq(1)
                    m.next = "Drive"
        return m

    def _verify(self, m: Module) -> None:
        retries = Signal(range(self.retry_limit + 1))
        m.d.comb += self.read.eq(1)
        with m.If(self.differ & (retries != self.retry_limit)):
            m.d.comb += [self.start.eq(1), self.retry.eq(1)]
            m.d.sync += retries.eq(retries + 1)
            m.next = "Drive"
        with m.Else():
            m.d.comb += self.failed.eq(self.differ)
            m.d.sync += retries.eq(0)
            self._finish(m)

    def _finish(self, m: Module, gap: ValueLike | None = None) -> None:
        m.d.comb += self.done.eq(1)
        self._take_next(m, gap)

    def _take_next(self, m: Module, gap: ValueLike | None = None) -> None:
        m.d.comb += self.ready.eq(1)
        with m.If(~self.valid):
            m.next = "Idle"
        if gap is not None:
            with m.Elif(gap):
                m.next = "Gap"
        if self.programmable:
            with m.Elif(~self.writes):
                m.next = "Skip"
        with m.Else():
            if self._first == "Drive":
                m.d.comb += self.start.eq(1)
            m.next = self._first
