"""What the golden lines expect of a controller, and the comparison with what was observed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nvmcosim.cocotb_tests.line_stimulus import LineStimulus
from nvmcosim.cocotb_tests.protocol import Fault
from nvmcosim.hdl.line_controller import LineController
from nvmcosim.hdl.line_ports import Opcode
from nvmcosim.pymodel.coded_lines import CodedLines
from nvmcosim.pymodel.golden_line import GoldenLine
from nvmcosim.pymodel.line_plan import LinePlan
from nvmcosim.pymodel.line_work import LineWork
from nvmcosim.pymodel.wom import CELLS

__all__ = ["LineExpectation", "LineObservation", "cells_of", "golden_at_first", "line_expectation"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class LineObservation:
    """What was seen of one controller, after each of its vectors.

    Fields:
        contents: all cells of the array, `[vectors, lines, cells]`.
        counters: by the controller's `counter_names`, `[vectors, counters]`.
        accepted_at: clock in which each command was accepted.
        clocks: from there to the first that could accept the next.
        cut: clocks from there to the restart that ended the command; -1 where none did.
        restarts: how many there had been.
        faults: breaches of protocol, as `Fault` bits.
        replies: bits of what a read found.
        done: how many vectors came to their end.
    """

    contents: Bits
    counters: NDArray[np.uint64]
    accepted_at: NDArray[np.int64]
    clocks: NDArray[np.int64]
    cut: NDArray[np.int64]
    restarts: NDArray[np.int64]
    faults: NDArray[np.uint8]
    replies: Bits
    done: int

    @classmethod
    def of(cls, observed: Mapping[str, NDArray[Any]], n: int) -> "LineObservation":
        """Controller `n`'s part of what the bench wrote."""
        own: dict[str, Any] = {name: observed[f"p{n}_{name}"] for name in cls.__dataclass_fields__}
        return cls(**{**own, "done": int(own["done"])})


@dataclass(frozen=True)
class LineExpectation:
    """What the golden lines say: as in `LineObservation`, where restarts came as was seen.

    `work` is what each command took.
    """

    contents: Bits
    counters: NDArray[np.uint64]
    clocks: NDArray[np.int64]
    replies: Bits
    work: list[LineWork]

    def wrong(self, stimulus: LineStimulus, seen: LineObservation) -> NDArray[np.bool_]:
        """Which vectors are mismatches, `[vectors]`."""
        vectors = np.arange(len(self.clocks))
        wrong = (
            (seen.contents != self.contents).any(axis=(1, 2))
            | (seen.counters != self.counters).any(axis=1)
            | ((seen.clocks != self.clocks) & (seen.cut < 0))
            | ((seen.replies != self.replies).any(axis=1) & (seen.cut < 0))
            | (seen.faults != 0)
            | (vectors >= seen.done)
        )
        # A source without pauses finds the controller ready as soon as it states.
        late = np.zeros(vectors.size, bool)
        late[1:] = seen.accepted_at[1:] != seen.accepted_at[:-1] + seen.clocks[:-1]
        free = (stimulus.stalls == 0) & (np.diff(seen.restarts, prepend=0) == 0)
        free[1:] &= seen.cut[:-1] < 0
        return wrong | (late & free)

    def describe(
        self,
        controller: LineController,
        stimulus: LineStimulus,
        seen: LineObservation,
        vector: int,
    ) -> dict[str, Any]:
        """Everything about one vector: inputs, got and expected, as JSON-ready values."""

        def told(what: Any) -> dict[str, Any]:
            counts = what.counters[vector].tolist()
            return {
                "contents": [_text(line) for line in what.contents[vector]],
                "counters": dict(zip(controller.counter_names, counts, strict=True)),
                "clocks": int(what.clocks[vector]),
                "reply": _text(what.replies[vector]),
            }

        faults = [fault.name for fault in Fault if fault & int(seen.faults[vector])]
        return {
            "plan": controller.plan.to_dict(),
            "vector": vector,
            "opcode": Opcode(int(stimulus.opcodes[vector])).name,
            "line": int(stimulus.lines[vector]),
            "words": stimulus.words[vector].tolist(),
            "cut": int(seen.cut[vector]),
            "got": {**told(seen), "faults": faults},
            "expected": {**told(self), "faults": []},
        }


def cells_of(golden: GoldenLine) -> Bits:
    """All cells of the array that the golden lines have, `[lines, cells]`."""
    lines = _coded(golden)
    bits = lines.words[..., None] >> np.arange(CELLS) & 1 == 1
    cells = bits.reshape(lines.lines, -1)
    return np.hstack([cells, lines.polarity == 1]) if lines.shape.ping_pong else cells


def golden_at_first(controller: LineController, stimulus: LineStimulus) -> GoldenLine:
    """The golden lines in the state that `stimulus` says."""
    golden = GoldenLine(controller.plan, controller.lines)
    lines = _coded(golden)
    lines.words[...], lines.polarity[...] = stimulus.groups, stimulus.polarity
    return golden


def line_expectation(
    controller: LineController, stimulus: LineStimulus, seen: LineObservation, coins: Bits
) -> LineExpectation:
    """Run the golden lines through `stimulus`, with restarts where they were `seen`.

    `coins`, `[restarts, cells]`, say which cells a restart found switched.
    """
    plan, vectors = controller.plan, stimulus.opcodes.size
    golden = golden_at_first(controller, stimulus)
    contents = np.zeros((vectors, *cells_of(golden).shape), bool)
    counters = np.zeros((vectors, len(controller.counter_names)), np.uint64)
    clocks = np.zeros(vectors, np.int64)
    replies = np.zeros((vectors, plan.width * plan.line_words), bool)
    works, restarts = [], 0
    for vector in range(vectors):
        if seen.restarts[vector] > restarts and seen.cut[vector] < 0:
            # The restart came between commands.
            _coded(golden).work = LineWork()
        restarts = int(seen.restarts[vector])
        before, line = cells_of(golden), int(stimulus.lines[vector])
        work = _act(golden, stimulus, vector)
        works.append(work)
        clocks[vector] = controller.command_cycles(work, wait=int(stimulus.waits[vector]))
        if seen.cut[vector] >= 0:
            after = before.copy()
            cut, coin = int(seen.cut[vector]), coins[restarts - 1]
            states = before[line], cells_of(golden)[line]
            turned = _coded(golden).turned
            after[line] = _cut_off(plan, states, turned, work, cut, coin)
            _load(golden, after)
            _coded(golden).work = LineWork()
        elif Opcode(int(stimulus.opcodes[vector])) == Opcode.READ:
            held = golden.contents[line]
            replies[vector] = (held[:, None] >> np.arange(plan.width) & 1 == 1).ravel()
        contents[vector] = cells_of(golden)
        counters[vector] = [getattr(golden.work, name) for name in controller.counter_names]
    return LineExpectation(contents, counters, clocks, replies, works)


def _act(golden: GoldenLine, stimulus: LineStimulus, vector: int) -> LineWork:
    line, opcode = int(stimulus.lines[vector]), Opcode(int(stimulus.opcodes[vector]))
    if opcode == Opcode.WRITE:
        return golden.write(line, stimulus.words[vector])
    if opcode == Opcode.REFRESH:
        return golden.refresh(line)
    if opcode == Opcode.PREPARE:
        return golden.prepare(line)
    before = asdict(golden.work)
    golden.read(line)
    return LineWork(**{name: n - before[name] for name, n in asdict(golden.work).items()})


def _cut_off(
    plan: LinePlan, states: tuple[Bits, Bits], turned: Bits, work: LineWork, cut: int, coin: Bits
) -> Bits:
    """What a line's cells hold after a restart in clock `cut` after a command was accepted.

    `states` are the cells before and after it; between the two, those of `turned` units are all on
    one side: in ping-pong that of the new polarity, else that of fresh cells. A pulse that was on
    for all its clocks has switched its cell, one that was on for some of them has where `coin` says
    so.
    """
    old, new = states
    if not work.turns and not work.place_ps:
        return old
    shape, tick = plan.shape, plan.tick_ps
    cells = CELLS * shape.groups
    per_unit = cells // shape.units
    side = new[cells:] if shape.ping_pong else np.full(shape.units, bool(shape.polarity))
    start = old.copy()
    start[:cells] = np.where(np.repeat(turned, per_unit), np.repeat(side, per_unit), old[:cells])
    start[cells:] = new[cells:]
    first = plan.read_cycles + 2
    second = first + (work.turn_ps // tick + 1 if work.turns else 0)
    held = old
    for begin, before, after in ((first, old, start), (second, start, new)):
        lasted = cut - begin + 1
        planned = np.where(after, plan.set_cycles, plan.reset_cycles)
        switched = (lasted >= planned) | ((lasted > 0) & coin)
        held = np.where((before != after) & switched, after, held)
    return held


def _text(bits: Bits) -> str:
    """Bits as ones and zeros, bit 0 first."""
    return "".join(str(int(bit)) for bit in bits)


def _coded(golden: GoldenLine) -> CodedLines:
    assert isinstance(golden.array, CodedLines)
    return golden.array


def _load(golden: GoldenLine, cells: Bits) -> None:
    """The inverse of `cells_of`."""
    lines = _coded(golden)
    edge = CELLS * lines.shape.groups
    words = cells[:, :edge].reshape(*lines.words.shape, CELLS)
    lines.words[...] = (words << np.arange(CELLS)).sum(axis=-1)
    if lines.shape.ping_pong:
        lines.polarity[...] = cells[:, edge:]
