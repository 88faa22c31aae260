"""Building programs: writes in the order of thought, packed into steps of at most k rows.

The builder takes writes one after the other, on as many rows as one likes; `build` packs them into
steps (`pim_schedule`), keeping every dependence, and then lets rows share addresses.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.pim_bounds import StepBounds, step_bounds
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_rows import assign_rows
from nvmcosim.pymodel.pim_schedule import Bundle, pack
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, PimCounts, Signal, Step, Write

__all__ = ["Builder"]


class Builder:
    """Collects writes and searches of one program.

    Rows are `Signal`s: `~row` is the inverted reading of it. `k` and `search_rows` are as in
    `PimProgram`. With `pack_steps` false each bundle is a step of its own, in the order given.
    """

    def __init__(
        self,
        name: str,
        k: int = PUBLISHED_K,
        search_rows: int = 9,
        pack_steps: bool = True,
        gates: int = 1,
    ) -> None:
        self.name = name
        self.k = k
        self.search_rows = search_rows
        self.gates = gates
        self._pack = pack_steps
        self._names: list[str] = []
        self._inputs: list[tuple[str, tuple[int, ...]]] = []
        self._outputs: list[tuple[str, tuple[int, ...]]] = []
        #: Straight pieces of the program; a piece after the first is skipped as a whole, or not.
        self._pieces: list[list[Bundle]] = [[]]
        self._skips: dict[int, int] = {}
        #: By part, what its writes and searches take, each a step of its own.
        self.parts: dict[str, PimCounts] = {}
        self._part = "rest"

    def row(self, name: str) -> Signal:
        """A new row."""
        self._names.append(name)
        return Signal(len(self._names) - 1)

    def rows(self, name: str, count: int) -> list[Signal]:
        """New rows `name[0]`, `name[1]`, ..."""
        return [self.row(f"{name}[{i}]") for i in range(count)]

    def input(self, name: str, width: int) -> list[Signal]:
        """The rows of an operand; its name is its operand name."""
        rows = self.rows(name, width)
        self._inputs.append((name, tuple(r.row for r in rows)))
        return rows

    def output(self, name: str, rows: Sequence[Signal]) -> None:
        """Make `rows` the output called `name`."""
        self._outputs.append((name, tuple(r.row for r in rows)))

    def together(self, *writes: tuple[Signal, Signal, Signal]) -> None:
        """Writes `(row, gate, value)` of one step: all of them see what was there before."""
        made = tuple(Write(row.row, gate, value) for row, gate, value in writes)
        self._emit(Bundle(made))

    def nor(self, row: Signal, *inputs: Signal) -> None:
        """Pull a set `row` to 0 where any input is 1: a NOR of resistive memory."""
        gate, *also = inputs
        self._emit(Bundle((Write(row.row, gate, ZERO, tuple(also)),)))

    def select(self, row: Signal, gate: Signal, value: Signal) -> None:
        """`row` becomes `value` where `gate` is 1."""
        self.together((row, gate, value))

    def copy(self, row: Signal, value: Signal) -> None:
        """`row` becomes `value`."""
        self.select(row, ONE, value)

    def and_(self, row: Signal, other: Signal) -> None:
        """`row` becomes `row & other`."""
        self.select(row, ~other, ZERO)

    def or_(self, row: Signal, other: Signal) -> None:
        """`row` becomes `row | other`."""
        self.select(row, other, ONE)

    def xor(self, row: Signal, other: Signal) -> None:
        """`row` becomes `row ^ other`."""
        self.select(row, other, ~row)

    def search(self, ones: Iterable[Signal] = (), zeros: Iterable[Signal] = ()) -> None:
        """Latch in `MATCH` the columns whose `ones` are all 1 and whose `zeros` are all 0.

        An inverted row among the ones is one among the zeros. More than `search_rows` rows take
        further searches and a row in between.
        """
        pattern = [(r.row, int(not r.inverted)) for r in ones]
        pattern += [(r.row, int(r.inverted)) for r in zeros]
        while len(pattern) > self.search_rows:
            self._search(pattern[: self.search_rows])
            partial = self.row("matched")
            self.copy(partial, MATCH)
            pattern = [*pattern[self.search_rows :], (partial.row, 1)]
        self._search(pattern)

    def _search(self, pattern: Sequence[tuple[int, int]]) -> None:
        self._emit(Bundle((), tuple(pattern)))

    def _emit(self, bundle: Bundle) -> None:
        self._pieces[-1].append(bundle)
        taken = self.parts.get(self._part, PimCounts())
        self.parts[self._part] = taken + PimCounts.of(bundle.step)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is written inside under `name` in `parts`."""
        outside, self._part = self._part, name
        yield
        self._part = outside

    @contextmanager
    def unless_none(self, row: Signal) -> Iterator[None]:
        """What is written inside is skipped if `row` is 0 in every column.

        The search that finds out leaves `row` in `MATCH`.
        """
        self._search([(row.row, int(not row.inverted))])
        self._pieces.append([])
        inside = len(self._pieces) - 1
        yield
        self._pieces.append([])
        self._skips[inside] = len(self._pieces) - 1

    def bounds(self) -> StepBounds:
        """What no order of these writes and searches can go below.

        Raises `InputError` for a program with pieces that may be skipped.
        """
        if self._skips:
            raise InputError(f"{self.name} skips steps; bounds are of programs that skip none")
        return step_bounds(self._pieces[0], self.k)

    def build(self) -> PimProgram:
        """The program."""
        steps: list[Step] = []
        starts, enters = [], {}
        for number, piece in enumerate(self._pieces):
            last = number in self._skips
            starts.append(len(steps))
            if last:
                enters[number] = len(steps) - 1
            tail = piece[-1:] if number + 1 in self._skips else []
            body = piece[:-1] if tail else piece
            steps += pack(body, self.k) if self._pack else [b.step for b in body]
            steps += [b.step for b in tail]
        for inside, after in self._skips.items():
            at = enters[inside]
            steps[at] = Step(steps[at].writes, steps[at].search, starts[after] - starts[inside])
        inputs = [row for _, rows in self._inputs for row in rows]
        outputs = [row for _, rows in self._outputs for row in rows]
        places = assign_rows(steps, inputs, outputs)
        names: dict[int, str] = {}
        for row, place in places.items():
            names.setdefault(place, self._names[row])
        return PimProgram(
            self.name,
            tuple(names[place] for place in sorted(names)),
            tuple((n, tuple(places[r] for r in rows)) for n, rows in self._inputs),
            tuple((n, tuple(places[r] for r in rows)) for n, rows in self._outputs),
            tuple(_placed(step, places) for step in steps),
            self.k,
            self.search_rows,
            self.gates,
        )


def _placed(step: Step, places: dict[int, int]) -> Step:
    def signal(s: Signal) -> Signal:
        return Signal(places[s.row], s.inverted) if s.is_row else s

    return Step(
        tuple(
            Write(places[w.row], signal(w.gate), signal(w.value), tuple(map(signal, w.also)))
            for w in step.writes
        ),
        tuple((places[row], bit) for row, bit in step.search),
        step.skip,
    )
