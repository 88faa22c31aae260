"""Write drivers of a pulse gate: each bit of a word goes with the stage that the map gives it.

A row's *cells* are numbered from bit 0 of word 0 up: cell `word * width + bit`.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import popcount
from nvmcosim.hdl.gate_table import stage_bits
from nvmcosim.pymodel.gate_shape import GateShape

__all__ = ["StageDrivers"]


class StageDrivers(wiring.Component):
    """Chooses the cells that an attempt drives, and holds each on until its stage's pulse ends.

    Parameters:
        shape: of the gate.
        reads: whether cells are ever compared; without it every cell with a pulse is driven.
        count_bits: `driven` is counted modulo 2**count_bits.

    Members:
        selects: In, an array of each stage's amplitude select.
        codes: In, an array of each stage's clocks; 0: its cells are never driven.
        start: In, drive the chosen cells from the next clock on.
        ends: In `[stages]`, this clock is the last of the stage's pulse.
        drive: Out `[cells]`, registered.
        amplitude: Out, an array of each bit's amplitude select.
        select: Out `[stages]`, a cell of the stage is chosen.
        driven: Out, an array of how many cells of each stage are on in this clock, modulo
            2**`count_bits`.
        writes: Out, a cell has a pulse.
        stage_map: In, with more stages than one: an array of each bit's stage.
        wanted, held: In `[cells]`, with `reads`: what the cells should hold and what they hold.
        every: In, with `reads`: choose all cells with a pulse without looking.
        differ: Out, with `reads`: a cell with a pulse does not hold what it should.
    """

    def __init__(self, shape: GateShape, *, reads: bool, count_bits: int) -> None:
        self.shape = shape
        self.reads = reads
        self.cells = cells = shape.bank_words * shape.width
        members: dict[str, wiring.Member] = {
            "selects": In(data.ArrayLayout(shape.select_bits, shape.stages)),
            "codes": In(data.ArrayLayout(shape.code_bits, shape.stages)),
            "start": In(1),
            "ends": In(shape.stages),
            "drive": Out(cells),
            "amplitude": Out(data.ArrayLayout(shape.select_bits, shape.width)),
            "select": Out(shape.stages),
            "driven": Out(data.ArrayLayout(min(cells.bit_length(), count_bits), shape.stages)),
            "writes": Out(1),
        }
        if shape.stages > 1:
            members["stage_map"] = In(data.ArrayLayout(stage_bits(shape), shape.width))
        if reads:
            members |= {
                "wanted": In(cells),
                "held": In(cells),
                "every": In(1),
                "differ": Out(1),
            }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """The circuit: which bit is of which stage, then everything by stage and by bit."""
        m = Module()
        shape = self.shape
        owned = [Signal(shape.width, name=f"bits_{stage}") for stage in range(shape.stages)]
        for stage, bits in enumerate(owned):
            m.d.comb += bits.eq(self._bits_of(stage))
        has_pulse = Cat(self.codes[stage].any() for stage in range(shape.stages))
        pulsed, ending = Signal(self.cells), Signal(self.cells)
        m.d.comb += [
            pulsed.eq(_by_bit(has_pulse, owned).replicate(shape.bank_words)),
            ending.eq(_by_bit(self.ends, owned).replicate(shape.bank_words)),
            self.writes.eq(pulsed.any()),
        ]
        chosen = self._choose(m, pulsed)
        with m.If(self.start):
            m.d.sync += self.drive.eq(chosen)
        with m.Else():
            m.d.sync += self.drive.eq(self.drive & ~ending)
        for stage, bits in enumerate(owned):
            cells, on = bits.replicate(shape.bank_words), Signal(self.cells, name=f"on_{stage}")
            m.d.comb += [
                on.eq(self.drive & cells),
                self.driven[stage].eq(popcount([*on], len(self.driven[stage]))),
                self.select[stage].eq((chosen & cells).any()),
            ]
        for bit in range(shape.width):
            own = [
                self.selects[stage] & bits[bit].replicate(shape.select_bits)
                for stage, bits in enumerate(owned)
            ]
            m.d.comb += self.amplitude[bit].eq(reduce(or_, own))
        return m

    def _choose(self, m: Module, pulsed: Signal) -> Signal:
        """The cells that an attempt drives if it starts now."""
        if not self.reads:
            return pulsed
        wrong, chosen = Signal(self.cells), Signal(self.cells)
        m.d.comb += [
            wrong.eq((self.wanted ^ self.held) & pulsed),
            chosen.eq(wrong | (pulsed & self.every.replicate(self.cells))),
            self.differ.eq(wrong.any()),
        ]
        return chosen

    def _bits_of(self, stage: int) -> Value:
        """The bits that belong to `stage`, `[width]`."""
        if self.shape.stages == 1:
            return Const(-1, self.shape.width)
        return Cat(self.stage_map[bit] == stage for bit in range(self.shape.width))


def _by_bit(stages: Value, owned: Sequence[Signal]) -> Value:
    """What is true of each bit's stage, `[width]`."""
    return reduce(or_, (bits & stages[n].replicate(len(bits)) for n, bits in enumerate(owned)))
