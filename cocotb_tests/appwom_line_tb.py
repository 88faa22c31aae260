"""The cocotb side of the line bench: drives the controllers, plays the arrays, observes.

Runs inside the simulator. It knows the commands to send and how long pulses must be, but neither
codes nor golden model: what it observes goes to `appwom_line`, which judges it.
"""

import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.line_array import LineArray
from nvmcosim.cocotb_tests.protocol import Fault

__all__ = ["LineBench", "appwom_line"]

PERIOD = 4
#: Clocks that are watched after the last command.
QUIET = 4


def _bits(value: Any, count: int) -> NDArray[np.bool_] | None:
    """A port's bits, bit 0 first; None if one is neither 0 nor 1."""
    symbols = np.frombuffer(str(value).encode(), np.uint8)[::-1]
    ones = symbols == ord("1")
    return ones[:count] if (ones | (symbols == ord("0"))).all() else None


def _number(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")


class Driver:
    """One controller: its source of commands, its sink of replies, its array, its observer.

    In the middle of each clock it looks at the outputs and sets the inputs for the rising edge.
    What is no command, no sensed bit or no reply that is taken is driven with its complement, so
    that a design which looks at it is found out.
    """

    def __init__(self, dut: Any, n: int, job: dict[str, NDArray[Any]]) -> None:
        own = {name[len(f"p{n}_") :]: job[name] for name in job if name.startswith(f"p{n}_")}
        self.payload, self.stalls, self.waits = own["payload"], own["stalls"], own["waits"]
        self.array = LineArray(own["cells"].copy(), *(int(c) for c in own["cycles"]))
        self.counters = [str(name) for name in own["counters"]]
        self.port = lambda name: getattr(dut, f"p{n}_{name}")
        vectors, reply = len(self.payload), int(own["reply_bits"])
        self.cells = self.array.cells.shape[1]
        self.next = self.done = 0
        self.wait, self.busy, self.valid = int(self.stalls[0]), False, False
        self.since = self.restarts = self.waiting = 0
        self.offered: NDArray[np.bool_] | None = None
        self.seen: dict[str, NDArray[Any]] = {
            "contents": np.zeros((vectors, *self.array.cells.shape), bool),
            "counters": np.zeros((vectors, len(self.counters)), np.uint64),
            "accepted_at": np.full(vectors, -1),
            "clocks": np.full(vectors, -1),
            "cut": np.full(vectors, -1),
            "restarts": np.zeros(vectors, np.int64),
            "faults": np.zeros(vectors, np.uint8),
            "replies": np.zeros((vectors, reply), bool),
        }

    @property
    def vectors(self) -> int:
        """Commands in all."""
        return len(self.payload)

    def clock(self, now: int, cut: NDArray[np.bool_] | None, reset: bool) -> None:
        """One clock; `cut` as in `LineArray.clock`, `reset` whether reset is on in this one."""
        ready, line, read, drive = self._outputs()
        self.array.clock(line, read, drive, cut)
        if self.busy and cut is not None:
            self._end(now, cut=now - 1 - self.since)
        elif self.busy and ready:
            self._end(now)
        if not self.busy and (drive.any() or read):
            self.array.faults |= Fault.UNCALLED
        self._replies(reset)
        self._commands(now, ready and not reset, reset)
        self.port("array__sense").value = _number(self.array.sense)
        if self.array.faults:
            at = min(max(self.next - 1, 0), self.vectors - 1)
            self.seen["faults"][at] |= self.array.faults.value
            self.array.faults = Fault(0)

    def _outputs(self) -> tuple[bool, int, bool, NDArray[np.bool_]]:
        widths = {"commands__ready": 1, "array__line": 32, "array__read": 1}
        widths |= {"array__set": self.cells, "array__reset": self.cells}
        found = []
        for name, width in widths.items():
            bits = _bits(self.port(name).value, width)
            if bits is None:
                self.array.faults |= Fault.UNDEFINED
                bits = np.zeros(width, bool)
            found.append(bits)
        ready, line, read, sets, resets = found
        return bool(ready[0]), _number(line), bool(read[0]), np.stack([sets, resets])

    def _end(self, now: int, cut: int = -1) -> None:
        """The command under way has come to its end, or reset has forgotten it."""
        seen, at = self.seen, self.done
        seen["clocks"][at] = now - self.since
        seen["cut"][at], seen["restarts"][at] = cut, self.restarts
        seen["contents"][at] = self.array.cells
        for n, name in enumerate(self.counters):
            text = str(self.port(name).value)
            if set(text) <= {"0", "1"}:
                seen["counters"][at, n] = int(text, 2)
            else:
                self.array.faults |= Fault.UNDEFINED
        self.done += 1
        self.busy = False

    def _replies(self, reset: bool) -> None:
        valid = _bits(self.port("replies__valid").value, 1)
        payload = None
        if valid is None:
            self.array.faults |= Fault.UNDEFINED
        elif valid[0]:
            payload = _bits(self.port("replies__payload").value, self.seen["replies"].shape[1])
            self.array.faults |= Fault(0) if payload is not None else Fault.UNDEFINED
        # A reply that was not taken must stay.
        if self.offered is not None and (payload is None or (payload != self.offered).any()):
            self.array.faults |= Fault.REPLY
        self.offered, take = None, False
        if payload is not None and not self.busy:
            self.array.faults |= Fault.REPLY
        elif payload is not None and self.waiting > 0:
            self.waiting -= 1
            self.offered = None if reset else payload
        elif payload is not None:
            take = not reset
            self.seen["replies"][self.done] = payload
        self.port("replies__ready").value = int(take)

    def _commands(self, now: int, ready: bool, reset: bool) -> None:
        if not self.busy and self.next < self.vectors:
            self.valid = self.wait == 0 and not reset
            self.wait = max(self.wait - 1, 0)
        payload = self.payload[min(self.next, self.vectors - 1)]
        self.port("commands__payload").value = _number(payload if self.valid else ~payload)
        self.port("commands__valid").value = int(self.valid)
        if self.valid and ready:
            self.seen["accepted_at"][self.next] = now
            self.since, self.waiting = now, int(self.waits[self.next])
            self.busy, self.valid = True, False
            self.next += 1
            self.wait = int(self.stalls[min(self.next, self.vectors - 1)])


class LineBench:
    """Clock, reset and the drivers of all controllers."""

    def __init__(self, dut: Any, job: dict[str, NDArray[Any]]) -> None:
        self.dut, self.job = dut, job
        self.drivers = [Driver(dut, n, job) for n in range(int(job["controllers"]))]
        self.limit = int(job["limit"])

    async def run(self, folder: Path) -> None:
        """Send every command and observe until `QUIET` clocks after the last, or a standstill."""
        dut, job, drivers = self.dut, self.job, self.drivers
        dut.rst.value = 1
        for driver in drivers:
            for name in ("commands__valid", "replies__ready", "commands__payload", "array__sense"):
                driver.port(name).value = 0
        Clock(dut.clk, PERIOD, "ns").start()
        await FallingEdge(dut.clk)
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        await FallingEdge(dut.clk)
        now = idle = quiet = restarts = 0
        due: int | None = None
        edges = np.cumsum([0, *(driver.cells for driver in drivers)])
        cut: NDArray[np.bool_] | None = None
        while quiet < QUIET and idle < self.limit:
            before = sum(driver.done + driver.next for driver in drivers)
            if due is None and restarts < len(job["gaps"]):
                halfway = all(driver.done >= driver.vectors // 2 for driver in drivers)
                due = now + int(job["gaps"][restarts]) if halfway or restarts else None
            reset = due == now
            for driver, a, b in zip(drivers, edges, edges[1:], strict=False):
                driver.restarts = restarts
                driver.clock(now, None if cut is None else cut[a:b], reset)
            dut.rst.value = int(reset)
            cut = job["coins"][restarts] if reset else None
            if reset:
                restarts, due = restarts + 1, None
            done = sum(driver.done for driver in drivers)
            idle = 0 if done + sum(d.next for d in drivers) > before else idle + 1
            quiet += all(driver.done == driver.vectors for driver in drivers)
            if now % 256 == 0:
                (folder / "progress").write_text(str(done))
            now += 1
            await FallingEdge(dut.clk)
        observed = {f"p{n}_{k}": v for n, d in enumerate(drivers) for k, v in d.seen.items()}
        done_each = {f"p{n}_done": np.array(d.done) for n, d in enumerate(drivers)}
        np.savez(folder / "observed.npz", allow_pickle=False, cycles=now, **done_each, **observed)


@cocotb.test()
async def appwom_line(dut: Any) -> None:
    """Run the job that the runner left in the folder `NVMCOSIM_JOB`."""
    folder = Path(os.environ["NVMCOSIM_JOB"])
    with np.load(folder / "job.npz", allow_pickle=False) as job:
        values = dict(job)
    await LineBench(dut, values).run(folder)
