"""Stream plans: what follows from what, files and JSON, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from nvmcosim import InputError, Plan, StreamPlan, load_plan, view
from nvmcosim.pymodel.device.in_plane import InPlaneMtj
from nvmcosim.pymodel.plan import plan_from_dict
from nvmcosim.pymodel.pulse_code import PulseCodes
from nvmcosim.pymodel.stream_neuron import NeuronShape

PLAN = StreamPlan()
EXAMPLE = Path(__file__).parents[1] / "examples" / "mondal2018.toml"


def test_the_example_is_the_default_plan() -> None:
    plan = load_plan(EXAMPLE)
    assert plan == PLAN
    assert plan.digest() == PLAN.digest()


def test_the_curve_is_that_of_the_junction() -> None:
    assert PLAN.codes == PulseCodes.of(InPlaneMtj())
    assert view(PLAN, "curve")(PLAN) == PLAN.codes
    with pytest.raises(InputError, match="a stream plan has no 'training' view"):
        view(PLAN, "training")


def test_a_bank_has_as_many_generators_as_a_bit_takes_clocks() -> None:
    # mondal2018, III-B: 4.33 ns, at most 1.49 ns with BMS and 3.40 ns without, 2 ns.
    assert PLAN.phases == 5 + 2 + 2
    assert StreamPlan(generator="normal").phases == 5 + 4 + 2
    assert StreamPlan(phases=4).phases == 4


def test_neurons_follow_the_layers() -> None:
    plan = StreamPlan(layers=(5, 3, 2), scale=4)
    assert plan.neurons == (NeuronShape(5, 40, 20), NeuronShape(3, 24, 12, "bipolar"))
    assert [n.states for n in plan.neurons] == [
        NeuronShape.paper(5, 4).states,
        NeuronShape.paper(3, 4, hidden_inputs=True).states,
    ]
    own = StreamPlan(
        layers=(5, 3, 2), states=(8, 2), start=(0, 1), operands=("magnitude", "separate")
    )
    assert own.neurons == (NeuronShape(5, 8, 0, "magnitude"), NeuronShape(3, 2, 1, "separate"))


def test_another_kind_s_values_are_refused() -> None:
    with pytest.raises(InputError, match="kind is 'store'; a stream plan's is 'stream'"):
        StreamPlan.from_dict({"kind": "store"})


def test_json_gives_the_same_plan_back() -> None:
    plan = StreamPlan(
        "unipolar", 31, 6, "normal", "always", 3, 2, (3, 2), ("separate",), (6,), (5,), "fresh", 1.3
    )
    assert StreamPlan.from_json(plan.to_json()) == plan
    assert plan_from_dict(plan.to_dict()) == plan
    assert Plan.from_json(plan.to_json()) == plan
    assert plan.digest() != PLAN.digest()
    assert plan.replace(layers=(4, 2), operands=None, states=None, start=None).states == (16,)


def test_text_stands_for_times_and_bias() -> None:
    values = {"kind": "stream", "tick": "2 ns", "reset": "6 ns", "read": "4 ns", "bias": "1.3 V"}
    plan = StreamPlan.from_dict({**values, "fine": "2.5 ps"})
    assert (plan.tick_ps, plan.reset_ps, plan.read_ps) == (2000, 6000, 4000)
    assert (plan.bias_v, plan.fine_ps) == (1.3, 2.5)
    assert StreamPlan.from_dict({"fine": 2.5}).fine_ps == 2.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cycles": 0}, "cycles is 0; it must be a whole number from 1 to"),
        ({"p_bits": 0}, "p_bits is 0; it must be a whole number from 1"),
        ({"p_bits": 8.5}, "p_bits is 8.5; it must be a whole number"),
        ({"generator": "lfsr"}, "generator is 'lfsr'; it must be one of bms, normal"),
        ({"format": ["bipolar"]}, "format is \\['bipolar'\\]; it must be one of bipolar, unipolar"),
        ({"reset_rule": "never"}, "reset_rule is 'never'; it must be one of changed, always"),
        ({"reuse": "some"}, "reuse is 'some'; it must be one of shared, fresh"),
        ({"device": "mtj"}, "device is 'mtj'; it must be one of ip-20x58"),
        ({"phases": 0}, "phases is 0; it must be a whole number from 1 to 1024"),
        ({"scale": 0}, "scale is 0; it must be a whole number from 1"),
        ({"fine_ps": 2000.0}, "fine_ps is 2000.0; it must be a number from 0.1 to tick_ps"),
        ({"layers": [4]}, "layers is \\[4\\]; it must have inputs and at least one layer"),
        ({"layers": []}, "layers is \\[\\]; it must be a list of whole numbers"),
        ({"layers": [4, 0]}, "a width in layers is 0; it must be a whole number from 1"),
        ({"layers": "4"}, "layers is '4'; it must be a list of whole numbers"),
        ({"states": [8]}, "states is \\[8\\]; it must have one for each of the 2 layers"),
        ({"states": [8, 5]}, "states are 5; their number must be even"),
        ({"states": [8, 0]}, "states is 0; it must be a whole number from 2"),
        ({"operands": ["shared"]}, "operands is \\['shared'\\]; it must have one for each"),
        ({"operands": ["xor", "bipolar"]}, "the operand is 'xor'; it must be one of"),
        ({"operands": [1, 2]}, "operands is \\[1, 2\\]; it must be a list of words"),
        ({"start": [8, 2]}, "start is 8; it must be a whole number from 0 to 7"),
        ({"tick": "1 ns", "tick_ps": 1000}, "tick and tick_ps are both given; give one"),
        ({"bias": "1.2 A"}, "bias is '1.2 A'; it must be a quantity in V"),
        ({"length": 3}, "a stream plan has no 'length'; it has kind, format, cycles"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        StreamPlan.from_dict({"kind": "stream", **values})
