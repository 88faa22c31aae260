"""The lock-step array against each cell's own switching time, measured apart."""

import numpy as np
import pytest

from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.device.spread import draw_factors
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.lockstep import CellArray, device_at
from nvmcosim.spice.session import SpiceError

pytest.importorskip("PySpice")

TICK = 1000


@pytest.fixture(scope="module")
def array():
    return CellArray(preset("stt-65nm"), cells=6, seed=7, tick_ps=TICK)


def write(array, now, value, pulses):
    """Drive all cells towards `value`, each for its own pulse, then let them rest."""
    for cell in range(array.cells):
        array.drive(cell, value)
    for end in sorted(set(pulses)):
        assert array.advance(now + end) == now + end
        for cell, pulse in enumerate(pulses):
            if pulse == end:
                array.drive(cell, None)
    now += max(pulses) + TICK * int(np.ceil(array.rest_ps / TICK))
    array.advance(now)
    return now


def test_a_cell_switches_exactly_if_its_pulse_is_longer_than_its_threshold(array):
    to_one, to_zero = array.thresholds_ps("P-AP"), array.thresholds_ps("AP-P")
    # For every second cell the pulse below its threshold, for the others the one above.
    up = np.arange(array.cells) % 2 == 0
    first = (np.floor(to_one / TICK) + up).astype(int) * TICK
    second = (np.floor(to_zero / TICK) + ~up).astype(int) * TICK
    third = (np.floor(to_zero / TICK) + up).astype(int) * TICK
    margin = array.margin_ps
    writes = ((1, first, to_one), (0, second, to_zero), (0, third, to_zero))
    for _, pulses, limits in writes:
        sure = np.abs(pulses - limits) > margin
        assert sure.sum() >= array.cells // 2
    held = np.zeros(array.cells, bool)
    with array:
        assert not array.sense_all().any()
        now = TICK
        array.advance(now)
        for value, pulses, limits in (
            (1, first, to_one),
            (0, second, to_zero),
            (0, third, to_zero),
        ):
            now = write(array, now, value, pulses.tolist())
            expected = np.where(pulses > limits, bool(value), held)
            sure = np.abs(pulses - limits) > margin
            got = array.sense_all()
            assert (got == expected)[sure].all(), (value, pulses, limits, got, held)
            assert array.sense(0) == got[0]
            held = got
        time, mz = array.waveforms()
    assert mz.shape == (array.cells, time.size)
    assert time[-1] == pytest.approx(now)
    assert ((mz[:, -1] < 0) == held).all()


def test_cells_are_their_own_and_the_same_for_a_seed(array):
    again = CellArray(preset("stt-65nm"), cells=8, seed=7, tick_ps=TICK)
    assert again.netlist([2]).text == array.netlist([2]).text
    assert len(set(array.rest_angles)) == array.cells
    factors = draw_factors(array.spec.spread, array.cells, 7)
    device = device_at(array.spec.mtj, factors[3])
    assert device == array.mtjs[3]
    ra, _, diameter, hk = factors[3]
    assert device.r_parallel_ohm == pytest.approx(array.spec.mtj.r_parallel_ohm * ra / diameter**2)
    assert device.delta == pytest.approx(array.spec.mtj.delta * hk * diameter**2)


def test_wrong_use_is_refused(array):
    with pytest.raises(InputError, match="cells is 0"):
        CellArray(preset("stt-65nm"), cells=0)
    with pytest.raises(InputError, match="direction"):
        array.thresholds_ps("sideways")
    with pytest.raises(SpiceError, match="not open"):
        array.advance(10)
    with array:
        with pytest.raises(InputError, match="cell is 6"):
            array.drive(6, 1)
        with pytest.raises(InputError, match="value is 2"):
            array.drive(0, 2)
        with pytest.raises(SpiceError, match="open already"):
            array.__enter__()
        with pytest.raises(SpiceError, match="loaded already"):
            CellArray(preset("stt-65nm"), cells=1).thresholds_ps("P-AP")


def test_a_cell_pushed_part_of_the_way_has_a_start_unless_it_rested(array):
    cell = int(np.argmax(array.thresholds_ps("P-AP")))
    alone = array.threshold_ps(cell, "P-AP")
    assert alone == array.thresholds_ps("P-AP")[cell]
    pulse = int(0.8 * alone) // TICK * TICK
    rest = int(np.ceil(array.rest_ps / TICK)) * TICK
    rested = array.threshold_ps(cell, "P-AP", [(pulse, rest)])
    assert abs(rested - alone) < array.margin_ps / 2
    at_once = array.threshold_ps(cell, "P-AP", [(pulse, TICK)])
    again = array.threshold_ps(cell, "P-AP", [(pulse, 3 * TICK)] * 2)
    assert at_once < again < alone - array.margin_ps
    with pytest.raises(InputError, match="does not fail: it writes the cell"):
        array.threshold_ps(cell, "P-AP", [(int(alone) + 2 * TICK, TICK)])


def test_chosen_cells_are_the_same_cells(array):
    some = array.chosen([4, 1])
    assert some.mtjs == [array.mtjs[4], array.mtjs[1]]
    assert some.threshold_ps(1, "AP-P") == pytest.approx(array.threshold_ps(1, "AP-P"), abs=0.01)
    with pytest.raises(InputError, match="cell is 6; it must be from 0 to 5"):
        array.chosen([6])
