"""RTL against golden model on both simulators, and that the bench finds wrong RTL."""

from collections.abc import Callable

import pytest
from rtl_edits import rewire

from nvmcosim.cocotb_tests import digital, store_domain
from nvmcosim.cocotb_tests.cases import cases, full_product
from nvmcosim.cocotb_tests.design import elaborate
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.pymodel.device.threshold import law_curve
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan

CURVE = law_curve("ono2021")
#: Two domains, both of which fail at times, with every option: each mutant shows in it.
PLAN = StorePlan.two_domain("bf16", 5, "10 ns", "5 ns", rewrite="changed", retry_limit=2)


def check(result: BenchResult, vectors: int) -> None:
    assert result.mismatches == 0, result.failures
    assert result.vectors == vectors
    assert result.cycles > 0


def test_the_cases_are_the_papers_product_all_options_and_all_formats() -> None:
    plans = cases()
    paper = {
        (plan.domains[-1].bits, plan.domains[-1].pulse_ps)
        for plan in plans
        if (plan.rewrite, plan.retry_limit, plan.bank_words) == ("all", 0, 1)
        and plan.format == "bf16"
        and len(plan.domains) == 2
        and plan.domains[0].pulse_ps == 20_000
    }
    assert paper >= {(bsp, short) for bsp in range(1, 8) for short in (0, 5000, 10_000)}
    options = {(p.rewrite, p.retry_limit > 0, p.bank_words > 1, p.variation) for p in plans}
    assert {o[:3] for o in options} == {
        (r, t, b) for r in ("all", "changed") for t in (False, True) for b in (False, True)
    }
    assert {o[3] for o in options} == {"cycle", "cell"}
    assert {plan.format for plan in plans} == {"bf16", "fp16", "fp32"}
    assert max(len(plan.domains) for plan in plans) >= 4
    assert len(plans) == len(set(plans))


@pytest.mark.parametrize("simulator", list(Simulator))
def test_rtl_equals_the_golden_store(simulator: Simulator) -> None:
    plans = cases()
    # 200 commands a plan, half of them without pauses and half with.
    (result,) = store_domain.run(plans, CURVE, [simulator], vectors=200)
    check(result, 200 * len(plans))


@pytest.mark.full
@pytest.mark.parametrize("simulator", list(Simulator))
@pytest.mark.parametrize("options", full_product())
def test_the_full_product_equals_the_golden_store(options: str, simulator: Simulator) -> None:
    plans = full_product()[options]
    (result,) = store_domain.run(plans, CURVE, [simulator], vectors=400, seed=1)
    check(result, 400 * len(plans))


def test_pulses_of_hundreds_of_clocks() -> None:
    # Python sleeps through clocks in which nothing happens; nothing must be lost meanwhile.
    plan = StorePlan.two_domain("bf16", 4, "20 ns", "6 ns", tick_ps=50, retry_limit=1)
    (result,) = store_domain.run(plan, CURVE, [Simulator.ICARUS], vectors=40)
    check(result, 40)
    assert result.cycles > 40 * 400


def test_batches_add_up_and_finished_ones_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    monkeypatch.setattr(digital, "BATCH_VALUES", 30 * PLAN.width * (2 + PLAN.retry_limit))
    told: list[tuple[str, int]] = []

    def interrupt(simulator: str, done: int) -> None:
        told.append((simulator, done))
        if done >= 60:
            raise KeyboardInterrupt

    once = [Simulator.ICARUS]
    with pytest.raises(KeyboardInterrupt):
        store_domain.run(
            PLAN, CURVE, once, vectors=70, seed=3, progress=interrupt, checkpoints=folder
        )
    assert len(list(folder.iterdir())) == 2
    simulated = []
    real = digital.simulate
    monkeypatch.setattr(digital, "simulate", lambda *args: simulated.append(1) or real(*args))
    (resumed,) = store_domain.run(PLAN, CURVE, once, vectors=70, seed=3, checkpoints=folder)
    assert len(simulated) == 1
    (whole,) = store_domain.run(PLAN, CURVE, once, vectors=70, seed=3)
    check(resumed, 70)
    assert (resumed.vectors, resumed.cycles) == (whole.vectors, whole.cycles)


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(InputError, match="no plan is given"):
        store_domain.run([], CURVE)
    with pytest.raises(InputError, match="vectors is 0; it must be at least 1"):
        store_domain.run(PLAN, CURVE, vectors=0)
    long = StorePlan.two_domain("bf16", 5, "50 ns", "0 ns")
    with pytest.raises(InputError, match="a pulse of 50000 ps is outside the curve of ono2021"):
        store_domain.run(long, CURVE)


# Mutants: the bench must tell each of them from the plan's own controller. All stand side by side
# in one top, in which the bench takes each for the controller of `PLAN`.


def other_plan(**changes: object) -> StorePlan:
    """`PLAN` with other pulses, split or options: its controller is a mutant of `PLAN`'s."""
    values = {"long": "10 ns", "short": "5 ns", "bsp": 5}
    values |= {name: changes.pop(name) for name in list(changes) if name in values}
    options = {"rewrite": PLAN.rewrite, "retry_limit": PLAN.retry_limit, **changes}
    return StorePlan.two_domain("bf16", **values, **options)  # type: ignore[arg-type]


#: Controllers of other plans.
PLAN_MUTANTS = {
    "long pulse one clock short": other_plan(long="5 ns"),
    "long pulse one clock long": other_plan(long="15 ns"),
    "short pulse one clock long": other_plan(short="10 ns"),
    "written domain not driven": other_plan(short="0 ns"),
    "domains split one bit further up": other_plan(bsp=6),
    "domains split one bit further down": other_plan(bsp=4),
    "writes all bits": other_plan(rewrite="all"),
    "one retry too many": other_plan(retry_limit=3),
    "one retry too few": other_plan(retry_limit=1),
}
#: Outputs: port, what it shows instead of `it`, and what `was` takes at a clock (`it` itself).
OUTPUT_MUTANTS = {
    "drives a wrong bit": ("array__drive", "{it[14:0], it[15]}"),
    "never drives bit 3": ("array__drive", "it & 16'hfff7"),
    "drivers a clock late": ("array__drive", "was"),
    "drivers off in a pulse's second clock": ("array__drive", "it & ~was"),
    "drives while it reads": ("array__drive", "it | {15'd0, READ}"),
    "writes the complement of bit 0": ("array__data", "it ^ 16'd1"),
    "swaps two bits of data": ("array__data", "{it[15:2], it[0], it[1]}"),
    "row without its low bit": ("array__row", "it & 3'b110"),
    "row past the last": ("array__row", "it == 3'd4 ? 3'd5 : it"),
    "reads a clock late": ("array__read", "was"),
    "ready a clock too long": ("words__ready", "it | was"),
    "never ready again": ("words__ready", "it & ~was", "was <= was | ~it;"),
    "undefined bit of data": ("array__data", "{it[15:1], 1'bx}"),
    "counts commands twice": ("commands", "it << 1"),
    "retries miss the first": ("retries", "it == 0 ? it : it - 1'd1"),
    "long pulses count as short": ("pulses_1", "PULSES"),
    "counter without its lowest bit": ("driven_cycles_1", "it & ~48'd1"),
    "counter wraps early": ("driven_cycles_0", "it[7:0]"),
    "failed counts down": ("failed", "-it"),
    "undefined bit of a counter": ("failed", "{it[47:1], 1'bx}"),
}
MUTANTS = [*PLAN_MUTANTS, *OUTPUT_MUTANTS]


def all_mutants(_: str) -> str:
    """The catalogue of all mutants, and of `PLAN` itself as the last."""
    built = [*PLAN_MUTANTS.values(), *[PLAN] * (len(OUTPUT_MUTANTS) + 1)]
    text = elaborate(built, store_domain.ROWS).catalogue
    for n, (port, expression, *clocked) in enumerate(OUTPUT_MUTANTS.values(), len(PLAN_MUTANTS)):
        expression = expression.replace("READ", f"p{n}_array__read")
        expression = expression.replace("PULSES", f"p{n}_pulses_0")
        text = rewire(text, f"p{n}_{port}", expression, *clocked)
    return text


def test_wrong_controllers_are_found_and_the_right_one_beside_them_passes() -> None:
    plans = [PLAN] * (len(MUTANTS) + 1)
    (result,) = store_domain.run(
        plans, CURVE, [Simulator.ICARUS], vectors=60, seed=5, edit=all_mutants
    )
    *wrong, right = result.by_plan
    survivors = [name for name, count in zip(MUTANTS, wrong, strict=True) if not count]
    assert survivors == []
    assert right == 0
    assert result.mismatches == sum(wrong)
    failure = result.failures[0]
    assert {"batch", "vector", "row", "data", "thresholds_ps", "before"} <= set(failure)
    assert (failure["seed"], failure["plan"]) == (5, PLAN.to_dict())
    assert failure["got"] != failure["expected"]
    assert set(failure["got"]) == set(failure["expected"])


def test_verilator_finds_a_wrong_controller_too() -> None:
    plan = StorePlan.two_domain("bf16", 5, "20 ns", "5 ns")
    wrong = StorePlan.two_domain("bf16", 5, "15 ns", "5 ns")
    edit: Callable[[str], str] = lambda _: elaborate([wrong], store_domain.ROWS).catalogue  # noqa: E731
    (result,) = store_domain.run(plan, CURVE, [Simulator.VERILATOR], vectors=20, edit=edit)
    assert result.mismatches == 20
    assert result.failures[0]["got"]["faults"] == ["PULSE"]
