"""What the stores of an approximate memory cost and lost, one record a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["Ledger", "StoreRecord"]


@dataclass(frozen=True, eq=False)
class StoreRecord:
    """One store of the whole memory.

    Fields:
        index: number of the store, from 0.
        epoch, step: ended epochs and taken steps when it happened.
        plan: the plan it was written by.
        exact: whether it was an exact store, which no bit fails (`ApproximateMemory.store`).
        words: words stored.
        counters: what writing took, as the golden store counts it.
        energy: by MTJ and driver and by bit, shape `[2, width]`, in the curve's `energy_unit`;
            index 0 of a bit axis is the least significant bit.
        reference_energy: of writing every bit of every word once with the longest pulse of the
            memory's own plan, MTJ and driver together.
    """

    index: int
    epoch: int
    step: int
    plan: StorePlan
    exact: bool
    words: int
    counters: StoreCounters
    energy: NDArray[np.float64]
    reference_energy: float

    @property
    def failed_bits(self) -> int:
        """Stored bits that differ from what was to be stored."""
        return int(self.counters.failed_bits.sum())

    @property
    def energy_by_domain(self) -> NDArray[np.float64]:
        """Energy by MTJ and driver and by domain of `plan`, shape `[2, domains]`."""
        owners = self.plan.bit_domain
        domains = range(len(self.plan.domains))
        return np.stack([self.energy[:, owners == n].sum(axis=1) for n in domains], axis=1)

    @property
    def relative_energy(self) -> float:
        """Energy over `reference_energy`; 0 if the plan writes nothing at all."""
        return _ratio(float(self.energy.sum()), self.reference_energy)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values, totals over bits; domains from the most significant."""
        return {
            "index": self.index,
            "epoch": self.epoch,
            "step": self.step,
            "exact": self.exact,
            "words": self.words,
            "failed_bits": self.failed_bits,
            "retries": self.counters.retries,
            "energy_mtj": float(self.energy[0].sum()),
            "energy_driver": float(self.energy[1].sum()),
            "energy_by_domain": self.energy_by_domain.sum(axis=0).tolist(),
            "relative_energy": self.relative_energy,
        }


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
    def driven_bits(self) -> NDArray[np.int64]:
        """Write attempts over all stores, by bit position, shape `[width]`."""
        counts = [record.counters.driven_bits for record in self.records]
        return np.sum([np.zeros(self.width, np.int64), *counts], axis=0)

    @property
    def energy(self) -> NDArray[np.float64]:
        """Energy over all stores by MTJ and driver and by bit, shape `[2, width]`."""
        return np.sum([np.zeros((2, self.width)), *(r.energy for r in self.records)], axis=0)

    @property
    def reference_energy(self) -> float:
        """Energy of as many stores that write every bit with the longest pulse."""
        return float(sum(record.reference_energy for record in self.records))

    @property
    def relative_energy(self) -> float:
        """Energy over `reference_energy`: 1 minus this is what the plan saved; 0 if none."""
        return _ratio(float(self.energy.sum()), self.reference_energy)

    def to_dict(self) -> dict[str, Any]:
        """Sums over all stores as JSON-ready values; lists by bit, least significant first."""
        energy = self.energy
        return {
            "stores": len(self.records),
            "words": self.words,
            "failed_bits": self.failed_bits.tolist(),
            "driven_bits": self.driven_bits.tolist(),
            "energy_mtj": energy[0].tolist(),
            "energy_driver": energy[1].tolist(),
            "energy_unit": self.energy_unit,
            "reference_energy": self.reference_energy,
            "relative_energy": self.relative_energy,
        }

    def to_state(self) -> dict[str, Any]:
        """All records as arrays with one row a store, and the plans they were written by."""
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


_NUMBERS = ("epoch", "step", "exact", "words")
_SCALARS = ("commands", "retries")
_COUNTS = ("pulses", "driven_cycles", "driven_bits", "failed_bits")


def _records(width: int, curve: DeviceCurve, state: Mapping[str, Any]) -> list[StoreRecord]:
    plans = [StorePlan.from_json(text) for text in state["plans"]]
    stores = len(state["plan"])
    names = (*_NUMBERS, *_SCALARS, "reference_energy")
    for name in (*names, *_COUNTS):
        shape = (stores, width) if name in _COUNTS else (stores,)
        if state[name].shape != shape:
            raise InputError(f"{name} has shape {state[name].shape}; it must be {shape}")
    records = []
    for n in range(stores):
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
                index=n,
                plan=plan,
                exact=bool(numbers.pop("exact")),
                counters=counters,
                energy=counters.energy(plan, curve),
                reference_energy=float(state["reference_energy"][n]),
                **numbers,
            )
        )
    return records


def _ratio(energy: float, reference: float) -> float:
    return energy / reference if reference > 0 else 0.0
