import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvmcosim import Domain, InputError, StorePlan, load_plan
from nvmcosim.pymodel.formats import FORMATS
from nvmcosim.pymodel.plan import plan_from_dict

PLAN = StorePlan.two_domain("bf16", 6, "20 ns", "5 ns")


def test_two_domains_split_the_word_at_the_bsp() -> None:
    assert PLAN.domains == (Domain(10, 20_000), Domain(6, 5_000))
    assert PLAN.masks == (0xFFC0, 0x003F)
    assert PLAN.cycles == (4, 1)
    assert PLAN.bit_pulse_ps.tolist() == [5000] * 6 + [20_000] * 10
    assert PLAN.bit_domain.tolist() == [1] * 6 + [0] * 10


def test_bsp_0_is_one_domain_and_a_pulse_of_0_is_never_written() -> None:
    assert StorePlan.two_domain("fp16", 0, "20 ns", "0 ns").domains == (Domain(16, 20_000),)
    assert StorePlan.two_domain("bf16", 7, "20 ns", 0).written_mask == 0xFF80


@st.composite
def plans(draw: st.DrawFn) -> StorePlan:
    name = draw(st.sampled_from(sorted(FORMATS)))
    width = FORMATS[name].width
    cuts = sorted(draw(st.sets(st.integers(1, width - 1), max_size=6)) | {0, width})
    tick = draw(st.sampled_from([1, 250, 5000]))
    domains = tuple(
        Domain(b - a, tick * draw(st.integers(0, 9))) for a, b in itertools.pairwise(cuts)
    )
    return StorePlan(
        name,
        domains,
        tick_ps=tick,
        seed=draw(st.integers(0, 2**63 - 1)),
        variation=draw(st.sampled_from(["cycle", "cell"])),
        rewrite=draw(st.sampled_from(["all", "changed"])),
        bank_words=draw(st.integers(1, 64)),
        retry_limit=draw(st.integers(0, 255)),
    )


@given(plans())
def test_json_round_trip_keeps_plan_and_digest(plan) -> None:
    again = StorePlan.from_json(plan.to_json())
    assert again == plan
    assert again.digest() == plan.digest()
    combined = 0
    for mask in plan.masks:
        assert combined & mask == 0
        combined |= mask
    assert combined == plan.number_format.mask


def test_the_digest_moves_with_any_field() -> None:
    changes = [
        {"seed": 1},
        {"device": "ono2021-15ns"},
        {"rewrite": "changed"},
        {"bank_words": 2},
        {"retry_limit": 1},
        {"variation": "cell"},
        {"rounding": "truncate"},
        {"initial": "weights"},
        {"tick_ps": 2500},
        {"domains": (Domain(10, 20_000), Domain(6, 10_000))},
    ]
    digests = {PLAN.replace(**change).digest() for change in changes} | {PLAN.digest()}
    assert len(digests) == len(changes) + 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "shop"}, "kind is 'shop'; it must be one of line, pim, store, store-layers"),
        ({}, "format is missing"),
        ({"format": "bf15", "domains": []}, "format is 'bf15'"),
        ({"format": "bf16"}, "domains is missing"),
        ({"format": "bf16", "domains": []}, "domains is empty"),
        ({"format": "bf16", "bsp": 8, "long": "20 ns", "short": 0}, "bsp is 8; .* from 0 to 7"),
        ({"format": "bf16", "bsp": -1, "long": "20 ns", "short": 0}, "bsp is -1"),
        ({"format": "bf16", "bsp": True, "long": "20 ns", "short": 0}, "bsp is True"),
        ({"format": "bf16", "bsp": 3, "long": "20 ns"}, "short is missing"),
        ({"format": "bf16", "bsp": 3, "long": "20 ns", "short": "-5 ns"}, "short is '-5 ns'"),
        ({"format": "bf16", "bsp": 3, "long": "20 V", "short": 0}, "must be a quantity in s"),
        ({"format": "bf16", "bsp": 3, "long": "7 ns", "short": 0}, "multiple of the clock period"),
        ({"format": "bf16", "bsp": 3, "long": "inf s", "short": 0}, "long is"),
        ({"format": "bf16", "bsp": 3, "long": 1.5, "short": 0}, "long is 1.5"),
        ({"format": "bf16", "domains": [{"bits": 16}]}, r"domains\[0\] is"),
        ({"format": "bf16", "domains": [{"bits": 15, "pulse_ps": 0}]}, "cover 15 bits"),
        ({"format": "bf16", "domains": [{"bits": 0, "pulse_ps": 0}]}, r"domains\[0\].bits is 0"),
        ({"format": "bf16", "bsp": 0, "long": 0, "short": 0, "colour": 1}, "has no 'colour'"),
        ({"format": "bf16", "bsp": 0, "long": 0, "short": 0, "tick_ps": 0}, "tick_ps is 0"),
        ({"format": "bf16", "bsp": 0, "long": 0, "short": 0, "seed": -1}, "seed is -1"),
        ({"format": "bf16", "bsp": 0, "long": 0, "short": 0, "rewrite": "no"}, "rewrite is 'no'"),
        ({"format": "bf16", "bsp": 0, "long": 0, "short": 0, "device": 3}, "device is 3"),
        ({"format": "bf16", "bsp": 0, "domains": [], "long": 0, "short": 0}, "both given"),
        ({"format": "bf16", "tick": "5 ns", "tick_ps": 1}, "both given"),
    ],
)
def test_wrong_plans_are_refused_with_the_value(values, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_from_dict({"kind": "store", **values})


def test_plan_files(tmp_path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "5 ns"\n'
        'device = "mtj.toml"\n'
    )
    plan = load_plan(path)
    assert plan == PLAN.replace(device=str(tmp_path / "mtj.toml"))
    path.write_text('kind = "store"\nformat = "bf16"\ntick = "5 ns"\nbsp = 9\nlong = 0\nshort = 0')
    with pytest.raises(InputError, match=r"plan\.toml: bsp is 9"):
        load_plan(path)
    with pytest.raises(InputError, match="a plan is a mapping, not a list"):
        StorePlan.from_json("[]")
    with pytest.raises(InputError, match="not valid JSON"):
        StorePlan.from_json("{")


def test_digest_does_not_depend_on_where_the_files_are(tmp_path):
    text = 'kind = "store"\nformat = "bf16"\nbsp = 6\nlong = "20 ns"\nshort = "0 ns"\n'
    plans = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "plan.toml").write_text(text + 'device = "stt.toml"\n')
        plans.append(load_plan(tmp_path / folder / "plan.toml"))
    assert plans[0].device != plans[1].device
    assert plans[0].digest() == plans[1].digest()
    assert plans[0].digest() != plans[0].replace(device="other/mine.toml").digest()


def test_amplitudes_are_stated_by_domain_and_survive_json():
    plan = plan_from_dict(
        {
            "kind": "store",
            "format": "sm0.15",
            "domains": [
                {"bits": 8, "pulse": "10 ns", "amplitude": "400 mV"},
                {"bits": 4, "pulse_ps": 5000, "amplitude_v": 0.35},
                {"bits": 4, "pulse_ps": 0},
            ],
        }
    )
    assert plan.amplitudes == (None, 0.35, 0.4)
    assert StorePlan.from_json(plan.to_json()) == plan
    assert plan.in_full().domains == (Domain(16, 10_000, 0.4),)


def test_a_plan_without_amplitudes_keeps_its_digest():
    plan = StorePlan.two_domain("bf16", 6, "20 ns", "0 ns")
    assert plan.to_dict()["domains"][0] == {"bits": 10, "pulse_ps": 20_000}
    assert plan.amplitudes == (None,)


@pytest.mark.parametrize("amplitude", [0, -1, 6, "0.4", True, float("nan")])
def test_wrong_amplitudes_are_one_sentence(amplitude):
    with pytest.raises(InputError, match=r"domains\[0\]\.amplitude_v is .* volts from 0\.05 to 5"):
        StorePlan("bf16", (Domain(16, 5000, amplitude),))


def test_fixed_point_splits_below_the_sign():
    plan = StorePlan.two_domain("sm0.15", 15, "10 ns", "5 ns")
    assert plan.masks == (0x8000, 0x7FFF)
    with pytest.raises(InputError, match="bsp is 16; it must be a whole number from 0 to 15"):
        StorePlan.two_domain("q3.12", 16, "10 ns", "5 ns")
