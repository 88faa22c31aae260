"""Golden model of the approximate store: what cells hold after writes (ono2021, III to V).

This is the reference that RTL, kernels and plug-in are held to: plain numpy, one rule a line. A
cell switches when its pulse is longer than its threshold (Section V-A); otherwise it keeps its
old value.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nvmcosim.pymodel.arrays import array_of
from nvmcosim.pymodel.bit_curves import DeviceCurve, bit_energy, bit_thresholds_ps
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan

__all__ = ["GoldenStore", "StoreCounters", "from_bits", "to_bits"]


def to_bits(words: NDArray, width: int) -> NDArray[np.bool_]:
    """Bits of unsigned `words` of any shape, `[..., width]`; index 0 is the least significant."""
    return (words[..., None] >> np.arange(width, dtype=words.dtype) & 1).astype(bool)


def from_bits(bits: NDArray[np.bool_], dtype: np.dtype) -> NDArray:
    """Words of `dtype` from `bits` `[..., width]`, the inverse of `to_bits`."""
    weights = np.left_shift(np.ones(1, dtype), np.arange(bits.shape[-1], dtype=dtype))
    return np.where(bits, weights, 0).astype(dtype).sum(axis=-1, dtype=dtype)


@dataclass
class StoreCounters:
    """What writing took, since the counters were made; domains count from the most significant.

    Fields:
        commands: rows written.
        pulses: write pulses, by domain, shape `[domains]`; one may drive many bits of a row.
        driven_cycles: driven bits times clock cycles, by domain, shape `[domains]`.
        driven_bits: write attempts, by bit position, shape `[width]`, index 0 least significant.
        failed_bits: bits that differ from what was to be written after a command's last attempt,
            by bit position, shape `[width]`; bits of never-written domains count as well.
        changed_bits: bits that differed from what was to be written before a command's first
            attempt, likewise: those of written domains are all that a memory drives that reads
            first and writes only what changes (`rewrite="changed"`).
        retries: attempts after the first, over all commands.
        failed: commands given up with a bit of a written domain still wrong, where retries were
            allowed; without them nothing is verified and none is counted.
    """

    pulses: NDArray[np.int64]
    driven_cycles: NDArray[np.int64]
    driven_bits: NDArray[np.int64]
    failed_bits: NDArray[np.int64]
    changed_bits: NDArray[np.int64]
    commands: int = 0
    retries: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        # One array behind them all: adding is one operation, in a store that every step sets off.
        arrays = (
            self.pulses,
            self.driven_cycles,
            self.driven_bits,
            self.failed_bits,
            self.changed_bits,
        )
        self._all = np.concatenate(arrays)
        ends = np.cumsum([array.size for array in arrays])
        (
            self.pulses,
            self.driven_cycles,
            self.driven_bits,
            self.failed_bits,
            self.changed_bits,
        ) = np.split(self._all, ends[:-1])
        self._outcomes = self._all[ends[2] :].reshape(2, -1)

    @classmethod
    def zero(cls, plan: StorePlan) -> "StoreCounters":
        """Counters of a memory that nothing was written to."""
        domains, width = len(plan.domains), plan.width
        return cls(
            pulses=np.zeros(domains, np.int64),
            driven_cycles=np.zeros(domains, np.int64),
            driven_bits=np.zeros(width, np.int64),
            failed_bits=np.zeros(width, np.int64),
            changed_bits=np.zeros(width, np.int64),
        )

    def count_outcomes(self, outcomes: NDArray[np.int64]) -> None:
        """Add failed and changed bits, `[2, width]`."""
        self._outcomes += outcomes

    def add(self, other: "StoreCounters") -> None:
        """Add what `other` counted, of a memory with the same domains."""
        self._all += other._all
        self.commands += other.commands
        self.retries += other.retries
        self.failed += other.failed

    def energy(self, plan: StorePlan, curve: DeviceCurve) -> NDArray[np.float64]:
        """Write energy by bit, shape `[2, width]`: MTJ, driver; in `curve.energy_unit`."""
        return self.driven_bits * bit_energy(plan, curve)


@dataclass
class GoldenStore:
    """An array of `rows` x `plan.bank_words` words, written by `plan` on the device of `curve`.

    Memory starts as all 0. Thresholds come from `thresholds_ps` where a caller gives them, else
    from the plan's seed: drawn at each attempt (`variation="cycle"`) or once a cell (`"cell"`).

    Attributes: `contents` is `[rows, bank_words]` of the format's unsigned type; `counters`.
    """

    plan: StorePlan
    curve: DeviceCurve
    rows: int
    contents: NDArray[Any] = field(init=False)
    counters: StoreCounters = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 1:
            raise InputError(f"rows is {self.rows!r}; it must be a whole number of at least 1")
        plan = self.plan
        self.contents = np.zeros((self.rows, plan.bank_words), plan.number_format.dtype)
        self.counters = StoreCounters.zero(plan)
        self._random = np.random.Generator(np.random.Philox(plan.seed))
        self._cells: NDArray[np.float64] | None = None
        if plan.variation == "cell":
            self._cells = self._draw(self.rows)

    def _draw(self, rows: int) -> NDArray[np.float64]:
        shape = (rows, self.plan.bank_words, self.plan.width)
        # random() lies in [0, 1): its complement never gives an infinite threshold for a draw of 0.
        return bit_thresholds_ps(self.plan, self.curve, 1 - self._random.random(shape))

    def write_row(
        self, row: int, data: ArrayLike, thresholds_ps: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Write one row's `data`, `[bank_words]`, and return what the row then holds.

        `thresholds_ps` gives the cells' switching thresholds in ps: `[bank_words, width]` for all
        attempts alike, or `[attempts, bank_words, width]`. Raises `InputError` for a row or a word
        out of range.
        """
        if not 0 <= row < self.rows:
            raise InputError(f"row is {row!r}; it must be from 0 to {self.rows - 1}")
        thresholds = None
        if thresholds_ps is not None:
            thresholds = array_of(thresholds_ps, "thresholds_ps")
            if thresholds.ndim == 2:
                thresholds = thresholds[None]
            thresholds = thresholds[:, None]
        self._write(np.array([row]), array_of(data, "data")[None], thresholds)
        return self.contents[row].copy()

    def store(self, words: ArrayLike, thresholds_ps: ArrayLike | None = None) -> NDArray[Any]:
        """Write every row once; `words` is `[rows, bank_words]`. Returns the contents.

        `thresholds_ps` is `[rows, bank_words, width]`, or `[attempts, rows, bank_words, width]`.
        """
        thresholds = None if thresholds_ps is None else array_of(thresholds_ps, "thresholds_ps")
        if thresholds is not None and thresholds.ndim == 3:
            thresholds = thresholds[None]
        self._write(np.arange(self.rows), array_of(words, "words"), thresholds)
        return self.contents.copy()

    def _write(self, rows: NDArray[np.int64], data: NDArray, thresholds: NDArray | None) -> None:
        plan, counters = self.plan, self.counters
        shape = (rows.size, plan.bank_words)
        if data.shape != shape or data.dtype.kind not in "ui":
            raise InputError(f"data is {data.dtype} {data.shape}; it must be integers {shape}")
        if data.size and not 0 <= int(data.min()) <= int(data.max()) <= plan.number_format.mask:
            raise InputError(f"a word is outside 0 to {plan.number_format.mask:#x}")
        if thresholds is not None:
            self._check_thresholds(thresholds, rows.size)
        wanted = to_bits(data.astype(plan.number_format.dtype), plan.width)
        held = to_bits(self.contents[rows], plan.width)
        counters.changed_bits += (held != wanted).sum(axis=(0, 1))
        pulse = plan.bit_pulse_ps
        drive = np.broadcast_to(pulse > 0, wanted.shape)
        if plan.rewrite == "changed":
            drive = drive & (held != wanted)
        for attempt in range(1 + plan.retry_limit):
            self._count_attempt(drive, attempt)
            limits = self._attempt_thresholds(rows, thresholds, attempt)
            held = np.where(drive & (pulse > limits), wanted, held)
            drive = (pulse > 0) & (held != wanted)
            if not drive.any():
                break
        if plan.retry_limit:
            counters.failed += int(drive.any(axis=(1, 2)).sum())
        counters.commands += rows.size
        counters.failed_bits += (held != wanted).sum(axis=(0, 1))
        self.contents[rows] = from_bits(held, plan.number_format.dtype)

    def _attempt_thresholds(
        self, rows: NDArray[np.int64], given: NDArray | None, attempt: int
    ) -> NDArray[np.float64]:
        if given is not None:
            return given[min(attempt, given.shape[0] - 1)]
        if self._cells is not None:
            return self._cells[rows]
        return self._draw(rows.size)

    def _check_thresholds(self, thresholds: NDArray, rows: int) -> None:
        cells = (rows, self.plan.bank_words, self.plan.width)
        if thresholds.ndim != 4 or thresholds.shape[1:] != cells:
            raise InputError(
                f"thresholds_ps has {thresholds.shape} cells; it must have {cells} "
                "(rows, bank_words, width), for each attempt or for all alike"
            )
        attempts = 1 + self.plan.retry_limit
        if thresholds.shape[0] not in (1, attempts):
            raise InputError(
                f"thresholds_ps has {thresholds.shape[0]} attempts; it must have 1 or {attempts}"
            )

    def _count_attempt(self, drive: NDArray[np.bool_], attempt: int) -> None:
        plan, counters = self.plan, self.counters
        by_bit = drive.sum(axis=(0, 1))
        counters.driven_bits += by_bit
        for domain, cycles in enumerate(plan.cycles):
            bits = plan.bit_domain == domain
            counters.pulses[domain] += int(drive[:, :, bits].any(axis=(1, 2)).sum())
            counters.driven_cycles[domain] += int(by_bit[bits].sum()) * cycles
        if attempt:
            counters.retries += int(drive.any(axis=(1, 2)).sum())
