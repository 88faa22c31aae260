"""The benches of the stochastic blocks: RTL beside the golden model in every clock.

A *vector* is one bit, or the bits of one cycle, that leave a component. It is a *mismatch* if in
any clock since the one before any output port differed from the golden model's, which was shown the
same inputs and the same sensed bits; or if it never came. What a payload shows while nothing is on
offer does not count. Restarts come at any time in the second half of a run.

With `device`, junctions are no coins: they switch with the probability that the device curve has
for the pulse that they really got, whole clocks and steps. Then, of each number, the count of ones
must be one that a binomial distribution with the golden probability has: the exact two-sided test.
So must the count of all writes that switched, which is a sum of such numbers. The level
`SIGNIFICANCE` is shared among all tests of a run (Bonferroni). The vectors of a number that fails,
or of a component whose writes fail or have a pulse that the curve does not have, are mismatches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, Unpack

import numpy as np
from amaranth.lib import data
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from nvmcosim.cocotb_tests.digital import Bench, RunOptions, Verdict, run_bench
from nvmcosim.cocotb_tests.line_design import LineDesign
from nvmcosim.cocotb_tests.result import BenchResult
from nvmcosim.cocotb_tests.stream_cases import STREAM_BLOCKS
from nvmcosim.cocotb_tests.stream_golden import GOLDEN, Golden
from nvmcosim.cocotb_tests.stream_stimulus import RESTARTS, StreamStimulus, stream_stimulus_for
from nvmcosim.cocotb_tests.tools import Simulator
from nvmcosim.hdl.block import BLOCKS
from nvmcosim.hdl.catalogue import Catalogue
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.device.precessional import PrecessionalPulse
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_isc import Operands, Sample
from nvmcosim.pymodel.sng_shape import SngShape
from nvmcosim.pymodel.stream_plan import JUNCTIONS, StreamPlan

__all__ = ["SIGNIFICANCE", "elaborate_streams", "run", "run_bank", "switching"]

#: Chance that a run of a right design has any number that fails its test.
SIGNIFICANCE = 1e-6
#: Batches that the level is shared among at most; a batch has 2**16 vectors.
_BATCHES = 64
_TEST_BENCH = "nvmcosim.cocotb_tests.stream_bench_tb"


def run(
    block: str,
    plans: StreamPlan | Sequence[StreamPlan],
    simulators: Sequence[Simulator] = tuple(Simulator),
    *,
    device: bool = False,
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """Check `block` for each of `plans`, side by side, on each of `simulators`.

    `device`, of banks and generators, has the junctions switch by their curve. `options` are
    `RunOptions`; results and errors are `run_bench`'s; the results' `facts` count restarts, and
    with `device` numbers tested.
    """
    listed = [plans] if isinstance(plans, StreamPlan) else list(plans)
    if not listed:
        raise InputError("no plan is given; give at least one")
    if block not in STREAM_BLOCKS:
        raise InputError(f"block is {block!r}; it must be one of {', '.join(STREAM_BLOCKS)}")
    if device and not block.startswith("bms"):
        raise InputError(f"device is for banks and generators, not {block}")
    design = elaborate_streams(block, listed)
    bench = Bench(
        block=block,
        module=_TEST_BENCH,
        design=design,
        key=[block, [plan.digest() for plan in listed], device],
        values=16,
        batch=partial(_Batch, block, design, device),
    )
    return run_bench(bench, simulators, **options)


def run_bank(
    plans: StreamPlan | Sequence[StreamPlan],
    simulators: Sequence[Simulator] = tuple(Simulator),
    **options: Unpack[RunOptions],
) -> list[BenchResult]:
    """`run` of `bms-bank`, the block that a stream plan means."""
    return run("bms-bank", plans, simulators, **options)


def elaborate_streams(block: str, plans: Sequence[StreamPlan]) -> LineDesign[Any]:
    """Elaborate `block` for each of `plans`, side by side."""
    return _elaborated(block, tuple(plans))


@lru_cache(maxsize=8)
def _elaborated(block: str, plans: tuple[StreamPlan, ...]) -> LineDesign[Any]:
    build = BLOCKS[block].build
    components = [build(plan, 1, COUNTER_BITS)[0] for plan in plans]
    text = to_verilog(Catalogue(components), "catalogue")
    ports = [f"p{n}_{name}" for n, c in enumerate(components) for name, _, _ in _ports(c)]
    return LineDesign(text, tuple(components), ("clk", "rst", *ports))


def _ports(component: Any) -> list[tuple[str, bool, int]]:
    """Names of a component's ports, whether they are outputs, and their widths."""
    found = []
    for path, member, value in component.signature.flatten(component):
        shape = value.shape()
        width = shape.size if hasattr(shape, "size") else shape.width
        name = "__".join(str(part) for part in path)
        found.append((name, member.flow.name == "Out", width))
    return found


def switching(plan: StreamPlan) -> NDArray[np.float64]:
    """Probability that an antiparallel junction switches, `[clocks, steps]` of its write pulse."""
    shape = SngShape.of(plan)
    clocks = np.arange(shape.write_cycles + 1)[:, None]
    steps = np.arange(1 << shape.fine_bits)[None, :]
    pulse_ps = clocks * plan.tick_ps + steps * plan.fine_ps
    law = PrecessionalPulse(JUNCTIONS[plan.device], "AP-P", plan.bias_v)
    probability: NDArray[np.float64] = np.asarray(law.probability(pulse_ps * 1e-12), np.float64)
    return probability


@dataclass(frozen=True, eq=False)
class _Batch:
    """One batch of each component."""

    block: str
    design: LineDesign[Any]
    device: bool
    vectors: int
    seed: int
    number: int

    @cached_property
    def stimuli(self) -> list[StreamStimulus]:
        return [
            stream_stimulus_for(
                self.block,
                component.plan,
                len(component.mtj.reset) if hasattr(component, "mtj") else 0,
                self.vectors,
                not self.device,
                [self.seed, self.number, n],
            )
            for n, component in enumerate(self.design.controllers)
        ]

    @cached_property
    def restarts(self) -> list[int]:
        """Clocks with reset; a vector takes at least one clock."""
        if self.device:
            return []
        random = np.random.default_rng([self.seed, self.number, 1 << 20])
        return sorted(random.integers(self.vectors // 2, self.vectors + 2, RESTARTS).tolist())

    def job(self) -> dict[str, NDArray[Any]]:
        job: dict[str, NDArray[Any]] = {
            "components": np.array(len(self.design.controllers)),
            "vectors": np.array(self.vectors),
            # Clocks without any bit taken: some frames of a fast clock, at most.
            "limit": np.array(1000),
            "resets": np.array(self.restarts, np.int64),
            "seed": np.array(self.seed * _BATCHES + self.number),
        }
        for n, (component, stimulus) in enumerate(
            zip(self.design.controllers, self.stimuli, strict=True)
        ):
            own = self._job_of(component, stimulus)
            job |= {f"p{n}_{name}": value for name, value in own.items()}
        return job

    def _job_of(self, component: Any, stimulus: StreamStimulus) -> dict[str, NDArray[Any]]:
        source = next(name for name, _, _ in _ports(component) if name.endswith("__valid"))
        source = source.removesuffix("__valid")
        payloads = [_payload(component, source, item) for item in stimulus.items]
        width = next(w for name, _, w in _ports(component) if name == f"{source}__payload")
        shape = SngShape.of(component.plan)
        curve = switching(component.plan) if self.device else np.zeros((0, 0))
        return {
            "source": np.array(source),
            "payloads": np.array([f"{payload:x}" for payload in payloads]),
            "idle_payload": np.array((1 << min(width, 62)) - 1),
            "shown": np.array([name for name, out, _ in _ports(component) if out]),
            "offers": stimulus.offers,
            "takes": stimulus.takes,
            "sense": stimulus.sense,
            "curve": curve,
            "reset_cycles": np.array(shape.reset_cycles),
            "fine_bits": np.array(shape.fine_bits),
        }

    def judge(self, n: int, observed: Mapping[str, NDArray[Any]]) -> Verdict:
        component = self.design.controllers[n]
        replay = _Replay(self.block, component, self.stimuli[n], self.vectors)
        replay.run(
            [str(r) for r in observed[f"p{n}_records"]],
            [int(str(s), 16) for s in observed[f"p{n}_senses"]],
            observed[f"p{n}_resets"].tolist(),
        )
        wrong, facts = replay.wrong, {"restarts": int(observed[f"p{n}_resets"].sum())}
        tested: dict[int, float] = {}
        if self.device:
            wrong = wrong | bool(observed[f"p{n}_faults"])
            tested = self._tests(component.plan, replay.bits)
            tests = (len(tested) + 1) * len(self.design.controllers) * _BATCHES
            failed = [number for number, value in tested.items() if value < SIGNIFICANCE / tests]
            wrong |= _all_writes(component.plan, replay.bits) < SIGNIFICANCE / tests
            of_number = np.array([number for number, _ in replay.bits])[: self.vectors]
            wrong[: len(of_number)] |= np.isin(of_number, failed)
            facts["numbers_tested"] = len(tested)

        def describe(vector: int) -> dict[str, Any]:
            told = {"plan": component.plan.to_dict(), "vector": vector, **replay.told(vector)}
            if tested and vector < len(replay.bits):
                number = replay.bits[vector][0]
                told |= {"number": number, "p_value": tested[number]}
            return told

        return Verdict(wrong, describe, facts)

    @staticmethod
    def _tests(plan: StreamPlan, bits: list[tuple[int, int]]) -> dict[int, float]:
        """The p-value of each number's count of ones."""
        numbers, ones = np.array(bits).T
        values = {}
        for number in np.unique(numbers):
            own = ones[numbers == number]
            golden = float(plan.codes.probability[number])
            values[int(number)] = float(binomtest(int(own.sum()), len(own), golden).pvalue)
        return values


def _all_writes(plan: StreamPlan, bits: list[tuple[int, int]]) -> float:
    """The p-value of how many writes switched: the exact two-sided test of a sum of binomials."""
    numbers, ones = np.array(bits).T
    codes = plan.codes
    switched = int(np.where(codes.invert[numbers], ones, 1 - ones).sum())
    chances = np.ones(1)
    for number, count in zip(*np.unique(numbers, return_counts=True), strict=True):
        own = binom.pmf(np.arange(count + 1), count, codes.switch_probability[number])
        chances = np.convolve(chances, own)
    tails = chances[: switched + 1].sum(), chances[switched:].sum()
    return float(min(1.0, 2 * min(tails)))


class _Replay:
    """The golden model run through what a component was shown, beside what it did."""

    def __init__(self, block: str, component: Any, stimulus: StreamStimulus, vectors: int) -> None:
        self.block, self.component, self.stimulus = block, component, stimulus
        self.wrong = np.ones(vectors, bool)
        self.differences: dict[int, dict[str, Any]] = {}
        #: Of a bank or generator, of each bit that was taken its number, and the bit.
        self.bits: list[tuple[int, int]] = []
        self._shown = [(name, width) for name, out, width in _ports(component) if out]

    def run(self, records: list[str], senses: list[int], resets: list[bool]) -> None:
        """Go through all clocks that were observed."""
        golden = self._fresh()
        vectors, done, wrong = len(self.wrong), 0, False
        upcoming, waiting = 0, False
        queue: list[Any] = []
        for clock, (record, reset) in enumerate(zip(records, resets, strict=True)):
            at = clock % len(self.stimulus.offers)
            takes = bool(self.stimulus.takes[at])
            offers = not reset and upcoming < len(self.stimulus.items)
            offers = offers and (waiting or bool(self.stimulus.offers[at]))
            values = golden.values(takes)
            expected = self._spelt(values)
            if record != expected:
                wrong = True
                self.differences.setdefault(
                    min(done, vectors - 1),
                    {"clock": clock, "got": record, "expected": expected},
                )
            if reset:
                golden, waiting, queue = self._fresh(), False, []
                continue
            item = self.stimulus.items[upcoming] if offers else None
            accepted = offers and golden.ready(takes)
            taken = takes and golden.offers
            sense = senses[clock] if self._junctions else 0
            if accepted and self.block.startswith("bms"):
                queue += [item] * self.component.plan.cycles
            if taken:
                if queue:
                    self.bits.append((queue.pop(0), values["output__payload"] & 1))
                if done < vectors:
                    self.wrong[done] = wrong
                done, wrong = done + 1, False
            golden.clock(item, takes, [sense >> k & 1 for k in range(self._junctions)])
            upcoming += accepted
            waiting = offers and not accepted

    def told(self, vector: int) -> dict[str, Any]:
        """The first difference of a vector, with the ports that differ."""
        found = self.differences.get(vector)
        if found is None:
            return {"got": None, "expected": "a vector"}
        names = [name for name, _ in self._shown]
        pairs = zip(names, found["got"].split(), found["expected"].split(), strict=True)
        differ = [(name, got, expected) for name, got, expected in pairs if got != expected]
        return {
            "clock": found["clock"],
            "got": {name: got for name, got, _ in differ},
            "expected": {name: expected for name, _, expected in differ},
        }

    @property
    def _junctions(self) -> int:
        return self.stimulus.sense.shape[1]

    def _fresh(self) -> Golden:
        return GOLDEN[self.block](self.component.plan)

    def _spelt(self, values: dict[str, int]) -> str:
        if not values["output__valid"]:
            values = {**values, "output__payload": -1}
        return " ".join(
            "-" if values[name] < 0 else f"{values[name] % (1 << width):0{width}b}"
            for name, width in self._shown
        )


def _payload(component: Any, source: str, item: Any) -> int:
    """An item as the number on the component's payload port."""
    if isinstance(item, int):
        return item
    layout = getattr(component, source).payload.shape()
    fields: dict[str, int] = {}
    if isinstance(item, Operands):
        fields = {"x": _number(item.x), "w": _number(item.w), "last": int(item.last)}
        fields |= {"negative": _number(item.negative)} if item.negative else {}
    elif isinstance(item, Sample):
        bits = component.plan.p_bits + 1
        fields = {"x": _number(item.x, bits)}
        for n, (w, negative) in enumerate(zip(item.w, item.negative, strict=True)):
            fields[f"w{n}"] = _number(w, bits)
            if negative:
                fields[f"negative{n}"] = _number(negative)
    assert isinstance(layout, data.StructLayout)
    return sum(value << layout[name].offset for name, value in fields.items())


def _number(values: Sequence[int], bits: int = 1) -> int:
    return sum(int(value) << n * bits for n, value in enumerate(values))
