"""Pulse gates, reprogrammed as they run, against the golden gate; wrong gates are found out."""

import re
from dataclasses import replace

import numpy as np
import pytest
from rtl_edits import replace_in, rewire, rewire_input, transplant

from nvmcosim.cocotb_tests import pulse_gate
from nvmcosim.cocotb_tests.design import elaborate_gates
from nvmcosim.cocotb_tests.gate_cases import gate_cases, gate_curve, many_gate_cases
from nvmcosim.cocotb_tests.gate_spec import GateSpec
from nvmcosim.cocotb_tests.gate_stimulus import GateStimulus, gate_stimulus_for
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import Domain, StorePlan

#: Two stages used of three, both of which fail at times, on two amplitudes, with every option.
SPEC = GateSpec(
    StorePlan(
        "sm0.15",
        (Domain(9, 10_000, 1.2), Domain(7, 5_000)),
        rewrite="changed",
        retry_limit=2,
    ),
    stages=3,
    code_bits=3,
    amplitudes=(None, 0.9, 1.2),
)
CURVE = gate_curve(SPEC)


def check(result: BenchResult, vectors: int) -> None:
    assert result.mismatches == 0, result.failures
    assert result.vectors == vectors
    assert result.cycles > 0
    assert result.facts["config_writes"] > vectors
    assert result.facts["tables"] > vectors // 6


def test_the_cases_have_all_formats_options_and_shapes() -> None:
    plans = [spec.plan for spec in gate_cases()]
    shapes = [spec.table.shape for spec in gate_cases()]
    assert {p.format for p in plans} >= {"bf16", "fp16", "fp32", "sm0.15"}
    assert {(p.rewrite, p.retry_limit > 0, p.bank_words) for p in plans} >= {
        (r, t, b) for r in ("all", "changed") for t in (False, True) for b in (1, 2, 3)
    }
    assert {p.variation for p in plans} == {"cycle", "cell"}
    assert {shape.stages for shape in shapes} >= {1, 2, 3, 5, 7, 9, 16}
    assert {shape.code_bits for shape in shapes} >= {1, 2, 3, 6, 8}
    assert {len(shape.amplitudes) for shape in shapes} == {1, 2, 3}


@pytest.mark.parametrize("simulator", list(Simulator))
def test_rtl_equals_the_golden_gate(simulator: Simulator) -> None:
    # Verilator builds as long as Icarus simulates: a few gates there, all in the full run.
    specs = gate_cases() if simulator is Simulator.ICARUS else gate_cases()[1:14:6]
    curves = [gate_curve(spec) for spec in specs]
    (result,) = pulse_gate.run(specs, curves, [simulator], vectors=100)
    check(result, 100 * len(specs))


@pytest.mark.full
@pytest.mark.parametrize("simulator", list(Simulator))
@pytest.mark.parametrize("name", many_gate_cases())
def test_many_more_gates_equal_the_golden_gate(name: str, simulator: Simulator) -> None:
    specs = many_gate_cases()[name]
    curves = [gate_curve(spec) for spec in specs]
    (result,) = pulse_gate.run(specs, curves, [simulator], vectors=400, seed=1)
    check(result, 400 * len(specs))


def test_pulses_of_hundreds_of_clocks() -> None:
    # Python sleeps through clocks in which nothing happens; nothing must be lost meanwhile.
    plan = StorePlan.two_domain("sm0.15", 4, "20 ns", "6 ns", tick_ps=50, retry_limit=1)
    curve = law_curve("ono2021")
    (result,) = pulse_gate.run(GateSpec(plan), curve, [Simulator.ICARUS], vectors=40)
    assert result.mismatches == 0, result.failures
    assert result.cycles > 40 * 100


def stimulus(vectors: int = 300) -> GateStimulus:
    return gate_stimulus_for(SPEC.plan, SPEC.table, CURVE, 5, vectors, 3, 0)


def test_programmes_are_whole_and_partial_calm_and_in_races() -> None:
    made = stimulus()
    assert made.tables[0] == SPEC.table
    assert len(made.tables) == len(made.writes) + 1
    assert {write.kind for write in made.writes} == {0, 1, 2}
    # Held back until all its writes are accepted, or not at all.
    assert set(np.diff(made.hold)) > {0}
    assert (made.hold[1:] > made.hold[:-1]).sum() < len(set(made.after.tolist()))
    assert made.pauses.max() > 3
    assert (made.pauses == 0).mean() > 0.5
    # Scattered maps, tables of pulses that are never driven, and the plan's own again.
    runs = [np.count_nonzero(np.diff(table.stage_map)) for table in made.tables]
    assert max(runs) > 5
    assert any(not any(table.codes) for table in made.tables)
    assert SPEC.table in made.tables[50:]


def test_thresholds_follow_the_amplitude_of_each_bit() -> None:
    made = stimulus()
    plan = made.first.plan(SPEC.plan)
    given = made.thresholds_of(7, plan)
    assert given.shape == (3, 1, 16)
    # Select 2 is 1.2 V, of the high bits; select 0 the device's own, of the low ones.
    assert (given[..., 7:] == made.thresholds_ps[2, 7][..., 7:]).all()
    assert (given[..., :7] == made.thresholds_ps[0, 7][..., :7]).all()
    frozen = SPEC.plan.replace(variation="cell")
    made = gate_stimulus_for(frozen, SPEC.table, CURVE, 5, 30, 3, 0)
    assert made.thresholds_ps.shape == (3, 5, 1, 16)
    row = made.rows[4]
    assert (
        made.thresholds_of(4, plan.replace(variation="cell"))[:, 7:]
        == made.thresholds_ps[2, row][:, 7:]
    ).all()


def test_same_seed_same_stimulus() -> None:
    one, two = stimulus(), stimulus()
    assert one.writes == two.writes
    for name in ("rows", "words", "stalls", "thresholds_ps", "after", "pauses", "hold"):
        assert (getattr(one, name) == getattr(two, name)).all()
    other = gate_stimulus_for(SPEC.plan, SPEC.table, CURVE, 5, 300, 4, 0)
    assert other.writes != one.writes


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(InputError, match="no plan is given"):
        pulse_gate.run([], CURVE)
    with pytest.raises(InputError, match="2 curves are given for 1 plans; give one each"):
        pulse_gate.run(SPEC, [CURVE, CURVE])
    with pytest.raises(InputError, match="the curves of ono2021 have none"):
        pulse_gate.run(SPEC, law_curve("ono2021"))
    with pytest.raises(InputError, match="vectors is 0; it must be at least 1"):
        pulse_gate.run(SPEC, CURVE, vectors=0)


# Mutants: the bench must tell each of them from the gate of `SPEC`. All stand side by side in one
# top, in which the bench takes each for that gate.


def other(*domains: Domain, **changes: object) -> GateSpec:
    plan = SPEC.plan.replace(domains=domains or SPEC.plan.domains, **changes)
    return replace(SPEC, plan=plan)


HIGH, LOW = SPEC.plan.domains
#: Other ports of the same gate, as expressions call them.
PORTS = {
    "WORDS": "words__valid",
    "READY": "config__ready",
    "READ": "array__read",
    "DRIVE": "array__drive",
    "CONFIG": "config__valid",
    "PULSES": "pulses_0",
}
#: Gates of other plans: another table at reset, or other options.
PLAN_MUTANTS = {
    "another pulse at reset": other(replace(HIGH, pulse_ps=15_000), LOW),
    "another amplitude at reset": other(HIGH, replace(LOW, amplitude_v=0.9)),
    "another map at reset": other(replace(HIGH, bits=8), replace(LOW, bits=8)),
    "writes all bits": other(rewrite="all"),
    "one retry too many": other(retry_limit=3),
    "one retry too few": other(retry_limit=1),
}
#: Inputs: port, and what the gate sees instead of `it`. A payload is kind (2 bits), index (4),
#: value (3); kind 3 is none.
INPUT_MUTANTS = {
    "codes without their low bit": ("config__payload", "it & ~{2'd0, it[1:0] == 0, 6'd0}"),
    "codes one too long": ("config__payload", "it + {2'd0, it[1:0] == 0 && it[8:6] != 7, 6'd0}"),
    "writes go to the next entry": ("config__payload", "it + 9'd4"),
    "amplitudes are never written": ("config__payload", "it | {7'd0, it[1:0] == 1, 1'b0}"),
    "bit 3 keeps its stage": ("config__payload", "it | {8'd0, it[5:0] == 6'd14}"),
    "a write is lost where a command is offered": ("config__valid", "it & ~WORDS"),
    "commands are lost where config is ready": ("words__valid", "it & ~READY"),
}
#: Outputs: port, what it shows instead of `it`, and what `was` takes at a clock (`it` itself).
OUTPUT_MUTANTS = {
    "drives a wrong bit": ("array__drive", "{it[14:0], it[15]}"),
    "never drives bit 3": ("array__drive", "it & 16'hfff7"),
    "drivers a clock late": ("array__drive", "was"),
    "drivers off in a pulse's second clock": ("array__drive", "it & ~was"),
    "drives a clock longer": ("array__drive", "it | was"),
    "drives while it reads": ("array__drive", "it | {15'd0, READ}"),
    "amplitude of bit 0 is wrong": ("array__amplitude", "it ^ 32'd1"),
    "amplitudes of two bits swapped": ("array__amplitude", "{it[3:0], it[31:4]}"),
    "amplitude a clock late": ("array__amplitude", "DRIVE == 0 ? it : was", "was <= ~it;"),
    "undefined bit of amplitude": ("array__amplitude", "{it[31:1], 1'bx}"),
    "row past the last": ("array__row", "it == 3'd4 ? 3'd5 : it"),
    "config ready under a command": ("config__ready", "1'b1"),
    "config ready a clock late": ("config__ready", "it & was"),
    "config never ready again": ("config__ready", "it & ~was", "was <= was | ~it;"),
    "commands do not wait for config": ("words__ready", "it | (CONFIG & READY)"),
    "ready a clock too long": ("words__ready", "it | was"),
    "stage 1 counts as stage 0": ("pulses_1", "PULSES"),
    "counter without its lowest bit": ("driven_cycles_1", "it & ~48'd1"),
    "the unused stage counts": ("pulses_2", "it + 1'd1"),
    "retries miss the first": ("retries", "it == 0 ? it : it - 1'd1"),
    "failed counts down": ("failed", "-it"),
}
#: The text of a gate's own module: what is replaced by what.
TEXT_MUTANTS = {
    "config accepted under a command": (".config__ready(config__ready),", ".config__ready(1'b1),"),
}
MUTANTS = [*PLAN_MUTANTS, *INPUT_MUTANTS, *OUTPUT_MUTANTS, *TEXT_MUTANTS]


def all_mutants(text: str) -> str:
    """Of a catalogue of gates of `SPEC`, all but the last made mutants."""
    others = elaborate_gates(list(PLAN_MUTANTS.values()), pulse_gate.ROWS).catalogue
    for n, name in enumerate(MUTANTS):
        if name in PLAN_MUTANTS:
            text = transplant(text, n, others, n)
        elif name in TEXT_MUTANTS:
            text = replace_in(text, n, *TEXT_MUTANTS[name])
        else:
            port, expression, *clocked = {**INPUT_MUTANTS, **OUTPUT_MUTANTS}[name]
            for word, other_port in PORTS.items():
                expression = re.sub(rf"\b{word}\b", f"p{n}_{other_port}", expression)
            edit = rewire_input if name in INPUT_MUTANTS else rewire
            text = edit(text, f"p{n}_{port}", expression, *clocked)
    return text


def test_wrong_gates_are_found_and_the_right_one_beside_them_passes() -> None:
    specs = [SPEC] * (len(MUTANTS) + 1)
    (result,) = pulse_gate.run(
        specs, CURVE, [Simulator.ICARUS], vectors=60, seed=5, edit=all_mutants
    )
    *wrong, right = result.by_plan
    survivors = [name for name, count in zip(MUTANTS, wrong, strict=True) if not count]
    assert survivors == []
    assert right == 0
    assert result.mismatches == sum(wrong)
    failure = result.failures[0]
    assert {"batch", "vector", "row", "data", "thresholds_ps", "before"} <= set(failure)
    assert {"codes", "selects", "stage_map"} <= set(failure)
    assert failure["seed"] == 5
    assert failure["got"] != failure["expected"]


def test_verilator_finds_a_wrong_gate_too() -> None:
    plan = StorePlan.two_domain("sm0.15", 8, "10 ns", "5 ns")
    curve = law_curve("ono2021")

    def edit(text: str) -> str:
        return rewire(text, "p0_config__ready", "1'b1")

    (result,) = pulse_gate.run(GateSpec(plan), curve, [Simulator.VERILATOR], vectors=20, edit=edit)
    assert result.mismatches > 0
    assert "CONFIG" in result.failures[0]["got"]["faults"]
