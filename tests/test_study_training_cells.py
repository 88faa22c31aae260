"""Cells that train: what they keep, and what they do with a damaged checkpoint."""

from pathlib import Path

import pytest
from test_training import PLAN, config, images

from nvmcosim.studies import training_cells
from nvmcosim.studies.cells import CellStore, run_cells
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.training_cells import TrainingCell


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> TrainingCell:
    monkeypatch.setattr(training_cells, "images_for", lambda *_: images())
    return TrainingCell(config(epochs=2))


def test_a_damaged_checkpoint_is_as_none(cell: TrainingCell, tmp_path: Path) -> None:
    store = CellStore(tmp_path)
    store.checkpoint(cell.digest).write_bytes(b"garbage")
    run_cells([cell], store, InProcess())
    kept = store.get(cell.digest)
    assert kept is not None
    assert len(kept["history"]) == 2
    assert not store.checkpoint(cell.digest).exists()


def test_what_is_kept_says_where_it_is_from(cell: TrainingCell, tmp_path: Path) -> None:
    import json

    store = CellStore(tmp_path)
    run_cells([cell], store, InProcess())
    (file,) = tmp_path.glob("*.json")
    values = json.loads(file.read_text())
    assert {"command", "versions", "processor"} <= set(values["provenance"])
    assert values["result"]["config"]["plan"] == PLAN.to_dict()
