"""Plan files that state error rates."""

import pytest

from nvmcosim import InputError, StorePlan, WriteCurve, load_plan
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.files import write_text

LINES = """
kind = "store"
format = "q3.12"
device = "locatelli2018-gamma-spread"
tick = "{tick}"
domains = [{domains}]
"""


def plan_of(folder, domains, tick="0.01 ns"):
    return load_plan(write_text(folder / "p.toml", LINES.format(domains=domains, tick=tick)))


def test_a_rate_becomes_the_shortest_pulse_on_the_clock_that_keeps_it(tmp_path) -> None:
    curve = law_curve("locatelli2018-gamma-spread")
    stated = "{ bits = 8, error_rate = 0.01 }, { bits = 8, error_rate = 0.5 }"
    for tick, tick_ps in (("0.01 ns", 10), ("0.5 ns", 500), ("3 ns", 3000)):
        plan = plan_of(tmp_path, stated, tick)
        assert isinstance(plan, StorePlan)
        for domain, rate in zip(plan.domains, (0.01, 0.5), strict=True):
            assert domain.pulse_ps % tick_ps == 0
            assert curve.failure_rate(domain.pulse_ps) <= rate
            assert curve.failure_rate(domain.pulse_ps - tick_ps) > rate
        rates = [(8, 0.01), (8, 0.5)]
        options = {"device": plan.device, "tick_ps": tick_ps}
        assert StorePlan.by_error_rate("q3.12", rates, curve, **options) == plan


def test_a_rate_of_1_is_never_written_and_pulses_may_stand_beside_rates(tmp_path) -> None:
    stated = '{ bits = 4, pulse = "9 ns" }, { bits = 8, error_rate = 0.3 }, '
    plan = plan_of(tmp_path, stated + "{ bits = 4, error_rate = 1 }")
    pulses = [domain.pulse_ps for domain in plan.domains]  # type: ignore[attr-defined]
    assert (pulses[0], pulses[2]) == (9000, 0)
    assert 0 < pulses[1] < 9000


@pytest.mark.parametrize("rate", ["0", "-0.1", "1.01", "nan", "inf", "true", '"0.5"'])
def test_rates_that_are_none_are_one_sentence(rate, tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        plan_of(tmp_path, f"{{ bits = 8, error_rate = {rate} }}, {{ bits = 8, error_rate = 1 }}")
    message = str(caught.value)
    assert "domains[0].error_rate is" in message
    assert message.endswith("it must be a number above 0 and at most 1")


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        (
            "{ bits = 16, error_rate = 1e-40 }",
            "no pulse of the curve of locatelli2018-gamma-spread",
        ),
        (
            '{ bits = 16, error_rate = 0.1, pulse = "9 ns" }',
            "it must have bits and one of pulse_ps",
        ),
        ("{ bits = 15, error_rate = 0.1 }", "the domains cover 15 bits"),
        ("{ error_rate = 0.1 }", "it must have bits and one of pulse_ps, pulse and error_rate"),
        ("{ bits = 16, error_rate = 0.1, more = 1 }", "it must have bits"),
    ],
)
def test_what_is_no_plan_is_one_sentence(domains, message, tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        plan_of(tmp_path, domains)
    assert message in str(caught.value)
    assert "p.toml: " in str(caught.value)


def test_a_rate_keeps_its_domains_amplitude(tmp_path) -> None:
    from nvmcosim import plans
    from nvmcosim.pymodel.bit_curves import CurveSet

    def curve(volts: float, slower: float) -> WriteCurve:
        pulses = [0.0, 4000.0 * slower, 8000.0 * slower, 40_000.0]
        rates = [1.0, 0.5, 1e-3, 1e-9]
        return WriteCurve("d", "both", volts, pulses, rates, pulses, [0.0] * 4)  # type: ignore[arg-type]

    curves = CurveSet(curve(1.0, 1.0), (curve(0.8, 2.0),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "curve_for", lambda plan: curves)
        plan = plan_of(
            tmp_path,
            '{ bits = 8, error_rate = 0.5 }, { bits = 8, error_rate = 0.5, amplitude = "0.8 V" }',
        )
    assert [d.pulse_ps for d in plan.domains] == [4000, 8000]  # type: ignore[attr-defined]
    assert [d.amplitude_v for d in plan.domains] == [None, 0.8]  # type: ignore[attr-defined]


def test_without_the_front_door_a_rate_is_refused_with_the_way_out() -> None:
    values = {
        "kind": "store",
        "format": "bf16",
        "domains": [{"bits": 16, "error_rate": 0.1}],
    }
    with pytest.raises(InputError, match=r"domains\[0\] states an error_rate.*nvmcosim.load_plan"):
        StorePlan.from_dict(values)
    with pytest.raises(InputError, match=r"rates\[1\] is 2; it must be a number above 0"):
        StorePlan.by_error_rate("bf16", [(8, 0.1), (8, 2)], law_curve("ono2021"))
    with pytest.raises(InputError, match="tick_ps is 0"):
        StorePlan.by_error_rate("bf16", [(16, 0.1)], law_curve("ono2021"), tick_ps=0)
