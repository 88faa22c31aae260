"""AND, OR, XOR, COPY and NOT inside simulated spin-orbit cells, against plain boolean functions."""

import pytest

from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.sot import CELLS, SotCell
from nvmcosim.spice.sot_cell import unselected
from nvmcosim.spice.sot_logic import OPERATIONS, gate_curve, threshold_a, truth_table

#: Results for (A, B) = 00, 01, 10, 11, written out: not taken from the operations' own table.
TABLES = {"or": "0111", "and": "0001", "xor": "0110", "copy": "0011", "not": "1100"}


@pytest.mark.parametrize("kind", CELLS)
def test_truth_tables(kind) -> None:
    assert list(OPERATIONS) == list(TABLES)
    for name, bits in TABLES.items():
        rows = truth_table(SotCell(kind), name)
        got = "".join(str(int(row.got)) for row in rows)
        assert got == bits, f"{name} in {kind}: got {got}, expected {bits}"
        assert "".join(str(int(row.wanted)) for row in rows) == bits


def test_the_gate_splits_the_currents() -> None:
    cell = SotCell()
    mtj = cell.mtj
    for c in (False, True):
        gated = threshold_a(cell, True, c, 20e-6, mtj.write_a, steps=4)
        closed = threshold_a(cell, False, c, mtj.write_a, 150e-6, steps=4)
        assert gated < mtj.write_a < closed
        # The law is that of a current that rises slowly: a step needs less, in either case.
        assert 0.7 < gated / mtj.critical_current_a(mtj.gate_v) < 1
        assert 0.7 < closed / mtj.critical_current_a(0.0) < 1


@pytest.mark.parametrize("kind", ["1t1r", "2t1r"])
def test_an_unselected_cell_keeps_its_bit(kind) -> None:
    for stored in (False, True):
        run = unselected(SotCell(kind), stored, not stored)
        assert run.state == stored
        most = run.junction_a.max()
        # Without a transistor of its own in the way, the junction draws Vb/R from its bit line.
        assert (most > 8e-6) if kind == "1t1r" else (most < 1e-7)


def test_wrong_values_are_told() -> None:
    with pytest.raises(InputError, match="operation is 'nand'; it must be one of or, and, xor"):
        truth_table(SotCell(), "nand")
    with pytest.raises(InputError, match="a current of 65 uA switches; choose another bound"):
        threshold_a(SotCell(), True, True, 65e-6, 80e-6)
    with pytest.raises(InputError, match="a current of 30 uA does not switch"):
        threshold_a(SotCell(), True, True, 20e-6, 30e-6)
    with pytest.raises(InputError, match=r"operation is \['or'\]; it must be one of"):
        truth_table(SotCell(), ["or"])
    for steps in (-1, 61, 10**400, "8", None):
        with pytest.raises(InputError, match=r"steps is .*; it must be a whole number from 0"):
            threshold_a(SotCell(), True, True, 20e-6, 65e-6, steps)


def test_a_sweep_looks_at_all_currents_before_it_simulates_one(monkeypatch) -> None:
    monkeypatch.setattr("nvmcosim.spice.sot_logic.write", None)
    for wrong in ("65e-6\n.end", None, float("nan"), -1.0, True):
        with pytest.raises(InputError, match=r"write_a is .*; it must be a number from 1e-07"):
            gate_curve(SotCell(), [65e-6, wrong])
