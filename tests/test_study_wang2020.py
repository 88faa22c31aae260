"""The study of wang2020: the equations as printed, and counts that are those of the programs."""

import json
from pathlib import Path

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.pim_float_add import add_parts
from nvmcosim.pymodel.pim_float_multiply import multiply_parts
from nvmcosim.pymodel.pim_programs import named_program
from nvmcosim.studies.wang2020 import printed
from nvmcosim.studies.wang2020.alignment import ALIGNMENTS, alignment_program
from nvmcosim.studies.wang2020.study import StudyOptions, run_study


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


def test_study_has_every_row_and_a_reason_where_it_differs(tmp_path: Path) -> None:
    values = run_study(StudyOptions(tmp_path))
    assert json.loads((tmp_path / "study.json").read_text())["figures"] == values["figures"]
    rows = {row["id"]: row for row in values["figures"]}
    assert len(rows) == len(values["figures"])
    for name in FORMATS:
        for equation in ("eq2", "eq3"):
            assert f"{equation}/{name}/cell-writes" in rows
    assert rows["text-adder/nor/steps"]["verdict"] == "reproduced"
    assert rows["eq3/fp32/reads"]["ours"] < rows["eq3/fp32/reads"]["paper"]
    assert rows["text-fast-switch"]["verdict"] == "contradicted"


def test_wrong_parts_are_refused(tmp_path: Path) -> None:
    for parts, message in (((), "parts is empty"), (("fig9",), "part is 'fig9'")):
        with pytest.raises(InputError, match=message):
            StudyOptions(tmp_path, parts)
