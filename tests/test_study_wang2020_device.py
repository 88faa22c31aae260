"""The device's rows of wang2020's study: verdicts, and what stands without ngspice."""

import pytest

from nvmcosim.pymodel.errors import MissingTool
from nvmcosim.studies.wang2020 import device
from nvmcosim.studies.wang2020.device_cells import cell_figures


def test_rows_in_closed_form() -> None:
    energy, law, operand = *device._track(), device._and_operand()
    # 0.6^2/50e3 * 2 ns + 65 uA^2 * 1112 ohm * 2 ns.
    assert energy.ours == pytest.approx(14.4 + 9.3964, abs=1e-3)
    assert energy.verdict == operand.verdict == "contradicted"
    assert "1420 ohm" in energy.reason
    assert law.ours == pytest.approx(65.39, abs=0.01)


def test_cells_beside_each_other() -> None:
    rows = {figure.id: figure for figure in cell_figures()}
    assert rows["fig2/transistors"].ours == "1 / 2 / 0"
    assert rows["fig2/steps"].ours == "1 / 1 / 2, 2.0 / 2.0 / 4.0 ns"
    assert rows["fig2/time"].verdict == "reproduced"
    times = [float(text) for text in str(rows["fig2/time"].ours).split(" / ")]
    assert times[0] < times[1] < 2.0


def test_without_ngspice_rows_are_not_run(monkeypatch) -> None:
    def missing() -> None:
        raise MissingTool("the ngspice library is not installed")

    sections = [(id, title, missing) for id, title, _ in device._SIMULATED]
    monkeypatch.setattr(device, "_SIMULATED", sections)
    figures = device.device_figures()
    assert [f.verdict for f in figures[-4:]] == ["not-run"] * 4
    assert all(f.reason for f in figures)


@pytest.mark.full
def test_every_row_and_plot(tmp_path) -> None:
    figures = {figure.id: figure for figure in device.device_figures()}
    for name in ("fig1/or", "fig1/and", "fig1/xor", "fig1/copy", "fig1/not", "table1/current"):
        assert figures[name].verdict == "reproduced", figures[name]
    assert len(figures["fig1/and"].points) == 12
    plots = device.draw_device_plots(tmp_path / "plots")
    assert [plot["id"] for plot in plots] == ["fig1-and", "fig1-or", "fig1-xor", "gate"]
    assert all((tmp_path / plot["png"]).stat().st_size > 10_000 for plot in plots)
