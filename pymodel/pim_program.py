"""Programs of an array that computes while it is written, as data; `pim_step` has the terms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.files import canonical_json, digest_of
from nvmcosim.pymodel.pim_step import MATCH, ONE, PUBLISHED_K, ZERO, PimCounts, Signal, Step, Write
from nvmcosim.pymodel.units import check_whole

__all__ = ["PimProgram"]


@dataclass(frozen=True)
class PimProgram:
    """Steps over named rows; checked, so that what cannot run cannot be made.

    Fields:
        name: what it computes.
        row_names: a name for each row, by address; scratch rows may hold anything at first.
        inputs, outputs: by operand, its rows from the least significant bit up.
        steps: in order.
        k: rows that one step may read, and may write.
        search_rows: rows that one search may compare.
        gates: gates that a write may have.

    Raises `InputError` for a row that is not there, a step that needs more than `k` rows, a row
    that is used before it holds anything (a step that may be skipped gives none to those after the
    skip), a skip beyond the end, and operands without rows, of one name or with rows in common.
    """

    name: str
    row_names: tuple[str, ...]
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[tuple[str, tuple[int, ...]], ...]
    steps: tuple[Step, ...]
    k: int = PUBLISHED_K
    search_rows: int = 9
    gates: int = 1

    def __post_init__(self) -> None:
        self._check_operands()
        held = {row for _, rows in self.inputs for row in rows}
        matched = False
        # What is held where a skip lands, by step: what was held before it.
        landings: dict[int, set[int]] = {}
        for number, step in enumerate(self.steps):
            held &= landings.pop(number, held)
            self._check_step(number, step, held, matched or bool(step.search))
            matched = matched or bool(step.search)
            held = held | {write.row for write in step.writes}
            if step.skip:
                at = number + 1 + step.skip
                landings[at] = landings.get(at, held) & held
        held &= landings.pop(len(self.steps), held)
        for name, rows in self.outputs:
            if not held.issuperset(rows):
                raise InputError(f"{self.name}: output {name} has rows that are never written")

    def _check_operands(self) -> None:
        for what, least in (("k", 0), ("search_rows", 0), ("gates", 1)):
            check_whole(getattr(self, what), f"{what} of {self.name}", least, 1 << 16)
        for what, ports in (("inputs", self.inputs), ("outputs", self.outputs)):
            names = [name for name, _ in ports]
            if not names or len(set(names)) < len(names):
                raise InputError(
                    f"{self.name}: {what} are {', '.join(names) or 'none'}; there must be one at "
                    "least, each with a name of its own"
                )
            for name, rows in ports:
                if not rows:
                    raise InputError(f"{self.name}: operand {name} has no rows")
                for row in rows:
                    self._check_row(row, f"operand {name}")
        taken = [row for _, rows in self.inputs for row in rows]
        if len(set(taken)) < len(taken):
            raise InputError(f"{self.name}: inputs share a row; each bit has a row of its own")
        given = dict(self.outputs)
        for name, rows in self.inputs:
            if given.get(name, rows) != rows:
                raise InputError(f"{self.name}: {name} is an input and, in other rows, an output")

    def _check_row(self, row: int, where: str) -> None:
        if not 0 <= row < self.rows:
            raise InputError(
                f"{self.name}: {where} uses row {row}; it has rows 0 to {self.rows - 1}"
            )

    def _check_step(self, number: int, step: Step, held: set[int], matched: bool) -> None:
        where = f"step {number}"
        reads, written = step.reads, [write.row for write in step.writes]
        for what, rows, limit in (
            ("reads", reads, self.k),
            ("writes", written, self.k),
            ("searches", step.search, self.search_rows),
        ):
            if len(rows) > limit:
                raise InputError(f"{self.name}: {where} {what} {len(rows)} rows; at most {limit}")
        if step.search and reads:
            raise InputError(f"{self.name}: {where} both searches and reads; it may do one of them")
        if len(set(written)) < len(written):
            raise InputError(f"{self.name}: {where} writes a row twice")
        used = [*reads, *(row for row, _ in step.search)]
        for row in (*used, *written):
            self._check_row(row, where)
        used += [write.row for write in step.writes if write.gate != ONE]
        for row in used:
            if row not in held:
                raise InputError(
                    f"{self.name}: {where} uses row {self.row_names[row]}, which holds nothing yet"
                )
        for write in step.writes:
            if len(write.also) >= self.gates or (write.also and write.value.row != ONE.row):
                raise InputError(
                    f"{self.name}: {where} has a write with {1 + len(write.also)} gates; a cell "
                    f"has {self.gates}, and with more than one it is set to a constant"
                )
        signals = [s for write in step.writes for s in write.signals]
        for signal in signals:
            if signal.row < MATCH.row:
                raise InputError(
                    f"{self.name}: {where} has a signal from row {signal.row}; {ONE.row} is a "
                    f"constant and {MATCH.row} the match latch"
                )
        for _, bit in step.search:
            if bit not in (0, 1):
                raise InputError(f"{self.name}: {where} searches for {bit}; it must be 0 or 1")
        if not matched and any(s.row == MATCH.row for s in signals):
            raise InputError(f"{self.name}: {where} uses the match latch before any search")
        if step.skip and not step.search:
            raise InputError(f"{self.name}: {where} skips without a search")
        if not 0 <= step.skip < len(self.steps) - number:
            raise InputError(f"{self.name}: {where} skips {step.skip} steps, beyond the end")

    @property
    def rows(self) -> int:
        """Rows, that is cells a column, operands included."""
        return len(self.row_names)

    @property
    def scratch_rows(self) -> int:
        """Rows that are neither input nor output."""
        operands = {row for _, rows in (*self.inputs, *self.outputs) for row in rows}
        return self.rows - len(operands)

    @cached_property
    def counts(self) -> PimCounts:
        """What a run takes that skips nothing."""
        return sum((PimCounts.of(step) for step in self.steps), PimCounts())

    def operand(self, name: str) -> tuple[int, ...]:
        """The rows of an input or output; raises `InputError` naming those there are."""
        found = dict((*self.inputs, *self.outputs))
        if name not in found:
            raise InputError(f"{self.name} has no operand {name!r}; it has {', '.join(found)}")
        return found[name]

    def check_fits(self, rows: int) -> None:
        """Raise `InputError` if an array of `rows` rows is too small."""
        if self.rows > rows:
            raise InputError(f"{self.name} takes {self.rows} rows; the array has {rows}")

    def to_dict(self) -> dict[str, Any]:
        """The program as JSON-ready values."""
        return {
            "name": self.name,
            "row_names": list(self.row_names),
            "inputs": [[name, list(rows)] for name, rows in self.inputs],
            "outputs": [[name, list(rows)] for name, rows in self.outputs],
            "k": self.k,
            "search_rows": self.search_rows,
            "gates": self.gates,
            "steps": [_step_values(step) for step in self.steps],
        }

    def to_json(self) -> str:
        """The program as canonical JSON text."""
        return canonical_json(self.to_dict())

    def digest(self) -> str:
        """SHA-256 of the program."""
        return digest_of(self.to_dict())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The program that `to_dict` made `values` of; raises `InputError`."""
        try:
            return cls(
                name=_text(values["name"]),
                row_names=tuple(map(_text, values["row_names"])),
                inputs=tuple((_text(n), tuple(map(_whole, r))) for n, r in values["inputs"]),
                outputs=tuple((_text(n), tuple(map(_whole, r))) for n, r in values["outputs"]),
                steps=tuple(_step(entry) for entry in values["steps"]),
                k=_whole(values["k"]),
                search_rows=_whole(values["search_rows"]),
                gates=_whole(values["gates"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"these values are no program: {error!r}") from None

    def listing(self) -> Iterator[str]:
        """The steps as text, a line each."""
        for number, step in enumerate(self.steps):
            parts = [self._write_text(write) for write in step.writes]
            if step.search:
                pattern = ", ".join(f"{self.row_names[row]}={bit}" for row, bit in step.search)
                parts.insert(0, f"search {pattern}")
            if step.skip:
                parts.append(f"skip {step.skip} unless any")
            yield f"{number}: " + "; ".join(parts)

    def _write_text(self, write: Write) -> str:
        gates = " | ".join(map(self._text, (write.gate, *write.also)))
        return f"{self.row_names[write.row]} = {gates} ? {self._text(write.value)}"

    def _text(self, signal: Signal) -> str:
        if signal in (ONE, ZERO):
            return "1" if signal == ONE else "0"
        name = self.row_names[signal.row] if signal.is_row else "match"
        return ("~" if signal.inverted else "") + name


def _step_values(step: Step) -> dict[str, Any]:
    values: dict[str, Any] = {
        "writes": [
            [w.row, *(n for s in (w.value, w.gate, *w.also) for n in (s.row, int(s.inverted)))]
            for w in step.writes
        ]
    }
    if step.search:
        values["search"] = [list(pair) for pair in step.search]
    if step.skip:
        values["skip"] = step.skip
    return values


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value


def _bit(value: Any) -> int:
    if _whole(value) not in (0, 1):
        raise ValueError(f"{value!r} is no bit")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no name")
    return value


def _step(values: Mapping[str, Any]) -> Step:
    if unknown := set(values) - {"writes", "search", "skip"}:
        raise ValueError(f"a step has {', '.join(map(repr, sorted(unknown)))}")
    return Step(
        tuple(_write(entry) for entry in values["writes"]),
        tuple((_whole(row), _bit(bit)) for row, bit in values.get("search", ())),
        _whole(values.get("skip", 0)),
    )


def _write(entry: Sequence[Any]) -> Write:
    row, *rest = map(_whole, entry)
    value, gate, *also = (Signal(*pair) for pair in _pairs(rest))
    return Write(row, gate, value, tuple(also))


def _pairs(numbers: Sequence[int]) -> list[tuple[int, bool]]:
    if len(numbers) % 2:
        raise ValueError(f"a write has {len(numbers)} numbers after its row; they come in pairs")
    return [(numbers[i], bool(_bit(numbers[i + 1]))) for i in range(0, len(numbers), 2)]
