"""What is optimised: a network's training, a device's curve and grid of pulses, and the layers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nvmcosim.devices import curve_for
from nvmcosim.networks import build_network
from nvmcosim.pymodel.curve import WriteCurve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.layer_plan import LayerPlan, PlannedLayer
from nvmcosim.pymodel.store_plan import Domain, StorePlan
from nvmcosim.training import TrainingConfig

__all__ = ["Assignment", "Layer", "Problem"]

#: Pulses in ps, by layer and then from the most significant bit down.
Assignment = tuple[tuple[int, ...], ...]

#: More pulses than this would make each bit's choice finer than any measurement tells.
MAX_PULSES = 1000
#: Failure rates at which a bit is measured, where the grid has more pulses than there are of them.
_RATES = (0.99, 0.9, 0.5, 0.25, 0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Layer:
    """Parameters that share a plan.

    Fields: its `name`; its parameters' `names` as a plan has them; its `parameters`, each with
    how many words.
    """

    name: str
    names: tuple[str, ...]
    parameters: tuple[tuple[str, int], ...]

    @property
    def words(self) -> int:
        """Words of all parameters."""
        return sum(words for _, words in self.parameters)


@dataclass(frozen=True, eq=False)
class Problem:
    """A training, the pulses each bit may get, and the layers that have a plan of their own.

    Fields:
        config: the training; its plan writes every bit with the longest pulse, which is what
            every energy and loss is relative to. All its other fields hold for every plan.
        curve: of the device.
        grid: the pulses in ps that a bit may get, from 0 to the longest; none but 0 is shorter
            than the shortest level, as nothing is known of them.
        levels: those pulses between 0 and the longest that sensitivity is measured at.
        layers: from the network's input on; one layer is a global plan.
    """

    config: TrainingConfig
    curve: WriteCurve
    grid: tuple[int, ...]
    levels: tuple[int, ...]
    layers: tuple[Layer, ...]

    @classmethod
    def of(
        cls, config: TrainingConfig, step_ps: int, longest_ps: int, per_layer: bool = False
    ) -> Self:
        """The problem on pulses that are multiples of `step_ps`, the longest `longest_ps`.

        `config.plan` gives all of a plan but its pulses. Raises `InputError` for no such grid, or
        a longest pulse that the curve does not cover.
        """
        if step_ps < 1 or longest_ps < 2 * step_ps or longest_ps % step_ps:
            raise InputError(
                f"longest is {longest_ps} ps; it must be a multiple of the grid, {step_ps} ps, "
                "and at least twice that"
            )
        grid = tuple(range(0, longest_ps + 1, step_ps))
        if len(grid) > MAX_PULSES:
            raise InputError(f"the grid has {len(grid)} pulses; it must have at most {MAX_PULSES}")
        stated = config.plan
        if not isinstance(stated, StorePlan):
            raise InputError("a problem is stated with a store plan")
        whole = (Domain(stated.width, longest_ps),)
        plan = stated.replace(domains=whole, tick_ps=step_ps)
        curve = curve_for(plan)
        if not isinstance(curve, WriteCurve):
            raise InputError("a plan to be optimised has no amplitudes of its own")
        curve.failure_rate(longest_ps)  # refuses what the curve does not cover
        layers = _layers(config.network, per_layer)
        levels = _levels(curve, grid)
        known = (0, *(pulse for pulse in grid if pulse >= levels[0]))
        return cls(replace(config, plan=plan), curve, known, levels, layers)

    @property
    def width(self) -> int:
        """Bits in a word."""
        return self.base_plan.width

    @property
    def base_plan(self) -> StorePlan:
        """The plan that writes every bit with the longest pulse."""
        assert isinstance(self.config.plan, StorePlan)
        return self.config.plan

    @property
    def exact(self) -> Assignment:
        """Every bit with the longest pulse."""
        return ((self.grid[-1],) * self.width,) * len(self.layers)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Failure rate of each pulse of the grid, shape `[pulses]`."""
        return self.curve.failure_rate(self.grid)

    @cached_property
    def costs(self) -> NDArray[np.float64]:
        """Relative energy of each bit at each pulse, shape `[layers, width, pulses]`.

        The exact plan's sum to 1. Every bit counts as driven at each store, as with
        `rewrite="all"`; what other plans save is in the trainings' own ledgers.
        """
        words = np.array([layer.words for layer in self.layers], dtype=float)
        pulse = self.curve.energy(self.grid).sum(axis=0)
        if not pulse[-1] > 0:
            raise InputError(f"the curve of {self.curve.device} states no energy")
        share = words / words.sum() / self.width
        return np.tile(share[:, None, None] * pulse / pulse[-1], (1, self.width, 1))

    def energy(self, assignment: Assignment) -> float:
        """Write energy of `assignment` over that of the exact plan."""
        index = {pulse: n for n, pulse in enumerate(self.grid)}
        return float(
            sum(
                self.costs[n, bit, index[pulse]]
                for n, layer in enumerate(assignment)
                for bit, pulse in enumerate(layer)
            )
        )

    def with_slot(self, layer: int, bit: int, pulse_ps: int) -> Assignment:
        """The exact assignment but for one bit of one layer; bit 0 is the most significant."""
        return self.with_bits(layer, (bit,), pulse_ps)

    def with_bits(self, layer: int, bits: Iterable[int], pulse_ps: int) -> Assignment:
        """The exact assignment but for some bits of one layer."""
        rows = [list(row) for row in self.exact]
        for bit in bits:
            rows[layer][bit] = pulse_ps
        return tuple(map(tuple, rows))

    def plan(self, assignment: Assignment, seed: int = 0) -> StorePlan | LayerPlan:
        """The plan of `assignment`: a store plan, or one a layer where they differ."""
        base = self.base_plan.replace(seed=seed)
        if len(set(assignment)) == 1:
            return base.replace(domains=_domains(assignment[0]))
        layers = zip(self.layers, assignment, strict=True)
        return LayerPlan(
            tuple(
                PlannedLayer(layer.name, layer.names, base.replace(domains=_domains(pulses)))
                for layer, pulses in layers
            )
        )

    def training(self, assignment: Assignment, seed: int) -> TrainingConfig:
        """The training of `assignment` with one seed, of the draws too."""
        return replace(self.config, plan=self.plan(assignment, seed), seed=seed)


def _domains(pulses: tuple[int, ...]) -> tuple[Domain, ...]:
    """The fewest domains with these pulses, from the most significant bit down."""
    return tuple(Domain(len(list(run)), pulse) for pulse, run in groupby(pulses))


def _levels(curve: WriteCurve, grid: tuple[int, ...]) -> tuple[int, ...]:
    inner = grid[1:-1]
    if len(inner) <= len(_RATES):
        return inner
    rates = curve.failure_rate(inner)
    nearest = {inner[int(np.abs(np.log(rates + 1e-300) - np.log(r)).argmin())] for r in _RATES}
    return tuple(sorted(nearest))


def _layers(network: str, per_layer: bool) -> tuple[Layer, ...]:
    named = [(name, p.numel()) for name, p in build_network(network, 0).named_parameters()]
    if not per_layer:
        return (Layer("all", ("*",), tuple(named)),)
    owners: dict[str, list[tuple[str, int]]] = {}
    for name, words in named:
        owners.setdefault(name.rpartition(".")[0] or name, []).append((name, words))
    return tuple(
        Layer(owner, tuple(name for name, _ in found), tuple(found))
        for owner, found in owners.items()
    )
