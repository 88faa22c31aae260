"""What was trained: costs by approach, accuracy by seed, and how far it is from Table I."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.studies.ho2021.printed import TABLE_1
from nvmcosim.studies.score import Score

__all__ = ["CONVERGED", "LEAST_ITERATIONS", "Runs", "saved"]

#: A cost a write has converged if the second half of a run has the same flips a write as the whole
#: within this share, over at least so many iterations; set before any run.
CONVERGED, LEAST_ITERATIONS = 0.02, 1000


def saved(ours: float, other: float) -> float:
    """Percent that `ours` is less than `other`."""
    return 100 * (1 - ours / other)


@dataclass(frozen=True)
class Runs:
    """Results (`nvmcosim.training.line_training.train_lines`) by network, kind and seed.

    `missing` says why there can be none; it is empty otherwise.
    """

    done: Mapping[tuple[str, str, int], Mapping[str, Any]]
    missing: str = ""

    @property
    def networks(self) -> tuple[str, ...]:
        """Networks of which both exact and AppWOM runs are done."""
        return tuple(n for n in TABLE_1 if self._first(n, "exact") and self._first(n, "appwom"))

    def _first(self, network: str, kind: str) -> Mapping[str, Any] | None:
        found = [run for (n, k, _), run in self.done.items() if (n, k) == (network, kind)]
        return next((run for run in found if run["reports"]), None)

    def report(self, network: str, kind: str, plan: LinePlan) -> dict[str, Any] | None:
        """What writes by `plan` cost in the run of that kind (`LineReport.to_dict`)."""
        run = self._first(network, kind)
        found = run["reports"] if run else []
        return next((r for r in found if r["plan"] == plan.to_dict()), None)

    def iterations(self, network: str, kinds: Iterable[str] = ("exact",)) -> int:
        """Iterations that the network's runs of all these kinds have; 0 if one was not trained."""
        counts: dict[str, list[int]] = {kind: [] for kind in kinds}
        for (n, kind, _), run in self.done.items():
            if n == network and kind in counts:
                counts[kind].append(int(run["history"][-1]["iteration"]))
        return min(min(found, default=0) for found in counts.values())

    def reduced(self, network: str, kinds: Iterable[str] = ("exact",)) -> str:
        """How a network's training falls short of Table I; empty if it does not.

        Of kinds that were trained for different numbers of iterations, the least counts.
        """
        ours, paper = self.iterations(network, kinds), TABLE_1[network].iterations
        if not ours:
            return f"{network} not trained"
        return "" if ours >= paper else f"{network} {ours:,} of {paper:,} iterations"

    def drift(self, network: str, kind: str, plan: LinePlan) -> float | None:
        """Share by which the second half's flips a write differ from the whole run's."""
        run = self._first(network, kind)
        if run is None:
            return None
        plans = [r["plan"] for r in run["reports"]]
        if plan.to_dict() not in plans:
            return None
        n, history = plans.index(plan.to_dict()), run["history"]
        middle, last = history[(len(history) - 1) // 2], history[-1]
        steps = last["iteration"] - middle["iteration"]
        whole = last["flips"][n] / last["iteration"]
        if not steps or not whole:
            return None
        return (last["flips"][n] - middle["flips"][n]) / steps / whole - 1

    def decided(self, network: str, *memories: tuple[str, LinePlan]) -> bool:
        """Whether costs may be judged: at the paper's size, or converged by the rule."""
        if not self.iterations(network):
            return False
        if not self.reduced(network):
            return True
        drifts = [self.drift(network, kind, plan) for kind, plan in memories]
        enough = self.iterations(network) >= LEAST_ITERATIONS
        return enough and all(d is not None and abs(d) <= CONVERGED for d in drifts)

    def convergence(self, network: str, kind: str, plan: LinePlan) -> list[dict[str, Any]]:
        """Flips a word and write between tests, by iteration."""
        run = self._first(network, kind)
        if run is None:
            return []
        plans = [r["plan"] for r in run["reports"]]
        if plan.to_dict() not in plans:
            return []
        n, before, points = plans.index(plan.to_dict()), None, []
        words = run["reports"][n]["words"]
        for entry in run["history"]:
            if before is not None:
                writes = words * (entry["iteration"] - before["iteration"])
                flips = (entry["flips"][n] - before["flips"][n]) / writes
                points.append({"iteration": entry["iteration"], "flips": flips})
            before = entry
        return points

    def accuracies(self, network: str, kind: str, at: int) -> dict[int, float]:
        """Test accuracy in percent after `at` iterations, by seed."""
        return {
            seed: 100 * entry["test_accuracy"]
            for (n, k, seed), run in sorted(self.done.items())
            for entry in run["history"]
            if (n, k) == (network, kind) and entry["iteration"] == at
        }

    def accuracy(self, network: str, kind: str, at: int) -> Score | None:
        """Test accuracy in percent after `at` iterations, over the seeds."""
        found = self.accuracies(network, kind, at)
        return Score.of(list(found.values())) if found else None

    def loss(self, network: str, kind: str, against: str) -> Score | None:
        """Points lost against another kind, over the seeds that both have.

        They are compared at the last iteration that all of them were tested at.
        """
        at = self.shared(network, kind, against)
        ours, base = (self.accuracies(network, each, at) for each in (kind, against))
        seeds = sorted(set(ours) & set(base))
        return Score.of([base[s] - ours[s] for s in seeds]) if seeds else None

    def shared(self, network: str, *kinds: str) -> int:
        """The last iteration that all runs of these kinds were tested at; 0 if there is none."""
        tested = [
            {entry["iteration"] for entry in run["history"]}
            for (n, k, _), run in self.done.items()
            if n == network and k in kinds
        ]
        return max(set.intersection(*tested), default=0) if tested else 0

    def settled(self, network: str, kind: str) -> bool:
        """Whether accuracy has converged: its last five tests are within 1 point."""
        for (n, k, _), run in self.done.items():
            last = [100 * entry["test_accuracy"] for entry in run["history"][-5:]]
            if (n, k) == (network, kind) and (len(last) < 5 or max(last) - min(last) >= 1):
                return False
        return any((n, k) == (network, kind) for n, k, _ in self.done)
