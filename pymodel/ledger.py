"""What the stores of an approximate memory cost and lost.

A store is a record; those that training steps set off share one record an epoch, so that a store
at each of ten thousand steps takes no more room than a store an epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.store_record import StoreRecord, energy_ratio

__all__ = ["Ledger"]


@dataclass(eq=False)
class Ledger:
    """The records of a memory of `width`-bit words, and their sums.

    Energies are in `curve.energy_unit`: joules, or ns of pulse for a law that states no joules.
    """

    width: int
    curve: DeviceCurve
    records: list[StoreRecord] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def record_for(
        self,
        epoch: int,
        step: int,
        plan: StorePlan,
        exact: bool,
        bit_energy: NDArray[np.float64],
        stepped: bool,
    ) -> StoreRecord:
        """The record that a store about to happen is counted in: the last, or a new one."""
        last = self.records[-1] if self.records else None
        if stepped and last is not None and last.stepped:
            same = last.epoch == epoch and last.exact == exact
            if same and (last.plan is plan or last.plan == plan):
                return last
        counters = StoreCounters.zero(plan)
        made = StoreRecord(self.stores, epoch, step, plan, exact, counters, bit_energy, stepped)
        self.records.append(made)
        return made

    @property
    def stores(self) -> int:
        """Stores so far."""
        return sum(record.stores for record in self.records)

    @property
    def energy_unit(self) -> str:
        """Unit of every energy: `J`, or `relative` (ns of pulse)."""
        return self.curve.energy_unit

    @property
    def words(self) -> int:
        """Words stored, over all stores."""
        return sum(record.words for record in self.records)

    @property
    def failed_bits(self) -> NDArray[np.int64]:
        """Failed bits over all stores, by bit position, shape `[width]`."""
        counts = [record.counters.failed_bits for record in self.records]
        return np.sum([np.zeros(self.width, np.int64), *counts], axis=0)

    @property
    def changed_bits(self) -> NDArray[np.int64]:
        """Bits that differed before they were written, over all stores, shape `[width]`."""
        counts = [record.counters.changed_bits for record in self.records]
        return np.sum([np.zeros(self.width, np.int64), *counts], axis=0)

    @property
    def driven_bits(self) -> NDArray[np.int64]:
        """Write attempts over all stores, by bit position, shape `[width]`."""
        counts = [record.counters.driven_bits for record in self.records]
        return np.sum([np.zeros(self.width, np.int64), *counts], axis=0)

    @property
    def energy(self) -> NDArray[np.float64]:
        """Energy over all stores by MTJ and driver and by bit, shape `[2, width]`."""
        return np.sum([np.zeros((2, self.width)), *(r.energy for r in self.records)], axis=0)

    @property
    def energy_by_rewrite(self) -> dict[str, float]:
        """Energy over all stores by either accounting (`StoreRecord.energy_by_rewrite`)."""
        each = [record.energy_by_rewrite for record in self.records]
        return {name: sum(energy[name] for energy in each) for name in ("all", "changed")}

    @property
    def reference_energy(self) -> float:
        """Energy of as many stores that write every bit with the longest pulse."""
        return float(sum(record.reference_energy for record in self.records))

    @property
    def relative_energy(self) -> float:
        """Energy over `reference_energy`: 1 minus this is what the plan saved; 0 if none."""
        return energy_ratio(float(self.energy.sum()), self.reference_energy)

    def to_dict(self) -> dict[str, Any]:
        """Sums over all stores as JSON-ready values; lists by bit, least significant first."""
        energy = self.energy
        return {
            "stores": self.stores,
            "words": self.words,
            "failed_bits": self.failed_bits.tolist(),
            "driven_bits": self.driven_bits.tolist(),
            "changed_bits": self.changed_bits.tolist(),
            "energy_mtj": energy[0].tolist(),
            "energy_driver": energy[1].tolist(),
            "energy_unit": self.energy_unit,
            "reference_energy": self.reference_energy,
            "relative_energy": self.relative_energy,
            "energy_by_rewrite": self.energy_by_rewrite,
        }

    def to_state(self) -> dict[str, Any]:
        """All records as arrays with one row a record, and the plans they were written by."""
        plans = {plan: n for n, plan in enumerate(dict.fromkeys(r.plan for r in self.records))}
        state: dict[str, Any] = {"plans": [plan.to_json() for plan in plans]}
        state["plan"] = np.array([plans[record.plan] for record in self.records], np.int64)
        for name in _NUMBERS:
            state[name] = np.array([getattr(r, name) for r in self.records], np.int64)
        for name in _SCALARS:
            state[name] = np.array([getattr(r.counters, name) for r in self.records], np.int64)
        for name in _COUNTS:
            rows = np.zeros((len(self.records), self.width), np.int64)
            for row, record in zip(rows, self.records, strict=True):
                counts = getattr(record.counters, name)
                row[: counts.size] = counts
            state[name] = rows
        state["reference_energy"] = np.array([r.reference_energy for r in self.records], np.float64)
        return state

    @classmethod
    def from_state(cls, width: int, curve: DeviceCurve, state: Mapping[str, Any]) -> "Ledger":
        """The ledger whose `to_state` is `state`; raises `InputError` if it is none."""
        try:
            return cls(width, curve, _records(width, curve, state))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"the ledger's state is damaged: {error}") from error


_NUMBERS = ("epoch", "step", "exact", "stepped", "stores", "words")
_SCALARS = ("commands", "retries")
_COUNTS = ("pulses", "driven_cycles", "driven_bits", "failed_bits", "changed_bits")


def _records(width: int, curve: DeviceCurve, state: Mapping[str, Any]) -> list[StoreRecord]:
    plans = [StorePlan.from_json(text) for text in state["plans"]]
    rows = len(state["plan"])
    names = (*_NUMBERS, *_SCALARS, "reference_energy")
    for name in (*names, *_COUNTS):
        shape = (rows, width) if name in _COUNTS else (rows,)
        if state[name].shape != shape:
            raise InputError(f"{name} has shape {state[name].shape}; it must be {shape}")
    records: list[StoreRecord] = []
    index = 0
    for n in range(rows):
        plan = plans[int(state["plan"][n])]
        domains = len(plan.domains)
        sizes = {"pulses": domains, "driven_cycles": domains}
        counters = StoreCounters(
            **{name: state[name][n, : sizes.get(name, width)].copy() for name in _COUNTS},
            commands=int(state["commands"][n]),
            retries=int(state["retries"][n]),
        )
        numbers = {name: int(state[name][n]) for name in _NUMBERS}
        records.append(
            StoreRecord(
                index=index,
                plan=plan,
                exact=bool(numbers.pop("exact")),
                stepped=bool(numbers.pop("stepped")),
                counters=counters,
                bit_energy=bit_energy(plan, curve),
                reference_energy=float(state["reference_energy"][n]),
                **numbers,
            )
        )
        index += records[-1].stores
    return records
