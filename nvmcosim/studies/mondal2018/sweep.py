"""Which networks, thresholds, sample counts and streams the study of mondal2018 runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nvmcosim.studies.mondal2018.approximated import ApproximationCell, PrecisionCell
from nvmcosim.studies.mondal2018.networks import TASKS, Training
from nvmcosim.studies.mondal2018.printed import TABLE_4, TABLE_5, TABLE_6, TABLE_7, Row

__all__ = ["PAPER_SAVING", "TABLES", "Size", "Sweep", "saving"]

#: The tables of approximated networks: number, then rows.
TABLES: dict[str, tuple[str, Sequence[Row]]] = {
    "mnist-1": ("table4", TABLE_4),
    "mnist-2": ("table5", TABLE_5),
    **{name: ("table6", rows) for name, rows in TABLE_6.items()},
    **{name: ("table7", rows) for name, rows in TABLE_7.items()},
    **{f"{name}-quality": ("table7", rows) for name, rows in TABLE_7.items()},
}
#: Percent of the power that Table IV saves at a threshold of 0, over no approximation.
PAPER_SAVING = 100 * (1 - 443.8 / 545.1)
#: Neurons of the precision columns: an ideal tanh, the paper's FSM, and ours.
NEURONS = ("ideal", "paper", "magnitude")
#: Energy factors and M of the trainings with energy.
_ENERGY = {
    "mnist-1": [(lam, m) for m in (0.25, 0.5, 1.0) for lam in (0.1, 0.4)],
    "mnist-2": [(lam, m) for m in (0.5, 1.0, 2.0) for lam in (0.03, 0.1, 0.4)],
}


@dataclass(frozen=True)
class Size:
    """How large the study is.

    Fields:
        counts: D of the sweep, for MNIST's one-layer network.
        deep: D of MNIST's two-layer network at most.
        epochs: of MNIST's networks; None is each task's.
        tested: test samples on finite streams; None is all.
        lengths: of those streams.
        large: also Table IV at the sweep's largest D, and not only at the one like the paper's.
        energy: trainings with energy, of each network, at most.
    """

    counts: tuple[int, ...] = (200, 600, 2_000, 5_000, 10_000, 60_000)
    deep: int = 5_000
    epochs: int | None = None
    tested: int | None = None
    lengths: tuple[int, ...] = (512, 256, 128)
    large: bool = True
    energy: int = 9


#: A network's name, threshold and D (None for networks of few samples, or as trained).
Key = tuple[str, float | None, int | None]


@dataclass(frozen=True)
class Sweep:
    """The cells of the study."""

    size: Size
    tasks: tuple[str, ...]
    seed: int
    data: str | None
    folder: str

    def cell(self, key: Key) -> ApproximationCell:
        """A network by name, threshold and D."""
        name, phi, count = key
        return self._cell(self._training(name), phi, count)

    def counts(self) -> dict[Key, ApproximationCell]:
        """The sweep of D: MNIST's one-layer network at thresholds 0 and 0.03."""
        if "mnist-1" not in self.tasks:
            return {}
        keys: list[Key] = [("mnist-1", None, None)]
        keys += [("mnist-1", phi, n) for phi in (0.0, 0.03) for n in self.size.counts]
        return {key: self.cell(key) for key in keys}

    def tables(self, alike: int) -> dict[Key, ApproximationCell]:
        """Tables IV to VII; `alike` is the D that is like the paper's."""
        keys: list[Key] = []
        for name in self.tasks:
            for phi, _ in TABLES[name][1]:
                keys += [(name, phi, n) for n in self.drawn(name, phi, alike)]
        return {key: self.cell(key) for key in keys}

    def drawn(self, name: str, phi: float | None, alike: int) -> list[int | None]:
        """D of a network's program at a threshold; more than one where D is swept."""
        if phi is None:
            return [None]
        if name == "mnist-1":
            most = max(self.size.counts)
            return [alike, *([most] if self.size.large and most != alike else [])]
        return [min(alike, self.size.deep)] if name == "mnist-2" else [None]

    def energy(self) -> dict[tuple[str, float, float], ApproximationCell]:
        """Networks trained with their generators' energy in the loss, by factor and M."""
        return {
            (name, lam, m): self._cell(self._training(name, lam, m), None, None)
            for name, settings in _ENERGY.items()
            if name in self.tasks
            for lam, m in settings[: self.size.energy]
        }

    def precision(self, alike: int) -> dict[tuple[float | None, int, str], PrecisionCell]:
        """Table IV's networks on finite streams, by threshold, length and neuron."""
        if "mnist-1" not in self.tasks:
            return {}
        return {
            (phi, length, neuron): PrecisionCell(
                self.cell(("mnist-1", phi, self.drawn("mnist-1", phi, alike)[0])),
                length,
                neuron,
                self.size.tested,
                self.seed,
            )
            for phi, _ in TABLE_4
            for length in self.size.lengths
            for neuron in NEURONS
        }

    def _training(self, name: str, energy: float = 0.0, limit: float | None = None) -> Training:
        epochs = self.size.epochs if TASKS[name].dataset == "mnist" else None
        return Training(name, self.seed, epochs, energy, limit)

    def _cell(self, training: Training, phi: float | None, count: int | None) -> ApproximationCell:
        return ApproximationCell(training, phi, count, self.data, self.folder)


def saving(result: Mapping[str, Any], base: Mapping[str, Any]) -> float:
    """Percent of the power of `base` with BMS generators that `result` saves."""
    mine, other = (r["power"]["bms-energy"]["total_mw"] for r in (result, base))
    return 100 * (1 - float(mine) / float(other))
