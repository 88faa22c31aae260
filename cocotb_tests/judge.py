"""What the golden store expects of a controller, and the comparison with what was observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.protocol import Fault
from nvmcosim.cocotb_tests.stimulus import Stimulus
from nvmcosim.hdl.store_controller import StoreController
from nvmcosim.hdl.write_controller import WriteController
from nvmcosim.pymodel.bit_curves import DeviceCurve
from nvmcosim.pymodel.store import GoldenStore, from_bits, to_bits
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = [
    "Expectation",
    "Observation",
    "columns_of",
    "counter",
    "describe",
    "expectation",
    "judge",
    "observation",
]


@dataclass(frozen=True)
class Expectation:
    """What the golden store says after each vector, and of it.

    Fields:
        contents: bits of the array, bool `[vectors, rows, columns]`.
        counters: by the controller's `counter_names`, `[vectors, counters]`.
        clocks: that each command takes, `[vectors]`.
        clocks_after_same_row: those where it was accepted in the last clock of one for the same
            row, `[vectors]`.
    """

    contents: NDArray[np.bool_]
    counters: NDArray[np.uint64]
    clocks: NDArray[np.int64]
    clocks_after_same_row: NDArray[np.int64]


@dataclass(frozen=True)
class Observation:
    """What was seen of one controller.

    Fields:
        contents, counters: as in `Expectation`.
        accepted_at: clock in which each command was accepted, `[vectors]`.
        clocks: clocks from there to the first that could accept the next, `[vectors]`.
        faults: breaches of protocol under each command, as `Fault` bits, `[vectors]`.
        done: how many vectors came to their end; beyond them nothing was observed.
        configured: config writes accepted before each command, `[vectors]`.
    """

    contents: NDArray[np.bool_]
    counters: NDArray[np.uint64]
    accepted_at: NDArray[np.int64]
    clocks: NDArray[np.int64]
    faults: NDArray[np.uint8]
    done: int
    configured: NDArray[np.int64]

    @classmethod
    def of(
        cls, observed: Mapping[str, NDArray[Any]], n: int, columns: slice, counters: int
    ) -> "Observation":
        """Controller `n`'s part of what the bench wrote; its cells are `columns`."""
        return cls(
            observed["contents"][:, :, columns],
            observed["counters"][:, n, :counters],
            observed["accepted_at"][:, n],
            observed["clocks"][:, n],
            observed["faults"][:, n],
            int(observed["done"][n]),
            observed["configured"][:, n],
        )


def observation(
    controllers: Sequence[WriteController], observed: Mapping[str, NDArray[Any]], n: int
) -> Observation:
    """What was seen of controller `n` of all `controllers`."""
    counters = len(controllers[n].counter_names)
    return Observation.of(observed, n, columns_of(controllers)[n], counters)


def expectation(controller: StoreController, curve: DeviceCurve, stimulus: Stimulus) -> Expectation:
    """Run the golden store through `stimulus`."""
    plan, rows = controller.plan, controller.rows
    store = GoldenStore(plan, curve, rows)
    vectors, columns = stimulus.rows.size, plan.bank_words * plan.width
    contents = np.zeros((vectors, rows, plan.bank_words), plan.number_format.dtype)
    counters = np.zeros((vectors, len(controller.counter_names)), np.uint64)
    clocks = np.zeros((2, vectors), np.int64)
    before = store.counters.pulses.copy()
    for vector, (row, words) in enumerate(zip(stimulus.rows, stimulus.words, strict=True)):
        store.write_row(int(row), words, stimulus.thresholds_of(vector, plan))
        contents[vector] = store.contents
        counters[vector] = [counter(store.counters, name) for name in controller.counter_names]
        pulses = (store.counters.pulses - before).tolist()
        clocks[:, vector] = [controller.word_cycles(pulses, same_row=s) for s in (False, True)]
        before = store.counters.pulses.copy()
    bits = to_bits(contents, plan.width).reshape(vectors, rows, columns)
    return Expectation(bits, counters, *clocks)


def counter(counters: Any, port: str) -> int:
    """The one of the golden `counters` that goes by the name of a controller's `port`."""
    name, _, group = port.rpartition("_")
    if group.isdigit():
        return int(getattr(counters, name)[int(group)])
    return int(getattr(counters, port))


def judge(
    stimulus: Stimulus, expected: Expectation, seen: Observation
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which vectors are mismatches, `[vectors]`, and the clocks each should have taken."""
    vectors = np.arange(stimulus.rows.size)
    # Whether a command was accepted in the last clock of the one before.
    at_once = np.zeros(vectors.size, bool)
    at_once[1:] = seen.accepted_at[1:] == seen.accepted_at[:-1] + seen.clocks[:-1]
    same_row = np.zeros(vectors.size, bool)
    same_row[1:] = stimulus.rows[1:] == stimulus.rows[:-1]
    stated = np.where(at_once & same_row, expected.clocks_after_same_row, expected.clocks)
    wrong = (
        (seen.contents != expected.contents).any(axis=(1, 2))
        | (seen.counters != expected.counters).any(axis=1)
        | (seen.clocks != stated)
        | (seen.faults != 0)
        | (vectors >= seen.done)
    )
    # A source without pauses finds the controller ready in the last clock of every command, but
    # where config writes go first.
    held_back = np.diff(seen.configured, prepend=0) > 0
    wrong |= ~at_once & (stimulus.stalls == 0) & (vectors > 0) & ~held_back
    return wrong, stated


def describe(
    controller: WriteController,
    stimulus: Stimulus,
    expected: Expectation,
    seen: Observation,
    clocks: NDArray[np.int64],
    vector: int,
    plan: StorePlan | None = None,
) -> dict[str, Any]:
    """Everything about one vector: inputs, got and expected, as JSON-ready values.

    `plan` is what the controller wrote it by; by default, its own.
    """
    plan = controller.plan if plan is None else plan

    def words(bits: NDArray[np.bool_]) -> list[list[int]]:
        shaped = bits.reshape(controller.rows, plan.bank_words, plan.width)
        return from_bits(shaped, plan.number_format.dtype).tolist()

    def counts(values: NDArray[np.uint64]) -> dict[str, int]:
        return dict(zip(controller.counter_names, values.tolist(), strict=True))

    before = expected.contents[vector - 1] if vector else np.zeros_like(expected.contents[0])
    return {
        "plan": plan.to_dict(),
        "vector": vector,
        "row": int(stimulus.rows[vector]),
        "data": stimulus.words[vector].tolist(),
        "thresholds_ps": np.nan_to_num(
            stimulus.thresholds_of(vector, plan), posinf=-1
        ).tolist(),  # -1: never switches
        "before": words(before),
        "got": {
            "contents": words(seen.contents[vector]),
            "counters": counts(seen.counters[vector]),
            "clocks": int(seen.clocks[vector]),
            "faults": [fault.name for fault in Fault if fault & int(seen.faults[vector])],
        },
        "expected": {
            "contents": words(expected.contents[vector]),
            "counters": counts(expected.counters[vector]),
            "clocks": int(clocks[vector]),
            "faults": [],
        },
    }


def columns_of(controllers: Sequence[WriteController]) -> list[slice]:
    """Each controller's cells among those of all."""
    edges = np.cumsum([0, *(c.plan.bank_words * c.plan.width for c in controllers)])
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]
