"""The cocotb side of the in-memory bench: loads operands, runs the program, reads every row."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge
from numpy.typing import NDArray

from nvmcosim.hdl.pim_unit import PIM_COUNTERS, PimOpcode

__all__ = ["pim_unit"]

_PERIOD_NS = 10


@cocotb.test()
async def pim_unit(dut: Any) -> None:
    """Run the job that the runner left in the folder `NVMCOSIM_JOB`.

    Of unit n it has `p<n>_first`, what rows hold at first, and `p<n>_load`, the rows that
    `p<n>_bits` are loaded to before each run. It writes `p<n>_cells`, all rows after each run,
    `p<n>_unknown`, whether any bit was neither 0 nor 1, `p<n>_counters` and `p<n>_clocks`, those of
    each run. Bits are packed, column 0 first.
    """
    folder = Path(os.environ["NVMCOSIM_JOB"])
    with np.load(folder / "job.npz", allow_pickle=False) as job:
        inputs = {name: job[name] for name in job.files}
    units = [_Unit(dut, n, inputs) for n in range(sum(name.endswith("_first") for name in inputs))]
    dut.rst.value = 1
    Clock(dut.clk, _PERIOD_NS, unit="ns").start()
    for _ in range(2):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    done = [0] * len(units)

    def tell(unit: int, vectors: int) -> None:
        done[unit] = vectors
        (folder / "progress").write_text(str(sum(done)))

    tasks = [cocotb.start_soon(unit.play(n, tell)) for n, unit in enumerate(units)]
    for task in tasks:
        await task
    observed = {name: value for unit in units for name, value in unit.observed().items()}
    clocks = int(cocotb.utils.get_sim_time("ns")) // _PERIOD_NS
    np.savez(folder / "observed.npz", allow_pickle=False, cycles=clocks, **observed)


class _Unit:
    """One unit of the catalogue, its job and what was seen of it."""

    def __init__(self, dut: Any, n: int, inputs: Mapping[str, NDArray[Any]]) -> None:
        self._dut, self._prefix = dut, f"p{n}_"
        self._first, self._load = inputs[f"p{n}_first"], inputs[f"p{n}_load"]
        self._bits = inputs[f"p{n}_bits"]
        self._columns = 8 * self._first.shape[1]
        payload = self._port("commands__payload")
        self._row_bits = len(payload) - 2 - self._columns
        vectors = len(self._bits)
        self._cells = np.zeros((vectors, *self._first.shape), np.uint8)
        self._unknown = np.zeros(vectors, np.uint8)
        self._counters = np.zeros((vectors, len(PIM_COUNTERS)), np.int64)
        self._clocks = np.zeros(vectors, np.int64)
        self._port("commands__valid").value = 0
        self._port("replies__ready").value = 0

    def _port(self, name: str) -> Any:
        return getattr(self._dut, self._prefix + name)

    def observed(self) -> dict[str, NDArray[Any]]:
        """What was seen, by the names that the bench expects."""
        seen = {"cells": self._cells, "unknown": self._unknown, "clocks": self._clocks}
        return {self._prefix + n: v for n, v in {**seen, "counters": self._counters}.items()}

    async def play(self, number: int, tell: Any) -> None:
        """Load, run and read, vector by vector."""
        for row, bits in enumerate(self._first):
            await self._load_row(row, bits)
        for vector, loaded in enumerate(self._bits):
            for row, bits in zip(self._load, loaded, strict=True):
                await self._load_row(int(row), bits)
            self._clocks[vector] = await self._run()
            for place, name in enumerate(PIM_COUNTERS):
                self._counters[vector, place] = self._number(vector, self._port(name))
            for row in range(len(self._first)):
                found = await self._read_row(vector, row)
                packed = found.to_bytes(self._columns // 8, "little")
                self._cells[vector, row] = np.frombuffer(packed, np.uint8)
            tell(number, vector + 1)

    def _number(self, vector: int, port: Any) -> int:
        value = port.value
        if not value.is_resolvable:
            self._unknown[vector] = 1
            return 0
        return int(value)

    def _offer(self, opcode: Any, row: int = 0, bits: int = 0) -> None:
        payload = opcode.value | row << 2 | bits << (2 + self._row_bits)
        self._port("commands__payload").value = payload
        self._port("commands__valid").value = 1

    async def _load_row(self, row: int, bits: NDArray[np.uint8]) -> None:
        self._offer(PimOpcode.LOAD, row, int.from_bytes(bits.tobytes(), "little"))
        await FallingEdge(self._dut.clk)
        self._port("commands__valid").value = 0

    async def _run(self) -> int:
        """Run the program; returns the clocks until the next command could be accepted."""
        self._offer(PimOpcode.RUN)
        ready = self._port("commands__ready")
        await RisingEdge(self._dut.clk)
        await ReadOnly()
        started = cocotb.utils.get_sim_time("ns")
        await FallingEdge(self._dut.clk)
        self._port("commands__valid").value = 0
        if not ready.value:
            await RisingEdge(ready)
        # Ready rises with a clock edge; the next command is accepted at the one after.
        clocks = round((cocotb.utils.get_sim_time("ns") - started) / _PERIOD_NS) + 1
        await FallingEdge(self._dut.clk)
        return clocks

    async def _read_row(self, vector: int, row: int) -> int:
        self._offer(PimOpcode.READ, row)
        self._port("replies__ready").value = 1
        await FallingEdge(self._dut.clk)
        self._port("commands__valid").value = 0
        if str(self._port("replies__valid").value) != "1":
            self._unknown[vector] = 1
        found = self._number(vector, self._port("replies__payload"))
        await FallingEdge(self._dut.clk)
        return found
