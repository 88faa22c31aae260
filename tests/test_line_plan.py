"""Line plans: the grouping of Fig. 5, Table II, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvmcosim import InputError, LinePlan, PcmCell, load_plan
from nvmcosim.pymodel.line_plan import RAW_SCHEMES, SCHEMES, BitGroup
from nvmcosim.pymodel.plan import plan_from_dict
from nvmcosim.pymodel.wom import APPWOM01, APPWOM10, WOM01, WOM10

PLAN = LinePlan("fp32")


def named(plan: LinePlan) -> list[str]:
    """Groups as the paper writes them: S, E1.., M1.. from the most significant bit down."""
    words = plan.number_format
    names = ["S"]
    names += [f"E{n + 1}" for n in range(words.exponent_bits)]
    names += [f"M{n + 1}" for n in range(words.fraction_bits)]
    names.reverse()
    return [f"{names[g.important]}+{names[g.other]}" for g in plan.groups]


def test_fp32_is_grouped_as_in_figure_5() -> None:
    exact = ["S+E1", "E2+E3", "E4+E5", "E6+E7", "E8+M1"]
    near = [f"M{n}+M{n + 11}" for n in range(2, 13)]
    assert named(PLAN) == exact + near
    assert [g.approximate for g in PLAN.groups] == [False] * 5 + [True] * 11
    assert (PLAN.word_cells, PLAN.line_groups, PLAN.line_cells) == (48, 256, 768)


def test_halves_are_grouped_in_the_same_spirit() -> None:
    assert named(LinePlan("bf16"))[4:] == ["E8+M1", "M2+M5", "M3+M6", "M4+M7"]
    assert named(LinePlan("fp16"))[3:] == ["M1+M2", "M3+M7", "M4+M8", "M5+M9", "M6+M10"][-5:]
    assert [LinePlan(f).app_groups for f in ("fp32", "bf16", "fp16")] == [11, 3, 4]


def test_wom_set_takes_adjacent_pairs_all_the_way() -> None:
    plan = LinePlan("fp32", scheme="wom-set")
    assert named(plan)[-1] == "M22+M23"
    assert plan.groups[4:6] == (BitGroup(23, 22, False), BitGroup(21, 20, False))
    assert {plan.shape.code(1, n) for n in range(plan.line_groups)} == {WOM10}
    assert {plan.shape.code(0, n) for n in range(plan.line_groups)} == {WOM01}


def test_codes_follow_groups_and_polarity() -> None:
    shape = PLAN.replace(line_words=2).shape
    codes = {p: [shape.code(p, n) for n in range(shape.groups)] for p in (0, 1)}
    assert codes[1] == ([WOM10] * 5 + [APPWOM10] * 11) * 2
    assert codes[0] == ([WOM01] * 5 + [APPWOM01] * 11) * 2


def test_cells_and_units_by_scheme() -> None:
    cells = {s: LinePlan("bf16", scheme=s, line_words=3).line_cells for s in SCHEMES}
    raw = dict.fromkeys(RAW_SCHEMES, 48) | {"flip-n-write": 51}
    assert cells == raw | {"wom-set": 72, "appwom": 72, "appwom-ping-pong": 72}
    assert PLAN.shape.units == 1
    assert PLAN.replace(refresh="group").shape.units == 256
    with pytest.raises(InputError, match="scheme is 'preset', which has no code"):
        _ = PLAN.replace(scheme="preset").shape


def test_the_shape_follows_the_plan() -> None:
    plan = LinePlan("bf16", idle="all", initial="prereset")
    assert (plan.shape.ping_pong, plan.shape.polarity, plan.shape.idle) == (True, 0, "all")
    assert not plan.replace(scheme="appwom").shape.ping_pong


def test_table_ii_is_the_default() -> None:
    pcm = PLAN.pcm
    assert (pcm.read_ps, pcm.set_ps, pcm.reset_ps) == (125_000, 1_000_000, 125_000)
    assert (pcm.read_pj, pcm.set_pj, pcm.reset_pj, pcm.endurance) == (2, 13.5, 19.2, 10**8)
    assert (PLAN.read_cycles, PLAN.set_cycles, PLAN.reset_cycles) == (25, 200, 25)


@st.composite
def plans(draw: st.DrawFn) -> LinePlan:
    name = draw(st.sampled_from(["fp32", "bf16", "fp16"]))
    scheme = draw(st.sampled_from(SCHEMES))
    tick = draw(st.sampled_from([1000, 5000, 25_000]))
    most = LinePlan(name).number_format.fraction_bits // 2
    policy = {
        "refresh": draw(st.sampled_from(["line", "group"])),
        "idle": draw(st.sampled_from(["none", "any", "all"])),
        "initial": draw(st.sampled_from(["preset", "prereset"])),
    }
    return LinePlan(
        name,
        scheme=scheme,
        line_words=draw(st.integers(1, 1024)),
        app_groups=draw(st.none() | st.integers(0, most)) if "appwom" in scheme else None,
        cell=PcmCell(read_ps=tick * draw(st.integers(1, 40)), set_pj=draw(st.floats(0, 100))),
        tick_ps=tick,
        seed=draw(st.integers(0, 2**63 - 1)),
        **({} if scheme in RAW_SCHEMES else policy),
    )


@given(plans())
def test_json_round_trip_and_groups_that_cover_every_bit_once(plan: LinePlan) -> None:
    again = LinePlan.from_json(plan.to_json())
    assert again == plan
    assert again.digest() == plan.digest()
    if plan.coded:
        bits = [bit for g in plan.groups for bit in (g.important, g.other)]
        assert sorted(bits) == list(range(plan.width))
        assert all(g.important > g.other for g in plan.groups)


def test_the_digest_moves_with_any_field() -> None:
    changes = [
        {"seed": 1},
        {"format": "bf16", "app_groups": 3},
        {"scheme": "appwom"},
        {"line_words": 8},
        {"app_groups": 10},
        {"refresh": "group"},
        {"idle": "any"},
        {"initial": "prereset"},
        {"rounding": "truncate"},
        {"tick_ps": 2500},
        {"cell": PcmCell(set_pj=14)},
    ]
    digests = {PLAN.replace(**change).digest() for change in changes} | {PLAN.digest()}
    assert len(digests) == len(changes) + 1


def test_plan_files(tmp_path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(
        'kind = "line"\nformat = "fp32"\nline_bits = 256\ntick = "25 ns"\n'
        '[cell]\nset = "0.8 us"\nset_energy = "14 pJ"\nreset_pj = 20\n'
    )
    plan = load_plan(path)
    cell = PcmCell(set_ps=800_000, set_pj=14, reset_pj=20)
    assert plan == LinePlan("fp32", line_words=8, tick_ps=25_000, cell=cell)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "format is missing"),
        ({"format": "sm0.15"}, "format is 'sm0.15'; it must be one of fp32, fp16, bf16"),
        ({"format": "bf16", "scheme": "wom"}, "scheme is 'wom'; it must be one of basic"),
        ({"format": "bf16", "refresh": "word"}, "refresh is 'word'; it must be one of line, group"),
        ({"format": "bf16", "idle": "often"}, "idle is 'often'; it must be one of none, any, all"),
        ({"format": "bf16", "initial": 1}, "initial is 1; it must be one of preset, prereset"),
        ({"format": "bf16", "line_words": 0}, "line_words is 0; .* from 1 to 1024"),
        ({"format": "fp32", "line_bits": 500}, "line_bits is 500; it must be a multiple of 32"),
        ({"format": "fp32", "line_bits": 16}, "line_bits is 16"),
        ({"format": "fp32", "line_bits": 64, "line_words": 2}, "both given"),
        ({"format": "bf16", "app_groups": 4}, "app_groups is 4; .* from 0 to 3"),
        ({"format": "bf16", "tick": "3 ns"}, "read_ps is 125000; it must be a multiple of .* 3000"),
        ({"format": "bf16", "tick": "5 ns", "tick_ps": 1}, "both given"),
        ({"format": "bf16", "device": "pram"}, "device is 'pram'; it must be one of ho2021"),
        ({"format": "bf16", "device": []}, r"device is \[\]; it must be one of"),
        ({"format": "bf16", "cell": 3}, "cell is 3; it must be a table"),
        ({"format": "bf16", "cell": {"set_pj": -13.5}}, "set_pj is -13.5; .* from 0 to 1e"),
        ({"format": "bf16", "cell": {"reset_energy": "-1 pJ"}}, "reset_pj is -1"),
        ({"format": "bf16", "cell": {"read_pj": float("nan")}}, "read_pj is nan"),
        ({"format": "bf16", "cell": {"set": "0 ns"}}, "set_ps is 0; it must be longer"),
        ({"format": "bf16", "cell": {"set": "5 V"}}, "cell.set is '5 V'"),
        ({"format": "bf16", "cell": {"set": "1 us", "set_ps": 1}}, "set and set_ps are both given"),
        ({"format": "bf16", "cell": {"endurance": 0}}, "endurance is 0"),
        ({"format": "bf16", "cell": {"colour": 0}}, "a cell has no 'colour'"),
        ({"format": "bf16", "colour": 0}, "a line plan has no 'colour'"),
    ],
)
def test_wrong_plans_are_refused_with_the_value(values, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_from_dict({"kind": "line", **values})


@pytest.mark.parametrize("scheme", RAW_SCHEMES)
@pytest.mark.parametrize(
    ("name", "value", "default"),
    [
        ("refresh", "group", "'line'"),
        ("idle", "any", "'none'"),
        ("initial", "prereset", "'preset'"),
        ("app_groups", 2, "3"),
    ],
)
def test_what_has_no_effect_in_a_raw_scheme_is_refused(scheme, name, value, default) -> None:
    sentence = (
        f"{name} is {value!r}, which is without effect in the scheme {scheme}; "
        f"leave it out, or at {default}"
    )
    with pytest.raises(InputError, match=f"^{sentence}$"):
        LinePlan("bf16", scheme, **{name: value})
    plan = LinePlan("bf16", scheme)
    assert plan.replace(**{name: getattr(plan, name)}) == plan


def test_wom_set_has_no_groups_in_appwom() -> None:
    plan = LinePlan("bf16", "wom-set", refresh="group", idle="any", initial="prereset")
    with pytest.raises(InputError, match="app_groups is 1, which is without effect in the scheme"):
        plan.replace(app_groups=1)


def test_a_cell_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="cell is 3; it must be a PcmCell"):
        LinePlan("bf16", cell=3)  # type: ignore[arg-type]
