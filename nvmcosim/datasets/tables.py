"""SONAR and Wine quality: one table a file, with commas or as UCI publishes it."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvmcosim.datasets.table_set import TableSet
from nvmcosim.pymodel.errors import InputError

__all__ = ["TABLES", "Table", "parse_table", "read_table"]

#: No file of these sets is larger than a tenth of it.
_MAX_BYTES = 4 << 20
_ACIDS = ("fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides")
_WINE = (
    *_ACIDS,
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
)
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Table:
    """A published table: features, then what is to be learnt in the last column.

    Fields:
        label: what a figure calls it.
        files: names it goes by: ours, then its author's.
        features: names of the columns but the last.
        target: name of the last column.
        codes: label of each text in the last column; empty where that holds whole numbers.
        rows: how many there are.
        sha256: of the values as little-endian float64, row by row, codes in the last column: the
            same for every way of writing the table.
        split: the test rows, from the labels.
        rule: `split` in words.
    """

    label: str
    files: tuple[str, ...]
    features: tuple[str, ...]
    target: str
    codes: dict[str, int]
    rows: int
    sha256: str
    split: Callable[[NDArray[np.uint8]], Rows]
    rule: str


def _every_second(labels: NDArray[np.uint8]) -> Rows:
    """Of each class in turn every second row; 104 of SONAR's 208."""
    parts = [np.flatnonzero(labels == label)[1 - label :: 2] for label in (0, 1)]
    return np.sort(np.concatenate(parts))


def _stratified(count: int) -> Callable[[NDArray[np.uint8]], Rows]:
    """`count` rows drawn so that the share of quality 7 or more is that of the whole table."""

    def draw(labels: NDArray[np.uint8]) -> Rows:
        good = labels >= 7
        goods = round(count * float(good.mean()))
        generator = np.random.Generator(np.random.Philox([0, 3]))
        parts = [
            generator.permutation(np.flatnonzero(good == kind))[:share]
            for kind, share in ((True, goods), (False, count - goods))
        ]
        return np.sort(np.concatenate(parts))

    return draw


def _wine(colour: str, rows: int, tested: int, sha256: str) -> Table:
    return Table(
        f"Wine quality, {colour}",
        (f"winequality-{colour}.csv",),
        _WINE,
        "quality",
        {},
        rows,
        sha256,
        _stratified(tested),
        f"{tested} rows drawn for test, with the table's share of quality 7 or more; the size is "
        "the one that the steps between the paper's printed accuracies fit",
    )


#: The tables, by name of the set.
TABLES = {
    "sonar": Table(
        "SONAR",
        ("sonar.csv", "sonar.all-data"),
        tuple(f"band {n}" for n in range(1, 61)),
        "class",
        {"R": 0, "M": 1},
        208,
        "f5f8ed9a7da00248d84c24a6ebeaf7d953bf8085dd77ad89d7b33b42ce2616c3",
        _every_second,
        "of each class every second row in the file's order, which follows the aspect angle: both "
        "halves see each angle, as in the aspect-angle dependent series of the set's authors",
    ),
    "wine-red": _wine(
        "red", 1_599, 250, "d4f6a6d672e0ee31d41fdd93b4b58985b45a31f2f971499c18137c42229278ac"
    ),
    "wine-white": _wine(
        "white", 4_898, 898, "8cc6071e55becf6ae84cdad82ef0b43ede7f74e6d85599fa8098d98b15f47b9d"
    ),
}


def read_table(folder: Path, name: str) -> TableSet | None:
    """The set `name` in `folder`, split into training and test; None if it has none of its files.

    Raises `InputError` if the file has other columns, or is not the published table.
    """
    table = TABLES[name]
    for file in table.files:
        path = folder / file
        if path.is_file():
            break
    else:
        return None
    values = parse_table(_text(path), path, table)
    found = hashlib.sha256(np.ascontiguousarray(values, "<f8").tobytes()).hexdigest()
    if found != table.sha256:
        raise InputError(f"{path} is not the published {table.label}: its checksum differs")
    labels = values[:, -1].astype(np.uint8)
    test = table.split(labels)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return TableSet(
        name,
        table.label,
        str(folder),
        table.features,
        values[train, :-1],
        labels[train],
        values[test, :-1],
        labels[test],
        table.rule,
        {table.files[0]: found},
    )


def parse_table(text: str, path: Path, table: Table) -> NDArray[np.float64]:
    """`table`'s values in `text`, the label in the last column; `path` is for messages.

    Commas or semicolons, with or without a header line. Raises `InputError` for other columns, a
    cell that is no number, or another number of rows.
    """
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty; it must hold the table {table.label}")
    mark = ";" if ";" in lines[0][1] else ","
    names = (*table.features, table.target)
    cells = [(n, [c.strip().strip('"') for c in line.split(mark)]) for n, line in lines]
    for n, row in cells:
        if len(row) != len(names):
            raise InputError(
                f"{path}, line {n}, has {len(row)} columns; {table.label} has {len(names)}: "
                f"{len(table.features)} features and the {table.target}"
            )
    # A header has no number at all; a damaged first row has some.
    if not any(_is_number(cell) for cell in cells[0][1]):
        _check_header(cells[0][1], names, path)
        cells = cells[1:]
    if len(cells) != table.rows:
        raise InputError(f"{path} has {len(cells)} rows; {table.label} has {table.rows}")
    return np.array([_row(row, n, path, table) for n, row in cells])


def _check_header(found: list[str], names: tuple[str, ...], path: Path) -> None:
    for place, (cell, name) in enumerate(zip(found, names, strict=True), 1):
        if cell.casefold() != name.casefold():
            raise InputError(f"{path} has {cell!r} as column {place}; it must be {name!r}")


def _row(cells: list[str], line: int, path: Path, table: Table) -> list[float]:
    values = []
    for cell, name in zip(cells, (*table.features, table.target), strict=True):
        if name == table.target and table.codes:
            if cell not in table.codes:
                known = " or ".join(table.codes)
                raise InputError(
                    f"{path}, line {line}, has the {name} {cell!r}; it must be {known}"
                )
            values.append(float(table.codes[cell]))
        elif not _is_number(cell):
            raise InputError(f"{path}, line {line}, has {cell!r} as {name}; it must be a number")
        else:
            values.append(float(cell))
    return values


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} is larger than {_MAX_BYTES} bytes, the most that is read")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
