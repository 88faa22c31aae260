"""The cocotb side of the store-domain bench: drives the controllers, plays the arrays, observes.

Runs inside the simulator. It knows the commands to send and the cells' thresholds, but neither
plans nor golden model: what it observes goes to `store_domain`, which judges it.
"""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import cocotb
import cocotb.simtime
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import First, Timer
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.left_job import left_job
from nvmcosim.cocotb_tests.mtj_array import MtjArrays, ThresholdTable
from nvmcosim.cocotb_tests.protocol import Fault

__all__ = ["CellArrays", "StoreBench", "cell_arrays", "store_domain"]

#: Clock period in simulated nanoseconds, whatever the plans' ticks: they only scale thresholds.
PERIOD = 4
#: Clocks that are watched after the last command.
QUIET = 4


class CellArrays(Protocol):
    """What plays the cells of all arrays; `MtjArrays` says what its members are."""

    @property
    def contents(self) -> NDArray[np.bool_]:
        """What the cells hold, `[rows, columns]`."""

    def accept(self, arrays: NDArray[np.bool_]) -> None:
        """These `arrays`' controllers have accepted a command."""

    def sense(self, row: NDArray[np.int64]) -> NDArray[np.bool_]:
        """What a read of each array's `row` senses, by column."""

    def drive(
        self,
        row: NDArray[np.int64],
        data: NDArray[np.bool_],
        drive: NDArray[np.bool_],
        select: NDArray[np.int64] | None = None,
        *,
        clocks: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Apply a waveform; returns columns whose pulse ended before, and those pulses' clocks."""


class StoreBench:
    """Clock, reset, command sources, cell arrays and observers of all controllers in one harness.

    The harness samples its response in the middle of a clock, when the clock falls; a quarter
    later Python reads it, and what it writes then is there long before the next rising edge. What
    is no command or no sensed bit in a clock is driven with its complement, so that a design which
    looks at it is found out.
    """

    def __init__(self, dut: Any, job: dict[str, NDArray[Any]], arrays: CellArrays) -> None:
        self.dut = dut
        self.job = job
        self.arrays = arrays
        self.owner: NDArray[np.int64] = job["owner"]
        self.planned: NDArray[np.int64] = job["planned"]
        self.count = int(job["counters"].size)
        self.vectors = int(job["rows"].shape[0])
        self.rows = int(job["array_rows"])
        self.row_bits = int(job["row_bits"])
        self.limit = int(job["limit"])
        # Where nothing happens for many clocks, Python sleeps until something does.
        self.sleeps = bool(self.planned.max(initial=0) >= 16)
        n, columns = self.count, self.owner.size
        self._all = np.arange(n)
        self._row_weights = 1 << np.arange(self.row_bits)
        self._counter_ports = [getattr(dut, f"counters_{i}") for i in range(n)]
        row_bits = job["rows"][..., None] >> np.arange(self.row_bits) & 1
        self._row_table = row_bits.astype(bool)
        # Sources: the next command to offer, the clocks to wait before it, whether it is offered.
        self.next = np.zeros(n, np.int64)
        self.wait = job["stalls"][0].copy()
        self.valid = np.zeros(n, bool)
        # Observers: commands done, the command under way, when it was accepted.
        self.done = np.zeros(n, np.int64)
        self.busy = np.zeros(n, bool)
        self.since = np.zeros(n, np.int64)
        self.held = np.zeros((self.vectors, self.rows, columns), bool)
        self.counts = np.zeros((self.vectors, n, int(job["counters"].max())), np.uint64)
        self.accepted_at = np.full((self.vectors, n), -1, np.int64)
        self.clocks = np.full((self.vectors, n), -1, np.int64)
        self.faults = np.zeros((self.vectors, n), np.uint8)
        self.clock = 0
        self.configured = np.zeros(n, np.int64)
        self.configured_at = np.zeros((self.vectors, n), np.int64)
        self._last: tuple[NDArray[Any], ...] | None = None
        self._moving = False
        owners = self._response_owners()
        self._bit_owner = np.concatenate(owners)
        self._slices = (0, *np.cumsum([owner.size for owner in owners]))

    def _response_owners(self) -> list[NDArray[np.int64]]:
        """The controller of each bit of the response, group by group as the harness packs them."""
        rows = np.repeat(self._all, self.row_bits)
        return [self._all, self._all, self._all, rows, self.owner, self.owner]

    async def _reset(self) -> None:
        """Start the clock and hold reset for two clocks."""
        self.dut.rst.value = 1
        self.dut.stimulus.value = 0
        Clock(self.dut.clk, PERIOD, "ns").start()
        await Timer(3 * PERIOD - PERIOD // 4, "ns")
        self.dut.rst.value = 0

    async def run(self, folder: Path) -> None:
        """Send every command and observe until `QUIET` clocks after the last, or a standstill.

        Writes how many vectors are done, and at the end what was observed, into `folder`.
        """
        await self._reset()
        idle, quiet, told = 0, 0, 0.0
        self._offer(1)
        self._drive_inputs(np.zeros(self.owner.size, bool))
        while quiet < QUIET and idle < self.limit:
            passed = await self._wait()
            self.clock += passed
            before = self._progress
            self._step(passed)
            moved = self._progress > before
            idle = 0 if moved else idle + passed
            quiet += (self.done == self.vectors).all()
            if time.monotonic() > told + 0.2:
                told = time.monotonic()
                (folder / "progress").write_text(str(self.done.sum()))
        np.savez(folder / "observed.npz", allow_pickle=False, **self.observed())

    @property
    def _progress(self) -> int:
        return int(self.done.sum() + self.next.sum() + self.configured.sum())

    @property
    def _steady(self) -> bool:
        """Whether nothing happens before the response changes."""
        waiting = self.wait.any() or (self._due() & ~self.valid).any()
        waiting = waiting or (self.done == self.vectors).all()
        # What is accepted in one clock after the other may leave the response as it is.
        return not (waiting or self._moving)

    async def _wait(self) -> int:
        """Wait until a later clock in which something may happen; returns how many later."""
        if not (self.sleeps and self._steady):
            await Timer(PERIOD, "ns")
            return 1
        start = cocotb.simtime.get_sim_time("ns")
        await First(self.dut.response.value_change, Timer(self.limit * PERIOD, "ns"))
        elapsed = cocotb.simtime.get_sim_time("ns") - start
        clocks = int(-(-elapsed // PERIOD))
        if clocks * PERIOD > elapsed:
            await Timer(clocks * PERIOD - elapsed, "ns")
        return clocks

    def _sample(self) -> tuple[NDArray[np.bool_], ...]:
        text = str(self.dut.response.value).encode()
        symbols = np.frombuffer(text, np.uint8)[::-1]
        bits = symbols == ord("1")
        undefined = ~bits & (symbols != ord("0"))
        if undefined.any():
            self._fault(Fault.UNDEFINED, np.unique(self._bit_owner[undefined]))
        return tuple(bits[a:b] for a, b in pairwise(self._slices))

    def _step(self, passed: int) -> None:
        ready, accepted, read, row_bits, data, drive, *others = self._sample()
        row = row_bits.reshape(self.count, self.row_bits) @ self._row_weights
        beyond = row >= self.rows
        if beyond.any():
            self._fault(Fault.ROW, np.flatnonzero(beyond))
            row = np.where(beyond, 0, row)
        if passed > 1 and self._last is not None:
            self.arrays.drive(*self._last, clocks=passed - 1)
        self._moving = bool(accepted.any())
        # All that a command did shows by the clock after the one in which the next may come.
        ended = self._ended(ready, others, passed)
        if ended.any():
            self._observe(np.flatnonzero(ended))
        sensed = self.arrays.sense(row)
        under_way = self.next - 1
        if accepted.any():
            self._accept(accepted)
        self._last = self._waveform(row, data, drive, others)
        stopped, lengths = self.arrays.drive(*self._last)
        self._check(under_way, stopped, lengths, drive, read)
        self._offer(passed)
        self._drive_inputs(np.where(read[self.owner], sensed, ~sensed))

    def _ended(
        self, ready: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]], passed: int
    ) -> NDArray[np.bool_]:
        """Controllers whose command has come to its end; `others` are further groups."""
        return ready & self.busy

    def _waveform(
        self,
        row: NDArray[np.int64],
        data: NDArray[np.bool_],
        drive: NDArray[np.bool_],
        others: Sequence[NDArray[np.bool_]],
    ) -> tuple[NDArray[Any], ...]:
        """What the arrays see in this clock."""
        return row, data, drive

    def _observe(self, ended: NDArray[np.int64]) -> None:
        vectors = self.done[ended]
        self.clocks[vectors, ended] = self.clock - self.since[ended]
        for vector, n in zip(vectors, ended, strict=True):
            self.counts[vector, n, : self.job["counters"][n]] = self._read_counters(n)
        columns = np.flatnonzero(np.isin(self.owner, ended))
        self.held[self.done[self.owner[columns]], :, columns] = self.arrays.contents[:, columns].T
        self.done[ended] += 1
        self.busy[ended] = False

    def _read_counters(self, n: int) -> list[int]:
        text = str(self._counter_ports[n].value)
        bits, size = int(self.job["counter_bits"]), len(text)
        if not set(text) <= {"0", "1"}:
            self._fault(Fault.UNDEFINED, np.array([n]))
            return [0] * (size // bits)
        return [int(text[size - at - bits : size - at], 2) for at in range(0, size, bits)]

    def _accept(self, accepted: NDArray[np.bool_]) -> None:
        now = np.flatnonzero(accepted)
        self.accepted_at[self.next[now], now] = self.clock
        self.configured_at[self.next[now], now] = self.configured[now]
        self.since[now] = self.clock
        self.busy[now] = True
        self.valid[now] = False
        self.next[now] += 1
        later = now[self.next[now] < self.vectors]
        self.wait[later] = self.job["stalls"][self.next[later], later]
        self.arrays.accept(accepted)

    def _offer(self, passed: int) -> None:
        self.valid |= self._due()
        self.wait = np.maximum(self.wait - passed, 0)

    def _due(self) -> NDArray[np.bool_]:
        """Controllers whose next command may be offered."""
        return (self.wait == 0) & (self.next < self.vectors)

    def _drive_inputs(self, sense: NDArray[np.bool_]) -> None:
        offered = np.minimum(self.next, self.vectors - 1)
        rows = self._row_table[offered, self._all] ^ ~self.valid[:, None]
        columns = np.arange(self.owner.size)
        data = self.job["data"][offered[self.owner], columns] ^ ~self.valid[self.owner]
        bits = np.concatenate([self.valid, rows.ravel(), data, sense, *self._further_inputs()])
        packed = np.packbits(bits, bitorder="little").tobytes()
        self.dut.stimulus.value = int.from_bytes(packed, "little")

    def _further_inputs(self) -> list[NDArray[np.bool_]]:
        """Further groups of the stimulus."""
        return []

    def _check(
        self,
        under_way: NDArray[np.int64],
        stopped: NDArray[np.int64],
        lengths: NDArray[np.int64],
        drive: NDArray[np.bool_],
        read: NDArray[np.bool_],
    ) -> None:
        wrong = stopped[lengths != self.planned[stopped]]
        if wrong.size:
            self._fault(Fault.PULSE, np.unique(self.owner[wrong]), under_way)
        driven = np.zeros(self.count, bool)
        driven[self.owner[drive]] = True
        for fault, where in (
            (Fault.UNCALLED, driven & ~self.busy),
            (Fault.READ, driven & read),
        ):
            if where.any():
                self._fault(fault, np.flatnonzero(where))

    def _fault(
        self, fault: Fault, controllers: NDArray[Any], vector: NDArray[np.int64] | None = None
    ) -> None:
        at = np.clip(self.next - 1 if vector is None else vector, 0, None)
        self.faults[at[controllers], controllers] |= fault.value

    def observed(self) -> dict[str, NDArray[Any]]:
        """What `store_domain` judges."""
        return {
            "contents": self.held,
            "counters": self.counts,
            "accepted_at": self.accepted_at,
            "clocks": self.clocks,
            "faults": self.faults,
            "configured": self.configured_at,
            "done": self.done,
            "cycles": np.array(self.clock),
        }


def cell_arrays(job: dict[str, NDArray[Any]]) -> MtjArrays:
    """The cells with the thresholds of `job`."""
    names = ThresholdTable.__dataclass_fields__
    table = ThresholdTable(**{name: job[f"threshold_{name}"] for name in names})
    return MtjArrays(job["owner"], job["tick_ps"], int(job["array_rows"]), table)


@cocotb.test()
async def store_domain(dut: Any) -> None:
    """Run the job that the runner left."""
    folder, job = left_job()
    await StoreBench(dut, job, cell_arrays(job)).run(folder)
