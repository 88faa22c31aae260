"""What a bench feeds a pulse gate: commands, cells' thresholds, and config writes between them.

All of it follows from plan and table, the seed and the number of the batch. Writes come as
*programmes*: a whole table or a few of its entries, due once some command was accepted. In a *calm*
programme the next command is held back until the last write is accepted; in a *race* it is not, and
pauses of the config source let commands in between: they meet a table that is half the old one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.stimulus import Stimulus, key_of, rows_of, words_of
from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_thresholds_ps
from nvmcosim.pymodel.pulse_table import ConfigWrite, PulseTable
from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["GateStimulus", "gate_stimulus_for", "random_table"]

#: The longest pulses that are drawn, in clocks, unless the plan has longer ones.
_LONGEST = 5
#: Commands between two programmes, on the average.
_BETWEEN = 6


@dataclass(frozen=True)
class GateStimulus(Stimulus):
    """The commands of one batch for one gate, its config writes, and the cells they meet.

    `thresholds_ps` have an axis of amplitudes, by select, before those of `Stimulus`.

    Fields:
        first: the table at reset.
        writes: config writes in the order they are offered.
        after: a write is not offered before so many commands are accepted, `[writes]`.
        pauses: clocks that the config source then waits before it offers it, `[writes]`.
        hold: a command is not offered before so many writes are accepted, `[vectors]`.
    """

    first: PulseTable
    writes: tuple[ConfigWrite, ...]
    after: NDArray[np.int64]
    pauses: NDArray[np.int64]
    hold: NDArray[np.int64]

    @cached_property
    def tables(self) -> list[PulseTable]:
        """The table after 0, 1, 2, ... writes."""
        tables = [self.first]
        for write in self.writes:
            tables.append(tables[-1].after([write]))
        return tables

    def thresholds_of(self, vector: int, plan: StorePlan) -> NDArray[np.float64]:
        """Thresholds that command number `vector` meets where the table expresses `plan`."""
        amplitudes = self.first.shape.amplitudes
        index = self.rows[vector] if plan.variation == "cell" else vector
        by_select = self.thresholds_ps[:, index]
        selects = np.array([amplitudes.index(plan.domains[n].amplitude_v) for n in plan.bit_domain])
        shape = (1,) * (by_select.ndim - 1) + (plan.width,)
        return np.take_along_axis(by_select, selects.reshape(shape), axis=0)[0]


def gate_stimulus_for(
    plan: StorePlan,
    first: PulseTable,
    curve: DeviceCurve,
    rows: int,
    vectors: int,
    seed: int,
    batch: int,
) -> GateStimulus:
    """Commands as `stimulus_for` makes them, thresholds for every amplitude, and programmes.

    The gate is made for `plan` and holds the table `first` at reset.
    """
    random = np.random.Generator(np.random.Philox(key_of(plan, seed, batch)))
    stalls = random.geometric(0.4, vectors) - 1
    stalls[: (vectors + 1) // 2] = 0
    shape: tuple[int, ...] = (rows, plan.bank_words, plan.width)
    if plan.variation == "cycle":
        shape = (vectors, 1 + plan.retry_limit, plan.bank_words, plan.width)
    uniform = 1 - random.random(shape)
    thresholds = [
        bit_thresholds_ps(_whole_word(plan, amplitude), curve, uniform)
        for amplitude in first.shape.amplitudes
    ]
    writes, after, pauses, hold = _programmes(random, first, vectors)
    return GateStimulus(
        rows=rows_of(random, rows, vectors),
        words=words_of(random, plan, vectors),
        stalls=stalls,
        thresholds_ps=np.stack(thresholds),
        first=first,
        writes=tuple(writes),
        after=np.array(after, np.int64),
        pauses=np.array(pauses, np.int64),
        hold=hold,
    )


def _whole_word(plan: StorePlan, amplitude: float | None) -> StorePlan:
    return plan.replace(domains=(Domain(plan.width, 0, amplitude),))


def _programmes(
    random: np.random.Generator, first: PulseTable, vectors: int
) -> tuple[list[ConfigWrite], list[int], list[int], NDArray[np.int64]]:
    """Writes, and when they and the commands are offered, as `GateStimulus` says."""
    table, writes = first, list[ConfigWrite]()
    after: list[int] = []
    pauses: list[int] = []
    hold = np.zeros(vectors, np.int64)
    command = int(random.integers(0, 3))
    while command < vectors:
        own = random_table(random, first, table).writes(table)
        race, few = random.random() < 0.5, random.random() < 0.3
        if few:
            own = [own[n] for n in random.permutation(len(own))[:3]]
        table = table.after(own)
        writes += own
        after += [command] * len(own)
        # Some races are over before the command; others begin late, or go slowly.
        slow = race and random.random() < 0.7
        pauses += (slow * (random.geometric(0.8, len(own)) - 1)).tolist()
        if own and race:
            pauses[-len(own)] += int(random.integers(0, 6))
        if not race:
            hold[command:] = len(writes)
        command += int(random.geometric(1 / _BETWEEN))
    return writes, after, pauses, hold


def random_table(random: np.random.Generator, first: PulseTable, held: PulseTable) -> PulseTable:
    """A table after `held`: any, or one of kinds that are worth a visit, such as `first`."""
    shape = held.shape
    longest = min(max(_LONGEST, *first.codes), (1 << shape.code_bits) - 1)
    codes = random.integers(0, longest + 1, shape.stages)
    if longest > 2 * _LONGEST:
        # Whatever is in between takes long to simulate and shows no more.
        codes = random.choice([longest, longest // 2, 1, 0], shape.stages)
    selects = random.integers(0, len(shape.amplitudes), shape.stages)
    stage_map = random.integers(0, shape.stages, shape.width)
    kind = random.choice(["any", "runs", "plan", "nothing", "one", "codes"], p=[0.4, *[0.12] * 5])
    if kind == "runs":
        stage_map = np.sort(stage_map)
    elif kind == "plan":
        return first
    elif kind == "nothing":
        codes[:] = 0
    elif kind == "one":
        stage_map[:] = random.integers(0, shape.stages)
    elif kind == "codes":
        stage_map, selects = np.array(held.stage_map), np.array(held.selects)
    return PulseTable(
        shape, tuple(codes.tolist()), tuple(selects.tolist()), tuple(stage_map.tolist())
    )
