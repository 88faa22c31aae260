"""The cocotb side of the stochastic benches: drives components and junctions, writes down all.

Runs inside the simulator. It knows what to offer and when, and how junctions switch, but no codes
and no golden model: what each port showed in each clock goes to `stream_bench`, which judges it.
"""

from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.left_job import left_job

__all__ = ["Driver", "Junctions", "stream_bench"]

PERIOD = 4


class Junctions:
    """Junctions that switch as the curve says of the pulse that they really got.

    A pulse is a run of clocks with `write` on, and a clock of `trim` after it or alone. It switches
    an antiparallel junction with the probability `curve[clocks, steps]`; a reset of `reset_cycles`
    clocks or more makes it antiparallel, a shorter one does nothing. `faults` counts pulses that
    the curve does not have, and clocks in which a junction has two drivers on.
    """

    def __init__(
        self, count: int, curve: NDArray[np.float64], reset_cycles: int, seed: list[int]
    ) -> None:
        self.curve, self.reset_cycles = curve, reset_cycles
        self.antiparallel = np.zeros(count, bool)
        self.faults = 0
        self._random = np.random.default_rng(seed)
        self._reset = np.zeros(count, int)
        self._write = np.zeros(count, int)

    def clock(self, pins: list[int], fine: list[int]) -> None:
        """One clock: drivers of reset, write, trim and read, a bit a junction, and the codes."""
        for k in range(len(self.antiparallel)):
            on = [pin >> k & 1 for pin in pins]
            self.faults += sum(on) > 1
            if on[0]:
                self._reset[k] += 1
                if self._reset[k] == self.reset_cycles:
                    self.antiparallel[k] = True
            else:
                self._reset[k] = 0
            if on[1]:
                self._write[k] += 1
            elif on[2] or self._write[k]:
                self._switch(k, self._write[k], fine[k] if on[2] else 0)
                self._write[k] = 0

    def _switch(self, k: int, clocks: int, steps: int) -> None:
        if clocks >= len(self.curve) or steps >= self.curve.shape[1]:
            self.faults += 1
        # A number for every pulse, so that what one does changes no other's.
        elif self._random.random() < self.curve[clocks, steps]:
            self.antiparallel[k] = False


class Driver:
    """One component: its source, its sink, its junctions, and the record of its ports."""

    def __init__(self, dut: Any, n: int, job: dict[str, NDArray[Any]]) -> None:
        own = {name[len(f"p{n}_") :]: job[name] for name in job if name.startswith(f"p{n}_")}
        self.port = lambda name: getattr(dut, f"p{n}_{name}")
        self.source = str(own["source"])
        self.payloads = [int(text, 16) for text in own["payloads"]]
        self.idle_payload = int(own["idle_payload"])
        self.shown = [str(name) for name in own["shown"]]
        self.offers, self.takes, self.sense = own["offers"], own["takes"], own["sense"]
        self.junctions: Junctions | None = None
        count = self.sense.shape[1]
        self.count, self.fine_bits = count, int(own["fine_bits"])
        if own["curve"].size:
            self.junctions = Junctions(
                count, own["curve"], int(own["reset_cycles"]), [int(job["seed"]), n]
            )
        self.next, self.offering, self.taken = 0, False, 0
        self.records: list[str] = []
        self.senses: list[int] = []
        self.resets: list[bool] = []

    def clock(self, now: int, reset: bool) -> None:
        """Set the inputs of a clock, and write down what the ports show in it."""
        at = now % len(self.offers)
        self.offering = not reset and self.next < len(self.payloads)
        self.offering = self.offering and (self.was_offering or bool(self.offers[at]))
        payload = self.payloads[self.next] if self.offering else self.idle_payload
        self.port(f"{self.source}__payload").value = payload
        self.port(f"{self.source}__valid").value = int(self.offering)
        self.port("output__ready").value = int(self.takes[at])
        if self.count:
            sense = int("".join("01"[int(bit)] for bit in self._sensed(at)), 2)
            self.port("mtj__sense").value = sense
            self.senses.append(sense)
        self.resets.append(reset)

    was_offering = False

    def _sensed(self, at: int) -> NDArray[Any]:
        """What is sensed, junction 0 last."""
        if self.junctions is None:
            return self.sense[at][::-1]
        return self.junctions.antiparallel[::-1]

    def look(self, now: int, reset: bool) -> None:
        """The outputs of the clock, once the inputs have settled."""
        values = {name: str(self.port(name).value) for name in self.shown}
        valid = values["output__valid"]
        if valid != "1":
            values["output__payload"] = "-"
        self.records.append(" ".join(values.values()))
        takes = bool(self.takes[now % len(self.takes)]) and not reset
        self.taken += valid == "1" and takes
        accepted = self.offering and values[f"{self.source}__ready"] == "1"
        self.next += accepted
        self.was_offering = self.offering and not accepted
        if self.junctions is not None:
            pins = [values[f"mtj__{name}"] for name in ("reset", "write", "trim", "read")]
            fine = values["mtj__fine"]
            if set("".join(pins) + fine) <= {"0", "1"}:
                codes = [fine[i : i + self.fine_bits] for i in range(0, len(fine), self.fine_bits)]
                steps = [int(code, 2) for code in reversed(codes)]
                self.junctions.clock([int(pin, 2) for pin in pins], steps)
            else:
                self.junctions.faults += 1

    def observed(self) -> dict[str, NDArray[Any]]:
        """What the judge is told."""
        faults = 0 if self.junctions is None else self.junctions.faults
        return {
            "records": np.array(self.records),
            "senses": np.array([f"{sense:x}" for sense in self.senses] or ["0"]),
            "resets": np.array(self.resets),
            "faults": np.array(faults),
        }


@cocotb.test()
async def stream_bench(dut: Any) -> None:
    """Run the job that the runner left, until every component has put out its vectors."""
    folder, job = left_job()
    drivers = [Driver(dut, n, job) for n in range(int(job["components"]))]
    vectors, limit = int(job["vectors"]), int(job["limit"])
    dut.rst.value = 1
    for driver in drivers:
        driver.port(f"{driver.source}__valid").value = 0
        driver.port("output__ready").value = 0
    Clock(dut.clk, PERIOD, "ns").start()
    await FallingEdge(dut.clk)
    await FallingEdge(dut.clk)
    now = still = 0
    resets = {int(clock) for clock in job["resets"]}
    while still < limit and any(driver.taken < vectors for driver in drivers):
        reset = now in resets
        dut.rst.value = int(reset)
        before = sum(driver.taken for driver in drivers)
        for driver in drivers:
            driver.clock(now, reset)
        # Inputs are set in the low half of the clock; the outputs have settled at its end.
        await cocotb.triggers.Timer(1, "ns")
        for driver in drivers:
            driver.look(now, reset)
        done = sum(driver.taken for driver in drivers)
        still = 0 if done > before else still + 1
        if now % 256 == 0:
            (folder / "progress").write_text(str(done))
        now += 1
        await FallingEdge(dut.clk)
    observed = {f"p{n}_{k}": v for n, d in enumerate(drivers) for k, v in d.observed().items()}
    np.savez(folder / "observed.npz", allow_pickle=False, cycles=now, **observed)
