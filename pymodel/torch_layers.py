"""An approximate memory whose layers are each written by a plan of their own."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.hooks import RemovableHandle

from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.layer_plan import LayerPlan
from nvmcosim.pymodel.ledger import Ledger
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.pymodel.store_record import StoreRecord
from nvmcosim.pymodel.torch_plugin import ApproximateMemory
from nvmcosim.pymodel.torch_store import Rates

__all__ = ["LayeredLedger", "LayeredMemory", "LayeredRecord"]


@dataclass(frozen=True)
class LayeredRecord:
    """A store of all layers, or an epoch's at steps: each one's record, and the energy in full."""

    layers: Mapping[str, StoreRecord]
    reference_energy: float

    @property
    def failed_bits(self) -> int:
        """Stored bits that differ from what was to be stored."""
        return sum(record.failed_bits for record in self.layers.values())

    @property
    def epoch(self) -> int:
        """Ended epochs when it happened."""
        return next(iter(self.layers.values())).epoch

    @property
    def energy(self) -> NDArray[np.float64]:
        """By MTJ and driver and by bit, shape `[2, width]`."""
        return np.sum([record.energy for record in self.layers.values()], axis=0)

    @property
    def relative_energy(self) -> float:
        """Energy over `reference_energy`; 0 if nothing is ever written."""
        energy = float(self.energy.sum())
        return energy / self.reference_energy if self.reference_energy > 0 else 0.0


@dataclass(frozen=True, eq=False)
class LayeredLedger:
    """The ledgers of all layers, and their sums as a `Ledger` has them.

    `word_energy` is that of writing every bit of a word with the longest pulse of any layer.
    """

    layers: Mapping[str, Ledger]
    word_energy: float

    def __len__(self) -> int:
        return len(next(iter(self.layers.values())))

    @property
    def records(self) -> list[LayeredRecord]:
        """The records, as a `Ledger` has them."""
        stores = zip(*(ledger.records for ledger in self.layers.values()), strict=True)
        return [self.record(dict(zip(self.layers, store, strict=True))) for store in stores]

    def record(self, layers: Mapping[str, StoreRecord]) -> LayeredRecord:
        """The record of stores whose layers have the records `layers`."""
        words = sum(record.words for record in layers.values())
        return LayeredRecord(layers, self.word_energy * words)

    @property
    def stores(self) -> int:
        """Stores so far."""
        return next(iter(self.layers.values())).stores

    @property
    def words(self) -> int:
        """Words stored, over all stores."""
        return sum(ledger.words for ledger in self.layers.values())

    @property
    def failed_bits(self) -> NDArray[np.int64]:
        """Failed bits over all stores, by bit position, shape `[width]`."""
        return np.sum([ledger.failed_bits for ledger in self.layers.values()], axis=0)

    @property
    def driven_bits(self) -> NDArray[np.int64]:
        """Write attempts over all stores, by bit position, shape `[width]`."""
        return np.sum([ledger.driven_bits for ledger in self.layers.values()], axis=0)

    @property
    def changed_bits(self) -> NDArray[np.int64]:
        """Bits that differed before they were written, over all stores, shape `[width]`."""
        return np.sum([ledger.changed_bits for ledger in self.layers.values()], axis=0)

    @property
    def energy_by_rewrite(self) -> dict[str, float]:
        """Energy over all stores by either accounting, as a `Ledger`'s."""
        each = [ledger.energy_by_rewrite for ledger in self.layers.values()]
        return {name: sum(energy[name] for energy in each) for name in each[0]}

    @property
    def energy(self) -> NDArray[np.float64]:
        """Energy over all stores by MTJ and driver and by bit, shape `[2, width]`."""
        return np.sum([ledger.energy for ledger in self.layers.values()], axis=0)

    @property
    def reference_energy(self) -> float:
        """Energy of as many stores that write every bit with the longest pulse of any layer."""
        return self.word_energy * self.words

    @property
    def relative_energy(self) -> float:
        """Energy over `reference_energy`; 0 if nothing is ever written."""
        reference = self.reference_energy
        return float(self.energy.sum()) / reference if reference > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Sums as a `Ledger` has them, JSON-ready, and under `layers` those of each layer."""
        by_layer = {name: ledger.to_dict() for name, ledger in self.layers.items()}
        energy = self.energy
        return {
            "stores": self.stores,
            "words": self.words,
            "failed_bits": self.failed_bits.tolist(),
            "driven_bits": self.driven_bits.tolist(),
            "changed_bits": self.changed_bits.tolist(),
            "energy_mtj": energy[0].tolist(),
            "energy_driver": energy[1].tolist(),
            "energy_unit": next(iter(self.layers.values())).energy_unit,
            "reference_energy": self.reference_energy,
            "relative_energy": self.relative_energy,
            "energy_by_rewrite": self.energy_by_rewrite,
            "layers": by_layer,
        }


class LayeredMemory:
    """`ApproximateMemory` for a `LayerPlan`: the same calls, a plan for each layer.

    Every parameter of the model must be named by exactly one layer. With the same plan in every
    layer, and layers in the order of the parameters, it holds the same bits as one
    `ApproximateMemory` of that plan.

    Args: as `ApproximateMemory`; `plan` says what each layer stores.

    Attributes: `plan`, `curve`, `memories` (by layer), `ledger`, `epoch`, `steps`.

    Raises `InputError` for a parameter of no layer or of two.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        plan: LayerPlan,
        every: str | int = "epoch",
        optimizer: torch.optim.Optimizer | None = None,
        curve: DeviceCurve | None = None,
    ) -> None:
        _check_layers(model, plan)
        self.plan = plan
        self.memories: dict[str, ApproximateMemory] = {}
        block = 0
        for layer in plan.layers:
            memory = ApproximateMemory(
                model, layer.plan, every, layer.names, curve=curve, first_block=block
            )
            self.memories[layer.name] = memory
            block = memory.next_block
        self._first = next(iter(self.memories.values()))
        self.curve = self._first.curve
        self._word_energy = float(bit_energy(plan.in_full(), self.curve).sum())
        self._hook: RemovableHandle | None = None
        if optimizer is not None:
            self._hook = optimizer.register_step_post_hook(self._after_step)

    def _after_step(self, *_: Any) -> None:
        self.step()

    @property
    def ledger(self) -> LayeredLedger:
        """Energy, failed bits and stored words."""
        ledgers = {name: memory.ledger for name, memory in self.memories.items()}
        return LayeredLedger(ledgers, self._word_energy)

    @property
    def epoch(self) -> int:
        """Ended epochs."""
        return self._first.epoch

    @property
    def steps(self) -> int:
        """Taken steps."""
        return self._first.steps

    @property
    def words(self) -> dict[str, torch.Tensor]:
        """What the memory holds, by parameter name, as `ApproximateMemory.words`."""
        return {name: held for m in self.memories.values() for name, held in m.words.items()}

    def step(self) -> LayeredRecord | None:
        """Count a training step, and store if one is due; returns its record, or None."""
        return self._record({name: memory.step() for name, memory in self.memories.items()})

    def descend(self, rates: Rates) -> LayeredRecord | None:
        """Take a step of plain gradient descent, then do as `step`."""
        stored = {}
        for name, memory in self.memories.items():
            own = {id(parameter) for parameter in memory.parameters}
            stored[name] = memory.descend([rate for rate in rates if id(rate[0]) in own])
        return self._record(stored)

    def end_epoch(
        self, plan: StorePlan | None = None, exact: bool = False, skip: bool = False
    ) -> LayeredRecord | None:
        """Count an epoch and store if one is due; `plan` is then every layer's."""
        return self._record(
            {name: memory.end_epoch(plan, exact, skip) for name, memory in self.memories.items()}
        )

    def store(self, plan: StorePlan | None = None, exact: bool = False) -> LayeredRecord:
        """Store all parameters now and read them back; `plan` is then every layer's."""
        stored = {name: memory.store(plan, exact) for name, memory in self.memories.items()}
        record = self._record(stored)
        assert record is not None
        return record

    def _record(self, records: Mapping[str, StoreRecord | None]) -> LayeredRecord | None:
        found = {name: record for name, record in records.items() if record is not None}
        return self.ledger.record(found) if found else None

    def restore(self) -> None:
        """Load the parameters with what the memory holds."""
        for memory in self.memories.values():
            memory.restore()

    def detach(self) -> None:
        """Stop following the optimizer's steps."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def state_dict(self) -> dict[str, Any]:
        """All that a later `load_state_dict` needs to go on, by layer."""
        return {name: memory.state_dict() for name, memory in self.memories.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up `state`; raises `InputError` if it is damaged or another memory's."""
        if not isinstance(state, Mapping) or set(state) != set(self.memories):
            raise InputError(f"the memory's state must have the layers {', '.join(self.memories)}")
        for name, memory in self.memories.items():
            memory.load_state_dict(state[name])


def _check_layers(model: torch.nn.Module, plan: LayerPlan) -> None:
    for name, _ in model.named_parameters():
        owners = [
            layer.name
            for layer in plan.layers
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in layer.names)
        ]
        if len(owners) != 1:
            found = " and ".join(owners) or "no layer"
            raise InputError(f"parameter {name} is of {found}; it must be of one layer")
