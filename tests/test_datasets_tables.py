"""SONAR and Wine: read in either form, checked, split by a stated rule, refused in a sentence."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nvmcosim.cli import app
from nvmcosim.datasets import TableSet, load_dataset
from nvmcosim.datasets.tables import TABLES, parse_table
from nvmcosim.pymodel.errors import InputError, MissingTool


def published(name: str) -> tuple[TableSet, str]:
    try:
        found = load_dataset(name)
    except MissingTool as error:
        pytest.skip(str(error))
    assert isinstance(found, TableSet)
    path = next(p for f in TABLES[name].files if (p := Path(found.source) / f).is_file())
    return found, path.read_text()


def official(name: str, text: str) -> str:
    """`text` of commas alone as UCI publishes Wine: semicolons, and quoted names in a header."""
    names = (*TABLES[name].features, TABLES[name].target)
    header = ";".join(f'"{column}"' for column in names)
    return f"{header}\n{text.replace(',', ';')}"


# Rows, features and counts of each label as the UCI repository states them.
@pytest.mark.parametrize(
    ("name", "shape", "tested", "counts"),
    [
        ("sonar", (208, 60), 104, {0: 97, 1: 111}),
        ("wine-red", (1599, 11), 250, {3: 10, 4: 53, 5: 681, 6: 638, 7: 199, 8: 18}),
        (
            "wine-white",
            (4898, 11),
            898,
            {3: 20, 4: 163, 5: 1457, 6: 2198, 7: 880, 8: 175, 9: 5},
        ),
    ],
)
def test_the_published_counts_are_found(
    name: str, shape: tuple[int, int], tested: int, counts: dict[int, int]
) -> None:
    found, _ = published(name)
    assert found.test_features.shape == (tested, shape[1])
    assert found.train_features.shape == (shape[0] - tested, shape[1])
    labels = np.concatenate([found.train_labels, found.test_labels])
    assert dict(zip(*np.unique(labels, return_counts=True), strict=True)) == counts


def test_sonar_splits_each_class_in_turn() -> None:
    found, text = published("sonar")
    rows = [line.split(",") for line in text.split()]
    tested = {tuple(map(float, row[:-1])) for row in rows[1:97:2] + rows[97::2]}
    assert {tuple(row) for row in found.test_features.tolist()} == tested
    assert np.bincount(found.test_labels).tolist() == [48, 56]


@pytest.mark.parametrize(("name", "rate"), [("wine-red", 216 / 250), ("wine-white", 704 / 898)])
def test_wine_as_a_binary_task_keeps_the_tables_share(name: str, rate: float) -> None:
    found, _ = published(name)
    binary = found.binary(7)
    assert binary.trivial_rate() == pytest.approx(rate)
    assert (binary.test_labels == (found.test_labels >= 7)).all()
    with pytest.raises(InputError, match="least is 12; it must be 4 to"):
        found.binary(12)


@pytest.mark.parametrize("name", ["wine-red", "sonar"])
def test_the_official_form_gives_the_same(name: str, tmp_path: Path) -> None:
    found, text = published(name)
    (tmp_path / TABLES[name].files[-1]).write_text(official(name, text))
    again = load_dataset(name, tmp_path)
    assert isinstance(again, TableSet)
    assert again.checksums == found.checksums
    assert (again.train_features == found.train_features).all()
    assert (again.test_labels == found.test_labels).all()


def test_the_checksum_is_of_the_values() -> None:
    found, text = published("wine-red")
    cells = np.array([line.split(",") for line in text.split()], dtype="<f8")
    expected = hashlib.sha256(cells.tobytes()).hexdigest()
    assert found.checksums == {"winequality-red.csv": expected}


def test_scaling_takes_its_range_from_the_training_rows_alone() -> None:
    train = np.array([[1.0, 5.0, 2.0], [3.0, 5.0, 6.0]])
    test = np.array([[2.0, 9.0, 7.0], [0.0, 5.0, 3.0]])
    labels = np.array([0, 1], np.uint8)
    found = TableSet("t", "T", "here", ("a", "b", "c"), train, labels, test, labels, "", {})
    scaled = found.scaled()
    assert scaled[0].tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    assert scaled[1].tolist() == [[0.5, 1.0, 1.0], [0.0, 0.0, 0.25]]


def drop_column(text: str) -> str:
    return "\n".join(line.partition(",")[2] for line in text.split())


def swap_header(text: str) -> str:
    return official("wine-red", text).replace('"pH"', '"alkalinity"')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop_column, "line 1, has 11 columns; Wine quality, red has 12: 11 features and the"),
        (swap_header, "has 'alkalinity' as column 9; it must be 'pH'"),
        (lambda t: t.replace("9.4,5", "9.4,good", 1), "has 'good' as quality; it must be a number"),
        (lambda t: t.replace("9.4,5", "nan,5", 1), "has 'nan' as alcohol; it must be a number"),
        (lambda t: t.replace("9.4,5", "9.5,5", 1), "is not the published Wine quality, red"),
        (lambda t: t.partition("\n")[2], "has 1598 rows; Wine quality, red has 1599"),
        (lambda _: "\n", "is empty"),
    ],
)
def test_another_table_is_refused(change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    _, text = published("wine-red")
    (tmp_path / "winequality-red.csv").write_text(change(text))
    with pytest.raises(InputError, match=said):
        load_dataset("wine-red", tmp_path)


def test_another_class_and_binary_files_are_refused(tmp_path: Path) -> None:
    row = ",".join(["0.5"] * 60)
    with pytest.raises(InputError, match="line 2, has the class 'X'; it must be R or M"):
        parse_table(
            "\n".join(f"{row},{'RX'[n == 1]}" for n in range(208)), tmp_path, TABLES["sonar"]
        )
    (tmp_path / "sonar.csv").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(InputError, match="cannot be read"):
        load_dataset("sonar", tmp_path)


def test_the_command_line_says_it_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["data", "sonar", "--data", str(tmp_path)])
    assert done.exit_code == 0
    assert "SONAR was not found; put sonar.csv or sonar.all-data into a folder" in done.output
