"""What a bench run on one simulator showed."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["BenchResult"]

#: Failures that a result describes; the rest are only counted.
DESCRIBED = 5


@dataclass
class BenchResult:
    """The numbers of one block on one simulator.

    Fields:
        block, simulator: what ran, and where.
        case: which class of plans, or way of running them.
        plans: how many controllers there were.
        seed: of every random draw.
        vectors: accepted commands after which everything was compared.
        mismatches: vectors with any difference.
        by_plan: mismatches of each controller.
        cycles: simulated clock cycles.
        seconds: run time of the simulation.
        build_seconds: building it; 0 where a build was at hand.
        facts: what else there is to say about the run, by name.
        failures: the first mismatches, each with its plan, inputs, got, expected and seed.
    """

    block: str
    simulator: str
    case: str = ""
    plans: int = 1
    seed: int = 0
    vectors: int = 0
    mismatches: int = 0
    by_plan: list[int] = field(default_factory=list)
    cycles: int = 0
    seconds: float = 0.0
    build_seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return asdict(self)

    def add(self, part: "BenchResult") -> None:
        """Add the numbers of `part`, another batch of the same run."""
        for name in ("vectors", "mismatches", "cycles", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(part, name))
        for name, value in part.facts.items():
            self.facts[name] = self.facts.get(name, 0) + value
        earlier = self.by_plan or [0] * len(part.by_plan)
        self.by_plan = [a + b for a, b in zip(earlier, part.by_plan, strict=True)]
        self.failures = (self.failures + part.failures)[:DESCRIBED]
