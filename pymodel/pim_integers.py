"""Pieces that float programs are made of: chains of carries, shifts, zero tests.

Lists of rows run from the least significant bit up. A bit that is 0 in every column needs no row:
it is `ZERO` in a list.
"""

from collections.abc import Container, Sequence

from nvmcosim.pymodel.pim_builder import Builder
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, Signal

__all__ = [
    "add_into",
    "any_of",
    "copied",
    "decrement_from",
    "enough",
    "every_second",
    "increment",
    "shift_left",
    "shift_right",
    "subtract_into",
]


def copied(builder: Builder, name: str, values: Sequence[Signal]) -> list[Signal]:
    """New rows that hold `values`; constants stay constants."""
    rows = []
    for i, value in enumerate(values):
        if value == ZERO:
            rows.append(ZERO)
            continue
        rows.append(builder.row(f"{name}[{i}]"))
        builder.copy(rows[-1], value)
    return rows


def any_of(builder: Builder, name: str, values: Sequence[Signal]) -> Signal:
    """A new row that is 1 where any of `values` is."""
    row = builder.row(name)
    builder.search(zeros=[v for v in values if v != ZERO])
    builder.copy(row, ~MATCH)
    return row


def increment(
    builder: Builder, rows: Sequence[Signal], carry: Signal, carry_out: bool = True
) -> None:
    """Add `carry` to `rows` in place; `carry` becomes what is carried out, if that is wanted."""
    for i, row in enumerate(rows):
        if carry_out or i + 1 < len(rows):
            builder.together((row, carry, ~row), (carry, ~row, ZERO))
        else:
            builder.xor(row, carry)


def decrement_from(builder: Builder, rows: Sequence[Signal], borrow: Signal) -> None:
    """Take `borrow` from `rows` in place, modulo their range; `borrow` is overwritten."""
    for row in rows[:-1]:
        builder.together((row, borrow, ~row), (borrow, row, ZERO))
    builder.xor(rows[-1], borrow)


def add_into(
    builder: Builder,
    first: Sequence[Signal],
    second: Sequence[Signal],
    carry: Signal,
    carry_out: bool = True,
    narrow: Container[int] = (),
) -> tuple[list[Signal], Signal]:
    """First plus second plus carry: the sum's rows, and the carry out. All rows are overwritten.

    `first` is as long as `second`, or longer; either may have constants. What is carried goes into
    the rows of `second`: where both bits are equal the bit is the carry, elsewhere the carry is.
    Without `carry_out` the last carry is left out, and what is returned for it means nothing;
    `first` is then the longer one. Bits in `narrow` are compared by writes that read one row each:
    more of them, but the steps of a chain of carries, which read two, have room for them.
    """
    total: list[Signal] = []
    for i, a in enumerate(first):
        b = second[i] if i < len(second) else ZERO
        if b == ZERO and a == ZERO:
            total.append(carry)
            carry = ZERO
        elif ZERO in (a, b):
            row = a if b == ZERO else b
            if carry != ZERO:
                wanted = carry_out or i + 1 < len(first)
                increment(builder, [row], carry, carry_out=wanted)
            total.append(row)
        elif carry == ZERO:
            builder.together((a, b, ~a), (b, ~a, ZERO))
            total.append(a)
            carry = b
        else:
            if i in narrow:
                _narrow_xor(builder, a, b)
            else:
                builder.xor(a, b)
            builder.together((b, a, carry), (a, carry, ~a))
            total.append(a)
            carry = b
    return total, carry


def every_second(builder: Builder, start: int, stop: int) -> range:
    """Bits to be `narrow` in a sum in whose steps from bit `start` on there is room, if any.

    There is none where the steps of a carry have room for a write that reads two rows.
    """
    return range(start, stop, 2) if builder.k == 3 else range(0)


def _narrow_xor(builder: Builder, row: Signal, other: Signal) -> None:
    """`row` becomes `row ^ other`: where either is 1 and not both."""
    both = builder.row("both")
    builder.copy(both, row)
    builder.together((both, ~other, ZERO), (row, other, ONE))
    builder.and_(row, ~both)


def subtract_into(builder: Builder, first: Sequence[Signal], second: Sequence[Signal]) -> None:
    """Take `second`, which is shorter, from `first` in place, modulo its range.

    The rows of `second` are overwritten.
    """
    builder.together((first[0], second[0], ~first[0]), (second[0], first[0], ZERO))
    borrow = second[0]
    for a, b in zip(first[1:], second[1:], strict=False):
        # Where the bits are equal the borrow stays, elsewhere it is the second's bit.
        builder.xor(a, b)
        builder.together((b, ~a, borrow), (a, borrow, ~a))
        borrow = b
    decrement_from(builder, first[len(second) :], borrow)


def shift_right(
    builder: Builder,
    rows: Sequence[Signal],
    amount: Sequence[Signal],
    sticky: Signal,
    sticky_is_clear: bool = True,
) -> list[Signal]:
    """Shift `rows` right by the number in `amount`; `sticky` collects what is shifted out.

    The longest shift comes first. Returns the rows; constants among them may become rows.
    """
    held = list(rows)
    for j in range(len(amount) - 1, -1, -1):
        by = 1 << j
        lost = [r for r in held[:by] if r != ZERO]
        dropped = ZERO
        if lost:
            seen = lost if sticky_is_clear else [*lost, sticky]
            dropped = any_of(builder, "dropped", seen)
        builder.search([amount[j]])
        if lost:
            builder.select(sticky, MATCH, dropped)
            sticky_is_clear = False
        _move(builder, held, by)
    return held


def shift_left(builder: Builder, rows: Sequence[Signal], by: int, empty: int = 0) -> None:
    """Shift `rows` left by `by` in the columns that match, where the last `by` rows are 0.

    No row may be a constant. The first `empty` rows are known to be 0 there as well.
    """
    for i in range(len(rows) - 1, empty - 1, -1):
        if i - by >= empty:
            builder.select(rows[i], MATCH, rows[i - by])
        elif i < len(rows) - by:
            builder.select(rows[i], MATCH, ZERO)


def enough(needed: int, bits: int) -> list[int]:
    """Bits of a number of `bits` bits that make it at least `needed`, whatever the others are."""
    chosen: list[int] = []
    for j in range(bits - 1, -1, -1):
        left = needed - sum(1 << n for n in chosen)
        if left > (1 << j) - 1:
            chosen.append(j)
    return chosen


def _move(builder: Builder, held: list[Signal], by: int) -> None:
    """Shift `held` right by `by` in the columns that match."""
    for i, row in enumerate(held):
        source = held[i + by] if i + by < len(held) else ZERO
        if row == ZERO and source == ZERO:
            continue
        if row == ZERO:
            held[i] = builder.row(f"shifted[{i}]")
            builder.copy(held[i], ZERO)
            row = held[i]
        builder.select(row, MATCH, source)


def set_all(builder: Builder, rows: Sequence[Signal], gate: Signal, value: Signal) -> None:
    """Set `rows` to a constant where `gate` is 1."""
    for row in rows:
        builder.select(row, gate, value)


def clear(builder: Builder, name: str) -> Signal:
    """A new row that is 0."""
    row = builder.row(name)
    builder.select(row, ONE, ZERO)
    return row
