"""The codec against the tables, exhaustively, and the logic that tables become."""

import itertools

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal
from amaranth.sim import Simulator, SimulatorContext

from nvmcosim.hdl.table_logic import tabulated
from nvmcosim.hdl.verilog import to_verilog
from nvmcosim.hdl.wom_codec import WomCodec
from nvmcosim.pymodel.coded_lines import LineShape
from nvmcosim.pymodel.wom import Outcome

#: Both codes in one lane after the other, one unit or many; and lines of one code alone.
SHAPES = [
    LineShape((True, False, False, True), by_group=True),
    LineShape((True, False, False, True)),
    LineShape((True, True)),
    LineShape((False,)),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_all_words_data_and_polarities(shape: LineShape) -> None:
    dut, n = WomCodec(shape), shape.groups

    async def bench(ctx: SimulatorContext) -> None:
        # Groups meet different words and data in one step; over all steps, each meets all.
        for polarity, word, data in itertools.product((0, 1), range(8), range(4)):
            words = [(word + 3 * g) % 8 for g in range(n)]
            datas = [(data + g) % 4 for g in range(n)]
            polarities = [polarity ^ (g % 2 if shape.by_group else 0) for g in range(n)]
            units = polarities if shape.by_group else [polarity]
            ctx.set(dut.words, sum(w << 3 * g for g, w in enumerate(words)))
            ctx.set(dut.data, sum(d << 2 * g for g, d in enumerate(datas)))
            ctx.set(dut.polarity, sum(p << g for g, p in enumerate(units)))
            await ctx.delay(1e-9)
            for g in range(n):
                code = shape.code(polarities[g], g)
                old, wanted = words[g], datas[g]
                outcome = code.outcome[old, wanted]
                got = {
                    "encoded": ctx.get(dut.encoded) >> 3 * g & 7,
                    "exhausted": ctx.get(dut.exhausted) >> g & 1,
                    "ignored": ctx.get(dut.ignored) >> g & 1,
                    "decoded": ctx.get(dut.decoded) >> 2 * g & 3,
                    "stage": ctx.get(dut.stage) >> 2 * g & 3,
                }
                expected = {
                    "encoded": code.encode[old, wanted],
                    "exhausted": outcome == Outcome.EXHAUSTED,
                    "ignored": outcome == Outcome.IGNORED,
                    "decoded": code.decode[old],
                    "stage": code.stage[old],
                }
                assert got == expected, (polarities[g], old, wanted, g)

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()


def test_every_port_has_a_meaning() -> None:
    dut = WomCodec(SHAPES[0])
    Fragment.get(dut, None)
    assert set(dut.signature.members) == set(dut.port_meanings)
    assert dut.summary == ["4 groups of 2 bits in 3 cells, 2 of them in AppWOM", "4 polarities"]


def test_tables_become_logic_of_every_lane() -> None:
    inputs = 4
    random = np.random.default_rng(3)
    tables = [random.random(16) < share for share in (0, 1, 0.1, 0.5, 0.9) for _ in range(6)]
    # A single input, its complement, and exclusive ors.
    index = np.arange(16)
    tables += [index >> 3 & 1 == 1, index >> 2 & 1 == 0, (index ^ index >> 3) & 1 == 1]
    signals = [Signal(16, name=f"input_{n}") for n in range(inputs)]
    outputs = [Signal(16, name=f"output_{n}") for n in range(len(tables))]
    m = Module()
    m.d.comb += [
        output.eq(tabulated(table, signals)) for output, table in zip(outputs, tables, strict=True)
    ]

    async def bench(ctx: SimulatorContext) -> None:
        # Lane l meets index l.
        for n, signal in enumerate(signals):
            ctx.set(signal, sum((lane >> n & 1) << lane for lane in range(16)))
        await ctx.delay(1e-9)
        for output, table in zip(outputs, tables, strict=True):
            assert ctx.get(output) == sum(int(bit) << lane for lane, bit in enumerate(table))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    with pytest.raises(ValueError, match="table has 8 entries; it must have 16"):
        tabulated(np.zeros(8, bool), signals)


def test_tables_become_no_more_logic_than_they_need() -> None:
    a, b, c = (Signal(2, name=name) for name in "abc")

    def logic(table: list[int], *inputs: Signal) -> str:
        return repr(tabulated(np.array(table, bool), inputs)).replace("sig ", "")

    assert [logic(table, a) for table in ([0, 1], [1, 0])] == ["(a)", "(~ (a))"]
    assert logic([0, 0, 1, 1], a, b) == "(b)"
    assert logic([0, 1, 1, 0, 1, 0, 0, 1], a, b, c) == "(^ (^ (a) (b)) (c))"
    assert logic([1, 0, 0, 1], a, b) == "(^ (~ (a)) (b))"
    # A line of one code has no circuit for the other.
    for approximate, absent in ((False, "near"), (True, "exact")):
        assert absent not in to_verilog(WomCodec(LineShape((approximate,))), "dut")
