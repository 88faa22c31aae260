"""Golden model of a pulse gate: a store whose plan is what its table and map express."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.pulse_table import PulseTable
from nvmcosim.pymodel.store import GoldenStore, StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["GateCounters", "GoldenGate"]


@dataclass
class GateCounters:
    """`StoreCounters` by stage: `pulses` and `driven_cycles` have the shape `[stages]`."""

    pulses: NDArray[np.int64]
    driven_cycles: NDArray[np.int64]
    commands: int = 0
    retries: int = 0
    failed: int = 0


@dataclass
class GoldenGate:
    """An array of `rows` rows, written through a gate that holds `table` at first.

    Each command is a write of a `GoldenStore` of the plan `table.plan(plan)`; contents and counters
    go on when `program` sets another table. The counters of a stage follow from those of its
    domains: driven clocks add up; and as each attempt of a command drives a subset of the bits of
    the one before it, a stage has as many pulses in a command as that of its domains with the most.

    Attributes: `contents` as in `GoldenStore`; `counters`.
    """

    plan: StorePlan
    table: PulseTable
    curve: DeviceCurve
    rows: int
    counters: GateCounters = field(init=False)

    def __post_init__(self) -> None:
        stages = self.table.shape.stages
        self.counters = GateCounters(np.zeros(stages, np.int64), np.zeros(stages, np.int64))
        self._store = GoldenStore(self.table.plan(self.plan), self.curve, self.rows)

    @property
    def contents(self) -> NDArray[Any]:
        """What the array holds, `[rows, bank_words]`."""
        return self._store.contents

    def program(self, table: PulseTable) -> None:
        """Set another table; what the array holds stays."""
        store = GoldenStore(table.plan(self.plan), self.curve, self.rows)
        store.contents = self._store.contents
        self.table, self._store = table, store

    def write_row(self, row: int, data: ArrayLike, thresholds_ps: ArrayLike) -> NDArray[np.int64]:
        """Write one row and return the pulses of each stage, `[stages]`; see `GoldenStore`."""
        store, counters = self._store, self.counters
        store.counters = StoreCounters.zero(store.plan)
        store.write_row(row, data, thresholds_ps)
        once, stages = store.counters, list(self.table.domain_stages)
        pulses = np.zeros_like(counters.pulses)
        np.maximum.at(pulses, stages, once.pulses)
        counters.pulses += pulses
        np.add.at(counters.driven_cycles, stages, once.driven_cycles)
        counters.commands += once.commands
        counters.retries += once.retries
        counters.failed += once.failed
        return pulses
