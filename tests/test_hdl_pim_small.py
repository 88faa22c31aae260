# amaranth: UnusedElaboratable=no
"""Units of small arrays and programs against the golden model, clock by clock; ROMs by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from amaranth import hdl
from amaranth.hdl import ResetInserter
from amaranth.sim import Simulator, SimulatorContext

from nvmcosim.hdl.pim_adder import PimAdder
from nvmcosim.hdl.pim_rom import MicroWord, Select, address_bits, advance_bits, microcode
from nvmcosim.hdl.pim_unit import PIM_COUNTERS, PimOpcode, PimUnit
from nvmcosim.pymodel.errors import InputError
from nvmcosim.pymodel.golden_pim import GoldenPim
from nvmcosim.pymodel.pim_plan import PimPlan
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import MATCH, ONE, ZERO, Signal, Step, Write

COLUMNS = 3


def program_of(steps: list[Step], k: int, rows: int) -> PimProgram:
    """A program whose rows all hold a one-bit operand and a one-bit result."""
    names = tuple(f"r{n}" for n in range(rows))
    ports = tuple((name, (n,)) for n, name in enumerate(names))
    return PimProgram("small", names, ports, ports, tuple(steps), k=k, search_rows=rows)


def random_program(k: int, rows: int, steps: int, seed: int) -> PimProgram:
    """Writes of every kind, searches of up to all rows, and skips of up to what is left."""
    random = np.random.default_rng([seed, k])
    made: list[Step] = []

    def signal(rows_read: list[int]) -> Signal:
        chosen = [ONE, MATCH, *map(Signal, rows_read), *map(Signal, rows_read)]
        picked = chosen[random.integers(len(chosen))]
        return ~picked if random.integers(2) else picked

    for number in range(steps):
        searches = number == 0 or random.random() < 0.4
        count = int(random.integers(1, k + 1)) if random.random() < 0.9 else 0
        written = random.permutation(rows)[:count].tolist()
        read = [] if searches else random.permutation(rows)[:k].tolist()
        writes = tuple(Write(row, signal(read), signal(read)) for row in written)
        if searches:
            compared = random.permutation(rows)[: random.integers(1, rows + 1)].tolist()
            search = tuple((row, int(random.integers(2))) for row in compared)
            skip = int(random.integers(min(4, steps - number)))
            made.append(Step(writes, search, skip))
        else:
            made.append(Step(writes))
    return program_of(made, k, rows)


class _Bench:
    """A unit beside the golden model; `clocks` is what each run took."""

    def __init__(self, program: PimProgram, rows: int, counter_bits: int = 16) -> None:
        plan: Any = SimpleNamespace(
            rows=rows, columns=COLUMNS, program=program, seed=7, tick_ps=5000
        )
        self.program = program
        self.golden = GoldenPim(plan)
        self.unit = PimUnit(plan, counter_bits=counter_bits)
        self.modulo = 1 << counter_bits
        self.random = np.random.default_rng(1)
        self.executed: list[Step] = []
        #: Whether each clock that a command waited was one in which rows are written.
        self.writing: list[int] = []

    def held(self, row: int) -> int:
        return int(self.golden.array.planes[row, 0]) & ((1 << COLUMNS) - 1)

    async def send(self, ctx: SimulatorContext, opcode: Any, **payload: int) -> int:
        """Give a command; returns the clocks it waited. Afterwards nonsense is on the wires."""
        unit, clocks = self.unit, 0
        self.writing = []
        ctx.set(unit.commands.payload, {"opcode": opcode, **payload})
        ctx.set(unit.commands.valid, 1)
        while not ctx.get(unit.commands.ready):
            clocks += 1
            assert clocks < 500
            self.writing.append(ctx.get(unit.writing))
            await ctx.tick()
        await ctx.tick()
        ctx.set(unit.commands.valid, 0)
        wrong = {"opcode": PimOpcode.LOAD, "row": int(self.random.integers(self.program.rows))}
        ctx.set(unit.commands.payload, {**wrong, "bits": int(self.random.integers(1 << COLUMNS))})
        return clocks

    async def load(self, ctx: SimulatorContext) -> None:
        for row in range(len(self.golden.array.planes)):
            await self.send(ctx, PimOpcode.LOAD, row=row, bits=self.held(row))

    async def run(self, ctx: SimulatorContext) -> None:
        """Run both, and compare clocks, counters and all rows."""
        unit, k = self.unit, self.program.k
        self.executed = list(self.golden.array.steps(self.program))
        await self.send(ctx, PimOpcode.RUN)
        waited = await self.send(ctx, PimOpcode.READ, row=0)
        # Of the three clocks besides, one accepts the run.
        assert waited == 2 + sum(2 * max(1, -(-len(s.search) // k)) for s in self.executed)
        assert self.writing == [0, 1] * (waited // 2)
        counts = {name: ctx.get(getattr(unit, name)) for name in PIM_COUNTERS}
        expected = self.golden.counts.to_dict()
        assert counts == {name: n % self.modulo for name, n in expected.items()}
        for row in range(len(self.golden.array.planes)):
            if row:
                await self.send(ctx, PimOpcode.READ, row=row)
            for clock in range(1 + row % 3):
                assert ctx.get(unit.replies.valid)
                assert not ctx.get(unit.commands.ready)
                assert ctx.get(unit.replies.payload) == self.held(row), (row, clock)
                ctx.set(unit.replies.ready, clock == row % 3)
                await ctx.tick()
            ctx.set(unit.replies.ready, 0)
            assert not ctx.get(unit.replies.valid)

    def play(self, runs: int) -> None:
        async def bench(ctx: SimulatorContext) -> None:
            await self.load(ctx)
            for _ in range(runs):
                await self.run(ctx)
                for row in range(0, self.program.rows, 2):
                    bits = int(self.random.integers(1 << COLUMNS))
                    self.golden.array.planes[row] = bits
                    await self.send(ctx, PimOpcode.LOAD, row=row, bits=bits)

        simulator = Simulator(self.unit)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()


#: Two words for a search of three rows with two buffers; the skip passes over one step of two.
STEPS = [
    Step((Write(3, MATCH, ZERO),), ((0, 1), (2, 0), (1, 1)), 2),
    Step((Write(0, ONE, Signal(2, True)), Write(1, Signal(0, True), Signal(2)))),
    Step((), ((3, 1), (2, 1), (0, 0))),
    Step((Write(4, ~MATCH, Signal(1)),)),
]


def test_microcode_by_hand() -> None:
    one = {"select": Select.ONE, "buffer": 0, "inverted": 0}
    match = {"select": Select.MATCH, "buffer": 0, "inverted": 0}

    def buffer(n: int, inverted: int = 0) -> dict[str, Any]:
        return {"select": Select.BUFFER, "buffer": n, "inverted": inverted}

    def compared(*pairs: tuple[int, int]) -> list[dict[str, int]]:
        return [{"used": 1, "row": row, "bit": bit} for row, bit in pairs]

    def read(*rows: int) -> list[dict[str, int]]:
        return [{"used": 1, "row": row} for row in rows]

    assert microcode(program_of(STEPS, 2, 5)) == [
        {"advance": 1, "first": 1, "search": 1, "reads": compared((0, 1), (2, 0))},
        {
            "advance": 4,
            "first": 0,
            "search": 1,
            "reads": compared((1, 1)),
            "ends_step": 1,
            "writes": [{"used": 1, "row": 3, "gate": match, "value": {**one, "inverted": 1}}],
        },
        {
            "advance": 1,
            "first": 1,
            "search": 0,
            "reads": read(2, 0),
            "ends_step": 1,
            "writes": [
                {"used": 1, "row": 0, "gate": one, "value": buffer(0, 1)},
                {"used": 1, "row": 1, "gate": buffer(1, 1), "value": buffer(0)},
            ],
        },
        {"advance": 1, "first": 1, "search": 1, "reads": compared((3, 1), (2, 1))},
        {
            "advance": 1,
            "first": 0,
            "search": 1,
            "reads": compared((0, 0)),
            "ends_step": 1,
            "writes": [],
        },
        {
            "advance": 1,
            "first": 1,
            "search": 0,
            "reads": read(1),
            "ends_step": 1,
            "writes": [{"used": 1, "row": 4, "gate": {**match, "inverted": 1}, "value": buffer(0)}],
        },
        {"stop": 1},
    ]


def test_no_field_is_wider_than_needed() -> None:
    assert [address_bits(rows) for rows in (1, 2, 3, 4, 5, 8, 9)] == [1, 1, 2, 2, 3, 3, 4]
    program = program_of(STEPS, 2, 5)
    assert advance_bits(program) == 3  # 7 words, so a distance of at most 6
    assert advance_bits(program_of([Step()], 1, 1)) == 1
    for k, buffer in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3)):
        # Used, row and bit of a read; used, row, and twice select, buffer and inversion of a write.
        size = 4 + 6 + k * (1 + 3 + 1) + k * (1 + 3 + 2 * (2 + buffer + 1))
        assert MicroWord(5, k, 6).size == size


def test_an_array_of_one_row() -> None:
    steps = [
        Step((Write(0, ONE, Signal(0, True)),)),
        Step((Write(0, MATCH, ZERO),), ((0, 1),), 1),
        Step((Write(0, ~MATCH, ONE),)),
    ]
    _Bench(program_of(steps, 1, 1), 1).play(3)


def test_a_skip_from_the_first_word_to_the_end() -> None:
    """In no column both bits match, and the stop is as far as a distance can be."""
    steps = [Step((), ((0, 1), (1, 1)), 3), *[Step((Write(2, ONE, ONE),))] * 3]
    program = program_of(steps, 2, 3)
    bench = _Bench(program, 3)
    bench.golden.array.planes[:] = [[0b101], [0b010], [0b010]]
    bench.play(1)
    assert bench.executed == steps[:1]
    assert advance_bits(program) == 3


@pytest.mark.parametrize(("k", "rows", "array"), [(1, 3, 8), (2, 6, 7), (3, 5, 5), (5, 5, 6)])
def test_random_programs_in_every_clock(k: int, rows: int, array: int) -> None:
    _Bench(random_program(k, rows, 25, 3), array, counter_bits=6).play(4)


def test_a_single_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.COLUMNS", 1)
    for seed in range(3):
        _Bench(random_program(2, 5, 12, seed), rows=5).play(3)


def test_a_reset_in_any_clock_ends_the_run() -> None:
    program = program_of(STEPS, 2, 5)
    stop = hdl.Signal()
    for clock in range(1, 14):
        bench = _Bench(program, rows=5)

        async def play(ctx: SimulatorContext, bench: _Bench = bench, clock: int = clock) -> None:
            await bench.load(ctx)
            await bench.send(ctx, PimOpcode.RUN)
            await ctx.tick().repeat(clock)
            ctx.set(stop, 1)
            await ctx.tick()
            ctx.set(stop, 0)
            assert ctx.get(bench.unit.commands.ready)
            assert not ctx.get(bench.unit.replies.valid)
            assert not any(ctx.get(getattr(bench.unit, name)) for name in PIM_COUNTERS)
            # As new: what is loaded again is computed as by a unit that was never stopped.
            await bench.load(ctx)
            await bench.run(ctx)

        simulator = Simulator(ResetInserter(stop)(bench.unit))
        simulator.add_clock(1e-6)
        simulator.add_testbench(play)
        simulator.run()


def test_what_a_unit_states() -> None:
    bench = _Bench(program_of(STEPS, 2, 5), 6)
    unit = bench.unit
    assert unit.block == "pim-unit"
    assert unit.run_clocks == 2 * 6 + 3
    assert unit.summary == [
        "6 rows of 3 columns, clock 5000 ps",
        "small: 4 steps, 7 words of ROM",
        "at most 2 rows read and 2 written a step",
    ]
    # Which `port_meanings` and whoever sends commands count on.
    codes = (PimOpcode.LOAD, PimOpcode.READ, PimOpcode.RUN)
    assert [code.value for code in codes] == [0, 1, 2]
    layout = unit.commands.payload.shape()
    assert (layout.size, layout["opcode"].offset) == (2 + 3 + 3, 0)
    assert len(unit.replies.payload) == 3
    bench.play(1)


def test_counters_of_any_width() -> None:
    for bits in (1, 64):
        bench = _Bench(program_of(STEPS, 2, 5), 5, counter_bits=bits)
        assert len(bench.unit.steps) == bits
        bench.play(1)
    for bits in (0, 65):
        with pytest.raises(InputError, match=f"counter_bits is {bits}; it must be a whole number"):
            PimUnit(PimPlan("bf16", "relu"), counter_bits=bits)


def test_what_an_adder_states() -> None:
    adder = PimAdder()
    assert adder.block == "pim-adder"
    assert [len(getattr(adder, name)) for name in adder.port_meanings] == [1] * 5
    assert adder.summary == [adder.program.name, *adder.program.listing()]
    assert len(adder.summary) == 5
    assert adder.port_meanings == {
        **dict.fromkeys(("x", "y", "z"), "operand"),
        **dict.fromkeys(("sum", "carry"), "held after 4 steps"),
    }


def test_any_gate_of_a_write_is_enough() -> None:
    """Of one write: a full adder is its own dual, and is right also where all gates are needed."""
    other_gates = (Signal(1), Signal(2, True))
    steps = (Step((Write(3, ONE, ONE),)), Step((Write(3, Signal(0), ZERO, other_gates),)))
    inputs = tuple((name, (n,)) for n, name in enumerate("xyz"))
    adder = PimAdder(
        PimProgram("nor", ("x", "y", "z", "out"), inputs, (("out", (3,)),), steps, gates=3)
    )

    async def bench(ctx: SimulatorContext) -> None:
        for x, y, z in np.ndindex(2, 2, 2):
            for port, bit in ((adder.x, x), (adder.y, y), (adder.z, z)):
                ctx.set(port, bit)
            await ctx.delay(1e-9)
            assert ctx.get(adder.out) == (not (x or y or not z))

    simulator = Simulator(adder)
    simulator.add_testbench(bench)
    simulator.run()
