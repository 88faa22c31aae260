"""The front against exhaustive search, and the surrogate against truths it is given."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from nvmcosim.optimize.front import (
    FrontPoint,
    full_front,
    least_energy,
    least_of_two_domains,
    pareto,
)
from nvmcosim.optimize.problem import Assignment, Problem
from nvmcosim.optimize.surrogate import Observation, Surrogate, is_chained
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.store_plan import StorePlan
from nvmcosim.training import TrainingConfig

GRID = (0, 5000, 10_000)


@dataclass
class Tiny:
    """As much of a problem as front and surrogate look at; few enough slots to try them all."""

    costs: np.ndarray
    grid: tuple[int, ...] = GRID

    @property
    def width(self) -> int:
        return self.costs.shape[1]

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(range(self.costs.shape[0]))

    def energy(self, assignment: Assignment) -> float:
        return Problem.energy(self, assignment)  # type: ignore[arg-type]

    def all(self) -> list[Assignment]:
        layer = list(product(self.grid, repeat=self.width))
        return list(product(layer, repeat=len(self.layers)))


def tiny(seed: int, layers: int = 1, width: int = 5) -> tuple[Tiny, Surrogate]:
    """A problem of random costs with random losses, some of them 0; all in whole hundredths."""
    random = np.random.default_rng(seed)
    words = random.integers(1, 5, layers)
    costs = np.tile(words[:, None, None] * np.array([0.0, 0.5, 1.0]), (1, width, 1))
    high = random.integers(0, 100, (layers, width)) * random.integers(0, 2, (layers, width)) / 100
    exact = np.zeros_like(high)
    written = np.stack([high, high, exact], axis=2)
    alone, chained = random.integers(0, 200, (2, layers, width)) / 100
    surrogate = Surrogate(written, alone, chained, int(random.integers(1, width)))
    return Tiny(costs / costs[..., -1].sum()), surrogate


def allowed(surrogate: Surrogate, assignment: Assignment) -> bool:
    return not any(
        layer[bit] == 0 and is_chained(layer, bit)
        for layer in assignment
        for bit in range(len(layer) - surrogate.low_bits)
    )


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_the_solver_finds_what_trying_everything_finds(seed: int, layers: int) -> None:
    problem, surrogate = tiny(seed, layers, 5 if layers == 1 else 3)
    everything = [
        (problem.energy(a), surrogate.loss(problem, a))  # type: ignore[arg-type]
        for a in problem.all()
        if allowed(surrogate, a)
    ]
    for most in (0.0, 0.05, 0.37, 1.0, 2.5, 100.0):
        found = least_energy(problem, surrogate, most)  # type: ignore[arg-type]
        assert found is not None
        best = min(energy for energy, loss in everything if loss <= most + 1e-9)
        assert found.energy == pytest.approx(best, abs=1e-9), most
        assert found.predicted <= most + 1e-6
        # Of those of that energy, the one of least loss.
        least = min(loss for energy, loss in everything if energy <= best + 1e-9)
        assert found.predicted == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_front_is_the_front(seed: int) -> None:
    problem, surrogate = tiny(seed)
    front = full_front(problem, surrogate, 0.0, 50.0, points=10**6)  # type: ignore[arg-type]
    everything = pareto(
        FrontPoint(a, problem.energy(a), surrogate.loss(problem, a))  # type: ignore[arg-type]
        for a in problem.all()
        if allowed(surrogate, a)
    )
    assert len(front) > 3
    expected = [(p.energy, p.predicted) for p in everything]
    assert [(p.energy, p.predicted) for p in front] == pytest.approx(np.array(expected), abs=1e-6)
    energies, losses = np.array(expected).T
    assert (np.diff(energies) > 0).all()
    assert (np.diff(losses) < 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_two_domains_are_all_looked_at(seed: int) -> None:
    problem, surrogate = tiny(seed)
    for most in (0.0, 0.5, 3.0):
        energies = [
            problem.energy(a)
            for a in problem.all()
            if len({*a[0]}) == 2
            and list(a[0]) == sorted(a[0], reverse=True)
            and allowed(surrogate, a)
            and surrogate.loss(problem, a) <= most  # type: ignore[arg-type]
        ]
        found = least_of_two_domains(problem, surrogate, most)  # type: ignore[arg-type]
        assert (found is None) == (not energies)
        if found is not None:
            assert found.energy == pytest.approx(min(energies))
            better = least_energy(problem, surrogate, most)  # type: ignore[arg-type]
            assert better is not None
            assert better.energy <= found.energy + 1e-9


def test_a_front_ends_where_the_solver_keeps_0_only_nearly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    def solve(self: object, bound: float) -> FrontPoint:
        asked.append(bound)
        assert len(asked) < 300, "it never ends"
        return FrontPoint(((0,),), 1.0 + len(asked), bound + 1e-5)

    monkeypatch.setattr("nvmcosim.optimize.front._Program.solve", solve)
    problem, surrogate = tiny(0)
    full_front(problem, surrogate, 0.0, 1.0)  # type: ignore[arg-type]
    assert asked[-1] == 0


def test_a_plan_that_nothing_allows_is_none() -> None:
    problem, surrogate = tiny(0)
    assert least_energy(problem, surrogate, -1.0) is None  # type: ignore[arg-type]
    assert least_of_two_domains(problem, surrogate, -1.0) is None  # type: ignore[arg-type]


CONFIG = TrainingConfig("mp", StorePlan.two_domain("bf16", 0, "20 ns", "0 ns"))


def observed(loss: dict[Assignment, float], share: float = 0.0) -> list[Observation]:
    return [Observation(a, value, 0.01 + share * value) for a, value in loss.items()]


def test_the_fit_recovers_an_additive_truth_and_interpolates_in_the_rate() -> None:
    problem = Problem.of(CONFIG, 1000, 20_000)
    assert problem.levels == (1000, 4000, 8000, 10_000, 12_000, 15_000, 17_000)
    loss = {problem.exact: 0.0}
    for bit, scale in ((0, 4.0), (3, 1.0)):
        for pulse in problem.levels:
            at = problem.with_slot(0, bit, pulse)
            loss[at] = scale * float(problem.curve.failure_rate(pulse))
        loss[problem.with_slot(0, bit, 0)] = 0.3
    loss[problem.with_bits(0, (15,), 0)] = 0.1
    loss[problem.with_bits(0, (14, 15), 0)] = 0.25
    fitted = Surrogate.fit(problem, observed(loss), 7)
    for assignment, value in loss.items():
        assert fitted.loss(problem, assignment) == pytest.approx(value, abs=2e-3)
    # Between two levels; both bits at once; and a chain below a bit that is left out alone.
    between = [list(problem.exact[0])]
    between[0][0] = 9000
    rate = float(problem.curve.failure_rate(9000))
    assert fitted.loss(problem, tuple(map(tuple, between))) == pytest.approx(4 * rate, abs=0.02)
    both = [list(problem.exact[0])]
    both[0][0], both[0][3], both[0][15] = 8000, 0, 0
    assert fitted.loss(problem, tuple(map(tuple, both))) == pytest.approx(2.0 + 0.3 + 0.1, abs=0.01)


def test_no_bit_gets_a_pulse_that_nothing_is_known_of() -> None:
    plan = StorePlan.two_domain(
        "sm0.15", 8, "15 ns", "0 ns", device="locatelli2018-gamma", tick_ps=250
    )
    problem = Problem.of(TrainingConfig("mlp300", plan), 250, 15_000)
    # 99.2% fail at 2 ns; of what lies between that and a bit never written nothing is measured.
    assert problem.levels[0] == 2000
    assert problem.grid == (0, *range(2000, 15_001, 250))


def test_noise_never_makes_a_shorter_pulse_better() -> None:
    problem = Problem.of(CONFIG, 1000, 20_000)
    random = np.random.default_rng(5)
    loss = {
        problem.with_slot(0, bit, pulse): float(random.normal(0.2, 0.5))
        for bit in range(16)
        for pulse in (0, *problem.levels)
    }
    fitted = Surrogate.fit(problem, observed(loss), 7)
    assert (np.diff(fitted.written[..., 1:], axis=2) <= 1e-9).all()
    assert np.abs(fitted.written[..., -1]).max() < 1e-9
    assert min(fitted.written.min(), fitted.alone.min(), fitted.chained.min()) >= 0
    assert fitted.written[..., 1].max() > 0.1


def test_a_large_loss_does_not_drown_the_small_ones() -> None:
    problem = Problem.of(CONFIG, 5000, 20_000)
    low, high = problem.with_slot(0, 12, 5000), problem.with_slot(0, 2, 5000)
    both = problem.with_bits(0, (2, 12), 5000)
    loss = {low: 0.4, high: 80.0, both: 85.0}
    fitted = Surrogate.fit(problem, observed(loss, 0.25), 7)
    assert fitted.loss(problem, low) == pytest.approx(0.4, abs=0.1)
    assert fitted.loss(problem, high) == pytest.approx(82, abs=4)


def test_energy_is_linear_in_bits_and_pulse() -> None:
    problem = Problem.of(CONFIG, 5000, 20_000)
    assert problem.energy(problem.exact) == pytest.approx(1.0, rel=1e-12)
    # ono2021, Table III: BSP 7 at T_R 0 saves 43.75%.
    bsp_7 = problem.with_bits(0, range(9, 16), 0)
    assert problem.energy(bsp_7) == pytest.approx(0.5625, rel=1e-12)
    assert problem.plan(bsp_7, 3) == StorePlan.two_domain("bf16", 7, "20 ns", "0 ns", seed=3)


def test_layers_weigh_by_their_words_and_get_a_plan_each() -> None:
    problem = Problem.of(CONFIG, 5000, 20_000, per_layer=True)
    assert [(layer.name, layer.words) for layer in problem.layers] == [
        ("1", 100_480),
        ("3", 16_512),
        ("5", 1_290),
    ]
    second = problem.with_bits(1, range(16), 0)
    assert problem.energy(second) == pytest.approx(1 - 16_512 / 118_282, rel=1e-12)
    plan = problem.plan(second)
    assert plan.kind == "store-layers"
    assert plan.plans["3"].written_mask == 0  # type: ignore[union-attr]
    assert problem.plan(problem.exact) == problem.base_plan


@pytest.mark.parametrize(
    ("step", "longest", "said"),
    [
        (5000, 12_000, "longest is 12000 ps; it must be a multiple of the grid, 5000 ps"),
        (5000, 5000, "and at least twice that"),
        (0, 5000, "longest is 5000 ps; it must be a multiple of the grid, 0 ps"),
        (10, 20_000, "the grid has 2001 pulses; it must have at most 1000"),
        (5000, 50_000, "a pulse of 50000 ps is outside the curve"),
    ],
)
def test_what_is_no_grid_is_refused(step: int, longest: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Problem.of(CONFIG, step, longest)
