"""The study of wang2020: the equations as printed, and counts that are those of the programs."""

import json
from pathlib import Path

import numpy as np
import pytest

from nvmcosim.datasets import ImageSet
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_float_add import add_parts
from nvmcosim.pymodel.pim_float_multiply import multiply_parts
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.studies.executors import InProcess
from nvmcosim.studies.wang2020 import printed, training
from nvmcosim.studies.wang2020.alignment import ALIGNMENTS, alignment_program
from nvmcosim.studies.wang2020.breakdown import (
    GROUPS,
    energy_by_part,
    equation_mac,
    latency_by_part,
    program_mac,
)
from nvmcosim.studies.wang2020.network import network_figures
from nvmcosim.studies.wang2020.runs import network_cells, network_results
from nvmcosim.studies.wang2020.study import PARTS, StudyOptions, run_study


def test_equations_give_the_numbers_computed_by_hand() -> None:
    """Eq. 2 and 3 with N_e = 8, N_m = 23 and so on, worked out on paper."""
    add = printed.equation_2(FORMATS["fp32"])
    assert (add.reads, add.writes, add.searches) == (218, 217, 50)
    assert (add.cell_reads, add.cell_writes) == (389, 388)
    assert printed.equation_2(FORMATS["bf16"]).reads == 106
    steps = [printed.equation_3_steps(FORMATS[name]) for name in ("fp32", "fp16", "bf16")]
    assert steps == [1258.5, 298, 194.5]
    assert printed.equation_3_cells(FORMATS["fp32"]) == 2759.5


@pytest.mark.parametrize("name", FORMATS)
def test_parts_add_up_to_the_program(name: str) -> None:
    for operation, parts in (("add", add_parts(name)), ("multiply", multiply_parts(name))):
        counts = named_program(operation, name).counts
        for field in ("cell_writes", "searches", "cell_searches"):
            assert sum(getattr(part, field) for part in parts.values()) == getattr(counts, field)
        # Writes that share a step share its reads.
        assert sum(part.cell_reads for part in parts.values()) >= counts.cell_reads


def test_bit_by_bit_and_searched_alignment_grow_faster_than_by_powers() -> None:
    steps = {way: [alignment_program(way, n).steps for n in (16, 64)] for way in ALIGNMENTS}
    assert steps["searched"][1] > 10 * steps["searched"][0]
    assert steps["bit-by-bit"][1] > 10 * steps["bit-by-bit"][0]
    assert steps["powers"][1] < 7 * steps["powers"][0]


@pytest.mark.parametrize("name", FORMATS)
def test_breakdowns_of_a_mac_add_up_to_its_counts(name: str) -> None:
    counts = named_program("mac", name).counts
    mac = program_mac(name)
    # 2.03 ns a read or search and 2.48 ns a write, 12 fJ a written cell.
    latency = (counts.reads + counts.searches) * 2.03e-3 + counts.writes * 2.48e-3
    assert sum(mac.latency_us.values()) == pytest.approx(latency)
    assert sum(latency_by_part(name).values()) == pytest.approx(latency)
    energy = counts.cell_writes * 12e-3
    assert sum(mac.energy_pj.values()) == pytest.approx(energy)
    assert sum(energy_by_part(name).values()) == pytest.approx(energy)
    # Every part of both programs has a name that the plot explains.
    assert energy_by_part(name).keys() == GROUPS.keys() - {"other"}
    product = multiply_parts(name)["product"].cell_writes
    assert energy_by_part(name)["partial products"] == pytest.approx(product * 12e-3)


def test_breakdown_of_the_equations_is_worked_out_by_hand() -> None:
    """Fp32: 218 and 1258.5 reads, 50 searches, 217 and 1258.5 writes, 388 and 2759.5 cells."""
    mac = equation_mac("fp32")
    assert list(mac.latency_us.values()) == pytest.approx(
        [1476.5 * 2.03e-3, 50 * 2.03e-3, 1475.5 * 2e-3, 1475.5 * 0.48e-3]
    )
    assert mac.energy_pj == pytest.approx({"multiplication": 33.114, "addition": 4.656})


def test_study_has_every_row_and_a_reason_where_it_differs(tmp_path: Path) -> None:
    # The device takes a minute of ngspice; its rows have tests of their own.
    counted = tuple(part for part in PARTS if part != "device")
    values = run_study(StudyOptions(tmp_path, counted, train=False))
    assert json.loads((tmp_path / "study.json").read_text())["figures"] == values["figures"]
    rows = {row["id"]: row for row in values["figures"]}
    assert len(rows) == len(values["figures"])
    for name in FORMATS:
        for equation in ("eq2", "eq3"):
            assert f"{equation}/{name}/cell-writes" in rows
    assert rows["text-adder/nor/steps"]["verdict"] == "reproduced"
    assert rows["eq3/fp32/reads"]["ours"] < rows["eq3/fp32/reads"]["paper"]
    assert rows["text-fast-switch"]["verdict"] == "contradicted"
    assert [plot["id"] for plot in values["plots"]] == ["fig5-kinds", "fig5-parts"]
    assert all((tmp_path / plot["png"]).exists() for plot in values["plots"])
    assert [point["format"] for point in rows["fig5/latency"]["points"]] == [*FORMATS]
    assert rows["accuracy/lenet/fp32"]["verdict"] == "not-run"
    assert rows["fig6/latency-ratio"]["ours"] is None


def test_rows_of_the_network() -> None:
    trained = {"accuracy": [90.0, 97.5], "loss": [0.5, 0.1], "epochs": 2, "test_images": 10_000}
    short = {**trained, "accuracy": [90.0, 96.9]}
    exact = {"counts": {"sums": [100, 0], "updates": [50, 0]}, "steps": 2}
    wrong = {"counts": {"sums": [100, 1]}, "steps": 1}
    results = {"lenet/fp32": trained, "lenet/bf16": short, "exact/fp32": exact, "exact/bf16": wrong}
    rows = {row.id: row for row in network_figures(results)}
    assert rows["accuracy/lenet/fp32"].verdict == "reproduced"
    assert rows["accuracy/lenet/fp32"].ours == 97.5
    assert rows["accuracy/lenet/bf16"].verdict == "differs"
    assert rows["accuracy/lenet/fp16"].verdict == "not-run"
    assert rows["network/bit-exact/fp32"].verdict == "reproduced"
    assert "of 150 sampled values" in rows["network/bit-exact/fp32"].reason
    assert (rows["network/bit-exact/bf16"].verdict, rows["network/bit-exact/bf16"].ours) == (
        "differs",
        1,
    )
    for name in ("lenet", "resnet50"):
        assert 0 < rows[f"network/{name}/rest"].ours < 1
        split = rows[f"network/{name}/split/latency"]
        unsplit = rows["fig6/lenet/latency" if name == "lenet" else "network/resnet50/latency"]
        assert split.ours < unsplit.ours
        assert f"takes {unsplit.ours:.4g} ms" in split.reason
    # A part of the images is no result of the paper's size.
    rows = {row.id: row for row in network_figures(results, quick=True)}
    assert rows["accuracy/lenet/fp32"].verdict == "not-run"


def test_cells_of_the_network_are_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.Generator(np.random.Philox(5))
    images = draw.integers(0, 256, (64, 1, 28, 28), np.uint8)
    labels = draw.integers(0, 10, 64).astype(np.uint8)
    few = ImageSet("mnist", "few", "", images, labels, images, labels, {})
    monkeypatch.setattr(training, "mnist", lambda *_: few)
    cells = network_cells(True, 0, None)
    assert len({cell.digest for cell in cells.values()}) == 6
    # What other programs gave does not stand for these.
    before = cells["exact/bf16"].digest
    monkeypatch.setattr(training, "program_digests", lambda format: {"mac": "another"})
    assert cells["exact/bf16"].digest != before
    monkeypatch.undo()
    monkeypatch.setattr(training, "mnist", lambda *_: few)
    assert cells["exact/bf16"].digest == before
    some = {
        "lenet/fp16": cells["lenet/fp16"],
        "exact/bf16": training.ExactCell("bf16", (1,), positions=1),
    }
    lines: list[str] = []
    found = network_results(some, tmp_path, InProcess(), lambda line, *_: lines.append(line))
    assert len(found["lenet/fp16"]["accuracy"]) == 2
    assert "LeNet's steps by the programs, bf16: 0 values differ" in lines
    assert network_results(some, tmp_path, InProcess(), train=False) == found


def test_wrong_parts_are_refused(tmp_path: Path) -> None:
    for parts, message in (((), "parts is empty"), (("fig9",), "part is 'fig9'")):
        with pytest.raises(InputError, match=message):
            StudyOptions(tmp_path, parts)
