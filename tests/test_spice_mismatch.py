"""Threshold mismatch: what is drawn, that ngspice and theory see it, and that neither has to."""

from functools import partial

import numpy as np
import pytest

from nvmcosim.pymodel.device.drive import Drive, write_drive
from nvmcosim.pymodel.device.fokker_planck import write_error_rate
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spec import DeviceSpread
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice import montecarlo
from nvmcosim.spice.driver import load_lines
from nvmcosim.spice.lockstep import CellArray
from nvmcosim.spice.mismatch import TRANSISTORS, draw_vth_v, vth_sigma_v
from nvmcosim.spice.montecarlo import MonteCarlo
from nvmcosim.spice.mtj import Start
from nvmcosim.spice.tail import theory_for
from nvmcosim.spice.write_cell import simulate_write, write_netlist

pytest.importorskip("PySpice")

SPEC = preset("locatelli2018-cmos")
BARE = preset("locatelli2018")


def test_thresholds_spread_by_pelgroms_law():
    sigma = vth_sigma_v(SPEC.driver, SPEC.spread)
    # 3 mV um over the root of W by 50 nm, in um^2.
    by_hand = [0.003 / np.sqrt(width * 0.05) for width in (0.32, 0.16, 0.32, 0.16, 0.1)]
    assert sigma == pytest.approx(by_hand)
    drawn = draw_vth_v(SPEC.driver, SPEC.spread, 20_000, 3)
    assert drawn.std(axis=0) == pytest.approx(sigma, rel=0.03)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(5)).max() < 0.03
    assert (draw_vth_v(SPEC.driver, SPEC.spread, 7, 3) == drawn[:7]).all()
    assert (draw_vth_v(SPEC.driver, SPEC.spread, 7, 4) != drawn[:7]).all()
    # Junction and driver of one cell share no deviates.
    factors = np.log(draw_factors(DeviceSpread(ra=0.1), 20_000, 3)[:, 0])
    assert abs(np.corrcoef(factors, drawn[:, 0])[0, 1]) < 0.03
    with pytest.raises(InputError, match="count is -1"):
        draw_vth_v(SPEC.driver, SPEC.spread, -1, 3)


def test_a_source_has_no_transistors_to_mismatch():
    spread = DeviceSpread(vth_mv_um=5)
    assert not vth_sigma_v(BARE.driver, spread).any()
    spec = BARE.replace(spread=spread)
    pulses = np.array([3e-9, 9e-9])
    nominal = write_error_rate(write_drive(BARE, "P-AP"), pulses)
    assert theory_for(spec, "P-AP", None, 20e-9).rate(pulses) == pytest.approx(nominal, rel=1e-3)


def test_a_load_line_of_shifted_thresholds_is_what_the_junction_meets():
    shifts = np.array([0.05, -0.02, 0.03, 0.04, -0.06])
    nominal, line = load_lines(SPEC.driver, "P-AP", np.stack([np.zeros(5), shifts]))
    # Raised pull-down and lowered access threshold: by no means the nominal line.
    assert abs(line(0.3)[0] / nominal(0.3)[0] - 1) > 0.02
    wave = simulate_write(SPEC.driver, SPEC.mtj, Start("P-AP", 0.3), 8e-9, vth_v=shifts)
    settled = wave.time_s > 0.5e-9
    drive = write_drive(SPEC, "P-AP", load_line=line)
    x = wave.x[settled]
    assert wave.current_a[settled] == pytest.approx(drive.at(x, "current")[0], rel=5e-3)
    # A sweep leaves nothing behind in the next.
    again = load_lines(SPEC.driver, "P-AP", np.stack([shifts, np.zeros(5)]))[1]
    assert again.current_a == pytest.approx(nominal.current_a, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("which", TRANSISTORS)
def test_each_transistor_of_the_path_takes_its_own_shift(which):
    start = Start("P-AP", 0.1)
    shifts = np.where(np.array(TRANSISTORS) == which, 0.0123, 0.0)
    text = write_netlist(SPEC.driver, SPEC.mtj, start, 1e-9, vth_v=shifts).text
    (line,) = [line for line in text.splitlines() if "delvto" in line]
    assert line.startswith(f"{which}0 ")
    assert line.endswith("delvto=0.0123")


def test_samples_have_the_thresholds_of_their_seed(monkeypatch):
    run = MonteCarlo(SPEC, "P-AP", 5, "angle", "1d", 2e-9, 1e-9)
    factors = draw_factors(SPEC.spread, 2, 5)
    shifts = draw_vth_v(SPEC.driver, SPEC.spread, 2, 5)
    own, plain = run.sample(1, factors[1], shifts[1]), run.sample(1, factors[1])
    assert abs(own.current_a[-1] / plain.current_a[-1] - 1) > 1e-3
    monkeypatch.setattr(montecarlo, "CHUNK", 2)
    both = own.energy_j(run.grid) + run.sample(0, factors[0], shifts[0]).energy_j(run.grid)
    assert run.chunk(0).energy_j == pytest.approx(both, abs=0)
    alike = SPEC.replace(spread=SPEC.spread.__class__(ra=0.05, tmr=0.05))
    assert MonteCarlo(alike, "P-AP", 5, "angle", "1d", 2e-9, 1e-9).digest != run.digest
    cells = CellArray(SPEC, 2, seed=5)
    assert np.array(cells.vth_v) == pytest.approx(shifts)
    assert cells.chosen([1]).vth_v[0] == pytest.approx(shifts[1])
    assert f"delvto={shifts[1][4]:.12g}" in cells.chosen([1]).netlist().text


def test_theory_has_the_rate_of_drawn_devices():
    """Oracle: one Fokker-Planck solution a device drawn in all nine dimensions."""
    count, pulses = 240, np.array([6e-9, 9e-9])
    # Four times the spread, so that so few devices show it.
    spec = SPEC.replace(spread=DeviceSpread(ra=0.08, vth_mv_um=6.0))
    shifts = draw_vth_v(spec.driver, spec.spread, count, 1)
    factors = draw_factors(spec.spread, count, 1)
    lines = load_lines(spec.driver, "AP-P", shifts)
    rows = zip(factors[:, None], lines, strict=True)
    drive = Drive.stack([write_drive(spec, "AP-P", row, line) for row, line in rows])
    each = np.array([write_error_rate(drive[n : n + 1], pulses) for n in range(count)])
    error = each.std(axis=0) / np.sqrt(count)
    got = theory_for(spec, "AP-P", partial(load_lines, spec.driver, "AP-P"), 15e-9).rate(pulses)
    assert (np.abs(got - each.mean(axis=0)) < 3.5 * error + 0.03 * got).all()
    (line,) = load_lines(spec.driver, "AP-P", np.zeros((1, 5)))
    nominal = write_error_rate(write_drive(spec, "AP-P", load_line=line), pulses)
    assert got[1] > 2 * nominal[1]
