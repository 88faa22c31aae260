"""One column of a full adder as logic: an adder's program, step by step (wang2020, Fig. 3)."""

from typing import ClassVar

from amaranth.hdl import Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.pim_array import cell
from nvmcosim.pymodel.pim_adders import published_adder
from nvmcosim.pymodel.pim_program import PimProgram
from nvmcosim.pymodel.pim_step import ONE, Signal, Write

__all__ = ["PimAdder"]


class PimAdder(wiring.Component):
    """What the cells of a column hold after a program of one-bit operands, without a clock.

    It is the program unrolled: each write becomes a `cell` whose previous contents are the write's
    before it. There is a member for each input and output of the program, of one bit.

    Parameters:
        program: of one-bit operands and without searches; by default wang2020's full adder.
    """

    block: ClassVar[str] = "pim-adder"

    def __init__(self, program: PimProgram | None = None) -> None:
        self.program = program or published_adder()
        super().__init__(
            {
                **{name: In(1) for name, _ in self.program.inputs},
                **{name: Out(1) for name, _ in self.program.outputs},
            }
        )

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        steps = len(self.program.steps)
        return {
            **{name: "operand" for name, _ in self.program.inputs},
            **{name: f"held after {steps} steps" for name, _ in self.program.outputs},
        }

    @property
    def summary(self) -> list[str]:
        """The program as lines of text."""
        return [self.program.name, *self.program.listing()]

    def elaborate(self, platform: object) -> Module:
        """The circuit."""
        m = Module()
        held: dict[int, Value] = {
            rows[0]: getattr(self, name) for name, rows in self.program.inputs
        }
        for step in self.program.steps:
            held |= {write.row: _written(write, held) for write in step.writes}
        m.d.comb += [getattr(self, name).eq(held[rows[0]]) for name, rows in self.program.outputs]
        return m


def _written(write: Write, held: dict[int, Value]) -> Value:
    gate = _taken(write.gate, held)
    for other in write.also:
        gate |= _taken(other, held)
    return cell(gate, _taken(write.value, held), held.get(write.row, Const(0, 1)))


def _taken(signal: Signal, held: dict[int, Value]) -> Value:
    value = Const(1, 1) if signal.row == ONE.row else held[signal.row]
    return ~value if signal.inverted else value
