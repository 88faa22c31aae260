import json

import numpy as np
import pytest
from scipy.stats import norm

from nvmcosim import InputError, WriteCurve, curve_for, load_curve
from nvmcosim.pymodel.device.threshold import law_curve, normal_threshold_curve


def small_curve(**changes) -> WriteCurve:
    values = {
        "device": "d",
        "direction": "P-AP",
        "amplitude_v": 1.2,
        "pulse_ps": [1000, 2000, 4000],
        "p_fail": [0.9, 0.5, 1e-10],
        "energy_mtj_j": [1e-13, 2e-13, 4e-13],
        "energy_driver_j": [0, 1e-13, 3e-13],
    }
    return WriteCurve(**{**values, **changes})


def test_the_paper_law_has_the_rates_of_its_normal_distribution() -> None:
    pulse = np.array([1, 500, 5000, 9990, 10_000, 15_000, 20_000])
    # ono2021, Section V-A: T_th ~ N(8 ns, 3 ns).
    expected = norm.sf(pulse, 8000, 3000)
    np.testing.assert_allclose(law_curve("ono2021").failure_rate(pulse), expected, rtol=1e-9)
    assert law_curve("ono2021").failure_rate(0) == 1


def test_the_second_reading_gives_the_printed_error_rate() -> None:
    # ono2021, Section V-A: "The error rate is 0.004% when it is set to 15ns".
    assert law_curve("ono2021-15ns").failure_rate(15_000) == pytest.approx(4e-5, rel=0.01)


def test_thresholds_follow_the_rates() -> None:
    curve = small_curve()
    uniform = (np.arange(1_000_000) + 0.5) / 1_000_000
    thresholds = curve.threshold_ps(uniform)
    assert (thresholds > 0).all()
    for pulse in (0, 300, 1000, 1700, 2000, 3000):
        share = (thresholds >= pulse).mean()
        assert share == pytest.approx(float(curve.failure_rate(pulse)), abs=2e-6), pulse


def test_cells_past_the_table_never_switch() -> None:
    curve = small_curve(p_fail=[0.9, 0.5, 0.25])
    thresholds = curve.threshold_ps(np.array([0.2, 0.24999, 0.26]))
    assert thresholds[:2].tolist() == [np.inf, np.inf]
    assert thresholds[2] < 4000


def test_energy_is_linear_between_pulses_and_nothing_for_no_pulse() -> None:
    curve = small_curve()
    np.testing.assert_allclose(curve.energy(3000), [3e-13, 2e-13])
    np.testing.assert_allclose(curve.energy(500), [0.5e-13, 0])
    np.testing.assert_array_equal(curve.energy([0, 0]), np.zeros((2, 2)))


def test_pulses_outside_the_table_are_refused() -> None:
    with pytest.raises(InputError, match="a pulse of 4001 ps is outside the curve of d"):
        small_curve().failure_rate([0, 4001])
    with pytest.raises(InputError, match="-1 ps is outside"):
        small_curve().energy(-1)


def test_a_curve_file_comes_back_as_it_was(tmp_path) -> None:
    curve = small_curve(parameters={"a": [1, 2]}, versions={"numpy": "2"}, seed=3)
    path = curve.save(tmp_path / "c.json")
    again = load_curve(path)
    assert again.to_dict() == curve.to_dict()
    assert curve_for(str(path)).digest == curve.digest


def test_edited_and_truncated_curve_files_are_refused(tmp_path) -> None:
    path = small_curve().save(tmp_path / "c.json")
    text = path.read_text()
    path.write_text(text.replace("0.5,", "0.4,"))
    with pytest.raises(InputError, match="was changed after it was written"):
        load_curve(path)
    path.write_text(text[: len(text) // 2])
    with pytest.raises(InputError, match="is not valid JSON"):
        load_curve(path)
    values = json.loads(text)
    path.write_text(json.dumps({**values, "schema": 2}))
    with pytest.raises(InputError, match="schema is 2; it must be 1"):
        load_curve(path)
    del values["noise"]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="'noise' is missing"):
        load_curve(path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"p_fail": [0.5, 0.9, 0.1]}, "must not increase with the pulse"),
        ({"p_fail": [1.5, 0.9, 0.1]}, "between 0 and 1"),
        ({"p_fail": [0.5, 0.1]}, "one length"),
        ({"p_fail": [0.5, float("nan"), 0.1]}, "finite"),
        ({"p_fail": "oops"}, "must be a list of numbers"),
        ({"pulse_ps": [0, 0, 1]}, "increase strictly"),
        ({"pulse_ps": [-1, 0, 1]}, "must not be negative"),
        ({"energy_mtj_j": [-1, 0, 1]}, "energy must not be negative"),
        ({"direction": "up"}, "direction is 'up'"),
        ({"noise": "loud"}, "noise is 'loud'"),
        ({"energy_unit": "cal"}, "energy_unit is 'cal'"),
    ],
)
def test_what_is_no_curve_is_refused(changes, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        small_curve(**changes)


def test_a_well_signed_file_of_wrong_types_is_refused(tmp_path) -> None:
    from nvmcosim.pymodel.files import digest_of, write_json

    values = small_curve().to_dict()
    del values["digest"]
    for change, sentence in (
        ({"amplitude_v": "1.2"}, "of the wrong type"),
        ({"amplitude_v": True}, "of the wrong type"),
        ({"parameters": []}, "of the wrong type"),
        ({"device": 1}, "of the wrong type"),
        ({"seed": False}, "of the wrong type"),
        ({"amplitude_v": 10**400}, "amplitude_v is .* within 1000 V"),
        ({"p_fail": [1, "0.5", 0.1]}, "p_fail must be a list of numbers"),
        ({"p_fail": [True, 0.5, 0.1]}, "p_fail must be a list of numbers"),
        ({"energy_mtj_j": [0, 1, 10**400]}, "energy_mtj_j must be a list of numbers"),
    ):
        wrong = {**values, **change}
        path = write_json(tmp_path / "c.json", {**wrong, "digest": digest_of(wrong)})
        with pytest.raises(InputError, match=sentence):
            load_curve(path)


def test_wrong_laws_are_refused() -> None:
    with pytest.raises(InputError, match="must be positive"):
        normal_threshold_curve("x", 8000, 0)
    with pytest.raises(InputError, match="law is 'x'"):
        law_curve("x")
