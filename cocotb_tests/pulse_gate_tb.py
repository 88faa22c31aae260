"""The cocotb side of the pulse-gate bench: a `StoreBench` with sources of config writes."""

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.left_job import left_job
from nvmcosim.cocotb_tests.protocol import Fault
from nvmcosim.cocotb_tests.store_domain_tb import CellArrays, StoreBench, cell_arrays

__all__ = ["GateBench", "pulse_gate"]


class GateBench(StoreBench):
    """The bench of gates: config writes race with commands, and each pulse has its amplitude.

    Columns are to do what the job says of as many config writes as were accepted before the command
    under way. Of the streams it demands that config is ready in exactly the clocks in which no
    command is under way, and commands never while config is offered.
    """

    def __init__(self, dut: Any, job: dict[str, NDArray[Any]], arrays: CellArrays) -> None:
        width, words = job["width"], np.bincount(job["owner"]) // job["width"]
        bits = np.cumsum([0, *width])
        #: The place of each column's select among those of all words' bits.
        self._bit_of = np.concatenate(
            [np.tile(np.arange(a, a + w), n) for a, w, n in zip(bits, width, words, strict=False)]
        )
        self._word_bits = np.repeat(np.arange(width.size), width)
        self._select_bits = int(job["select_bits"])
        super().__init__(dut, job | {"planned": job["planned"][0].copy()}, arrays)
        self._planned_after, self._selects_after = job["planned"], job["selects"]
        self.selected = self._selects_after[0].copy()
        self.sleeps = bool(self._planned_after.max() >= 16)
        # Source of config: the clocks to wait, whether the next write is offered.
        self.pause = job["config_pauses"][0].copy()
        self.config_valid = np.zeros(self.count, bool)
        self._valid_before = np.zeros(self.count, bool)
        # Observers: which drive in this clock; whose command's end showed a clock late.
        self._driving = np.zeros(self.count, bool)
        self._late = np.zeros(self.count, bool)

    def _response_owners(self) -> list[NDArray[np.int64]]:
        selects = np.repeat(self._word_bits, self._select_bits)
        return [*super()._response_owners(), self._all, self._all, selects]

    def _ended(
        self, ready: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]], passed: int
    ) -> NDArray[np.bool_]:
        """As without config; where config held commands back, its own ready tells a clock later."""
        config_ready, accepted, _ = others
        offered = self.config_valid
        before = offered if passed > 1 else self._valid_before
        self._late = self.busy & config_ready & ~ready
        for where in (
            ready & offered,
            self._late & ~before,
            ~self.busy & ~config_ready,
            ~self.busy & (ready == offered),
            config_ready & self._driving,
        ):
            if where.any():
                self._fault(Fault.CONFIG, np.flatnonzero(where))
        self._valid_before = offered.copy()
        ended = self.busy & (ready | config_ready)
        if accepted.any():
            self._moving = True
            self._configure(accepted)
        return ended

    def _configure(self, accepted: NDArray[np.bool_]) -> None:
        now = np.flatnonzero(accepted)
        self.configured[now] += 1
        self.config_valid[now] = False
        later = now[self.configured[now] < self.job["config_count"][now]]
        self.pause[later] = self.job["config_pauses"][self.configured[later], later]

    def _observe(self, ended: NDArray[np.int64]) -> None:
        vectors = self.done[ended]
        super()._observe(ended)
        self.clocks[vectors, ended] -= self._late[ended]

    def _accept(self, accepted: NDArray[np.bool_]) -> None:
        columns = np.flatnonzero(accepted[self.owner])
        writes = self.configured[self.owner[columns]]
        self.planned[columns] = self._planned_after[writes, columns]
        self.selected[columns] = self._selects_after[writes, columns]
        super()._accept(accepted)

    def _waveform(
        self,
        row: NDArray[np.int64],
        data: NDArray[np.bool_],
        drive: NDArray[np.bool_],
        others: Sequence[NDArray[np.bool_]],
    ) -> tuple[NDArray[Any], ...]:
        select = others[2].reshape(-1, self._select_bits) @ (1 << np.arange(self._select_bits))
        select = select[self._bit_of]
        wrong = drive & (select != self.selected)
        if wrong.any():
            self._fault(Fault.AMPLITUDE, np.unique(self.owner[wrong]))
        self._driving = np.bincount(self.owner[drive], minlength=self.count) > 0
        return row, data, drive, select

    @property
    def _config_due(self) -> NDArray[np.bool_]:
        """Whether a controller's next write is not offered, though its time has come."""
        following = np.minimum(self.configured, len(self.job["config_after"]) - 1)
        due = self.job["config_after"][following, self._all] <= self.next
        return due & (self.configured < self.job["config_count"]) & ~self.config_valid

    @property
    def _steady(self) -> bool:
        return super()._steady and not self._config_due.any()

    def _due(self) -> NDArray[np.bool_]:
        following = np.minimum(self.next, self.vectors - 1)
        return super()._due() & (self.configured >= self.job["hold"][following, self._all])

    def _offer(self, passed: int) -> None:
        super()._offer(passed)
        due = self._config_due
        self.config_valid |= due & (self.pause == 0)
        self.pause = np.where(due, np.maximum(self.pause - passed, 0), self.pause)

    def _further_inputs(self) -> list[NDArray[np.bool_]]:
        following = np.minimum(self.configured, len(self.job["config_payload"]) - 1)
        payload = self.job["config_payload"][following, self._all] ^ ~self.config_valid[:, None]
        return [self.config_valid, payload.ravel()]


@cocotb.test()
async def pulse_gate(dut: Any) -> None:
    """Run the job that the runner left."""
    folder, job = left_job()
    await GateBench(dut, job, cell_arrays(job)).run(folder)
