"""Timing contestants turn by turn, so that what else a machine does strikes all of them alike."""

import gc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

__all__ = ["BenchResult", "Contestant", "interleaved"]


@dataclass(frozen=True)
class BenchResult:
    """One figure beside what it is compared with, in the same `unit`; `ratio` is value over that.

    `name` and `reference` name the two; values are medians.
    """

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float

    @classmethod
    def of(
        cls, name: str, value: float, unit: str, reference: str, reference_value: float
    ) -> "BenchResult":
        """The result whose ratio is `value / reference_value`."""
        return cls(name, value, unit, reference, reference_value, value / reference_value)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Contestant:
    """What is timed.

    Fields:
        name: of the result.
        run: the work; what it returns is dropped outside the clock.
        prepare: called before each run, outside the clock.
        rounds: runs at most; None is one in every round.
    """

    name: str
    run: Callable[[], Any]
    prepare: Callable[[], Any] = lambda: None
    rounds: int | None = None


def interleaved(
    contestants: list[Contestant], rounds: int, progress: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Median seconds of each contestant, by name; each runs once in every round.

    One round before the first is not counted: it compiles, allocates and warms up. The order turns
    by one each round. `progress` is called after each round.
    """
    seconds: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    enabled = gc.isenabled()
    gc.disable()
    try:
        for n in range(-1, rounds):
            turn = n % len(contestants)
            for contestant in contestants[turn:] + contestants[:turn]:
                if contestant.rounds is not None and n >= contestant.rounds:
                    continue
                contestant.prepare()
                start = perf_counter()
                result = contestant.run()
                elapsed = perf_counter() - start
                del result
                if n >= 0:
                    seconds[contestant.name].append(elapsed)
            progress()
    finally:
        if enabled:
            gc.enable()
    return {name: median(times) for name, times in seconds.items()}
