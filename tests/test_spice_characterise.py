"""Calibration: the same result however it is run, theory and ngspice agree, energy adds up."""

import json

import numpy as np
import pytest
from scipy import stats

from nvmcosim.pymodel.curve import load_curve
from nvmcosim.pymodel.device.drive import write_drive
from nvmcosim.pymodel.device.fokker_planck import write_error_rate
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpread
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.characterise import Settings, both_directions, characterise, default_pulses_ps
from nvmcosim.spice.montecarlo import CHUNK, MonteCarlo
from nvmcosim.spice.mtj import Start
from nvmcosim.spice.write_cell import simulate_write

pytest.importorskip("PySpice")

# On an ideal source, quick to simulate; with a spread, so that samples differ in all they can.
SPEC = preset("locatelli2018").replace(spread=DeviceSpread(ra=0.04, hk=0.03))
SETTINGS = Settings(default_pulses_ps(20_000), samples=3 * CHUNK, seed=5)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return folder, characterise(SPEC, SETTINGS, folder, directions=["P-AP"], workers=2)["P-AP"]


def chunks(folder):
    return sorted(folder.glob("*/chunk-*.json"))


def test_interrupted_and_on_another_number_of_workers_it_is_the_same(made, tmp_path):
    folder, calibration = made

    def interrupt(done, total):
        if done >= CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        characterise(SPEC, SETTINGS, tmp_path, directions=["P-AP"], workers=1, progress=interrupt)
    kept = chunks(tmp_path)
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    seen = []
    again = characterise(
        SPEC,
        SETTINGS,
        tmp_path,
        directions=["P-AP"],
        workers=1,
        progress=lambda done, total: seen.append((done, total)),
    )["P-AP"]
    assert seen == [(20, 60), (40, 60), (60, 60)]
    assert kept[0].stat().st_mtime_ns == stamp
    assert again.curve.to_dict() == calibration.curve.to_dict()
    assert [p.read_bytes() for p in chunks(tmp_path)] == [p.read_bytes() for p in chunks(folder)]


def test_a_damaged_chunk_is_simulated_again(made):
    folder, calibration = made
    first, second, _ = chunks(folder)
    whole = first.read_bytes()
    first.write_bytes(whole[:-40])
    values = json.loads(second.read_text())
    second.write_text(json.dumps({**values, "chunk": 7}))
    again = characterise(SPEC, SETTINGS, folder, directions=["P-AP"], workers=2)["P-AP"]
    assert first.read_bytes() == whole
    assert again.curve.digest == calibration.curve.digest


def test_samples_agree_with_theory(made):
    _, calibration = made
    times, fit = calibration.times_s, calibration.fit
    drive = write_drive(SPEC, "P-AP", draw_factors(SPEC.spread, 100, 99))

    def written(time):
        return 1 - write_error_rate(drive, np.minimum(time, 30e-9))

    assert stats.kstest(times[np.isfinite(times)], written).pvalue > 1e-3
    assert fit.p_value > 1e-3
    assert abs(fit.stretch - 1) < 4 * fit.stretch_error + 0.01
    assert 0.01 < fit.stretch_error < 0.1


def test_the_curve_is_the_fitted_theory_with_the_samples_energy(made, tmp_path):
    _, calibration = made
    curve = calibration.curve
    parameters = curve.parameters
    pulses = curve.pulse_ps * 1e-12
    drive = write_drive(SPEC, "P-AP", draw_factors(SPEC.spread, 150, 1))
    expected = write_error_rate(drive, pulses / calibration.fit.stretch)
    body = expected > 1e-4
    assert curve.p_fail[body] == pytest.approx(expected[body], rel=0.2)
    # A voltage source: once written, the power is that of the antiparallel state.
    slope = np.diff(curve.energy_mtj_j)[-1] / np.diff(pulses)[-1]
    volts = SPEC.driver.vdd_v
    assert slope == pytest.approx(volts**2 * SPEC.mtj.conductance(-1, volts), rel=0.02)
    first = np.interp(1e-9, pulses, curve.energy_mtj_j) / 1e-9
    assert first == pytest.approx(volts**2 * SPEC.mtj.conductance(1, volts), rel=0.05)
    assert parameters["samples"] == 60
    failed = dict(zip(parameters["sample_pulse_ps"], parameters["sample_failures"], strict=True))
    assert failed[4000] == (calibration.times_s > 4e-9).sum()
    assert parameters["driver.vdd_v"] == volts
    assert len(parameters["netlist_digest"]) == 64
    assert curve.versions["ngspice"].startswith("ngspice-")
    assert load_curve(curve.save(tmp_path / "curve.json")).digest == curve.digest


def test_more_samples_begin_with_the_same_ones():
    run = MonteCarlo(SPEC, "P-AP", 5, "thermal", "1d", 3e-9, 1e-9)
    factors = draw_factors(SPEC.spread, 2, 5)
    one, two = (run.sample(k, factors[k]) for k in range(2))
    assert not np.array_equal(one.x[:50], two.x[:50])
    assert np.array_equal(one.x, run.sample(0, factors[0]).x)
    later = draw_factors(SPEC.spread, CHUNK + 1, 5)[CHUNK]
    short = MonteCarlo(SPEC, "P-AP", 5, "thermal", "1d", 5e-9, 1e-9)
    expected = short.sample(CHUNK, later)
    chunk = short.chunk(1)
    assert chunk.times_s[0] == expected.switching_time_s
    assert chunk.times_s.size == CHUNK
    mean = chunk.energy_j[0] / CHUNK
    assert expected.energy_j(short.grid)[0] == pytest.approx(mean, rel=0.3, abs=0)
    other = MonteCarlo(SPEC, "AP-P", 5, "thermal", "1d", 3e-9, 1e-9)
    assert other.digest != run.digest
    assert MonteCarlo.from_dict(json.loads(json.dumps(run.to_dict()))).digest == run.digest


def test_below_the_critical_voltage_the_curve_is_thermal_activation(tmp_path):
    spec = preset("locatelli2018")
    spec = spec.replace(driver=spec.driver.replace(vdd_v=0.15))
    settings = Settings(default_pulses_ps(20_000), samples=CHUNK, seed=5)
    made = characterise(spec, settings, tmp_path, directions=["P-AP"], workers=2)["P-AP"]
    curve = made.curve
    expected = write_error_rate(write_drive(spec, "P-AP"), curve.pulse_ps * 1e-12)
    assert curve.p_fail == pytest.approx(expected, rel=1e-3)
    assert 0.9 < curve.p_fail[-1] < 1
    assert (made.fit.stretch, made.fit.p_value) == (1.0, None)
    again = load_curve(curve.save(tmp_path / "curve.json"))
    assert again.digest == curve.digest
    with pytest.raises(InputError, match="no pulse of the curve of locatelli2018 reaches"):
        again.pulse_for(1e-3)


def test_angle_noise_is_the_start_alone():
    run = MonteCarlo(SPEC, "P-AP", 5, "angle", "1d", 8e-9, 1e-9)
    wave = run.sample(0, np.ones(4))
    start = Start("P-AP", float(np.arccos(wave.x[0])))
    again = simulate_write(SPEC.driver, SPEC.mtj, start, 8e-9)
    assert again.switching_time_s == pytest.approx(wave.switching_time_s, rel=1e-4)


def test_both_directions_is_the_mean(made):
    _, calibration = made
    one = calibration.curve
    other = type(one)(
        **{
            **{name: getattr(one, name) for name in type(one).__dataclass_fields__},
            "direction": "AP-P",
            "p_fail": one.p_fail / 2,
            "energy_mtj_j": one.energy_mtj_j * 3,
        }
    )
    both = both_directions({"P-AP": one, "AP-P": other})
    assert both.direction == "both"
    assert both.p_fail == pytest.approx(0.75 * one.p_fail)
    assert both.energy_mtj_j == pytest.approx(2 * one.energy_mtj_j, abs=0)
    assert both.parameters["mtj.tmr"] == one.parameters["mtj.tmr"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 5}, "samples is 5"),
        ({"seed": -1}, "seed is -1"),
        ({"noise": "white"}, "noise is 'white'"),
        ({"model": "2d"}, "macrospin is '2d'"),
        ({"pulses_ps": [5.0]}, "from 2 to 10000"),
        ({"pulses_ps": [5.0, 5.0]}, "increases"),
        ({"pulses_ps": [5.0, 2e6]}, "longest is 1 us"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        Settings(**{"pulses_ps": [250.0, 500.0], **changes})


def test_a_failing_worker_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "/nowhere/libngspice.so")
    with pytest.raises(InputError, match="ngspice library is not installed"):
        characterise(SPEC, SETTINGS, tmp_path, directions=["P-AP"], workers=1)
    assert not chunks(tmp_path)


def test_the_end_of_the_pulse_is_in_the_energy(made, monkeypatch):
    folder, calibration = made
    edge = MonteCarlo.edge_energy_j
    monkeypatch.setattr(
        MonteCarlo, "edge_energy_j", lambda run: edge(run) + np.array([1e-12, 2e-12])
    )
    again = characterise(SPEC, SETTINGS, folder, directions=["P-AP"], workers=1)["P-AP"]
    for name, more in (("energy_mtj_j", 1e-12), ("energy_driver_j", 2e-12)):
        inside = SETTINGS.pulses_ps * 1e-12 >= 1e-9
        got = getattr(again.curve, name) - getattr(calibration.curve, name)
        assert got[inside] == pytest.approx(more, rel=1e-6)
