"""What the study of mondal2018 has computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nvmcosim.studies.mondal2018.sweep import Key, Size, Sweep

__all__ = ["Runs"]

Result = Mapping[str, Any]
_NONE = Sweep(Size(), (), 0, None, "")


@dataclass(frozen=True)
class Runs:
    """Results of cells, by what tells them apart.

    Fields:
        sweep: what was to run.
        alike: D that is like the paper's.
        networks: by name, threshold and D.
        energy: trainings with energy, by name, factor and M.
        precision: Table IV on finite streams, by threshold, length and neuron.
        quick: whether they are reduced.
    """

    sweep: Sweep = _NONE
    alike: int = 0
    networks: Mapping[Key, Result] = field(default_factory=dict)
    energy: Mapping[tuple[str, float, float], Result] = field(default_factory=dict)
    precision: Mapping[tuple[float | None, int, str], Result] = field(default_factory=dict)
    quick: bool = False

    def base(self, name: str) -> Result | None:
        """The network as trained."""
        return self.networks.get((name, None, None))

    def at(self, name: str, phi: float | None) -> Result | None:
        """The network at a threshold, with the D of the paper's table."""
        return self.networks.get((name, phi, self.sweep.drawn(name, phi, self.alike)[0]))

    def counts(self, phi: float) -> dict[int, Result]:
        """The sweep of D at a threshold."""
        wanted = self.sweep.size.counts
        keys = {n: ("mnist-1", phi, n) for n in wanted}
        return {n: self.networks[key] for n, key in keys.items() if key in self.networks}

    def to_list(self) -> list[dict[str, Any]]:
        """All networks, JSON-ready."""
        rows = [dict(result) for result in self.networks.values()]
        rows += [
            {**result, "energy": lam, "limit": m} for (_, lam, m), result in self.energy.items()
        ]
        return rows
