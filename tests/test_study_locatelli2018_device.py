"""The device rows of locatelli2018: numbers against PHYSICS, and what a missing ngspice costs."""

import numpy as np
import pytest

from nvmcosim.pymodel.device.drive import Drive
from nvmcosim.pymodel.device.fokker_planck import pulse_for
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError, MissingTool
from nvmcosim.spice import switching as spice_switching
from nvmcosim.studies.locatelli2018 import circuit, pulses, switching
from nvmcosim.studies.locatelli2018.amplitude import amplitude_figures
from nvmcosim.studies.locatelli2018.circuit import circuit_figures
from nvmcosim.studies.locatelli2018.device import device_figures, device_plots
from nvmcosim.studies.locatelli2018.pulses import pulse_figures


@pytest.fixture(scope="module")
def rows():
    return {row.id: row for row in pulse_figures()}


def small(monkeypatch):
    monkeypatch.setattr(switching, "OVERDRIVES", (0.7, 1.0, 2.0))
    monkeypatch.setattr(switching, "LLG_OVERDRIVES", (2.0,))
    monkeypatch.setattr(switching, "LLG_SAMPLES", 4000)
    monkeypatch.setattr(switching, "CARTESIAN_SAMPLES", 300)


@pytest.fixture
def no_ngspice(monkeypatch):
    def missing(*arguments, **options):
        raise MissingTool("the ngspice library is not installed")

    small(monkeypatch)
    monkeypatch.setattr(spice_switching, "sample_writes", missing)
    monkeypatch.setattr(circuit, "curve_for", missing)


@pytest.mark.parametrize(
    ("id", "ours", "within", "verdict"),
    [
        # PHYSICS, locatelli2018; the pulse of the exact law is 1/(1 - 0.35) of its gamma law's.
        ("text-iii/pulse/gamma", 15.0, 0.02, "reproduced"),
        ("text-iii/pulse/exact", 24.2, 0.1, "contradicted"),
        ("fig2/saving/1e-4/gamma", 37.4, 0.06, "reproduced"),
        ("fig2/saving/1e-3/gamma", 44.7, 0.06, "reproduced"),
        ("fig2/saving/1e-2/gamma", 52.9, 0.06, "reproduced"),
        ("fig2/saving/1e-4/gamma-moments", 38.3, 0.06, "differs"),
        ("fig2/saving/1e-3/gamma-moments", 45.7, 0.1, "differs"),
        ("fig2/saving/1e-2/gamma-moments", 54.0, 0.1, "differs"),
        ("fig2/saving/1e-4/exact", 51, 0.5, "contradicted"),
        ("fig2/saving/1e-3/exact", 60, 0.5, "contradicted"),
        ("fig2/saving/1e-2/exact", 68, 0.5, "contradicted"),
        ("text-iii/spread/pulse/gamma", 20.5, 0.05, "reproduced"),
        ("fig2/spread/1e-4/gamma", 17.3, 0.1, "differs"),
        ("fig2/energy", 0.48, 0.001, "reproduced"),
    ],
)
def test_pulses_and_savings_are_those_of_physics(rows, id, ours, within, verdict):
    assert rows[id].ours == pytest.approx(ours, abs=within)
    assert rows[id].verdict == verdict


def test_a_fitted_number_is_called_so(rows):
    for id in ("text-iii/pulse/gamma", "fig2/saving/1e-3/gamma"):
        assert rows[id].reason.startswith("fitted: shape and mean of the gamma law")
    assert rows["text-iii/spread/pulse/gamma"].reason.startswith("fitted: the spread")
    assert "fitted" not in rows["text-iii/pulse/exact"].reason


def test_the_energy_at_the_papers_pulse_is_judged(monkeypatch):
    monkeypatch.setattr(pulses, "pulse_ns", lambda name, rate, spread=0.0: 20.0)
    by_id = {figure.id: figure for figure in pulses.pulse_figures()}
    assert by_id["fig2/energy"].verdict == "differs"


def test_fig_2_has_four_curves_that_spread_lifts(rows):
    points = rows["fig2/energy"].points
    by_curve: dict[tuple[str, float], list[float]] = {}
    for point in points:
        by_curve.setdefault((point["law"], point["spread"]), []).append(point["energy_pj"])
    assert len(by_curve) == 4
    for law in ("gamma", "exact"):
        plain, spread = np.array(by_curve[law, 0.0]), np.array(by_curve[law, 0.139])
        assert (np.diff(plain) < 0).all()
        # Down to the lowest rates; above a half, spread makes early cells earlier.
        assert (spread[:19] > plain[:19]).all()
    assert min(p["error_rate"] for p in points) == pytest.approx(1e-10)


def test_energy_by_amplitude_is_the_square_times_the_pulse():
    strongest, high, by_amplitude = amplitude_figures()
    drives = [Drive.constant(preset("locatelli2018").mtj, i) for i in (2.0, 3.0)]
    short, long = (float(pulse_for(drive, 1e-4)) for drive in drives)
    (point,) = (
        p
        for p in high.points
        if p["law"] == "exact" and p["error_rate"] == 1e-4 and p["v_over_vc"] == 3.0
    )
    assert point["energy"] == pytest.approx(9 / 4 * long / short, rel=2e-3)
    assert high.verdict == "contradicted"
    assert strongest.ours == "pulse"
    assert "judged at the error rates whose savings are printed" in strongest.reason
    # A lower pulse of the same length: at that amplitude the rate is the one asked for.
    (lower,) = (p for p in strongest.points if p["law"] == "exact" and p["error_rate"] == 1e-3)
    drive = Drive.constant(preset("locatelli2018").mtj, lower["v_over_vc"])
    reference = float(pulse_for(drives[0], 1e-10))
    assert float(pulse_for(drive, 1e-3)) == pytest.approx(reference, rel=5e-3)
    expected = 100 * (1 - (lower["v_over_vc"] / 2) ** 2)
    assert lower["saving_by_amplitude_percent"] == pytest.approx(expected)
    rates = [p["error_rate"] for p in by_amplitude.points]
    assert np.isfinite(rates).all()
    assert min(p["v_over_vc"] for p in by_amplitude.points) == 0.5


@pytest.mark.usefixtures("no_ngspice")
def test_without_ngspice_its_rows_say_so_and_the_plots_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    figures = device_figures(20, 3)
    by_id = {figure.id: figure for figure in figures}
    assert len(by_id) == len(figures)
    for id in ("text-ii/models", "text-ii/angle", "fig2/spread/1e-10/cmos"):
        assert by_id[id].verdict == "not-run"
        assert "the ngspice library is not installed" in by_id[id].reason
        assert by_id[id].ours is None
    assert by_id["text-ii/vc"].ours == pytest.approx(190, abs=0.5)
    assert by_id["text-iii/overdrive"].verdict == "reproduced"
    ways = {point["way"] for point in by_id["fig1d/mean"].points}
    assert ways == {"Fokker-Planck", "gamma", "LLG"}
    # More than the junction alone can take is no contradiction: a driver takes some, too.
    assert by_id["text-iii/energy"].verdict == "differs"
    assert "0.438 pJ" in by_id["text-iii/energy"].reason
    assert by_id["text-ii/fit"].unit == "FIT"
    assert "exp(Delta) times 0.4 ns; one failure takes Delta = 70.7" in by_id["text-ii/fit"].reason
    plots = device_plots(tmp_path / "plots", figures)
    assert len({plot["id"] for plot in plots}) == len(plots) == 9
    for plot in plots:
        assert (tmp_path / plot["png"]).read_bytes().startswith(b"\x89PNG")


def test_with_ngspice_models_agree_and_samples_are_kept(tmp_path, monkeypatch):
    pytest.importorskip("PySpice")
    small(monkeypatch)
    monkeypatch.setenv("NVMCOSIM_CACHE", str(tmp_path))
    counts: list[int] = []
    figures = {f.id: f for f in switching.switching_figures(60, 3, 2, counts.append)}
    models = figures["text-ii/models"]
    assert (models.ours, models.verdict) == ("agree", "reproduced")
    assert "ngspice (60 samples)" in models.reason
    assert sum(counts) == 60 * len(switching.NGSPICE_RUNS)
    labels = {p["way"] for p in figures["fig1d/mean"].points}
    assert {"ngspice", "ngspice, initial angle alone"} <= labels
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    again = {f.id: f for f in switching.switching_figures(60, 3, 1, counts.append)}
    assert again["fig1d/mean"].points == figures["fig1d/mean"].points
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == stamps


@pytest.mark.full
def test_the_circuit_rows_come_from_samples(tmp_path, monkeypatch):
    pytest.importorskip("PySpice")
    monkeypatch.setenv("NVMCOSIM_CACHE", str(tmp_path))
    counts: list[int] = []
    figures = {f.id: f for f in circuit_figures(20, 3, 2, counts.append)}
    assert sum(counts) == 80
    points = figures["text-iii/error-by-pulse"].points
    sampled = [p for p in points if p["of"] == "samples"]
    assert {p["device"] for p in sampled} == {"locatelli2018", "locatelli2018-cmos"}
    assert all(p["samples"] == 40 for p in sampled)
    assert figures["fig2/spread/1e-10/junction"].ours == pytest.approx(13, abs=0.5)
    assert 5 < figures["fig2/spread/1e-10/cmos"].ours < 30
    assert "FreePDK45" in figures["fig2/spread/1e-10/cmos"].title


@pytest.mark.parametrize("samples", [0, 19, 10**7])
def test_a_count_of_samples_that_is_none_is_refused(samples):
    with pytest.raises(InputError, match=f"samples is {samples}; it must be from 20"):
        device_figures(samples)
