"""The spin-orbit cells in ngspice: truth tables, an independent integration, energy, reads."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nvmcosim.pymodel.device.sot import SotMtj, gated
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.sot import CELLS, Phase, SotCell, sot_netlist, write_volts
from nvmcosim.spice.sot_cell import SotRun, read, unselected, write, write_phases

BITS = (False, True)


def trajectory(mtj: SotMtj, run: SotRun) -> np.ndarray:
    """The Landau-Lifshitz-Gilbert equation in SI units under a run's own gate and current.

    In its implicit form, dm/dt = T + alpha m x dm/dt, solved as a linear system: nothing of the
    netlist's algebra is in it.
    """
    gamma, alpha = 1.76085963e11, mtj.damping
    ms, thickness = mtj.ms_ka_m * 1e3, mtj.thickness_nm * 1e-9
    section = mtj.track_width_nm * mtj.track_thickness_nm * 1e-18
    torque = 1.054571817e-34 * mtj.spin_hall_angle / (2 * 1.602176634e-19 * ms * thickness)
    gating = 2 * mtj.xi_fj_vm * 1e-15 / (ms * mtj.oxide_nm * 1e-9 * thickness)
    spins = np.array([0.0, 1.0, 0.0])

    def slope(time: float, m: np.ndarray) -> np.ndarray:
        gate = np.interp(time, run.time_s, run.gate_v)
        # A current from source line to write bit line favours antiparallel.
        strength = -torque * np.interp(time, run.time_s, run.track_a) / section
        field = np.array([mtj.hx_t, 0.0, (mtj.hk_t - gating * gate) * m[2]])
        turn = -gamma * np.cross(m, field)
        turn -= gamma * strength * np.cross(m, np.cross(m, spins))
        x, y, z = m
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        return np.linalg.solve(np.eye(3) - alpha * cross, turn)

    # The pulse and most of the relaxation after it.
    until = run.time_s <= 4.5e-9
    found = solve_ivp(
        slope,
        (0.0, 4.5e-9),
        run.m[0],
        t_eval=run.time_s[until],
        rtol=1e-6,
        atol=1e-8,
        max_step=2e-11,
    )
    return found.y.T


@pytest.mark.parametrize("c", BITS)
def test_a_switch_follows_an_independent_integration(c) -> None:
    cell = SotCell()
    run = write(cell, not c, True, c)
    expected = trajectory(cell.mtj, run)
    error = np.abs(run.m[: len(expected)] - expected).max()
    # Half the step leaves a quarter of the error: it is the step's.
    assert error < 3e-3, f"off by {error:.4f}"
    assert np.abs((run.m**2).sum(axis=1) - 1).max() < 1e-3
    half = write(cell, not c, True, c, step_s=1e-12)
    other = trajectory(cell.mtj, half)
    assert np.abs(half.m[: len(other)] - other).max() < error / 2
    assert run.switching_time_s == pytest.approx(half.switching_time_s, rel=2e-3)


@pytest.mark.parametrize("kind", CELLS)
def test_a_write_is_the_choice_for_every_bit(kind) -> None:
    for stored in BITS:
        for v in BITS:
            for c in BITS:
                run = write(SotCell(kind), stored, v, c)
                assert run.state == gated(stored, v, c), f"B={stored} V={v} C={c}"
                assert math.isfinite(run.switching_time_s) == (run.state != stored)
                # Settled, not on its way.
                assert abs(run.m[-1, 2]) > 0.95


@pytest.mark.parametrize("kind", CELLS)
def test_a_read_tells_the_bit_and_leaves_it(kind) -> None:
    for stored in BITS:
        found = read(SotCell(kind), stored)
        assert found.bit == found.run.state == stored
        assert found.tilt < 0.02
        # What 50 or 100 kOhm take from 0.1 V, less a few percent in transistor and track.
        # TMR(0.1 V) = 1/(1 + 0.2^2).
        nominal = 0.1 / (50e3 * (1 + stored / 1.04))
        assert found.current_a == pytest.approx(nominal, rel=0.06)


def test_energy_closes_and_is_that_of_ohm() -> None:
    run = write(SotCell(), True, False, False)
    energy = run.energy_j()
    # All that the source line delivers, at its voltage, for the pulse; the word line only charges.
    delivered = abs(write_volts(SotCell())[False]) * 65e-6 * 2e-9
    assert energy["total"] == pytest.approx(delivered, rel=0.03)
    parts = energy["track"] + energy["junction"] + energy["transistors"]
    assert parts == pytest.approx(energy["total"], rel=1e-12, abs=1e-24)
    # 65 uA through 1112 ohm for 2 ns, edges counted by half.
    assert energy["track"] == pytest.approx(65e-6**2 * 1112 * 2e-9, rel=0.03)
    assert all(value > 0 for value in energy.values())


def test_the_lines_drive_the_write_current_both_ways() -> None:
    volts = write_volts(SotCell())
    assert volts[False] < 0 < volts[True]
    for c in BITS:
        run = write(SotCell(), c, False, c)
        at = np.searchsorted(run.time_s, 1e-9)
        assert run.track_a[at] == pytest.approx(65e-6 if c else -65e-6, rel=0.005)


def test_a_row_of_single_junctions_takes_both_currents_in_turn() -> None:
    phases = write_phases(SotCell("single"), True, False)
    assert [p.rbl_v for p in phases] == [0.0, 0.6]
    assert phases[0].sl_v > 0 > phases[1].sl_v
    assert len(write_phases(SotCell("2t1r"), True, False)) == 1
    assert [SotCell(kind).transistors for kind in CELLS] == [1, 2, 0]


def test_without_gating_or_current_nothing_switches() -> None:
    mtj = SotMtj(xi_fj_vm=0.0)
    assert not write(SotCell(mtj=mtj), False, True, True).state
    weak = SotMtj(write_a=20e-6)
    assert not write(SotCell(mtj=weak), False, True, True).state


def test_wrong_values_are_told() -> None:
    with pytest.raises(InputError, match="cell is '3t'; it must be one of 1t1r, 2t1r, single"):
        SotCell("3t")
    with pytest.raises(InputError, match="word_line_v is -1"):
        SotCell(word_line_v=-1)
    with pytest.raises(InputError, match="pulse_s is 0"):
        write(SotCell(), False, True, True, 0.0)
    with pytest.raises(InputError, match="access_width_nm is 45; at 1 V on the source line"):
        write(SotCell(access_width_nm=45.0, mtj=SotMtj(write_a=9e-4)), False, True, True)
    with pytest.raises(InputError, match="too long"):
        sot_netlist(SotCell(), False, write_phases(SotCell(), True, True), 1e-3, 1e-9)


#: What would be another circuit, or a command, in a netlist's text.
INJECTED = ("1k\n.end", "\n.control\nshell true\n.endc", "2e-12", None, [2e-12], math.nan, math.inf)


@pytest.mark.parametrize("value", INJECTED, ids=repr)
def test_nothing_but_numbers_gets_into_a_netlist(value) -> None:
    phases = (Phase(0.6, 0.5, 1.0),)
    attempts = {
        "mtj": lambda: SotCell(mtj=value),
        "access_width_nm": lambda: SotCell(access_width_nm=value),
        "diameter_nm": lambda: SotMtj(diameter_nm=value),
        "v0_1": lambda: sot_netlist(SotCell(), False, (Phase(value, 0.5, 1.0),), 2e-9, 3e-9),
        "pulse_s": lambda: sot_netlist(SotCell(), False, phases, value, 3e-9),
        "step_s": lambda: sot_netlist(SotCell(), False, phases, 2e-9, 3e-9, step_s=value),
        "phases": lambda: sot_netlist(SotCell(), False, (value,), 2e-9, 3e-9),
    }
    for name, attempt in attempts.items():
        with pytest.raises(InputError, match=f"^{name} "):
            attempt()


@pytest.mark.parametrize("wrong", ["x", None, 2, 0.5, np.array([0, 1])])
def test_bits_are_bits(wrong: Any) -> None:
    cell = SotCell()
    attempts: dict[str, Callable[[], object]] = {
        "stored": lambda: write(cell, wrong, True, True),
        "v": lambda: write(cell, False, wrong, True),
        "c": lambda: write(cell, False, True, wrong),
    }
    for name, attempt in attempts.items():
        with pytest.raises(InputError, match=rf"^{name} is .*; it must be 0 or 1$"):
            attempt()
    with pytest.raises(InputError, match=r"^c is .*; it must be 0 or 1"):
        unselected(cell, False, wrong)


def test_steps_and_phases_are_bounded() -> None:
    cell = SotCell()
    for step in (0.0, -1e-12, 1e-16, 3e-12):
        with pytest.raises(InputError, match=r"step_s is .*; it must be a number from 1e-15"):
            write(cell, False, True, True, step_s=step)
    with pytest.raises(InputError, match="phases must be one Phase or more"):
        sot_netlist(cell, False, (), 2e-9, 3e-9)
    # Edges of more than what a pulse is left for would never settle.
    with pytest.raises(InputError, match="rise_ps is 4000; it must be a number from 1 to 3000"):
        SotCell(rise_ps=4000)
    assert SotCell(access_width_nm=np.int64(400)) == SotCell()
