"""What stores took and cost: one store, or the stores of an epoch's steps together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.pymodel.store import StoreCounters
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["StoreRecord", "energy_ratio"]


def energy_ratio(energy: float, reference: float) -> float:
    """`energy` over `reference`; 0 where that is 0."""
    return energy / reference if reference > 0 else 0.0


@dataclass(eq=False)
class StoreRecord:
    """Stores of the whole memory: one, or those of an epoch that its training steps set off.

    Fields:
        index: number of the first store, from 0.
        epoch, step: ended epochs and taken steps when it happened; the last of them.
        plan: the plan it was written by.
        exact: whether it was an exact store, which no bit fails (`ApproximateMemory.store`).
        counters: what writing took, as the golden store counts it.
        bit_energy: of writing one bit, by MTJ and driver and by bit, shape `[2, width]`, in the
            curve's `energy_unit`; index 0 of a bit axis is the least significant bit.
        stepped: whether steps set the stores off.
        stores, words: stores, and words stored by all of them.
        reference_energy: of writing every bit of every word once with the longest pulse of the
            memory's own plan, MTJ and driver together.
    """

    index: int
    epoch: int
    step: int
    plan: StorePlan
    exact: bool
    counters: StoreCounters
    bit_energy: NDArray[np.float64]
    stepped: bool = False
    stores: int = 0
    words: int = 0
    reference_energy: float = 0.0

    def count(self, step: int, words: int, reference_energy: float) -> None:
        """Count one store more; what it took is added to `counters` by whoever writes."""
        self.step = step
        self.stores += 1
        self.words += words
        self.reference_energy += reference_energy

    @property
    def energy(self) -> NDArray[np.float64]:
        """Energy by MTJ and driver and by bit, shape `[2, width]`."""
        return self.counters.driven_bits * self.bit_energy

    @property
    def energy_by_rewrite(self) -> dict[str, float]:
        """What the same stores cost by either accounting, MTJ and driver together.

        `all` programs every written bit at each write; `changed` reads first and programs those
        that differ. What the memory then holds is the same.
        """
        driven, changed = self.counters.driven_bits, self.counters.changed_bits
        other = changed - self.words if self.plan.rewrite == "all" else self.words - changed
        both = {"all": driven, "changed": driven}
        both["changed" if self.plan.rewrite == "all" else "all"] = driven + other
        return {name: float((bits * self.bit_energy).sum()) for name, bits in both.items()}

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
        return energy_ratio(float(self.energy.sum()), self.reference_energy)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values, totals over bits; domains from the most significant."""
        return {
            "index": self.index,
            "epoch": self.epoch,
            "step": self.step,
            "exact": self.exact,
            "stores": self.stores,
            "words": self.words,
            "failed_bits": self.failed_bits,
            "retries": self.counters.retries,
            "energy_mtj": float(self.energy[0].sum()),
            "energy_driver": float(self.energy[1].sum()),
            "energy_by_domain": self.energy_by_domain.sum(axis=0).tolist(),
            "relative_energy": self.relative_energy,
            "energy_by_rewrite": self.energy_by_rewrite,
        }
