"""Trainings of assignments, and what each lost against the exact plan of the same seed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from nvmcosim.optimize.cells import HeldOutCell
from nvmcosim.optimize.damage import DamageCell
from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.studies.cells import Cell, CellStore, Executor, run_cells
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.training_cells import TrainingCell

__all__ = ["Loss", "Size", "Trials"]

#: Deviations below this many points are no more than luck of few seeds.
_LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class Loss:
    """Points of accuracy that were lost against the exact plan, one value a seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    def bound(self, confidence: float) -> float:
        """One-sided upper bound of the mean by Student's t; the mean itself for one seed."""
        n = len(self.values)
        if n < 2:
            return self.mean
        return self.mean + float(student.ppf(confidence, n - 1)) * self.error

    @property
    def error(self) -> float:
        """Standard error of the mean, a least spread assumed."""
        return max(self.spread or 0.0, _LEAST_SPREAD) / len(self.values) ** 0.5

    def to_dict(self) -> dict[str, Any]:
        """The loss as JSON-ready values."""
        return {"loss": self.mean, "spread": self.spread, "n": len(self.values)}


@dataclass(frozen=True)
class Size:
    """How large a training is, and what judges it.

    Fields: `train_images`, None for all that there are; `held_out` training images as the test, or
    None for the set's own test images.
    """

    train_images: int | None
    held_out: int | None


@dataclass(eq=False)
class Trials:
    """Trainings of a problem's assignments, each kept in `store` when done.

    Fields:
        problem: what is trained.
        store: where results are kept.
        last: epochs at the end of a training whose mean accuracy counts.
        data: folder with data sets.
        executor: where trainings run.
        progress: called with a line, trainings done and trainings of this stage.
        probes: whether trainings that choose plans also tell what failed writes would do.
    """

    problem: Problem
    store: CellStore
    last: int
    data: str | None = None
    executor: Executor = field(default_factory=InProcess)
    progress: Callable[[str, int, int], None] | None = None
    probes: bool = False

    def cell(self, assignment: Assignment, seed: int, size: Size) -> TrainingCell:
        """The training of `assignment` with one seed."""
        config = self.problem.training(assignment, seed)
        if size.held_out is None:
            return TrainingCell(config, size.train_images, None, self.data)
        kind = DamageCell if self.probes else HeldOutCell
        return kind(config, size.train_images, None, self.data, held_out=size.held_out)

    def check(self, size: Size) -> None:
        """Raise `InputError` or `MissingTool` unless there are images for trainings of `size`."""
        _ = self.cell(self.problem.exact, 0, size).images

    def run(
        self, stage: str, assignments: Iterable[Assignment], seeds: Sequence[int], size: Size
    ) -> None:
        """Train what is not trained yet, each with every seed, and the exact plan as well."""
        chosen = [self.problem.exact, *assignments]
        cells: dict[str, Cell] = {}
        for seed in seeds:
            for assignment in chosen:
                cell = self.cell(assignment, seed, size)
                cells.setdefault(cell.digest, cell)
        done = 0

        def notify(cell: Cell) -> None:
            nonlocal done
            done += 1
            if self.progress is not None:
                accuracy = -self._badness(cell)
                self.progress(f"{stage}: {cell.title}: {accuracy:.2f}%", done, len(cells))

        run_cells(list(cells.values()), self.store, self.executor, notify)

    def loss(
        self,
        assignment: Assignment,
        seeds: Sequence[int],
        size: Size,
    ) -> Loss:
        """What `assignment` lost, paired by seed; it must have been trained."""
        exact, own = (
            [self._badness(self.cell(each, seed, size)) for seed in seeds]
            for each in (self.problem.exact, assignment)
        )
        gaps = tuple(mine - theirs for mine, theirs in zip(own, exact, strict=True))
        return Loss(gaps)

    def accuracies(
        self, assignment: Assignment, seeds: Sequence[int], size: Size
    ) -> tuple[float, ...]:
        """Accuracy in percent, one a seed."""
        return tuple(-self._badness(self.cell(assignment, seed, size)) for seed in seeds)

    def damage(
        self, assignment: Assignment, seeds: Sequence[int], size: Size
    ) -> NDArray[np.float64]:
        """Mean squared error by layer and bit where a write of the bit fails (`DamageCell`).

        Shape `[layers, width]`, the most significant bit first, in squares of the values' unit.
        """
        results = [self._result(self.cell(assignment, seed, size)) for seed in seeds]
        rows = []
        for layer in self.problem.layers:
            sums = np.zeros(self.problem.width)
            for name, words in layer.parameters:
                for result in results:
                    sums += words / layer.words * np.array(result["damage"][name])
            rows.append(sums / len(results))
        return np.array(rows)

    def energy(self, assignment: Assignment, seeds: Sequence[int], size: Size) -> float:
        """Energy that the trainings' ledgers counted, over that of the exact plan's trainings."""
        own, exact = (
            sum(self._energy(self.cell(each, seed, size)) for seed in seeds)
            for each in (assignment, self.problem.exact)
        )
        return own / exact

    def _badness(self, cell: Cell) -> float:
        last = self._result(cell)["history"][-self.last :]
        return -100 * float(np.mean([epoch["test_accuracy"] for epoch in last]))

    def _energy(self, cell: Cell) -> float:
        ledger = self._result(cell)["ledger"]
        return float(sum(ledger["energy_mtj"]) + sum(ledger["energy_driver"]))

    def _result(self, cell: Cell) -> dict[str, Any]:
        result = self.store.get(cell.digest)
        assert result is not None, cell.title
        return result
