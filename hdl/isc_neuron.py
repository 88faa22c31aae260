"""The integral-stochastic neuron: multipliers, integral adder and FSM tanh (mondal2018, Fig. 5a).

`pymodel.stream_neuron` defines operands, the sum S and the counter.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from nvmcosim.hdl.arithmetic import popcount
from nvmcosim.hdl.sng_ports import BitLayout
from nvmcosim.hdl.stream_base import StreamBlock
from nvmcosim.hdl.write_controller import COUNTER_BITS
from nvmcosim.pymodel.stream_neuron import NeuronShape
from nvmcosim.pymodel.stream_plan import StreamPlan

__all__ = ["NEURON_COUNTERS", "IscNeuron", "NeuronLogic", "OperandLayout"]

#: What a neuron counts: cycles, ones put out, and cycles in which the counter was clipped.
NEURON_COUNTERS = ("cycles", "ones", "clipped")


class OperandLayout(data.StructLayout):
    """One bit of every stream that a layer of `outputs` neurons works on, in one cycle.

    Fields: `x`, the inputs, `[inputs]`; `w`, the weights, neuron 0 first, of it all streams w and
    then, where the operand has them, all streams v; `negative`, where magnitudes are negative,
    neuron 0 first; `last`, whether it is a stream's last cycle, after which counters start again.
    """

    def __init__(self, shape: NeuronShape, outputs: int = 1) -> None:
        weights = shape.inputs * outputs
        fields = {"x": shape.inputs, "w": weights * shape.weight_streams}
        signs = {"negative": weights} if shape.signed else {}
        super().__init__({**fields, **signs, "last": 1})


class NeuronLogic(wiring.Component):
    """Multipliers, adder and the counter of the tanh, without a handshake.

    Parameters:
        shape: the neuron.

    Members:
        step: In, a cycle's bits are taken in this clock.
        x, w, negative, last: In, as in `OperandLayout` of one neuron.
        bit: Out, registered: the tanh's bit of the last cycle taken.
        state: Out, registered: the counter after it; after a stream's last cycle, the first state.
        clips: Out, the counter does not take this cycle's sum whole.
    """

    def __init__(self, shape: NeuronShape) -> None:
        self.shape = shape
        n = shape.inputs
        signs = {"negative": In(n)} if shape.signed else {}
        super().__init__(
            {
                "step": In(1),
                "x": In(n),
                "w": In(n * shape.weight_streams),
                **signs,
                "last": In(1),
                "bit": Out(1),
                "state": Out(shape.state_bits, init=shape.first_state),
                "clips": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """The circuit: two sums, their difference added to the counter, and clipping."""
        m = Module()
        shape = self.shape
        plus, minus = self._sums(m)
        total = Signal(range(shape.states + 2 * shape.reach))
        moved, clipped = Signal(shape.state_bits), Signal(shape.state_bits)
        over, under = Signal(), Signal()
        m.d.comb += [
            total.eq(self.state + plus),
            moved.eq(total[: len(moved)] - _low(minus, len(moved))),
            under.eq(total < minus),
            over.eq(total >= minus + shape.states),
            clipped.eq(Mux(under, 0, Mux(over, shape.states - 1, moved))),
            self.clips.eq(over | under),
        ]
        with m.If(self.step):
            m.d.sync += [
                self.state.eq(Mux(self.last, shape.first_state, clipped)),
                self.bit.eq(clipped >= shape.half),
            ]
        return m

    def _sums(self, m: Module) -> tuple[Value, Value]:
        """Two unsigned numbers whose difference is S, as `stream_neuron.sums_of` has it."""
        shape, x = self.shape, self.x
        n = shape.inputs
        w, v = self.w[:n], self.w[-n:]
        width = n.bit_length()
        if shape.signed:
            # Terms that are 1 and -1; where a weight's bit is 0 it is neither.
            up, down = Signal(n), Signal(n)
            bipolar = shape.operand == "magnitude-bipolar"
            on, sign = (w, x ^ self.negative) if bipolar else (w & x, ~self.negative)
            m.d.comb += [up.eq(on & sign), down.eq(on & ~sign)]
            return popcount([*up], width), popcount([*down], width)
        agree = Signal(n)
        m.d.comb += agree.eq(~(w ^ x))
        if shape.operand == "bipolar":
            return Cat(Const(0, 1), popcount([*agree], width)), Const(n)
        return Cat(Const(0, 1), popcount([*agree, *v], width + 1)), Const(2 * n)


def _low(value: Value, width: int) -> Value:
    """The low bits of an unsigned value."""
    if isinstance(value, Const):
        return Const(value.value % (1 << width), width)
    return value[: min(width, len(value))]


class IscNeuron(StreamBlock):
    """The neuron of the plan's first layer: bits of inputs and weights in, tanh bits out.

    A cycle accepted in clock t moves the counter at its end, and the output bit is offered from
    t + 1 on; the next cycle is accepted in the clock in which that is taken, so one a clock.
    `operands.ready` depends on `output.ready` in the same clock. Counters count a cycle in the
    clock in which its bit is taken. Reset puts the state back to the first and forgets the bit;
    offer nothing while it is on.

    Parameters:
        plan: the plan; the clock's period is `plan.tick_ps`.
        counter_bits: width of each counter, which counts modulo 2**counter_bits.

    Members:
        operands: In, stream of `OperandLayout` of one neuron.
        output: Out, stream of `BitLayout`.
        state: Out, registered: the counter after the last cycle accepted.
        an Out for each of `NEURON_COUNTERS`.

    Raises `InputError` for `counter_bits` out of range.
    """

    block: ClassVar[str] = "isc-neuron"

    def __init__(self, plan: StreamPlan, *, counter_bits: int = COUNTER_BITS) -> None:
        self.shape = plan.neurons[0]
        members = {
            "operands": In(stream.Signature(OperandLayout(self.shape))),
            "output": Out(stream.Signature(BitLayout())),
            "state": Out(self.shape.state_bits, init=self.shape.first_state),
        }
        super().__init__(plan, members, counter_bits)

    @property
    def counter_names(self) -> tuple[str, ...]:
        """The counters' ports."""
        return NEURON_COUNTERS

    @property
    def delay(self) -> int:
        """Clocks from accepting a cycle to offering its bit."""
        return 1

    @property
    def port_meanings(self) -> dict[str, str]:
        """One line on each port of the Verilog, by its name."""
        return {
            "operands__payload": operands_meaning(self.shape),
            "operands__valid": "a cycle's bits are offered",
            "operands__ready": "an offered cycle is accepted in this clock",
            "output__payload": "bit 0 the tanh's bit, bit 1 whether it is the last of its stream",
            "output__valid": "a bit is offered, and held until it is accepted",
            "output__ready": "an offered bit is accepted in this clock",
            "state": "counter of the FSM tanh after the last cycle accepted",
            "cycles": "bits put out",
            "ones": "bits put out that are 1",
            "clipped": "cycles whose sum the counter did not take whole",
        }

    @property
    def summary(self) -> list[str]:
        """The plan as far as the hardware depends on it, as lines of text."""
        return [neuron_summary(self.shape)]

    def elaborate(self, platform: object) -> Module:
        """The circuit: the logic, the handshake and the counters."""
        m = Module()
        m.submodules.logic = logic = NeuronLogic(self.shape)
        given, output = self.operands, self.output
        taken, clipped = output.valid & output.ready, Signal()
        step_neurons(m, given, output, [logic])
        m.d.comb += [
            logic.w.eq(given.payload.w),
            output.payload.bit.eq(logic.bit),
            self.state.eq(logic.state),
        ]
        if self.shape.signed:
            m.d.comb += logic.negative.eq(given.payload.negative)
        with m.If(logic.step):
            m.d.sync += clipped.eq(logic.clips)
        events = {"cycles": taken, "ones": taken & logic.bit, "clipped": taken & clipped}
        self.count(m, events)
        return m


def step_neurons(m: Module, given: Any, output: Any, neurons: Sequence[NeuronLogic]) -> None:
    """Take a cycle of the stream `given` where the one before has left `output`, or leaves it."""
    step = Signal()
    m.d.comb += [given.ready.eq(~output.valid | output.ready), step.eq(given.valid & given.ready)]
    for neuron in neurons:
        m.d.comb += [
            neuron.step.eq(step),
            neuron.x.eq(given.payload.x),
            neuron.last.eq(given.payload.last),
        ]
    with m.If(given.ready):
        m.d.sync += output.valid.eq(given.valid)
    with m.If(step):
        m.d.sync += output.payload.last.eq(given.payload.last)


def neuron_summary(shape: NeuronShape) -> str:
    """What a neuron depends on, as a line of text."""
    return (
        f"{shape.inputs} inputs, {shape.operand}, {shape.states} states from {shape.first_state}, "
        f"1 from {shape.half} on"
    )


def operands_meaning(shape: NeuronShape) -> str:
    """What the payload of a neuron's or layer's operands is."""
    fields = "inputs x, weights w" + (" and v" if shape.weight_streams > 1 else "")
    signs = ", where they are negative" if shape.signed else ""
    return f"a cycle's bits: {fields}{signs}, and whether it is the last of its stream"
