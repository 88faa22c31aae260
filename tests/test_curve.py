import json

import numpy as np
import pytest
from scipy.stats import gamma, norm

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


def test_the_pulse_for_a_rate_is_the_shortest_that_keeps_it() -> None:
    # Equal rates in a row, and a first pulse above 0: the inverse is that of `failure_rate`.
    curve = small_curve(
        pulse_ps=[1000, 2000, 3000, 4000, 5000],
        p_fail=[0.9, 0.5, 0.5, 1e-10, 1e-10],
        energy_mtj_j=[0] * 5,
        energy_driver_j=[0] * 5,
    )
    rates = np.array([[0.99, 0.9, 0.7], [0.4, 1e-3, 3e-10]])
    pulses = curve.pulse_for(rates)
    np.testing.assert_allclose(curve.failure_rate(pulses), rates, rtol=1e-9)
    assert pulses.shape == rates.shape
    assert curve.pulse_for(0.5) == pytest.approx(2000)
    assert curve.pulse_for(1e-10) == pytest.approx(4000)
    assert curve.pulse_for(1) == 0
    # Thresholds are the same inverse: none lies where the rate does not fall.
    uniform = (np.arange(100_000) + 0.5) / 100_000
    assert (curve.threshold_ps(uniform) >= 2500).mean() == pytest.approx(0.5, abs=1e-5)


def test_a_law_with_a_rate_at_once_needs_a_hair_of_a_pulse() -> None:
    law = law_curve("ono2021")  # 0.38% of the thresholds lie below 0
    pulse = float(law.pulse_for(0.998))
    assert 0 < pulse < 1e-6
    assert law.failure_rate(pulse) <= 0.998


@pytest.mark.parametrize("rate", [0, -0.1, 1.1, float("nan"), float("inf"), [0.5, 2]])
def test_rates_that_are_none_are_refused(rate) -> None:
    with pytest.raises(InputError, match="must be above 0 and at most 1"):
        small_curve().pulse_for(rate)


def test_a_rate_out_of_reach_is_one_sentence() -> None:
    with pytest.raises(InputError) as caught:
        small_curve().pulse_for([0.5, 1e-11])
    assert str(caught.value) == (
        "no pulse of the curve of d reaches an error rate of 1e-11: its last, 4000 ps, has 1e-10"
    )


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


@pytest.mark.parametrize(
    ("name", "spread"), [("locatelli2018-gamma", 0.0), ("locatelli2018-gamma-spread", 0.139)]
)
def test_the_gamma_laws_are_their_distribution_between_the_tabulated_pulses(name, spread) -> None:
    curve = law_curve(name)
    # scipy's distribution, averaged over devices by Gauss-Hermite quadrature.
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    pulse = np.linspace(0.013, 25.003, 777)
    devices = np.exp(spread * nodes)
    expected = gamma(14.9, scale=4.157 / 14.9).sf(pulse[:, None] / devices) @ weights
    expected /= weights.sum()
    assert expected[-1] < 1e-10
    kept = expected >= 1e-10
    got = curve.failure_rate(1000 * pulse)
    np.testing.assert_allclose(got[kept], expected[kept], rtol=1e-3)


def test_the_gamma_laws_have_the_printed_pulses_and_energy() -> None:
    # locatelli2018, Section III.
    law, spread = law_curve("locatelli2018-gamma"), law_curve("locatelli2018-gamma-spread")
    assert law.pulse_for(1e-10) == pytest.approx(15_000, abs=50)
    assert spread.pulse_for(1e-10) == pytest.approx(20_500, abs=50)
    assert law.energy(15_000).sum() == pytest.approx(0.48e-12, abs=0, rel=1e-9)
    assert law.energy(7_500).sum() == pytest.approx(0.24e-12, abs=0, rel=1e-9)
    assert (law.energy_unit, law.amplitude_v, law.noise) == ("J", 0.381, "law")
    assert law_curve("locatelli2018-gamma", 60_000.0).pulse_ps[-1] == 60_000


def test_wrong_laws_are_refused() -> None:
    with pytest.raises(InputError, match="must be positive"):
        normal_threshold_curve("x", 8000, 0)
    with pytest.raises(InputError, match="law is 'x'"):
        law_curve("x")
