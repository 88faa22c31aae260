"""Three ways to the same switching time: ngspice, the LLG integrators, the Fokker-Planck equation.

Significance: the intervals below are at 99.9%, and there are eight comparisons, so that agreement
would be missed by chance in less than 1% of the seeds; the seeds are fixed.
"""

import numpy as np
import pytest

from nvmcosim.pymodel.device.drive import write_drive
from nvmcosim.pymodel.device.fokker_planck import switching_moments
from nvmcosim.pymodel.device.llg import cartesian_switching_times, switching_times
from nvmcosim.pymodel.device.moments import SampleMoments
from nvmcosim.pymodel.device.presets import preset
from nvmcosim.pymodel.errors import InputError
from nvmcosim.spice.switching import sample_writes

pytest.importorskip("PySpice")

SPEC = preset("locatelli2018")
DRIVE = write_drive(SPEC, "P-AP")
CONFIDENCE = 0.999
SPAN = 16e-9


@pytest.fixture(scope="module")
def thermal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    counts = []
    writes = sample_writes(SPEC, "P-AP", 200, 7, SPAN, folder, progress=counts.append)
    assert sum(counts) == 200
    return writes, folder


def test_thermal_ngspice_llg_and_fokker_planck_agree(thermal):
    exact = switching_moments(DRIVE)
    ways = {
        "ngspice": thermal[0].times_s,
        "LLG": switching_times(DRIVE, 20_000, seed=7),
        "Cartesian LLG": cartesian_switching_times(DRIVE, SPEC.mtj.damping, 1500, seed=7),
    }
    found = {name: SampleMoments.of(times, CONFIDENCE) for name, times in ways.items()}
    for name, moments in found.items():
        assert moments.mean.holds(exact.mean_s), (name, moments, exact)
        assert moments.deviation.holds(exact.deviation_s), (name, moments, exact)
    # The samples' own intervals overlap as well.
    one, two = found["ngspice"], found["LLG"]
    assert one.mean.low < two.mean.high
    assert two.mean.low < one.mean.high
    # Narrow enough to tell a run without noise after the start, which is 14% slower.
    assert one.mean.high / one.mean.value < 1.12


def test_angle_alone_is_slower_by_what_physics_states(thermal, tmp_path):
    """PHYSICS: 12 to 14% above the thermal mean; here to the samples' own interval."""
    angle = sample_writes(SPEC, "P-AP", 200, 7, SPAN, tmp_path, noise="angle")
    mean = switching_moments(DRIVE).mean_s
    moments = SampleMoments.of(angle.times_s, CONFIDENCE)
    assert not moments.mean.holds(mean)
    assert moments.mean.low / mean - 1 < 0.14
    assert moments.mean.high / mean - 1 > 0.12
    exact = switching_times(DRIVE, 200_000, seed=3, noise="angle").mean()
    assert moments.mean.holds(exact)


def test_samples_are_kept_and_go_on(thermal):
    writes, folder = thermal
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("*/*.json")}
    counts = []
    again = sample_writes(SPEC, "P-AP", 40, 7, SPAN, folder, progress=counts.append)
    assert counts == [40]
    assert np.array_equal(again.times_s, writes.times_s[:40])
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/*.json")} == stamps


def test_energy_is_that_of_the_junction_at_its_voltage(thermal):
    writes, volts = thermal[0], SPEC.driver.vdd_v
    slope = np.diff(writes.energy_j[0])[-1] / np.diff(writes.pulse_s)[-1]
    assert slope == pytest.approx(volts**2 * SPEC.mtj.conductance(-1, volts), rel=0.02)
    most = volts**2 / SPEC.mtj.r_parallel_ohm * writes.pulse_s
    assert (writes.energy_j[0][20:] < most[20:]).all()


def test_a_count_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="samples is 0"):
        sample_writes(SPEC, "P-AP", 0, 7, SPAN, tmp_path)
